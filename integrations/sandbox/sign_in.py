"""The sign-in of a double: a consent page, codes, access and refresh tokens (RFC 6749, RFC 7636).

Who signs in is `login_hint`; nobody is asked for a password. What differs between the vendors:

* Google gives no new refresh token with a refresh, and the old one stays good [vendor]
* Microsoft gives a new one each time, and does not revoke the old one [vendor]
* with `rotates` an old refresh token is refused once it was used, as others do it
"""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import urlencode

from integrations.sandbox.double import Reply, Request

LASTS = 3599  # seconds, of an access token
CODE_LASTS = 600
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign in (sandbox)</title>
<body><h1>{vendor}, on this machine</h1><p>Kith asks to see and change {what} of
<b>{account}</b>.</p><p>This is the demo's own double. Nothing leaves this machine.</p>
<p><a href="{allow}">Allow</a> &nbsp; <a href="{deny}">Refuse</a></p></body></html>"""


@dataclass
class SignInDouble:
    """The authorisation and token endpoints of one vendor."""

    vendor: str
    client_id: str = "kith-sandbox"
    client_secret: str = "kith-sandbox-secret"
    renews_refresh_token: bool = False
    rotates: bool = False
    what: str = "the calendar"
    withheld: set[str] = field(default_factory=set)  # scopes that the person unticks
    now: Callable[[], float] = time.time
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    access: dict[str, tuple[str, float]] = field(default_factory=dict)  # -> account, end
    refresh: dict[str, tuple[str, str]] = field(default_factory=dict)  # -> account, scopes
    refreshes: int = 0
    fails: list[Reply] = field(default_factory=list)  # for the next token requests

    def consent(self, request: Request) -> Reply:
        """The page on which a person allows or refuses; both lead back with `state`."""
        asked = request.query
        if asked.get("client_id") != self.client_id or asked.get("response_type") != "code":
            return Reply(400, "<p>invalid_client</p>")
        account = asked.get("login_hint") or "host@example.com"
        back, state = asked.get("redirect_uri", ""), asked.get("state", "")
        if asked.get("answer") == "allow":
            code = self._code(account, asked)
            return Reply(302, headers={"Location": f"{back}?{urlencode({'code': code, 'state': state})}"})  # fmt: skip
        denied = f"{back}?{urlencode({'error': 'access_denied', 'state': state})}"
        allow = f"?{urlencode({**asked, 'answer': 'allow'})}"
        parts = {
            "vendor": self.vendor,
            "what": self.what,
            "account": account,
            "allow": allow,
            "deny": denied,
        }
        return Reply(200, PAGE.format(**{name: escape(text) for name, text in parts.items()}))

    def _code(self, account: str, asked: Any) -> str:
        code = secrets.token_urlsafe(24)
        self.codes[code] = {
            "account": account,
            "scope": asked.get("scope", ""),
            "challenge": asked.get("code_challenge", ""),
            "redirect_uri": asked.get("redirect_uri", ""),
            "until": self.now() + CODE_LASTS,
        }
        return code

    def token(self, request: Request) -> Reply:
        """The token endpoint."""
        form = request.form()
        if self.fails:
            return self.fails.pop(0)
        if (form.get("client_id"), form.get("client_secret")) != (
            self.client_id,
            self.client_secret,
        ):
            return Reply(401, {"error": "invalid_client", "error_description": "Unauthorized"})
        if form.get("grant_type") == "authorization_code":
            return self._exchange(form)
        if form.get("grant_type") == "refresh_token":
            return self._renew(form)
        return Reply(400, {"error": "unsupported_grant_type"})

    def _exchange(self, form: dict[str, str]) -> Reply:
        code = self.codes.pop(form.get("code", ""), None)
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).decode().rstrip("=")
        if (
            code is None
            or code["until"] < self.now()
            or code["redirect_uri"] != form.get("redirect_uri")
            or (code["challenge"] and code["challenge"] != challenge)
        ):
            return invalid_grant("Malformed auth code.")
        granted = " ".join(s for s in code["scope"].split() if s not in self.withheld)
        return self._grant(code["account"], granted, fresh=True)

    def _renew(self, form: dict[str, str]) -> Reply:
        self.refreshes += 1
        known = self.refresh.get(form.get("refresh_token", ""))
        if known is None:
            return invalid_grant("Token has been expired or revoked.")
        if self.rotates:
            del self.refresh[form["refresh_token"]]
        return self._grant(*known, fresh=self.renews_refresh_token or self.rotates)

    def _grant(self, account: str, scopes: str, *, fresh: bool) -> Reply:
        access = f"access-{secrets.token_urlsafe(24)}"
        self.access[access] = (account, self.now() + LASTS)
        told: dict[str, Any] = {
            "access_token": access,
            "expires_in": LASTS,
            "token_type": "Bearer",
            "scope": scopes,
        }
        if fresh:
            told["refresh_token"] = f"refresh-{secrets.token_urlsafe(24)}"
            self.refresh[told["refresh_token"]] = (account, scopes)
        if "openid" in scopes.split():
            told["id_token"] = _id_token({"sub": account, "email": account})
        return Reply(200, told)

    def account_of(self, request: Request) -> str | None:
        """Whose calendar a request is about; None without a good token."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        account, until = self.access.get(token, ("", 0.0))
        return account if account and until > self.now() else None

    def revoke(self, account: str) -> None:
        """The person takes the permission back: every token of theirs is dead."""
        self.refresh = {t: known for t, known in self.refresh.items() if known[0] != account}
        self.access = {t: known for t, known in self.access.items() if known[0] != account}


def invalid_grant(words: str) -> Reply:
    return Reply(400, {"error": "invalid_grant", "error_description": words})


def _id_token(claims: dict[str, str]) -> str:
    """Not signed: it comes over the connection to the token endpoint, which is what vouches for it."""
    parts = ({"alg": "none"}, claims)
    encoded = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts]
    return ".".join((*encoded, ""))
