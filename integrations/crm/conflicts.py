"""Records between which only a person can choose: kept for the Review page, and what was chosen.

The choice is carried out by the delivery itself, which is sent again: no page calls a vendor.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.db import transaction

from contacts import history
from contacts.models import Contact, User
from contacts.signals import Actor
from integrations.connectors.base import ConflictError
from integrations.connectors.crm import Record
from integrations.crm import records
from integrations.models import Connection, CrmConflict, Delivery
from integrations.outbox import again

Choice = CrmConflict.Choice
LEFT = "Left as they are, because a person decided so."


class Settled(Exception):
    """It was decided, or overtaken by a later change, meanwhile."""


class BadChoice(ValueError):
    """It cannot be chosen; the message says why."""


def raise_for(
    connection: Connection,
    contact: Contact,
    delivery: Delivery,
    found: Sequence[Record],
    words: str,
    *,
    linked: str = "",
) -> ConflictError:
    """Note the records for the Review page; the error that settles the delivery, to be raised."""
    taken = records.holders(connection, [row.id for row in found], besides=contact)
    CrmConflict.objects.filter(connection=connection, contact=contact).delete()
    CrmConflict.objects.create(
        connection=connection,
        contact=contact,
        delivery_id=delivery.pk,
        words=words[:500],
        records=[as_json(row) for row in found],
        linked=linked,
        taken=sorted(taken),
    )
    return ConflictError(words)


def as_json(record: Record) -> dict[str, Any]:
    return {**asdict(record), "values": dict(record.values), "emails": list(record.emails)}


def chosen(connection: Connection, contact: Contact) -> CrmConflict | None:
    """What a person has decided and has not been done yet."""
    rows = CrmConflict.objects.filter(connection=connection, contact=contact)
    # What was decided of a contact that was merged into this one is asked again.
    own = rows.filter(delivery__contact_public_id=contact.public_id)
    return own.exclude(choice=Choice.NONE).first()


def clear(connection: Connection, contact: Contact) -> None:
    CrmConflict.objects.filter(connection=connection, contact=contact).delete()


def of_delivery(delivery: Delivery) -> CrmConflict | None:
    """The open question of a delivery; None once it is decided."""
    if delivery.state != Delivery.State.CONFLICT:
        return None
    rows = CrmConflict.objects.filter(delivery=delivery, choice=Choice.NONE)
    return rows.select_related("connection", "contact").first()


@transaction.atomic
def choose(conflict: CrmConflict, *, choice: str, record: str, user: User, merges: bool) -> None:
    """Write down what a person has decided, and have the delivery sent again.

    `record` is the id of the one to link to, or to keep of a merge. Raises BadChoice, Settled.
    """
    ids = [each["id"] for each in conflict.records]
    if choice not in {Choice.LINK, Choice.LEAVE, Choice.MERGE}:
        raise BadChoice("Choose what to do.")
    if choice != Choice.LEAVE and record not in ids:
        raise BadChoice("Choose one of the records.")
    if choice == Choice.LINK and record in conflict.taken:
        raise BadChoice("That record belongs to another contact here.")
    if choice == Choice.MERGE and not (merges and len(ids) == 2 and not conflict.taken):
        raise BadChoice("These records cannot be merged from here.")
    rows = CrmConflict.objects.filter(pk=conflict.pk, choice=Choice.NONE)
    if not rows.update(choice=choice, chosen=record, chosen_by=user):
        raise Settled
    waiting = Delivery.objects.filter(pk=conflict.delivery_id, state=Delivery.State.CONFLICT)
    if not again.retry(waiting, actor=Actor(user)):
        raise Settled
    history.audit(Actor(user), f"crm.{choice}", conflict.contact.public_id)
