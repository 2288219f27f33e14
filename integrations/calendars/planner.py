"""What a change of address does to events in hosts' calendars: shown before Save, then delivered.

Two families: calendars that are kept up, and all others, of which is only said that they are not.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from activities.models import Channel, Meeting
from activities.moved_addresses import chunks, differ, moves_of
from contacts.planning import Effect, Line
from contacts.signals import ContactChange
from integrations.calendars import vendors
from integrations.calendars.events import (
    GUEST,
    KINDS,
    NAME,
    delivery,
    ids_of,
    outstanding,
    target_of,
)
from integrations.models import Connection, Delivery
from integrations.planning import priority_of

OTHERS = "other calendars"
SPAM = "To prevent notification spam, other platforms do not update automatically."
LOST = "Its calendar is no longer connected."
GUESTS, HOLD, GONE = "guests", "hold", "gone"
State = Connection.State


@dataclass(frozen=True)
class _Event:
    """One future event whose guest has another address after a change."""

    change: ContactChange
    meeting_id: int
    host_id: int
    calendar_type: str
    calendar_name: str


class CalendarPlanner:
    """Replaces the guest on Google Calendar and Exchange events."""

    name, order, forgets_deleted = NAME, 20, False

    def effects(self, changes: Sequence[ContactChange]) -> list[Effect]:
        events = [e for e in _events(changes) if vendors.of_type(e.calendar_type) is not None]
        known = connections({event.host_id for event in events})
        return [_effect(event, known) for event in events]

    def lines(self, effects: Sequence[Effect]) -> list[Line]:
        counts = Counter(effect.kind for effect in effects)
        updated = _counted((v.event, counts[f"{GUESTS} {v.kind}"]) for v in _vendors())
        held = [v.label for v in _vendors() if counts[f"{HOLD} {v.kind}"]]
        gone = [(v.event, counts[f"{GONE} {v.kind}"]) for v in _vendors()]
        return [
            *([Line(f"update the guest list on {updated}")] if updated else []),
            *(Line(f"hold the {each} update until you reconnect", done=False) for each in held),
            *(Line(f"{number(n, word)} will NOT be updated", False, LOST) for word, n in gone if n),
        ]

    def deliveries(
        self, effects: Sequence[Effect], changes: Sequence[ContactChange]
    ) -> list[Delivery]:
        changed = {change.contact_id: change for change in changes}
        sent = [effect.target for effect in effects if not _is_gone(effect)]
        older, known, priority = outstanding(sent), _connections_of(sent), priority_of(changes)
        rows = []
        for effect in effects:
            cause = _cause(changed[effect.contact_id], priority)
            if _is_gone(effect):
                label = vendors.UPDATED[effect.kind.removeprefix(f"{GONE} ")].label
                rows.append(_skipped(effect, label, LOST, cause))
                continue
            meeting_id, connection_id = ids_of(effect.target)
            connection = known[connection_id]
            rows.append(
                delivery(
                    meeting_id=meeting_id,
                    connection=connection,
                    label=vendors.UPDATED[connection.vendor].label,
                    part=GUEST,
                    older=older.get(effect.target, set()),
                    **cause,
                )
            )
        return rows


class OtherCalendarPlanner:
    """Says of every other calendar that its events stay as they are."""

    name, order, forgets_deleted = OTHERS, 30, False

    def effects(self, changes: Sequence[ContactChange]) -> list[Effect]:
        return [
            Effect(OTHERS, e.change.contact_id, f"meeting {e.meeting_id}", _other(e), done=False)
            for e in _events(changes)
            if vendors.of_type(e.calendar_type) is None
        ]

    def lines(self, effects: Sequence[Effect]) -> list[Line]:
        counts = Counter(effect.kind for effect in effects)
        return [
            Line(f"{number(n, f'{label} event')} will NOT be updated", done=False, note=SPAM)
            for label, n in sorted(counts.items())
        ]

    def deliveries(
        self, effects: Sequence[Effect], changes: Sequence[ContactChange]
    ) -> list[Delivery]:
        changed = {change.contact_id: change for change in changes}
        priority = priority_of(changes)
        return [
            _skipped(effect, effect.kind, SPAM, _cause(changed[effect.contact_id], priority))
            for effect in effects
        ]


def _events(changes: Sequence[ContactChange]) -> list[_Event]:
    moves = moves_of(changes)
    columns = ("pk", "contact", "guest_email", "host", "external_calendar_type", "external_calendar_name")  # fmt: skip
    found = []
    for chunk in chunks(moves):
        rows = Meeting.objects.filter(contact__in=chunk).upcoming()
        rows = rows.exclude(external_calendar_type="").order_by("pk")
        for pk, contact, email, host, calendar_type, name in rows.values_list(*columns):
            move = moves[contact]
            sides = (move.before.of(Channel.EMAIL, email), move.after.of(Channel.EMAIL, email))
            if all(sides) and differ(Channel.EMAIL, *sides):
                found.append(_Event(move.change, pk, host, calendar_type, name))
    return found


def connections(host_ids: Iterable[int]) -> dict[tuple[int, str], Connection]:
    """The calendars of these hosts that are kept up, by host and calendar type; of two the first."""
    rows = Connection.objects.filter(user__in=set(host_ids), vendor__in=vendors.UPDATED)
    found: dict[tuple[int, str], Connection] = {}
    for row in rows.exclude(state=State.DISCONNECTED).order_by("pk"):
        if row.user_id is not None:
            found.setdefault((row.user_id, vendors.UPDATED[row.vendor].calendar_type), row)
    return found


def _effect(event: _Event, known: dict[tuple[int, str], Connection]) -> Effect:
    vendor = vendors.of_type(event.calendar_type)
    assert vendor is not None
    contact = event.change.contact_id
    connection = known.get((event.host_id, event.calendar_type))
    if connection is None:
        target = f"meeting {event.meeting_id}"
        return Effect(NAME, contact, target, f"{GONE} {vendor.kind}", done=False)
    held = connection.state == State.NEEDS_RECONNECT
    kind = f"{HOLD if held else GUESTS} {vendor.kind}"
    return Effect(NAME, contact, target_of(event.meeting_id, connection.pk), kind, done=not held)


def _is_gone(effect: Effect) -> bool:
    return effect.kind.startswith(GONE)


def _connections_of(targets: Iterable[str]) -> dict[int, Connection]:
    ids = {ids_of(target)[1] for target in targets}
    return {c.pk: c for chunk in chunks(ids) for c in Connection.objects.filter(pk__in=chunk)}


def _skipped(effect: Effect, label: str, why: str, cause: dict[str, object]) -> Delivery:
    """A row that says why nothing is sent, and never leaves."""
    return Delivery(
        family=effect.planner,
        target=effect.target,
        gate="calendars",
        kind=KINDS[GUEST],
        sent_to=label,
        state=Delivery.State.SKIPPED,
        next_at=None,
        words=why,
        **cause,
    )


def _cause(change: ContactChange, priority: int) -> dict[str, object]:
    return {
        "contact_id": change.contact_id,
        "contact_public_id": change.public_id,
        "contact_version": change.version,
        "changed": sorted(change.fields),
        "priority": priority,
    }


def _vendors() -> Iterable[vendors.Vendor]:
    return vendors.UPDATED.values()


def _other(event: _Event) -> str:
    return event.calendar_name or vendors.OTHER_TYPES.get(event.calendar_type, "Other calendar")


def _counted(parts: Iterable[tuple[str, int]]) -> str:
    """ "2 Google Calendar events and 1 Exchange event"; "" for none."""
    return " and ".join(number(n, word) for word, n in parts if n)


def number(n: int, word: str) -> str:
    return f"{n:,} {word}{'' if n == 1 else 's'}"


PLANNER, OTHER_PLANNER = CalendarPlanner(), OtherCalendarPlanner()
