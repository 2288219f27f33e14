"""To which system a delivery goes: by its connection, else by its family."""

from collections.abc import Iterable

from django.db.models import Q

from integrations import systems
from integrations.models import Connection

Kinds = dict[str, Connection]  # by gate


def connections_behind(gates: Iterable[str]) -> Kinds:
    """The connections of these gates, in one query; the other gates are left out."""
    numbers = {_number(gate) for gate in gates} - {0}
    rows = Connection.objects.select_related("user").filter(pk__in=numbers) if numbers else ()
    return {row.gate: row for row in rows}


def kind_of(family: str, gate: str, known: Kinds) -> str:
    """A kind of connection, or the family where there is none (or it is no longer there)."""
    connection = known.get(gate)
    return connection.vendor if connection is not None else family


def rows_of(kind: str) -> Q:
    """The deliveries to this system."""
    if systems.system_of(kind) is None:
        return Q(family=kind)
    numbers = Connection.objects.filter(vendor=kind).values_list("pk", flat=True)
    unlinked = Q(family="calendars", gate="calendars", sent_to=systems.label_of(kind))
    return Q(gate__in=[f"connection {number}" for number in numbers]) | unlinked


def _number(gate: str) -> int:
    word, _, number = gate.partition(" ")
    return int(number) if word == "connection" and number.isdigit() else 0
