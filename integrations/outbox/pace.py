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


def backlogs(keys: Iterable[str], now: datetime) -> list[Backlog]:
    """Of the gates among `keys` that have a limit and let something through. Two queries."""
    gates = Gate.objects.filter(key__in=list(keys), limit__gt=0, paused=False)
    moving = {gate.key: gate for gate in gates.filter(failures__lt=OPENS_AFTER)}
    waiting = _waiting(moving)
    return [
        Backlog(key, sum(waiting[key].values()), time_for(moving[key], waiting[key], now))
        for key in sorted(waiting)
    ]


def _waiting(keys: Iterable[str]) -> dict[str, Counter[int]]:
    """How many of each priority; `next_at` is what the index of the claims has."""
    rows = Delivery.objects.filter(gate__in=list(keys), next_at__isnull=False).order_by()
    found: dict[str, Counter[int]] = {}
    for key, priority, number in rows.values_list("gate", "priority").annotate(n=Count("pk")):
        found.setdefault(key, Counter())[priority] = number
    return found


def time_for(gate: Gate, waiting: Counter[int], now: datetime) -> timedelta:
    """At least so long until all of it has left: whole windows of the limit, after what holds it.

    As the claims do it: edits may use the whole limit, of which the backlog leaves them a share;
    and as many of the backlog as the vendor takes together count as one.
    """
    edits = waiting[Priority.INTERACTIVE]
    singly, many = waiting[Priority.SINGLY], waiting[Priority.BACKLOG]
    kept = math.ceil(gate.limit * FOR_PEOPLE) if gate.limit > 1 else 0
    share = max(1, gate.limit - kept)
    windows = edits / gate.limit + (singly + math.ceil(many / gate.together)) / share
    takes = timedelta(seconds=max(0, math.ceil(windows) - 1) * gate.per_seconds)
    held = gate.closed_until - now if gate.closed_until is not None else timedelta()
    return takes + max(held, timedelta())
