"""Which of our fields fills which of the CRM's."""

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from contacts.views.requests import HtmxHttpRequest
from contacts.views.roles import administrators_only
from integrations.crm import accounts, connecting, mapping, mapping_form
from integrations.crm.mapping_form import MappingForm
from integrations.crm.vendors import Vendor
from integrations.models import Connection, CrmAccount
from integrations.views.crm import vendor_named

CHANGED = "Somebody else has saved the mapping meanwhile. What you chose is below: save again to keep it."  # fmt: skip

CHANGED_KIND = "Somebody else has saved the mapping meanwhile. Look at it, and choose again."
NO_KIND = "New records: choose one of the kinds that are offered."


@administrators_only
@require_http_methods(["GET", "POST"])
def crm_mapping(request: HtmxHttpRequest, kind: str) -> HttpResponse:
    """The mapping, and what the vendor has removed or locked since it was made."""
    vendor = vendor_named(kind)
    own = connecting.own(vendor)
    if own is None:
        raise Http404
    account = accounts.of(own)
    remotes, stored = accounts.remotes_of(account), mapping.stored_rules(account.rules)
    if request.method == "GET":
        return _page(request, own, account, MappingForm(vendor, remotes, stored))
    form = mapping_form.read(request.POST, vendor, remotes, stored)
    if form.errors or form.loose:
        return _page(request, own, account, form, status=422)
    return _save(request, own, account, form)


def _save(
    request: HtmxHttpRequest, own: Connection, account: CrmAccount, form: MappingForm
) -> HttpResponse:
    try:
        accounts.save_mapping(
            account,
            rules=form.rules,
            log_meetings="log_meetings" in request.POST,
            version=_version(request),
            user=request.user,
        )
    except accounts.MappingChanged:
        account.refresh_from_db()
        return _page(request, own, account, form, notice=CHANGED, status=409)
    messages.success(request, "Mapping saved")
    return HttpResponseRedirect(_url(form.vendor))


@administrators_only
@require_POST
def crm_read_again(request: HtmxHttpRequest, kind: str) -> HttpResponse:
    """Have a worker read the account's fields now."""
    vendor = vendor_named(kind)
    own = connecting.own(vendor)
    if own is None:
        raise Http404
    accounts.read_again(own)
    messages.success(request, f"{vendor.label}'s fields are being read")
    return HttpResponseRedirect(_url(vendor))


@administrators_only
@require_POST
def crm_kind(request: HtmxHttpRequest, kind: str) -> HttpResponse:
    """What new contacts become there, where the vendor has several kinds of records."""
    vendor = vendor_named(kind)
    own = connecting.own(vendor)
    chosen = request.POST.get("record_kind", "")
    if own is None:
        raise Http404
    account = accounts.of(own)
    stored = mapping.stored_rules(account.rules)
    form = MappingForm(vendor, accounts.remotes_of(account), stored)
    if chosen not in vendor.kinds:
        return _page(request, own, account, form, notice=NO_KIND, status=422)
    if chosen == vendor.kind_or_first(account.record_kind):
        return HttpResponseRedirect(_url(vendor))
    try:
        accounts.choose_kind(account, kind=chosen, version=_version(request), user=request.user)
    except accounts.MappingChanged:
        account.refresh_from_db()
        return _page(request, own, account, form, notice=CHANGED_KIND, status=409)
    messages.success(request, f"New contacts become {vendor.label} {chosen.lower()}s")
    return HttpResponseRedirect(_url(vendor))


def _version(request: HtmxHttpRequest) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _page(
    request: HtmxHttpRequest, own: Connection, account: CrmAccount, form: MappingForm,
    *, notice: str = "", status: int = 200,
) -> HttpResponse:  # fmt: skip
    posted = request.method == "POST"
    context = {
        "vendor": form.vendor,
        "own": own,
        "crm": account,  # `account` is the organisation's, of every page
        "form": form,
        "lines": form.lines,
        "notice": notice,
        "log_meetings": "log_meetings" in request.POST if posted else account.log_meetings,
        "kinds": list(form.vendor.kinds),
        "record_kind": form.vendor.kind_or_first(account.record_kind),
        "held": own.state == Connection.State.NEEDS_RECONNECT,
    }
    return render(request, "crm/mapping.html", context, status=status)


def _url(vendor: Vendor) -> str:
    return reverse("crm_mapping", args=[vendor.kind])
