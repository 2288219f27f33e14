"""Signing in at a vendor for somebody who has allowed it: OAuth 2 with PKCE (RFC 6749, RFC 7636).

Knows no rows: integrations.sign_ins keeps what this brings. An answer of a token endpoint decides
whether a connection lives, so only a clear refusal of the grant ends it; everything else is tried
again or is the operator's to mend.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from integrations import http
from integrations.connectors.base import (
    ConnectorError,
    Misconfigured,
    ReconnectRequired,
    RetryableError,
)

DEADLINE = 10.0  # seconds
EXPIRES = 3600  # seconds, where a vendor does not say
LONG_FORM = "https://graph.microsoft.com/"  # Entra may name its own scopes with it
REFUSED = "The sign-in has run out or was revoked."
NO_REFRESH = "The sign-in has no refresh token."
CLIENT = "{} does not accept the client id or secret that Kith is set up with."
#: What ends a grant. Some ask the person for something again: a second factor, a consent.
ENDS = {"invalid_grant", "interaction_required", "consent_required", "login_required"}
#: HubSpot's word for it stands in `status`.
ENDS_BY_STATUS = {"BAD_REFRESH_TOKEN"}
WRONG_CLIENT = {"invalid_client", "unauthorized_client"}
#: Entra reports a wrong or expired client secret in more than one way.
WRONG_SECRET = {7000215, 7000222}


@dataclass(frozen=True)
class Provider:
    """One vendor's sign-in, as this installation is known there."""

    label: str
    client_id: str
    client_secret: str = field(repr=False)
    authorize_url: str
    token_url: str
    scopes: tuple[str, ...]
    required: tuple[str, ...]  # without these the connection is of no use
    extra: Mapping[str, str] = field(default_factory=dict)  # in the authorisation request
    #: Whose account a token answer is for; "" where it does not say.
    account: Callable[[Mapping[str, Any]], str] = lambda told: _account(told.get("id_token"))
    #: Where the API of that account is; "" where that is the same for all.
    instance: Callable[[Mapping[str, Any]], str] = lambda told: ""
    lasts_until_refused: bool = False  # an access token's end is not told


@dataclass(frozen=True)
class Grant:
    """What a token endpoint has given."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)  # "": the one that we have stays good
    expires_in: int | None  # seconds; None: until it is refused
    scopes: tuple[str, ...]
    account: str = ""  # the address of whom it is for
    instance: str = ""  # where its API is, if it has one of its own

    def missing(self, provider: Provider) -> list[str]:
        """The required scopes that the person has not allowed; people can untick them."""
        granted = {scope.removeprefix(LONG_FORM) for scope in self.scopes}
        return [scope for scope in provider.required if scope not in granted]


def new_verifier() -> str:
    return secrets.token_urlsafe(48)


def authorize_url(
    provider: Provider, *, state: str, verifier: str, redirect_uri: str, login_hint: str = ""
) -> str:
    """Where the person allows it."""
    digest = hashlib.sha256(verifier.encode()).digest()
    query = {
        "client_id": provider.client_id,
        "response_type": "code",
        "redirect_uri": redirect_uri,
        "scope": " ".join(provider.scopes),
        "state": state,
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
        **provider.extra,
    }
    if login_hint:
        query["login_hint"] = login_hint
    return f"{provider.authorize_url}?{urlencode(query)}"


def exchange(provider: Provider, *, code: str, verifier: str, redirect_uri: str) -> Grant:
    """The first tokens. Raises what `error_of` says, RetryableError where nothing answers."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": verifier,
        "redirect_uri": redirect_uri,
    }
    return _ask(provider, form)


def refresh(provider: Provider, refresh_token: str) -> Grant:
    """New tokens for old ones. Raises the same."""
    if not refresh_token:
        raise ReconnectRequired(NO_REFRESH)
    return _ask(provider, {"grant_type": "refresh_token", "refresh_token": refresh_token})


def _ask(provider: Provider, form: dict[str, str]) -> Grant:
    client = {"client_id": provider.client_id, "client_secret": provider.client_secret}
    try:
        answer = http.call("POST", provider.token_url, form={**client, **form}, deadline=DEADLINE)
    except (http.NotReached, http.AnswerLost):
        raise RetryableError(f"{provider.label} did not answer when signing in.") from None
    if answer.status != 200:
        raise error_of(answer, provider.label)
    return _grant(answer.json(), provider)


def error_of(answer: http.Answer, label: str) -> ConnectorError:
    """What a refusal means. Pure. Descriptions may hold names, so the words are ours."""
    told = answer.json()
    told = told if isinstance(told, dict) else {}
    error = str(told.get("error"))
    listed = told.get("error_codes")
    codes = (
        set(listed) if isinstance(listed, list) and all(type(c) is int for c in listed) else set()
    )
    if error in WRONG_CLIENT or codes & WRONG_SECRET or answer.status == 401:
        return Misconfigured(CLIENT.format(label))
    if answer.status in {408, 425, 429} or answer.status >= 500 or answer.status < 400:
        words = f"{label} could not sign in at the moment: HTTP {answer.status}."
        return RetryableError(words, answer.retry_after)
    if error in ENDS or told.get("status") in ENDS_BY_STATUS:
        return ReconnectRequired(REFUSED)
    return Misconfigured(f"{label} refuses how Kith signs in: HTTP {answer.status}.")


def _grant(told: Any, provider: Provider) -> Grant:
    if not isinstance(told, dict) or not isinstance(told.get("access_token"), str):
        raise RetryableError(f"{provider.label} answered with something that cannot be read.")
    expires = told.get("expires_in")
    otherwise = None if provider.lasts_until_refused else EXPIRES
    return Grant(
        access=told["access_token"],
        refresh=told["refresh_token"] if isinstance(told.get("refresh_token"), str) else "",
        expires_in=expires if isinstance(expires, int) and 0 < expires < 10**7 else otherwise,
        scopes=_scopes(told) or provider.scopes,
        account=provider.account(told),
        instance=provider.instance(told),
    )


def _scopes(told: Mapping[str, Any]) -> tuple[str, ...]:
    """As a text of words (RFC 6749, 5.1), or as a list, which HubSpot gives."""
    given = told.get("scope") or told.get("scopes")
    if isinstance(given, str):
        return tuple(given.split())
    return tuple(str(each) for each in given) if isinstance(given, list) else ()


def _account(id_token: object) -> str:
    """Whose account it is. The token comes straight from the vendor over TLS, so its signature adds
    nothing (OpenID Connect Core, 3.1.3.7)."""
    if not isinstance(id_token, str) or id_token.count(".") != 2:
        return ""
    claims = id_token.split(".")[1]
    try:
        told = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    except ValueError:
        return ""
    told = told if isinstance(told, dict) else {}
    return str(told.get("email") or told.get("preferred_username") or "")[:255]
