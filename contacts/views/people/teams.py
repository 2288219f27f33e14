"""Teams: the list, one of them, and its end."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from contacts.access import Role
from contacts.models import Team, User
from contacts.people import teams as services
from contacts.people.forms import TeamForm
from contacts.people.rules import NotAllowed
from contacts.signals import Actor
from contacts.views.people.access import Question
from contacts.views.people.profile import status_of
from contacts.views.requests import HtmxHttpRequest
from contacts.views.roles import administrators_only
from contacts.views.settings import render_settings

NAME_TAKEN = "Another team has this name."


@administrators_only
@require_safe
def team_list(request: HtmxHttpRequest) -> HttpResponse:
    teams = Team.objects.annotate(size=Count("members", distinct=True)).prefetch_related("managers")
    return render_settings(request, "people/teams.html", {"teams": teams})


@administrators_only
@require_http_methods(["GET", "POST"])
def team_new(request: HtmxHttpRequest) -> HttpResponse:
    form = TeamForm(request.POST if request.method == "POST" else None, people=_choosable())
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            team = services.create_team(
                actor=Actor(request.user),
                name=data["name"],
                members=data["members"],
                managers=data["managers"],
            )
        except services.NameTaken:
            form.add_error("name", NAME_TAKEN)
        except NotAllowed:
            raise PermissionDenied from None
        else:
            messages.success(request, f"{team.name} created")
            return HttpResponseRedirect(reverse("team", args=[team.pk]))
    return render_settings(request, "people/team.html", {"form": form}, status=status_of(form))


@administrators_only
@require_http_methods(["GET", "POST"])
def team(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """One team: its name, members and managers."""
    shown = get_object_or_404(Team.objects.prefetch_related("members", "managers"), pk=pk)
    people = _choosable(shown)
    form = TeamForm(request.POST if request.method == "POST" else None, people=people, team=shown)
    if request.method == "POST" and form.is_valid() and _saved(request, form, pk):
        messages.success(request, "Team saved")
        return HttpResponseRedirect(reverse("team", args=[pk]))
    managers = shown.managers.prefetch_related("groups")
    idle = [person for person in managers if person.role is Role.MEMBER]
    context = {"form": form, "team": shown, "idle": idle}
    return render_settings(request, "people/team.html", context, status=status_of(form))


@administrators_only
@require_http_methods(["GET", "POST"])
def team_delete(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Remove a team; nobody and nothing else goes with it."""
    shown = get_object_or_404(Team, pk=pk)
    if request.method == "GET":
        question = Question(
            f"Delete {shown.name}?",
            [
                "Its managers no longer see the contacts of its members.",
                "The people, their roles and their contacts stay as they are.",
            ],
            "Delete team",
        )
        context = {"question": question, "back": reverse("team", args=[pk])}
        return render_settings(request, "people/ask.html", context)
    try:
        services.delete_team(actor=Actor(request.user), team_id=pk)
    except services.TeamGone:
        raise Http404 from None
    except NotAllowed:
        raise PermissionDenied from None
    messages.success(request, f"{shown.name} deleted")
    return HttpResponseRedirect(reverse("team_list"))


def _choosable(team: Team | None = None) -> QuerySet[User]:
    """Who may be in a team: whoever is active or invited, and whoever is in it already."""
    people = Q(is_active=True) | Q(invited_at__isnull=False)
    if team is not None:
        people |= Q(teams=team) | Q(managed_teams=team)
    ids = User.objects.filter(people).values("pk")
    return User.objects.filter(pk__in=ids).prefetch_related("groups")


def _saved(request: HtmxHttpRequest, form: TeamForm, pk: int) -> bool:
    """Save what was changed on the page; False with the fault in the form."""
    joins, leaves = form.moves("members")
    new, former = form.moves("managers")
    try:
        services.change_team(
            actor=Actor(request.user),
            team_id=pk,
            name=form.cleaned_data["name"] if "name" in form.changed_data else None,
            joins=joins,
            leaves=leaves,
            new_managers=new,
            former_managers=former,
        )
    except services.NameTaken:
        form.add_error("name", NAME_TAKEN)
    except services.TeamGone:
        raise Http404 from None
    except NotAllowed:
        raise PermissionDenied from None
    return not form.errors
