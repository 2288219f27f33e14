"""Exchange Server: an administrator turns it on, colleagues sign in to their mailbox."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from contacts.signals import Actor
from contacts.views.requests import HtmxHttpRequest
from contacts.views.roles import administrators_only
from integrations.connectors.exchange_sign_in import is_installed
from integrations.exchange import server
from integrations.models import ExchangeServer
from integrations.sandbox import calendars as demo
from integrations.sandbox import mailbox


@administrators_only
@require_http_methods(["GET", "POST"])
def exchange_server(request: HtmxHttpRequest) -> HttpResponse:
    """Where the server is, and whether it is used."""
    row, errors = ExchangeServer.load(), {}
    typed: dict[str, Any] = {"url": row.url, "sign_in": row.sign_in, "active": row.active}
    if request.method == "POST":
        given = request.POST
        typed = {
            "url": given.get("url", ""),
            "sign_in": given.get("sign_in", ""),
            "active": given.get("active") == "1",
        }
        try:
            server.change(**typed, actor=Actor(request.user))
        except server.Bad as fault:
            errors = fault.errors
        else:
            on = "on" if typed["active"] else "off"
            messages.success(request, f"Exchange Server is {on}")
            return HttpResponseRedirect(reverse("integration_list"))
    context = {
        "typed": typed, "choices": ExchangeServer.SignIn.choices, "installed": is_installed(),
        "install": server.INSTALL,
    }  # fmt: skip
    return _form(request, "integrations/exchange_server.html", context, errors)


@sensitive_post_parameters("password")
@login_required
@require_http_methods(["GET", "POST"])
def exchange_sign_in(request: HtmxHttpRequest) -> HttpResponse:
    """One's own mailbox. 404 while the server is off. The password is never shown again."""
    if not ExchangeServer.load().active or not is_installed():
        raise Http404
    typed, errors = {"address": request.user.email, "user_name": ""}, {}
    if request.method == "POST":
        given = request.POST
        typed = {name: given.get(name, "") for name in ("address", "user_name")}
        try:
            password = given.get("password", "")
            server.sign_in(user=request.user, password=password, **typed)
        except server.Bad as fault:
            errors = fault.errors
        else:
            told = (
                "Exchange Server connected. Kith signs in within a minute, and says if it may not"
            )
            messages.success(request, told)
            return HttpResponseRedirect(reverse("integration_list"))
    return _form(request, "integrations/exchange_sign_in.html", {"typed": typed}, errors)


def _form(
    request: HtmxHttpRequest, template: str, context: dict[str, Any], errors: dict[str, str]
) -> HttpResponse:
    context |= {"errors": errors, "error_list": list(errors.items())}
    context["double"] = demo.exchange_url() if mailbox.is_shown() else ""
    return render(request, template, context, status=422 if errors else 200)
