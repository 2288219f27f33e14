"""Changing a colleague: name, e-mail, role, teams, and whether they may come in."""

from collections.abc import Iterable

from django.db import IntegrityError, transaction

from contacts import history
from contacts.access import Role
from contacts.models import Team, User
from contacts.people.rules import (
    EmailTaken,
    OwnAccess,
    PersonGone,
    give_role,
    lock_person,
    require_another_owner,
)
from contacts.retrying import retrying
from contacts.signals import Actor


@retrying
@transaction.atomic
def change_person(
    *, actor: Actor, person_id: int, fields: dict[str, str] | None = None,
    role: Role | None = None, joins: Iterable[Team] = (), leaves: Iterable[Team] = (),
) -> User:  # fmt: skip
    """Save what is given and leave the rest. `fields` holds first_name, last_name, email.

    Raises PersonGone, NotAllowed, LastOwner, EmailTaken; then nothing was changed.
    """
    person = lock_person(person_id, actor)
    if fields:
        _save_fields(person, fields)
        history.audit(actor, "person.changed", str(person.pk), fields=sorted(fields))
    if role is not None and role is not person.role:
        require_another_owner(person)
        give_role(person, role, actor)
        history.audit(actor, "person.role_changed", str(person.pk), role=role.value)
    joins, leaves = list(joins), list(leaves)
    if joins or leaves:
        person.teams.add(*joins)
        person.teams.remove(*leaves)
        ids = {"joined": [t.pk for t in joins], "left": [t.pk for t in leaves]}
        history.audit(actor, "person.teams_changed", str(person.pk), **ids)
    return person


@retrying
@transaction.atomic
def deactivate(*, actor: Actor, person_id: int) -> User:
    """Let the person in no longer: every session ends, contacts and teams stay as they are.

    Raises PersonGone when nobody active has this id, NotAllowed, LastOwner, OwnAccess.
    """
    person = lock_person(person_id, actor)
    if person.state != User.State.ACTIVE:
        raise PersonGone
    if actor.user is not None and actor.user.pk == person.pk:
        raise OwnAccess
    require_another_owner(person)
    person.is_active = False
    person.session_epoch += 1
    person.save(update_fields=["is_active", "session_epoch"])
    history.audit(actor, "person.deactivated", str(person.pk))
    return person


@retrying
@transaction.atomic
def reactivate(*, actor: Actor, person_id: int) -> User:
    """Let the person in again, with the password, role and teams of before.

    Raises PersonGone when nobody deactivated has this id, NotAllowed.
    """
    person = lock_person(person_id, actor)
    if person.state != User.State.DEACTIVATED:
        raise PersonGone
    person.is_active = True
    person.save(update_fields=["is_active"])
    history.audit(actor, "person.reactivated", str(person.pk))
    return person


def _save_fields(person: User, fields: dict[str, str]) -> None:
    for name, value in fields.items():
        setattr(person, name, value)
    if "email" in fields:
        taken = User.objects.filter(email__iexact=person.email).exclude(pk=person.pk).first()
        if taken is not None:
            raise EmailTaken(taken)
    try:
        with transaction.atomic():
            person.save(update_fields=list(fields))
    except IntegrityError:
        raise EmailTaken(None) from None
