"""The cards above Sync activity: what each system got in the last day, hour by hour, and what waits."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncHour
from django.urls import reverse
from django.utils import timezone

from activities.models import Reminder
from contacts.models import User
from integrations import systems
from integrations.activity_state import SyncState
from integrations.activity_systems import connections_behind, kind_of
from integrations.models import Connection, Delivery
from integrations.systems import Look

State = Delivery.State
DAY, POINTS = timedelta(days=1), 12
COUNTED_UP_TO = 100_000  # deliveries, the newest: a day may have a million
WIDTH, HEIGHT, EDGE = 72.0, 24.0, 2.0  # of the line, in its own units
REMINDERS = Look("Reminders", "RM")
#: What is said, the one that most needs somebody first: states, word, its plural, tone.
TOLD: tuple[tuple[tuple[str, ...], str, str, str], ...] = (
    ((State.CONFLICT,), "conflict", "conflicts", "bad"),
    ((State.FAILED,), "failed", "failed", "bad"),
    ((State.NEEDS_RECONNECT,), "waiting", "waiting", "warn"),
    ((State.UNKNOWN,), "unknown", "unknown", "warn"),
    ((State.RETRYING,), "retrying", "retrying", "warn"),
    ((State.PENDING, State.IN_FLIGHT), "pending", "pending", "ok"),
)
OF_REMINDERS = {"failed": State.FAILED, "unknown": State.UNKNOWN}


@dataclass
class Tally:
    """The deliveries of one system, by state and by the part of the day."""

    states: Counter[str] = field(default_factory=Counter)
    points: list[int] = field(default_factory=lambda: [0] * POINTS)

    def add(self, state: str, at: datetime, number: int, now: datetime) -> None:
        self.states[state] += number
        age = (now - at) / DAY
        self.points[max(0, min(POINTS - 1, POINTS - 1 - int(age * POINTS)))] += number


@dataclass(frozen=True)
class Card:
    """One system on the page. `line` is the path of its sparkline."""

    look: Look
    url: str
    total: int
    more: bool  # than were counted
    text: str
    tone: str
    line: str
    current: bool = False


def cards(user: User, state: SyncState) -> list[Card]:
    """What `user` sees of it, in a constant number of queries."""
    now = timezone.now()
    tallies, more = _deliveries(user, now)
    found = [_reminders(user, now)] if not state.target else []
    for kind in systems.every():
        if kind in tallies:
            current = state.system == kind
            url = state.but(system="" if current else kind)
            found.append(_card(systems.look_of(kind), url, tallies[kind], more, current))
    return [card for card in found if card is not None]


def _deliveries(user: User, now: datetime) -> tuple[dict[str, Tally], bool]:
    rows = Delivery.objects.visible_to(user).filter(created_at__gt=now - DAY)
    last = rows.order_by("-pk").values_list("pk", flat=True)[COUNTED_UP_TO : COUNTED_UP_TO + 1]
    floor = next(iter(last), 0)
    grouped = list(_by_hour(rows.filter(pk__gt=floor), "created_at", "family", "gate", "state"))
    known = connections_behind({gate for _, gate, *_ in grouped})
    tallies = {kind: Tally() for kind in _connected(user)}
    for family, gate, state, hour, number in grouped:
        tally = tallies.setdefault(kind_of(family, gate, known), Tally())
        tally.add(state, hour, number, now)
    return tallies, bool(floor)


def _connected(user: User) -> set[str]:
    """Systems that are shown though nothing went there today."""
    rows = Connection.objects.exclude(state=Connection.State.DISCONNECTED)
    if not user.role.administers:
        rows = rows.filter(user=user)
    return set(rows.order_by().values_list("vendor", flat=True).distinct())


def _by_hour(rows: QuerySet, column: str, *names: str) -> QuerySet:
    grouped = rows.order_by().annotate(hour=TruncHour(column)).values_list(*names, "hour")
    return grouped.annotate(number=Count("pk"))


def _reminders(user: User, now: datetime) -> Card | None:
    """Reminders have no deliveries: they look their address up when they are sent."""
    rows = Reminder.objects.visible_to(user).filter(ended_at__gt=now - DAY)
    rows = rows.exclude(state__in=[Reminder.State.SKIPPED, Reminder.State.CANCELED])
    tally = Tally()
    for state, hour, number in _by_hour(rows, "ended_at", "state"):
        tally.add(OF_REMINDERS.get(state, State.DELIVERED), hour, number, now)
    if not tally.states:
        return None
    return _card(REMINDERS, reverse("reminder_list") + "?show=ended", tally, False, False)


def _card(look: Look, url: str, tally: Tally, more: bool, current: bool) -> Card:
    text, tone = _told(tally.states)
    total = sum(tally.states.values())
    return Card(look, url, total, more, text, tone, line_of(tally.points), current)


def _told(states: Counter[str]) -> tuple[str, str]:
    for of, word, plural, tone in TOLD:
        if number := sum(states[state] for state in of):
            return f"{number:,} {word if number == 1 else plural}", tone
    return ("All delivered" if states[State.DELIVERED] else "Nothing sent", "ok")


def line_of(points: list[int]) -> str:
    """The d of a path through the points, from the left edge to the right one."""
    most, step = max(points) or 1, WIDTH / (len(points) - 1)
    tall = HEIGHT - 2 * EDGE
    spots = (
        f"{number * step:.1f} {HEIGHT - EDGE - tall * value / most:.1f}"
        for number, value in enumerate(points)
    )
    return "M" + " L".join(spots)
