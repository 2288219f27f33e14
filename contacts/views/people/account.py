"""Settings of the account."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from contacts.forms import AUTOCOMPLETE_ZONES
from contacts.models import Account
from contacts.people.account import change_account
from contacts.people.forms import AccountForm
from contacts.people.rules import NotAllowed
from contacts.signals import Actor
from contacts.views.people.profile import status_of
from contacts.views.requests import HtmxHttpRequest
from contacts.views.roles import administrators_only
from contacts.views.settings import render_settings


@administrators_only
@require_http_methods(["GET", "POST"])
def account(request: HtmxHttpRequest) -> HttpResponse:
    """Name, country, time zone, who may delete, whether a second factor is required."""
    form = AccountForm.of(Account.load(), request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            values = form.changed_values(*AccountForm.FIELDS)
            change_account(actor=Actor(request.user), **values)
        except NotAllowed:
            raise PermissionDenied from None
        messages.success(request, "Account saved")
        return HttpResponseRedirect(reverse("account"))
    context = {"form": form, "zones": AUTOCOMPLETE_ZONES}
    return render_settings(request, "people/account.html", context, status=status_of(form))
