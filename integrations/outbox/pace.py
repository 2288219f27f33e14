"""How long what waits for one account will take, at the pace that its limit lets it leave.

What is said is the least that it takes: a vendor that answers slowly, or asks to be left alone,
makes it longer. Where there is no limit, or nothing leaves at all, nothing can be said.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count

from integrations.models import Delivery, Gate
from integrations.outbox.gates import FOR_PEOPLE, OPENS_AFTER

Priority = Delivery.Priority


@dataclass(frozen=True)
class Backlog:
    """What waits behind one gate, and how long it takes at least."""

    gate: str
    waiting: int
    takes: timedelta
    #: So long the backlog is held because little is left of the vendor's calls of a day; edits go.
    held: timedelta = timedelta()


def backlogs(keys: Iterable[str], now: datetime) -> list[Backlog]:
    """Of the gates among `keys` that have a limit and let something through. Two queries."""
    gates = Gate.objects.filter(key__in=list(keys), limit__gt=0, paused=False)
    moving = {gate.key: gate for gate in gates.filter(failures__lt=OPENS_AFTER)}
    waiting = _waiting(moving)
    return [
        Backlog(
            key,
            sum(waiting[key].values()),
            time_for(moving[key], waiting[key], now),
            held_for(moving[key], waiting[key], now),
        )
        for key in sorted(waiting)
    ]


def _waiting(keys: Iterable[str]) -> dict[str, Counter[int]]:
    """How many of each priority; `next_at` is what the index of the claims has."""
    rows = Delivery.objects.filter(gate__in=list(keys), next_at__isnull=False).order_by()
    found: dict[str, Counter[int]] = {}
    for key, priority, number in rows.values_list("gate", "priority").annotate(n=Count("pk")):
        found.setdefault(key, Counter())[priority] = number
    return found


def held_for(gate: Gate, waiting: Counter[int], now: datetime) -> timedelta:
    """How long nothing of the backlog leaves, where there is any, whatever the edits do."""
    backlog = waiting[Priority.SINGLY] + waiting[Priority.BACKLOG]
    return _until(gate.backlog_until, now) if backlog else timedelta()


def time_for(gate: Gate, waiting: Counter[int], now: datetime) -> timedelta:
    """At least so long until all of it has left: whole windows of the limit, after what holds it.

    As the claims do it: edits may use the whole limit, of which the backlog leaves them a share;
    and as many of the backlog as the vendor takes together count as one. While the backlog is held,
    edits leave.
    """
    edits = waiting[Priority.INTERACTIVE]
    singly, many = waiting[Priority.SINGLY], waiting[Priority.BACKLOG]
    kept = math.ceil(gate.limit * FOR_PEOPLE) if gate.limit > 1 else 0
    share = max(1, gate.limit - kept)
    backlog = (singly + math.ceil(many / gate.together)) / share
    takes = _until(gate.closed_until, now) + _windows(gate, edits / gate.limit + backlog)
    held = held_for(gate, waiting, now)
    return max(takes, held + _windows(gate, backlog)) if held else takes


def _windows(gate: Gate, number: float) -> timedelta:
    """What leaves in the first window waits for nothing."""
    return timedelta(seconds=max(0, math.ceil(number) - 1) * gate.per_seconds)


def _until(moment: datetime | None, now: datetime) -> timedelta:
    return max(moment - now, timedelta()) if moment is not None else timedelta()
