"""/v2/users and /v2/teams."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from ninja import Query as FromQuery
from ninja import Router

from contacts.api.answers import json_answer
from contacts.api.authentication import AskedByKey
from contacts.api.errors import no_such
from contacts.api.expanding import expand, paths_of
from contacts.api.lists import Listing, PageQuery, Place, Query
from contacts.api.schemas import Team as TeamSchema
from contacts.api.schemas import TeamPage, UserPage, problems
from contacts.api.schemas import User as UserSchema
from contacts.api_keys import Holder
from contacts.models import Team, User
from contacts.objects import number_of, numbered, team_object, user_object

router = Router(tags=["Users and teams"])


class UserQuery(PageQuery):
    email: str | None = None
    expand: str | None = None


class OneUserQuery(Query):
    expand: str | None = None


def people() -> QuerySet[User]:
    """Colleagues who work here or are invited; whoever has left is not listed."""
    here = Q(is_active=True) | Q(invited_at__isnull=False)
    return User.objects.filter(here).prefetch_related("groups", "teams")


@router.get("/users", response={200: UserPage, **problems()}, operation_id="listUsers")
def user_list(request: AskedByKey, query: FromQuery[UserQuery]) -> HttpResponse:
    """Every colleague, newest first."""
    paths = paths_of(query.expand, "user", in_list=True)
    rows = people()
    if query.email is not None:
        rows = rows.filter(email__iexact=query.email.replace("\x00", ""))

    def show(found: Sequence[User]) -> list[dict[str, Any]]:
        objects = [user_object(user) for user in found]
        expand(objects, "user", paths, request.auth)
        return objects

    return numbered_listing(rows, "USR", "user").answer(request, query, show)


def numbered_listing(rows: QuerySet[Any], prefix: str, what: str) -> Listing:
    """A list whose ids are row numbers, which are given out in the order of creation."""

    def place(cursor: str) -> Place | None:
        pk = number_of(prefix, cursor)
        return None if pk is None else Place(pk, pk)

    return Listing(rows, "pk", place, lambda row: numbered(prefix, row.pk), what)


@router.get("/users/{id}", response={200: UserSchema, **problems(404)}, operation_id="getUser")
def user_detail(request: AskedByKey, id: str, query: FromQuery[OneUserQuery]) -> HttpResponse:
    """One colleague."""
    paths = paths_of(query.expand, "user")
    pk = number_of("USR", id)
    user = people().filter(pk=pk).first() if pk is not None else None
    if user is None:
        raise no_such("user", id)
    shown = user_object(user)
    expand([shown], "user", paths, request.auth)
    return json_answer(shown)


@router.get("/teams", response={200: TeamPage, **problems()}, operation_id="listTeams")
def team_list(request: AskedByKey, query: FromQuery[PageQuery]) -> HttpResponse:
    """Every team, newest first."""
    listing = numbered_listing(Team.objects.all(), "TM", "team")
    return listing.answer(request, query, lambda found: [team_object(team) for team in found])


@router.get("/teams/{id}", response={200: TeamSchema, **problems(404)}, operation_id="getTeam")
def team_detail(request: AskedByKey, id: str) -> HttpResponse:
    """One team."""
    pk = number_of("TM", id)
    team = Team.objects.filter(pk=pk).first() if pk is not None else None
    if team is None:
        raise no_such("team", id)
    return json_answer(team_object(team))


def _numbers(prefix: str, ids: Sequence[str]) -> list[int]:
    found = (number_of(prefix, each) for each in ids)
    return [pk for pk in found if pk is not None]


def users_by_id(_holder: Holder, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    pks = _numbers("USR", ids)
    return {numbered("USR", user.pk): user_object(user) for user in people().filter(pk__in=pks)}


def teams_by_id(_holder: Holder, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    pks = _numbers("TM", ids)
    return {numbered("TM", team.pk): team_object(team) for team in Team.objects.filter(pk__in=pks)}
