"""The organisation's CRM connected, connected again, disconnected. Administrators only."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from contacts.views.requests import HtmxHttpRequest
from contacts.views.roles import administrators_only
from integrations.connectors.base import ConnectorError
from integrations.crm import connecting, vendors
from integrations.crm.vendors import Vendor
from integrations.views import way
from integrations.views.integrations import ANOTHER, EXPIRED, MISSING, REFUSED, integrations_page

LONGEST_TOKEN = 500
NO_TOKEN = "Token: paste the one that {} has shown"
REFUSED_TOKEN = "Token: {} does not accept it. {}"


def vendor_named(kind: str) -> Vendor:
    """404 for a CRM that there is not."""
    if kind not in vendors.CRMS:
        raise Http404
    return vendors.CRMS[kind]


@administrators_only
@require_http_methods(["GET", "POST"])
def crm_sign_in(request: HtmxHttpRequest, kind: str) -> HttpResponse:
    """The ways in: signing in at the vendor, or a token that was made there. POST takes a token."""
    vendor = vendor_named(kind)
    if request.method == "GET":
        return _sign_in_page(request, vendor)
    token = request.POST.get("token", "").strip()
    if not vendor.takes_token:
        raise Http404
    if not token or len(token) > LONGEST_TOKEN or not token.isascii() or not token.isprintable():
        return _sign_in_page(request, vendor, NO_TOKEN.format(vendor.label), status=422)
    try:
        account, zone = connecting.details_of(vendor, token)
        connecting.paste(vendor=vendor, token=token, account=account, zone=zone, user=request.user)
    except ConnectorError as error:
        text = REFUSED_TOKEN.format(vendor.label, error)
        return _sign_in_page(request, vendor, text, status=422)
    except connecting.AnotherAccount:
        return _sign_in_page(request, vendor, _another(vendor), status=409)
    return _connected(request, vendor)


@administrators_only
@require_GET
def crm_connect(request: HtmxHttpRequest, kind: str) -> HttpResponse:
    """To the vendor, where an administrator of the account allows it."""
    vendor = vendor_named(kind)
    if vendor.provider is None:
        raise Http404
    return way.there(request, vendor.provider, kind, _back_url(kind))


@administrators_only
@require_GET
def crm_back(request: HtmxHttpRequest, kind: str) -> HttpResponse:
    """From the vendor, with a code or a refusal."""
    return way.forget(_back(request, vendor_named(kind)))


def _back(request: HtmxHttpRequest, vendor: Vendor) -> HttpResponse:
    kept = way.kept(request, vendor.kind)
    if kept is None or vendor.provider is None:
        return integrations_page(request, EXPIRED.format(vendor.label), status=400)
    code = request.GET.get("code", "")
    if not code:
        return integrations_page(request, REFUSED.format(vendor.label), status=400)
    try:
        grant = way.grant(vendor.provider, code, kept["verifier"], _back_url(vendor.kind))
        account, zone = connecting.details_of(vendor, grant.access, grant.instance)
        if grant.account != account:
            raise connecting.AnotherAccount
        connecting.connect(vendor=vendor, grant=grant, zone=zone, user=request.user)
    except ConnectorError as error:
        return integrations_page(request, f"{vendor.label} was not connected. {error}", status=502)
    except connecting.NotAllowed:
        return integrations_page(request, MISSING.format(vendor.label), status=400)
    except connecting.AnotherAccount:
        return integrations_page(request, _another(vendor), status=409)
    return _connected(request, vendor)


@administrators_only
@require_http_methods(["GET", "POST"])
def crm_disconnect(request: HtmxHttpRequest, kind: str) -> HttpResponse:
    """GET says what it means, POST does it."""
    vendor = vendor_named(kind)
    own = connecting.own(vendor)
    if own is None:
        raise Http404
    if request.method == "GET":
        return render(request, "crm/disconnect.html", {"vendor": vendor, "own": own})
    connecting.disconnect(own, user=request.user)
    messages.success(request, f"{vendor.label} disconnected")
    return HttpResponseRedirect(reverse("integration_list"))


def _connected(request: HtmxHttpRequest, vendor: Vendor) -> HttpResponse:
    messages.success(request, f"{vendor.label} connected")
    return HttpResponseRedirect(reverse("crm_mapping", args=[vendor.kind]))


def _sign_in_page(
    request: HtmxHttpRequest, vendor: Vendor, trouble: str = "", *, status: int = 200
) -> HttpResponse:
    """What was typed is a secret, and is not shown again."""
    context = {"vendor": vendor, "own": connecting.own(vendor), "trouble": trouble}
    return render(request, "crm/sign_in.html", context, status=status)


def _another(vendor: Vendor) -> str:
    own = connecting.own(vendor)
    return ANOTHER.format(own.label if own else vendor.label)


def _back_url(kind: str) -> str:
    return settings.PUBLIC_URL + reverse("crm_back", args=[kind])
