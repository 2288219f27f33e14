"""People: the list of colleagues, one of them, and their invitation."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from contacts.access import Role, may_manage
from contacts.models import Contact, User
from contacts.people import links
from contacts.people.forms import PersonForm
from contacts.people.invitations import invite
from contacts.people.managing import change_person
from contacts.people.rules import EmailTaken, LastOwner, NotAllowed, PersonGone
from contacts.signals import Actor
from contacts.views.people.profile import status_of
from contacts.views.requests import HtmxHttpRequest
from contacts.views.roles import administrators_only
from contacts.views.settings import render_settings

ROWS = 100
LAST_OWNER = "This is the last active Account Owner. Make somebody else an Account Owner first."
NOT_YOURS = "Only an Account Owner may do this. Nothing was changed."


@administrators_only
@require_safe
def people_list(request: HtmxHttpRequest) -> HttpResponse:
    """Everybody, with role, teams, state and the number of contacts they own."""
    people = everybody()
    page = Paginator(people, ROWS).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    owned = _owned(shown)
    rows = [(person, owned.get(person.pk, 0)) for person in shown]
    context = {"rows": rows, "page": page, "mail_folder": mail_folder()}
    return render_settings(request, "people/list.html", context)


@administrators_only
@require_http_methods(["GET", "POST"])
def person_invite(request: HtmxHttpRequest) -> HttpResponse:
    """Invite somebody by e-mail."""
    form = PersonForm(request.POST if request.method == "POST" else None, by=request.user)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            person = invite(
                actor=Actor(request.user),
                email=data["email"],
                first_name=data["first_name"],
                last_name=data["last_name"],
                role=form.chosen_role,
                teams=data["teams"],
            )
        except EmailTaken as taken:
            form.add_error("email", _taken(taken))
        except NotAllowed:
            form.add_error("role", NOT_YOURS)
        else:
            messages.success(request, f"{person.email} invited")
            return HttpResponseRedirect(reverse("person", args=[person.pk]))
    return render_settings(request, "people/invite.html", {"form": form}, status=status_of(form))


@administrators_only
@require_http_methods(["GET", "POST"])
def person(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """One colleague: name, e-mail, role, teams; what can be done with their access."""
    shown = get_object_or_404(everybody(), pk=pk)
    form = PersonForm(
        request.POST if request.method == "POST" else None, by=request.user, person=shown
    )
    if request.method == "POST" and form.is_valid() and _saved(request, form, shown):
        messages.success(request, "Person saved")
        return HttpResponseRedirect(reverse("person", args=[pk]))
    return person_page(request, shown, form, status=status_of(form))


def person_page(
    request: HtmxHttpRequest,
    shown: User,
    form: PersonForm | None = None,
    *,
    status: int = 200,
    problem: str = "",
) -> HttpResponse:
    """The page of one colleague; `problem` says what could not be done."""
    manages = may_manage(request.user, shown)
    invited = shown.state == User.State.INVITED
    context: dict[str, Any] = {
        "person": shown,
        "form": form or PersonForm(by=request.user, person=shown),
        "may_manage": manages,
        "is_self": shown.pk == request.user.pk,
        "owned": Contact.objects.filter(owner=shown).count(),
        "managed": shown.managed_teams.all(),
        "link": links.invitation_link(shown) if invited and manages else "",
        "link_ends": links.invitation_ends(shown),
        "mail": shown.mails.first(),
        "mail_folder": mail_folder(),
        "problem": problem,
    }
    return render_settings(request, "people/person.html", context, status=status)


def everybody() -> QuerySet[User]:
    """People with what their rows show, in a fixed number of queries."""
    return User.objects.prefetch_related("groups", "teams")


def mail_folder() -> str:
    """Where mails are kept as files instead of being sent; empty when they are sent."""
    files = settings.EMAIL_BACKEND.endswith("filebased.EmailBackend")
    return str(settings.EMAIL_FILE_PATH) if files else ""


def _saved(request: HtmxHttpRequest, form: PersonForm, shown: User) -> bool:
    """Save what was changed on the page; False with the fault in the form."""
    joins, leaves = form.moves()
    role: Role | None = form.chosen_role if "role" in form.changed_data else None
    try:
        change_person(
            actor=Actor(request.user),
            person_id=shown.pk,
            fields=form.changed_values("first_name", "last_name", "email"),
            role=role,
            joins=joins,
            leaves=leaves,
        )
    except EmailTaken as taken:
        form.add_error("email", _taken(taken))
    except LastOwner:
        form.add_error("role", LAST_OWNER)
    except NotAllowed:
        form.add_error(None, NOT_YOURS)
    except PersonGone:
        form.add_error(None, "This person was removed by somebody else. Nothing was saved.")
    return not form.errors


def _taken(taken: EmailTaken) -> str:
    left = taken.person is not None and taken.person.state == User.State.DEACTIVATED
    more = " That person is deactivated and can be reactivated." if left else ""
    return f"Another person has this email.{more}"


def _owned(people: list[User]) -> dict[int, int]:
    """How many contacts each of them owns."""
    rows = Contact.objects.filter(owner__in=people).order_by().values("owner")
    return {row["owner"]: row["count"] for row in rows.annotate(count=Count("pk"))}
