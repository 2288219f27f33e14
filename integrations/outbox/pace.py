<<<<<<< HEAD
"""How long what waits will take: by the other side's limit, and by how fast it has gone lately."""

import math
from collections.abc import Mapping
=======
"""How long what waits for one account will take, at the pace that its limit lets it leave.

What is said is the least that it takes: a vendor that answers slowly, or asks to be left alone,
makes it longer. Where there is no limit, or nothing leaves at all, nothing can be said.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
>>>>>>> main
from datetime import datetime, timedelta

from django.db.models import Count

from integrations.models import Delivery, Gate
<<<<<<< HEAD
from integrations.outbox.gates import FOR_PEOPLE

LATELY = timedelta(minutes=1)
FEW = 30  # so many are sent in a moment
MINUTE, HOUR = 60.0, 3600.0


def seconds_of(waiting: Mapping[str, int], now: datetime) -> dict[str, float]:
    """By gate, for those where many wait; none for a gate that a person has to open. Two queries."""
    many = {key: number for key, number in waiting.items() if number > FEW}
    if not many:
        return {}
    lately = Delivery.objects.filter(gate__in=many, settled_at__gt=now - LATELY)
    counts = lately.order_by().values_list("gate").annotate(n=Count("pk"))
    sent: dict[str, int] = dict(counts)
    gates = Gate.objects.filter(key__in=many, paused=False)
    return {each.key: lasts(each, many[each.key], sent.get(each.key, 0), now) for each in gates}


def lasts(gate: Gate, waiting: int, lately: int, now: datetime) -> float:
    """Seconds; the slower of what is allowed and what was seen. Pure."""
    allowed = 0.0
    if gate.limit:
        share = max(1, gate.limit - math.ceil(gate.limit * FOR_PEOPLE))
        windows = math.ceil(math.ceil(waiting / gate.together) / share)
        allowed = float(windows * gate.per_seconds)
    seen = waiting / (lately / LATELY.total_seconds()) if lately > FEW else 0.0
    ends = (gate.closed_until, gate.asked_until, gate.backlog_until)
    held = max(((at - now).total_seconds() for at in ends if at), default=0.0)
    return max(0.0, held) + max(allowed, seen)


def in_words(seconds: float) -> str:
    """ "under a minute", "about 5 minutes", "about 2 hours"."""
    if seconds < MINUTE:
        return "under a minute"
    number, unit = (seconds / HOUR, "hour") if seconds >= HOUR else (seconds / MINUTE, "minute")
    whole = math.ceil(number)
    return f"about {whole:,} {unit}{'' if whole == 1 else 's'}"
=======
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
>>>>>>> main
