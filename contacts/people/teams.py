"""Teams: who is in them and who manages them. Contacts belong to people, so they never change."""

from collections.abc import Iterable

from django.db import IntegrityError, transaction

from contacts import history
from contacts.models import Team, User
from contacts.people.rules import lock_people
from contacts.retrying import retrying
from contacts.signals import Actor


class TeamGone(Exception):
    """The team was deleted."""


class NameTaken(Exception):
    """Another team has this name."""


@retrying
@transaction.atomic
def create_team(
    *, actor: Actor, name: str, members: Iterable[User] = (), managers: Iterable[User] = ()
) -> Team:
    """Raises NameTaken, NotAllowed."""
    lock_people(actor)
    team = Team(name=name)
    _save_name(team)
    team.members.set(members)
    team.managers.set(managers)
    history.audit(actor, "team.created", str(team.pk))
    return team


@retrying
@transaction.atomic
def change_team(
    *, actor: Actor, team_id: int, name: str | None = None,
    joins: Iterable[User] = (), leaves: Iterable[User] = (),
    new_managers: Iterable[User] = (), former_managers: Iterable[User] = (),
) -> Team:  # fmt: skip
    """Save what is given and leave the rest: two administrators at once both have their way.

    Raises TeamGone, NameTaken, NotAllowed; then nothing was changed.
    """
    lock_people(actor)
    team = Team.objects.filter(pk=team_id).first()
    if team is None:
        raise TeamGone
    if name is not None:
        team.name = name
        _save_name(team)
    changes = {
        "joined": list(joins),
        "left": list(leaves),
        "managers": list(new_managers),
        "former_managers": list(former_managers),
    }
    team.members.add(*changes["joined"])
    team.members.remove(*changes["left"])
    team.managers.add(*changes["managers"])
    team.managers.remove(*changes["former_managers"])
    ids = {what: [person.pk for person in people] for what, people in changes.items() if people}
    if ids or name is not None:
        history.audit(actor, "team.changed", str(team.pk), renamed=name is not None, **ids)
    return team


@retrying
@transaction.atomic
def delete_team(*, actor: Actor, team_id: int) -> None:
    """Remove the team; its people and their contacts stay. Raises TeamGone, NotAllowed."""
    lock_people(actor)
    deleted, _ = Team.objects.filter(pk=team_id).delete()
    if not deleted:
        raise TeamGone
    history.audit(actor, "team.deleted", str(team_id))


def _save_name(team: Team) -> None:
    if Team.objects.filter(name__iexact=team.name).exclude(pk=team.pk).exists():
        raise NameTaken
    try:
        with transaction.atomic():
            team.save()
    except IntegrityError:
        raise NameTaken from None
