"""How long what waits will take: by the other side's limit, and by how fast it has gone lately."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import Count

from integrations.models import Delivery, Gate
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
