"""The Integrations page, and the way to a vendor's sign-in and back.

What must survive the way there (state, PKCE verifier, who) is in a signed cookie for ten minutes, so
that neither step there writes anything. The code is exchanged while the person waits: it is good for
minutes only, and nothing else can tell them whether it worked. That one call has ten seconds.
"""

import secrets
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contacts.views.requests import HtmxHttpRequest
from integrations import oauth
from integrations.calendars import connecting, missing, vendors
from integrations.calendars.vendors import Vendor
from integrations.cards import cards_for
from integrations.connectors.base import ConnectorError
from integrations.models import Connection
from integrations.oauth import Provider

COOKIE, SALT, MINUTES = "kith_sign_in", "integrations.sign_in", 10
REFUSED = "{} was not connected: it was not allowed there."
EXPIRED = "The way back from {} took too long, or began in another window. Connect again."
MISSING = "{} was not connected: Kith needs all of the permissions that it asks for."
ANOTHER = (
    "That is another account. Sign in to {}, or disconnect it first; updates that wait for it are "
    "then given up."
)


@login_required
@require_GET
def integration_list(request: HtmxHttpRequest) -> HttpResponse:
    return _page(request)


@login_required
@require_GET
def calendar_connect(request: HtmxHttpRequest, kind: str) -> HttpResponse:
    """To the vendor, where the person allows it."""
    vendor, provider = _set_up(kind)
    state, verifier = secrets.token_urlsafe(32), oauth.new_verifier()
    own = _own(request, kind)
    url = oauth.authorize_url(
        provider,
        state=state,
        verifier=verifier,
        redirect_uri=_back_url(kind),
        login_hint=own.external_account if own is not None else request.user.email,
    )
    answer = HttpResponseRedirect(url)
    kept = {"state": state, "verifier": verifier, "kind": kind, "user": request.user.pk}
    answer.set_cookie(
        COOKIE, signing.dumps(kept, salt=SALT), max_age=MINUTES * 60, httponly=True,
        secure=settings.HTTPS, samesite="Lax", path=reverse("integration_list"),
    )  # fmt: skip
    return answer


@login_required
@require_GET
def calendar_back(request: HtmxHttpRequest, kind: str) -> HttpResponse:
    """From the vendor, with a code or a refusal. Whatever it says, the cookie is used up."""
    vendor, provider = _set_up(kind)
    answer = _connect(request, vendor, provider)
    answer.delete_cookie(COOKIE, path=reverse("integration_list"), samesite="Lax")
    return answer


def _connect(request: HtmxHttpRequest, vendor: Vendor, provider: Provider) -> HttpResponse:
    kept = _kept(request, vendor.kind)
    if kept is None:
        return _page(request, EXPIRED.format(vendor.label), status=400)
    code = request.GET.get("code", "")
    if not code:
        return _page(request, REFUSED.format(vendor.label), status=400)
    try:
        grant = oauth.exchange(
            provider, code=code, verifier=kept["verifier"], redirect_uri=_back_url(vendor.kind)
        )
        connecting.connect(user=request.user, vendor=vendor, grant=grant)
    except ConnectorError as error:
        return _page(request, f"{vendor.label} was not connected. {error}", status=502)
    except connecting.NotAllowed:
        return _page(request, MISSING.format(vendor.label), status=400)
    except connecting.AnotherAccount:
        own = _own(request, vendor.kind)
        return _page(request, ANOTHER.format(own.label if own else vendor.label), status=409)
    messages.success(request, f"{vendor.label} connected")
    return HttpResponseRedirect(reverse("integration_list"))


@login_required
@require_http_methods(["GET", "POST"])
def calendar_disconnect(request: HtmxHttpRequest, kind: str) -> HttpResponse:
    """GET says what it means, POST does it."""
    own = _own(request, kind)
    if own is None or kind not in vendors.UPDATED:
        raise Http404
    vendor = vendors.UPDATED[kind]
    if request.method == "GET":
        return render(request, "integrations/disconnect.html", {"vendor": vendor, "own": own})
    connecting.disconnect(own, user=request.user)
    messages.success(request, f"{vendor.label} disconnected")
    return HttpResponseRedirect(reverse("integration_list"))


@login_required
@require_POST
def calendar_fill(request: HtmxHttpRequest, kind: str) -> HttpResponse:
    """Make the events of meetings that were booked before the calendar was connected."""
    own = _own(request, kind)
    if own is None or kind not in vendors.UPDATED:
        raise Http404
    number = missing.put_in(own, user=request.user)
    told = f"{number:,} event{' is' if number == 1 else 's are'} being made"
    messages.success(request, told if number else "Every upcoming meeting is in this calendar")
    return HttpResponseRedirect(reverse("integration_list"))


@login_required
@require_POST
def calendar_elsewhere(request: HtmxHttpRequest) -> HttpResponse:
    """Say that one keeps another calendar, or no longer."""
    chosen = request.POST.get("choice", "")
    if not chosen:
        connecting.forget_elsewhere(user=request.user)
    elif chosen in vendors.OTHER_TYPES:
        name = vendors.OTHER_TYPES[chosen]
        connecting.keep_elsewhere(user=request.user, calendar_type=chosen, name=name)
    else:
        return _page(request, "Choose one of the calendars that are listed.", status=422)
    return HttpResponseRedirect(reverse("integration_list"))


def _page(request: HtmxHttpRequest, trouble: str = "", *, status: int = 200) -> HttpResponse:
    context = {"cards": cards_for(request.user), "trouble": trouble}
    return render(request, "integrations/integrations.html", context, status=status)


def _set_up(kind: str) -> tuple[Vendor, Provider]:
    """404 for a vendor that there is not, or that is not set up."""
    vendor = vendors.UPDATED.get(kind)
    if vendor is None or vendor.provider is None:
        raise Http404
    return vendor, vendor.provider


def _own(request: HtmxHttpRequest, kind: str) -> Connection | None:
    rows = Connection.objects.filter(user=request.user, vendor=kind)
    return rows.exclude(state=Connection.State.DISCONNECTED).first()


def _kept(request: HtmxHttpRequest, kind: str) -> dict[str, Any] | None:
    """What was put into the cookie on the way there, if this is the way back from it."""
    try:
        signed = request.COOKIES.get(COOKIE, "")
        kept: dict[str, Any] = signing.loads(signed, salt=SALT, max_age=MINUTES * 60)
    except signing.BadSignature:
        return None
    same = constant_time_compare(kept["state"], request.GET.get("state", ""))
    return kept if same and (kept["kind"], kept["user"]) == (kind, request.user.pk) else None


def _back_url(kind: str) -> str:
    return settings.PUBLIC_URL + reverse("calendar_back", args=[kind])
