"""Coming in by a link: forgotten passwords and invitations. Nobody is signed in here."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from contacts.models import Account, User
from contacts.people import attempts, invitations, links, passwords
from contacts.people.addresses import client_address
from contacts.people.entry_forms import ForgotForm, NewPasswordForm
from contacts.views.people.entering import enter
from contacts.views.people.profile import status_of
from contacts.views.people.sign_in import retry_after


@require_http_methods(["GET", "POST"])
def password_forgot(request: HttpRequest) -> HttpResponse:
    """Ask for a link. The same words, in the same time, whether the e-mail is known or not."""
    form = ForgotForm(request.POST if request.method == "POST" else None)
    if request.method == "GET" or not form.is_valid():
        return render(request, "people/forgot.html", {"form": form}, status=status_of(form))
    email = form.cleaned_data["email"]
    try:
        attempts.begin(attempts.Kind.RESET, email, client_address(request))
        passwords.request_reset(email)
    except attempts.Slowed as slowed:
        if slowed.scope == "address":  # else enough mails are on their way already
            form.add_error(
                "email", f"Too many requests from your network. Try again {slowed.words}."
            )
            page = render(request, "people/forgot.html", {"form": form}, status=429)
            return retry_after(page, slowed)
    return render(request, "people/forgot_sent.html", {"email": email})


@sensitive_post_parameters("new", "again")
@sensitive_variables("token")
@require_http_methods(["GET", "POST"])
def password_reset(request: HttpRequest, token: str) -> HttpResponse:
    """Set a new password and come in."""
    return _with_password(
        request,
        person=links.find_resetting(token),
        save=lambda new: _reset(request, token, new),
        template="people/reset.html",
        over="reset",
    )


def _reset(request: HttpRequest, token: str, new: str) -> User:
    person = passwords.reset_password(token=token, new=new)
    attempts.forget(person.email, client_address(request))
    return person


@sensitive_post_parameters("new", "again")
@sensitive_variables("token")
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Choose a password and come in for the first time."""
    return _with_password(
        request,
        person=links.find_invited(token),
        save=lambda new: invitations.accept(token=token, password=new),
        template="people/invitation.html",
        over="invitation",
    )


def _with_password(
    request: HttpRequest,
    *,
    person: User | None,
    save: Callable[[str], User],
    template: str,
    over: str,
) -> HttpResponse:
    if person is None:
        return _over(request, over)
    form = NewPasswordForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            return enter(request, save(form.cleaned_data["new"]))
        except (invitations.LinkOver, passwords.ResetOver):
            return _over(request, over)  # used this very moment, in another window
        except ValidationError as refused:
            form.add_error("new", refused)
    context: dict[str, Any] = {"form": form, "person": person, "account_name": Account.load().name}
    return render(request, template, context, status=status_of(form))


def _over(request: HttpRequest, what: str) -> HttpResponse:
    return render(request, "people/link_over.html", {"what": what}, status=410)
