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
    version = request.POST.get("version", "")
    try:
        accounts.save_mapping(
            account,
            rules=form.rules,
            log_meetings="log_meetings" in request.POST,
            version=int(version) if version.isascii() and version.isdigit()
            and len(version) < 10 else 0,
            user=request.user,
        )  # fmt: skip
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


def _page(
    request: HtmxHttpRequest, own: Connection, account: CrmAccount, form: MappingForm,
    *, notice: str = "", status: int = 200,
) -> HttpResponse:  # fmt: skip
    posted = request.method == "POST"
    context = {
        "vendor": form.vendor,
        "own": own,
        "account": account,
        "form": form,
        "lines": form.lines,
        "notice": notice,
        "log_meetings": "log_meetings" in request.POST if posted else account.log_meetings,
        "held": own.state == Connection.State.NEEDS_RECONNECT,
    }
    return render(request, "crm/mapping.html", context, status=status)


def _url(vendor: Vendor) -> str:
    return reverse("crm_mapping", args=[vendor.kind])
