"""Signing in and out, the theme, the shortcuts."""

from typing import Any

from django import forms
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from contacts.models import User
from contacts.views.requests import HtmxHttpRequest


class SignInForm(AuthenticationForm):
    """E-mail and password. The same words whether the e-mail or the password is wrong."""

    error_messages = {
        "invalid_login": "Email or password is wrong. Check both and sign in again.",
        "inactive": "Email or password is wrong. Check both and sign in again.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "Email"
        self.fields["username"].widget = forms.EmailInput(
            attrs={"class": "input", "autocomplete": "username", "autofocus": True}
        )
        self.fields["password"].widget.attrs.update({"class": "input"})


class SignInView(auth_views.LoginView):
    authentication_form = SignInForm
    template_name = "registration/login.html"
    redirect_authenticated_user = True


sign_in = SignInView.as_view()
sign_out = auth_views.LogoutView.as_view()


@login_required
@require_POST
def theme(request: HtmxHttpRequest) -> HttpResponse:
    """Keep the theme with the user, so that the server can write it into every page."""
    chosen = request.POST.get("theme", "")
    if chosen in User.Theme.values:
        request.user.theme = chosen
        request.user.save(update_fields=["theme"])
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()):
        target = reverse("contact_list")
    return HttpResponseRedirect(target)


@login_required
@require_GET
def shortcuts(request: HtmxHttpRequest) -> HttpResponse:
    return render(request, "people/shortcuts.html")
