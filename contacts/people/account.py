"""The settings of the account, and a person's own."""

from typing import Any

from django.db import transaction

from contacts import history
from contacts.models import Account, Source, User
from contacts.people.rules import lock_people
from contacts.retrying import retrying
from contacts.signals import Actor


@retrying
@transaction.atomic
def change_account(*, actor: Actor, **fields: Any) -> None:
    """Save the given settings and leave the rest. Raises NotAllowed."""
    lock_people(actor)
    if fields:
        Account.objects.filter(pk=1).update(**fields)
        history.audit(actor, "account.changed", fields=sorted(fields))


@retrying
@transaction.atomic
def change_own(*, user: User, **fields: Any) -> None:
    """Save a person's own name, time zone, theme, shortcuts."""
    if fields:
        User.objects.filter(pk=user.pk).update(**fields)
        history.audit(
            Actor(user, Source.PERSON), "person.changed", str(user.pk), fields=sorted(fields)
        )
