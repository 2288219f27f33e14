"""The way to a vendor's sign-in and back, the same for calendars and CRMs.

What must survive it (state, PKCE verifier, who) is in a signed cookie for ten minutes, so that no step
there writes anything.
"""

import secrets
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from contacts.views.requests import HtmxHttpRequest
from integrations import oauth
from integrations.oauth import Grant, Provider

COOKIE, SALT, MINUTES = "kith_sign_in", "integrations.sign_in", 10


def there(
    request: HtmxHttpRequest, provider: Provider, kind: str, back_url: str, login_hint: str = ""
) -> HttpResponse:
    """To the vendor, where the person allows it."""
    state, verifier = secrets.token_urlsafe(32), oauth.new_verifier()
    url = oauth.authorize_url(
        provider, state=state, verifier=verifier, redirect_uri=back_url, login_hint=login_hint
    )
    answer = HttpResponseRedirect(url)
    kept = {"state": state, "verifier": verifier, "kind": kind, "user": request.user.pk}
    answer.set_cookie(
        COOKIE, signing.dumps(kept, salt=SALT), max_age=MINUTES * 60, httponly=True,
        secure=settings.HTTPS, samesite="Lax", path=reverse("integration_list"),
    )  # fmt: skip
    return answer


def kept(request: HtmxHttpRequest, kind: str) -> dict[str, Any] | None:
    """What was put into the cookie on the way there, if this is the way back from it."""
    try:
        signed = request.COOKIES.get(COOKIE, "")
        found: dict[str, Any] = signing.loads(signed, salt=SALT, max_age=MINUTES * 60)
    except signing.BadSignature:
        return None
    same = constant_time_compare(found["state"], request.GET.get("state", ""))
    return found if same and (found["kind"], found["user"]) == (kind, request.user.pk) else None


def grant(provider: Provider, code: str, verifier: str, back_url: str) -> Grant:
    """What the code is good for. The person waits: it is good for minutes only, and nothing else can
    tell them whether it worked. Raises what `oauth.exchange` raises."""
    return oauth.exchange(provider, code=code, verifier=verifier, redirect_uri=back_url)


def forget(answer: HttpResponse) -> HttpResponse:
    """Whatever the vendor said, the cookie is used up."""
    answer.delete_cookie(COOKIE, path=reverse("integration_list"), samesite="Lax")
    return answer
