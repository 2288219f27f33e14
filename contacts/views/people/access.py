"""What an administrator does with a colleague's access. A page that says what will happen, then a
button; the same URL either way."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from contacts.access import may_manage
from contacts.models import Contact, User
from contacts.people import attempts, invitations, managing, second_factor
from contacts.people.leaving import LeftBehind, left_behind
from contacts.people.rules import LastOwner, NotAllowed, OwnAccess, PersonGone
from contacts.signals import Actor
from contacts.views.people.people import LAST_OWNER, NOT_YOURS, everybody, person_page
from contacts.views.requests import HtmxHttpRequest
from contacts.views.roles import administrators_only
from contacts.views.settings import render_settings

OWN = "You cannot do this to your own access. Another administrator can, or use your profile."


@dataclass(frozen=True)
class Question:
    """A page that asks before it is done."""

    title: str
    consequences: list[str]
    button: str
    danger: bool = True
    links: list[LeftBehind] = field(default_factory=list)


@administrators_only
@require_http_methods(["GET", "POST"])
def person_deactivate(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Let somebody in no longer."""
    shown = _find(pk, User.State.ACTIVE)
    if request.method == "GET":
        owned = Contact.objects.filter(owner=shown).count()
        kept = f"The {owned:,} contacts they own stay theirs; you can hand them over afterwards."
        question = Question(
            f"Deactivate {shown}?",
            [
                "They are signed out at once, everywhere, and cannot sign in.",
                kept if owned != 1 else "The contact they own stays theirs; you can hand it over.",
                "Role, teams and password stay as they are, for when they are reactivated.",
            ],
            "Deactivate",
            links=left_behind(shown),
        )
        return _ask(request, shown, question)
    return _do(
        request,
        shown,
        lambda: managing.deactivate(actor=Actor(request.user), person_id=pk),
        f"{shown} deactivated",
    )


@administrators_only
@require_POST
def person_reactivate(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    shown = _find(pk, User.State.DEACTIVATED)
    return _do(
        request,
        shown,
        lambda: managing.reactivate(actor=Actor(request.user), person_id=pk),
        f"{shown} reactivated",
    )


@administrators_only
@require_http_methods(["GET", "POST"])
def person_reset_factor(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Remove the second factor of somebody who has lost it."""
    shown = get_object_or_404(everybody(), pk=pk, second_factor_since__isnull=False)
    if request.method == "GET":
        question = Question(
            f"Reset the second factor of {shown}?",
            [
                "They sign in with their password alone until they set it up again.",
                "They are signed out everywhere, and told by mail.",
                "Make sure that it is them who asks: whoever has their password can get in then.",
            ],
            "Reset second factor",
        )
        return _ask(request, shown, question)
    return _do(
        request,
        shown,
        lambda: second_factor.reset(actor=Actor(request.user), person_id=pk),
        f"Second factor of {shown} reset",
    )


@administrators_only
@require_POST
def person_invite_again(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    shown = _find(pk, User.State.INVITED)
    return _do(
        request,
        shown,
        lambda: invitations.invite_again(actor=Actor(request.user), person_id=pk),
        "Invitation sent again. Earlier links no longer work.",
    )


@administrators_only
@require_http_methods(["GET", "POST"])
def person_withdraw(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Take an invitation back."""
    shown = _find(pk, User.State.INVITED)
    if request.method == "GET":
        question = Question(
            f"Withdraw the invitation of {shown}?",
            ["The link no longer works.", "The person is removed from the list. They own nothing."],
            "Withdraw invitation",
        )
        return _ask(request, shown, question)
    return _do(
        request,
        shown,
        lambda: invitations.withdraw(actor=Actor(request.user), person_id=pk),
        "Invitation withdrawn",
        back=reverse("people_list"),
    )


def _find(pk: int, state: User.State) -> User:
    shown = get_object_or_404(everybody(), pk=pk)
    if shown.state != state:
        raise Http404
    return shown


def _ask(request: HtmxHttpRequest, shown: User, question: Question) -> HttpResponse:
    if not may_manage(request.user, shown):
        return person_page(request, shown, status=403, problem=NOT_YOURS)
    back = reverse("person", args=[shown.pk])
    return render_settings(request, "people/ask.html", {"question": question, "back": back})


def _do(
    request: HtmxHttpRequest, shown: User, act: Callable[[], Any], told: str, *, back: str = ""
) -> HttpResponse:
    """Do it and say so on the person's page; what cannot be done is said there too."""
    try:
        act()
    except NotAllowed:
        return person_page(request, shown, status=403, problem=NOT_YOURS)
    except LastOwner:
        return person_page(request, shown, status=409, problem=LAST_OWNER)
    except OwnAccess:
        return person_page(request, shown, status=409, problem=OWN)
    except attempts.Slowed as slowed:
        problem = (
            "This invitation was sent five times within an hour. Copy the link, or send it again "
            f"{slowed.words}."
        )
        return person_page(request, shown, status=429, problem=problem)
    except PersonGone:
        raise Http404 from None
    messages.success(request, told)
    return HttpResponseRedirect(back or reverse("person", args=[shown.pk]))
