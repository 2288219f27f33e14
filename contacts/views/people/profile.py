"""A person's own settings: profile, theme, shortcuts, password."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contacts.forms import AUTOCOMPLETE_ZONES
from contacts.models import User
from contacts.people import attempts, passwords
from contacts.people.account import change_own
from contacts.people.addresses import client_address
from contacts.people.entry_forms import ChangePasswordForm
from contacts.people.forms import ProfileForm
from contacts.people.second_factor import codes_left
from contacts.views.people.entering import own_path
from contacts.views.people.sign_in import retry_after, too_many
from contacts.views.requests import HtmxHttpRequest
from contacts.views.settings import render_settings


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: HtmxHttpRequest) -> HttpResponse:
    """Name, time zone, theme and shortcuts; the ways to password and second factor."""
    form = ProfileForm.of(request.user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        change_own(user=request.user, **form.changed_values(*ProfileForm.FIELDS))
        messages.success(request, "Profile saved")
        return HttpResponseRedirect(reverse("profile"))
    context = {
        "form": form,
        "zones": AUTOCOMPLETE_ZONES,
        "codes_left": codes_left(request.user) if request.user.second_factor_since else 0,
    }
    return render_settings(request, "people/profile.html", context, status=status_of(form))


@login_required
@sensitive_post_parameters("present", "new", "again")
@require_http_methods(["GET", "POST"])
def password_change(request: HtmxHttpRequest) -> HttpResponse:
    """Change one's own password; the other sessions end, this one goes on."""
    form = ChangePasswordForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        answer = _change_password(request, form)
        if answer is not None:
            return answer
    return render_settings(request, "people/password.html", {"form": form}, status=status_of(form))


def _change_password(request: HtmxHttpRequest, form: ChangePasswordForm) -> HttpResponse | None:
    """The answer, or None with the fault in the form."""
    try:
        attempt = attempts.begin(
            attempts.Kind.PASSWORD, request.user.email, client_address(request)
        )
        person = passwords.change_password(
            user=request.user, present=form.cleaned_data["present"], new=form.cleaned_data["new"]
        )
    except attempts.Slowed as slowed:
        form.add_error("present", too_many(slowed))
        context = {"form": form}
        return retry_after(
            render_settings(request, "people/password.html", context, status=429), slowed
        )
    except passwords.WrongPassword:
        form.add_error("present", "This is not your present password.")
        return None
    except ValidationError as refused:
        attempt.succeeded()
        form.add_error("new", refused)
        return None
    attempt.succeeded()
    update_session_auth_hash(request, person)
    messages.success(request, "Password changed. Your other sessions have ended.")
    return HttpResponseRedirect(reverse("profile"))


@login_required
@require_POST
def sessions_end(request: HtmxHttpRequest) -> HttpResponse:
    """Sign out everywhere but here."""
    update_session_auth_hash(request, passwords.end_sessions(user=request.user))
    messages.success(request, "Your other sessions have ended")
    return HttpResponseRedirect(reverse("profile"))


@login_required
@require_POST
def theme(request: HtmxHttpRequest) -> HttpResponse:
    """Keep the theme with the user, so that the server can write it into every page."""
    chosen = request.POST.get("theme", "")
    if chosen in User.Theme.values:
        request.user.theme = chosen
        request.user.save(update_fields=["theme"])
    return HttpResponseRedirect(own_path(request.POST.get("next", "")))


@login_required
@require_safe
def shortcuts(request: HtmxHttpRequest) -> HttpResponse:
    return render(request, "people/shortcuts.html")


def status_of(form: Any) -> int:
    """422 for a form that came with faults."""
    return 422 if form.errors else 200
