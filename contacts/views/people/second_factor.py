"""A person's own second factor: setting it up, new recovery codes, turning it off."""

from collections.abc import Callable

import segno
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods
from django_otp import login as remember_device

from contacts.models import User
from contacts.people import attempts
from contacts.people import second_factor as services
from contacts.people.addresses import client_address
from contacts.people.entry_forms import PasswordForm, SetupForm
from contacts.views.people.profile import status_of
from contacts.views.people.sign_in import retry_after, too_many
from contacts.views.requests import HtmxHttpRequest
from contacts.views.settings import render_settings

NOT_THE_CODE = "This is not the code of the app now. Check the clock of your phone and try again."
TOO_OLD = "This page was open for too long. Scan the new code below."


@login_required
@sensitive_post_parameters("sealed", "code")
@require_http_methods(["GET", "POST"])
def second_factor(request: HtmxHttpRequest) -> HttpResponse:
    """The set-up: a secret to scan or type, confirmed by a code of it."""
    if request.user.second_factor_since:
        return HttpResponseRedirect(reverse("profile"))
    if request.method == "GET":
        return _setup_page(request, SetupForm(), services.new_setup(request.user))
    form = SetupForm(request.POST)
    try:
        setup = services.same_setup(request.user, request.POST.get("sealed", ""))
        if not form.is_valid():
            return _setup_page(request, form, setup)
        device, codes = services.set_up(
            user=request.user, sealed=setup.sealed, code=form.cleaned_data["code"]
        )
    except services.SetupOver:
        form.add_error("code", TOO_OLD)
        return _setup_page(request, form, services.new_setup(request.user))
    except services.WrongCode:
        form.add_error("code", NOT_THE_CODE)
        return _setup_page(request, form, setup)
    except services.AlreadyOn:
        return HttpResponseRedirect(reverse("profile"))
    update_session_auth_hash(request, User.objects.get(pk=request.user.pk))
    remember_device(request, device)
    return _codes_page(request, codes, "The second factor is on")


@login_required
@sensitive_post_parameters("present")
@require_http_methods(["GET", "POST"])
def recovery_codes(request: HtmxHttpRequest) -> HttpResponse:
    """Ten new recovery codes, after the password."""

    def make(user: User) -> HttpResponse:
        return _codes_page(request, services.new_codes(user=user), "New recovery codes")

    return _after_password(request, make, "people/new_codes.html")


@login_required
@sensitive_post_parameters("present")
@require_http_methods(["GET", "POST"])
def second_factor_off(request: HtmxHttpRequest) -> HttpResponse:
    """Turn it off, after the password."""

    def remove(user: User) -> HttpResponse:
        update_session_auth_hash(request, services.turn_off(user=user))
        messages.success(request, "The second factor is off. Your other sessions have ended.")
        return HttpResponseRedirect(reverse("profile"))

    return _after_password(request, remove, "people/factor_off.html")


def _after_password(
    request: HtmxHttpRequest, act: Callable[[User], HttpResponse], template: str
) -> HttpResponse:
    """Do it for who has a second factor and gives the password."""
    if not request.user.second_factor_since:
        raise Http404
    form = PasswordForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            who, address = request.user.email, client_address(request)
            attempt = attempts.begin(attempts.Kind.PASSWORD, who, address)
        except attempts.Slowed as slowed:
            form.add_error("present", too_many(slowed))
            return retry_after(
                render_settings(request, template, {"form": form}, status=429), slowed
            )
        if request.user.check_password(form.cleaned_data["present"]):
            attempt.succeeded()
            return act(request.user)
        form.add_error("present", "This is not your password.")
    return render_settings(request, template, {"form": form}, status=status_of(form))


def _setup_page(request: HtmxHttpRequest, form: SetupForm, setup: services.Setup) -> HttpResponse:
    context = {
        "form": form,
        "setup": setup,
        "qr": _drawn(setup.uri),
        "required": _required(request),
    }
    return render_settings(request, "people/factor.html", context, status=status_of(form))


def _codes_page(request: HtmxHttpRequest, codes: list[str], title: str) -> HttpResponse:
    return render_settings(request, "people/codes.html", {"codes": codes, "title": title})


def _required(request: HtmxHttpRequest) -> bool:
    """Whether nothing else can be done before."""
    account = request.account  # type: ignore[attr-defined]  # set by the middleware
    return bool(account.require_second_factor and request.user.role.administers)


def _drawn(uri: str) -> SafeString:
    """The QR code as an SVG: dark on light in either theme, or a camera would not read it."""
    svg = segno.make(uri, error="m").svg_inline(
        omitsize=True, light="#fff", dark="#000", border=4, svgclass="qr", lineclass=None
    )
    return mark_safe(svg)  # noqa: S308  drawn by us from numbers; holds no text
