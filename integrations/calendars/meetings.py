"""What becomes of meetings becomes of their events: made, moved, canceled, given to another host."""

from collections.abc import Iterable, Sequence
from typing import Any

from activities.models import Meeting, MeetingEvent
from activities.signals import MeetingChange
from integrations.calendars import vendors
from integrations.calendars.events import CANCEL, MAKE, TIME, delivery, outstanding, target_of
from integrations.models import Connection, Delivery
from integrations.outbox import writing

Kind = MeetingEvent.Kind
BOOKED = {Kind.SCHEDULED, Kind.CANCELED_THEN_RESCHEDULED}
MAKES = {*BOOKED, Kind.REASSIGNED}
PARTS = {
    Kind.RESCHEDULED: TIME,
    Kind.CANCELED: CANCEL,
    Kind.RESCHEDULE_REQUESTED: CANCEL,
}

Wanted = tuple[Meeting, Connection, str]  # which event, where, and which part of it


def on_meetings_changed(changes: Sequence[MeetingChange], **_: Any) -> None:
    """Write a delivery for each event that has to follow, in the transaction of the change."""
    asked = [c for c in changes if c.kind in {*MAKES, *PARTS}]
    if not asked:
        return
    meetings = {m.pk: m for m in Meeting.objects.filter(pk__in=[c.meeting_id for c in asked])}
    hosts = {meeting.host_id for meeting in meetings.values()}
    known = _by_host(hosts | {int(c.before["host"]) for c in asked if "host" in c.before})
    wanted: list[Wanted] = []
    by = {change.meeting_id: change.doer.user for change in asked}
    for change in asked:
        meeting = meetings[change.meeting_id]
        if change.kind == Kind.REASSIGNED:
            wanted += _given_away(meeting, int(change.before["host"]), known)
        if change.kind in MAKES:
            wanted += _booked(meeting, known.get(meeting.host_id, []))
        else:
            wanted += _at(meeting, meeting.host_id, PARTS[Kind(change.kind)], known)
    older = outstanding(target_of(m.pk, c.pk) for m, c, _ in wanted)
    rows = [delivery_of(*each, older) for each in wanted]
    for row, each in zip(rows, wanted, strict=True):
        row.changed_by = by.get(each[0].pk)
    writing.enqueue(rows)


def _by_host(host_ids: Iterable[int]) -> dict[int, list[Connection]]:
    """Every calendar that a host has said to keep, the first connected first."""
    rows = Connection.objects.filter(
        user__in=set(host_ids), vendor__in=(*vendors.UPDATED, vendors.OTHER)
    )
    found: dict[int, list[Connection]] = {}
    for row in rows.exclude(state=Connection.State.DISCONNECTED).order_by("pk"):
        found.setdefault(row.user_id or 0, []).append(row)
    return found


def _booked(meeting: Meeting, calendars: Sequence[Connection]) -> list[Wanted]:
    """Note on the meeting whose calendar its event goes to; that is where it stays.

    What another scheduler has booked has its event from there: a second one would mail the guest
    again, and stand beside the first.
    """
    if meeting.source == Meeting.Source.SCHEDULER:
        return []
    kept = [each for each in calendars if each.vendor in vendors.UPDATED]
    if not calendars and not meeting.external_calendar_type:
        return []
    chosen = next(iter((*kept, *calendars)), None)
    stored = {f"external_calendar_{name}": value for name, value in columns_of(chosen).items()}
    Meeting.objects.filter(pk=meeting.pk).update(**stored, external_event_id="")
    return [(meeting, each, MAKE) for each in kept[:1]]


def columns_of(chosen: Connection | None) -> dict[str, str]:
    """What a meeting notes of the calendar that its event goes to."""
    if chosen is None:
        return {"type": "", "name": "", "id": ""}
    vendor = vendors.UPDATED.get(chosen.vendor)
    if vendor is None:
        return {"type": chosen.external_account, "name": chosen.label, "id": ""}
    account = chosen.external_account
    return {"type": vendor.calendar_type, "name": vendor.label, "id": account}


def _given_away(meeting: Meeting, host_id: int, known: dict[int, list[Connection]]) -> list[Wanted]:
    """The former host's event goes."""
    return _at(meeting, host_id, CANCEL, known)


def _at(
    meeting: Meeting, host_id: int, part: str, known: dict[int, list[Connection]]
) -> list[Wanted]:
    vendor = vendors.of_type(meeting.external_calendar_type)
    own = [c for c in known.get(host_id, []) if vendor is not None and c.vendor == vendor.kind]
    return [(meeting, own[0], part)] if own else []


def delivery_of(
    meeting: Meeting, connection: Connection, part: str, older: dict[str, set[str]]
) -> Delivery:
    """The row that does this part; `older` are the parts that open rows have not done yet."""
    return delivery(
        meeting_id=meeting.pk,
        connection=connection,
        label=vendors.UPDATED[connection.vendor].label,
        part=part,
        older=older.get(target_of(meeting.pk, connection.pk), set()),
        contact_id=meeting.contact_id,
        contact_public_id=meeting.contact_public_id,
        priority=Delivery.Priority.INTERACTIVE,
    )
