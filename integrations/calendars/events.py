"""Which delivery brings which event up to date, and what a newer one takes over from an older.

A delivery names a meeting and a connection, and the parts of the event that may have to be written.
What is written is the meeting as it stands when it is sent. A part that nobody has asked for is left
alone: whoever moved the event in their own calendar finds it there after an address was edited.
"""

import json
from collections.abc import Iterable
from typing import Any

from integrations.models import Connection, Delivery
from integrations.models.deliveries import OPEN

NAME = "calendars"
MAKE, TIME, GUEST, CANCEL = "make", "time", "guest", "cancel"
#: As Sync activity tells them: "Meeting scheduled", and of a guest the fields that have changed.
KINDS = {
    MAKE: "booking.scheduled",
    TIME: "booking.rescheduled",
    CANCEL: "booking.canceled",
    GUEST: "event.guest",
}
CHUNK = 500
HELD = "The calendar waits for somebody to sign in again."


def target_of(meeting_id: int, connection_id: int) -> str:
    return f"meeting {meeting_id} at {connection_id}"


def ids_of(target: str) -> tuple[int, int]:
    """The meeting and the connection that a target names."""
    _, meeting, _, connection = target.split(" ")
    return int(meeting), int(connection)


def outstanding(targets: Iterable[str]) -> dict[str, set[str]]:
    """The parts that open deliveries to these targets still have to write."""
    listed = sorted(set(targets))
    found: dict[str, set[str]] = {}
    for start in range(0, len(listed), CHUNK):
        rows = Delivery.objects.filter(
            family=NAME,
            target__in=listed[start : start + CHUNK],
            state__in=(*OPEN, Delivery.State.CONFLICT),
        )
        for target, payload in rows.values_list("target", "payload"):
            found.setdefault(target, set()).update(parts_in(payload))
    return found


def parts_in(payload: str) -> set[str]:
    return set(json.loads(payload)["parts"]) if payload else set()


def delivery(
    *,
    meeting_id: int,
    connection: Connection,
    label: str,
    part: str,
    older: set[str],
    **columns: Any,
) -> Delivery:
    """A row that does `part`, and what older rows have not done yet."""
    held = connection.state == Connection.State.NEEDS_RECONNECT
    waits = {"state": Delivery.State.NEEDS_RECONNECT, "next_at": None, "words": HELD}
    return Delivery(
        family=NAME,
        target=target_of(meeting_id, connection.pk),
        gate=connection.gate,
        kind=KINDS[part],
        sent_to=label,
        payload=json.dumps({"parts": sorted({part} | older)}),
        latest_only=True,
        **(waits if held else {}),
        **columns,
    )
