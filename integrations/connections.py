"""Connections that need somebody: held once, and everything waiting goes on afterwards."""

from django.db import transaction
from django.utils import timezone

from contacts.models import OutgoingMail
from contacts.people import outbox as mails
from contacts.people.rules import administrators
from integrations import systems
from integrations.models import Connection, Delivery
from integrations.outbox import gates

State = Connection.State


@transaction.atomic
def needs_reconnect(gate: str, words: str) -> bool:
    """Hold everything of the connection behind this gate; whether it was not held before.

    Whose it is is told by mail this once: a colleague, or of the account's the administrators.
    """
    gates.pause(gate)
    kind, _, number = gate.partition(" ")
    if kind != "connection" or not number.isdigit():
        return False
    found = Connection.objects.filter(pk=int(number), state=State.CONNECTED)
    held = {"state": State.NEEDS_RECONNECT, "words": words[:500], "held_since": timezone.now()}
    if not found.update(**held):
        return False
    connection = Connection.objects.select_related("user").get(pk=int(number))
    _tell(connection)
    return True


def _tell(connection: Connection) -> None:
    owner = connection.user
    people = administrators() if owner is None else [owner] if owner.is_active else []
    for person in people:
        mails.queue(OutgoingMail.Kind.RECONNECT, person, about=systems.label_of(connection.vendor))


@transaction.atomic
def reconnected(connection: Connection) -> None:
    """Somebody has signed in again: what was held goes on, in its order."""
    Connection.objects.filter(pk=connection.pk).update(
        state=State.CONNECTED, words="", held_since=None, connected_at=timezone.now()
    )
    gates.resume(connection.gate)
    held = Delivery.objects.filter(gate=connection.gate, state=Delivery.State.NEEDS_RECONNECT)
    held.update(state=Delivery.State.PENDING, next_at=timezone.now(), words="")


@transaction.atomic
def release(connection: Connection) -> None:
    """The connection has ended: what was held is looked at once more, and says so."""
    gates.resume(connection.gate)
    held = Delivery.objects.filter(gate=connection.gate, state=Delivery.State.NEEDS_RECONNECT)
    held.update(state=Delivery.State.PENDING, next_at=timezone.now(), words="")
