"""Inviting a colleague: a user who is not active yet, a link by mail, and its acceptance."""

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.utils import timezone

from contacts import history
from contacts.access import Role
from contacts.models import OutgoingMail, Source, Team, User
from contacts.people import attempts, links, outbox
from contacts.people.passwords import check_password_rules
from contacts.people.rules import (
    EmailTaken,
    PersonGone,
    give_role,
    lock_people,
    lock_person,
)
from contacts.retrying import retrying
from contacts.signals import Actor


class LinkOver(Exception):
    """The link has expired, was used, or never was one."""


@retrying
@transaction.atomic
def invite(
    *, actor: Actor, email: str, role: Role, first_name: str = "", last_name: str = "",
    teams: Iterable[Team] = (),
) -> User:  # fmt: skip
    """Make the person and mail the invitation. Raises EmailTaken, NotAllowed."""
    lock_people(actor)
    taken = User.objects.filter(email__iexact=email).first()
    if taken is not None:
        raise EmailTaken(taken)
    person = User(email=email, first_name=first_name, last_name=last_name, is_active=False)
    person.invited_at = timezone.now()
    person.set_unusable_password()
    try:
        with transaction.atomic():
            person.save()
    except IntegrityError:
        raise EmailTaken(None) from None
    give_role(person, role, actor)
    person.teams.set(teams)
    history.audit(actor, "person.invited", str(person.pk), role=role.value)
    outbox.queue(OutgoingMail.Kind.INVITATION, person)
    return person


@retrying
@transaction.atomic
def invite_again(*, actor: Actor, person_id: int) -> User:
    """A new link for another 7 days, by mail; earlier links are void.

    Raises PersonGone when nobody is invited, NotAllowed, and attempts.Slowed after five in an hour.
    """
    person = _lock_invited(person_id, actor)
    attempts.begin(attempts.Kind.INVITATION, person.email)
    person.invited_at = timezone.now()
    person.save(update_fields=["invited_at"])
    history.audit(actor, "person.invited_again", str(person.pk))
    outbox.queue(OutgoingMail.Kind.INVITATION, person)
    return person


@retrying
@transaction.atomic
def withdraw(*, actor: Actor, person_id: int) -> None:
    """Take the invitation back: the person was never active, so nothing refers to them.

    Raises PersonGone when nobody is invited, NotAllowed.
    """
    person = _lock_invited(person_id, actor)
    history.audit(actor, "person.invitation_withdrawn", str(person.pk))
    person.delete()


@retrying
@transaction.atomic
def accept(*, token: str, password: str) -> User:
    """Set the password of who was invited and make them active.

    Raises LinkOver, and ValidationError when the password is refused.
    """
    person = links.find_invited(token, lock=True)
    if person is None:
        raise LinkOver
    check_password_rules(password, person)
    person.set_password(password)
    person.is_active, person.invited_at = True, None
    person.save(update_fields=["password", "is_active", "invited_at"])
    history.audit(Actor(person, Source.PERSON), "person.joined", str(person.pk))
    return person


def _lock_invited(person_id: int, actor: Actor) -> User:
    person = lock_person(person_id, actor)
    if person.state != User.State.INVITED:
        raise PersonGone
    return person
