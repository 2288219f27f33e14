"""Signing in, in one step or two, and out. The same words whoever is asked for."""

import logging
from typing import Any

from django.contrib import messages
from django.contrib.auth import authenticate
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe
from django_otp.plugins.otp_static.models import StaticDevice

from contacts.models import User
from contacts.people import attempts
from contacts.people.addresses import client_address
from contacts.people.entry_forms import CodeForm, SignInForm
from contacts.people.second_factor import WrongCode, accept_code, codes_left
from contacts.signed_out import sign_in_dialog
from contacts.views.people.entering import enter, own_path, pending, signed_in
from contacts.views.requests import HtmxHttpRequest

logger = logging.getLogger(__name__)
WRONG = "Email or password is wrong. Check both and sign in again."
BLANK = "Enter your email and your password."
WRONG_CODE = (
    "This code is wrong, or it was used already. Wait for the next one of the app, or use a "
    "recovery code."
)

sign_out = auth_views.LogoutView.as_view()


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The first step: e-mail and password."""
    target = request.POST.get("next", request.GET.get("next", ""))
    if request.user.is_authenticated:
        return HttpResponseRedirect(own_path(target))
    if request.method == "GET":
        return _sign_in_page(request, SignInForm(), target)
    form = SignInForm(request.POST)
    if not form.is_valid():
        return _sign_in_page(request, form, target, problem=BLANK, status=422)
    email = form.cleaned_data["username"]
    try:
        attempt = attempts.begin(attempts.Kind.PASSWORD, email, client_address(request))
    except attempts.Slowed as slowed:
        page = _sign_in_page(request, form, target, problem=too_many(slowed), status=429)
        return retry_after(page, slowed)
    user = authenticate(request, username=email, password=form.cleaned_data["password"])
    if not isinstance(user, User):
        known = User.objects.filter(email__iexact=email).values_list("pk", flat=True).first()
        logger.warning("sign-in refused, user %s", known or "unknown")
        return _sign_in_page(request, form, target, problem=WRONG, status=422)
    attempt.succeeded(known=not user.second_factor_since)
    return enter(request, user, target)


@require_http_methods(["GET", "POST"])
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """The second step: a code of the app, or a recovery code."""
    waiting = pending(request)
    if waiting is None:
        return HttpResponseRedirect(reverse("login"))
    if request.method == "GET":
        return _code_page(request, CodeForm())
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _code_page(request, form, problem="Enter the code.", status=422)
    user, address = waiting.user, client_address(request)
    try:
        attempt = attempts.begin(attempts.Kind.CODE, user.email, address)
        device = accept_code(user=user, code=form.cleaned_data["code"])
    except attempts.Slowed as slowed:
        page = _code_page(request, form, problem=too_many(slowed, "codes"), status=429)
        return retry_after(page, slowed)
    except WrongCode:
        logger.warning("code refused, user %s", user.pk)
        return _code_page(request, form, problem=WRONG_CODE, status=422)
    attempt.succeeded(known=True)
    attempts.know(user.email, address)
    answer = signed_in(request, user, waiting.target, device=device)
    if isinstance(device, StaticDevice):
        left = codes_left(user)
        messages.warning(request, f"You used a recovery code. {left} of 10 are left.")
    return answer


@login_required
@require_safe
def admin_sign_in(request: HtmxHttpRequest) -> HttpResponse:
    """Django's admin has no sign-in of its own: it would know no lockout and no second factor."""
    if not request.user.is_staff:
        raise PermissionDenied
    return HttpResponseRedirect(own_path(request.GET.get("next", ""), otherwise="admin:index"))


def too_many(slowed: attempts.Slowed, what: str = "passwords") -> str:
    return f"Too many wrong {what}. Nothing was checked this time. Try again {slowed.words}."


def retry_after(response: HttpResponse, slowed: attempts.Slowed) -> HttpResponse:
    response["Retry-After"] = str(slowed.seconds)
    return response


def _sign_in_page(
    request: HttpRequest, form: SignInForm, target: str, *, problem: str = "", status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "next": target, "problem": problem}
    if request.htmx:  # type: ignore[attr-defined]  # over the page that was open when the session ended
        return sign_in_dialog(request, context, status=status)
    return render(request, "registration/login.html", context, status=status)


def _code_page(
    request: HttpRequest, form: CodeForm, *, problem: str = "", status: int = 200
) -> HttpResponse:
    return render(request, "people/code.html", {"form": form, "problem": problem}, status=status)
