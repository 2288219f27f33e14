"""Whether, and how fast, deliveries to one account may leave: pause, circuit, rate limit.

All of it stands in the row of the gate, so that every worker knows. A closed circuit costs the
waiting deliveries no attempt: they are not claimed.
"""

import math
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, F, Min, OuterRef, Q, QuerySet

from integrations.models import Delivery, Gate
from integrations.outbox.schedule import LONGEST_ASKED, scaled

IN_CALL = Q(state=Delivery.State.IN_FLIGHT)
OPENS_AFTER = 5  # failures in a row
PROBE_EVERY = 30.0  # seconds, one delivery at a time
SLOW = 5.0  # seconds; from then on a call may be one that hangs
FOR_PEOPLE = 0.2  # of what may leave within the time, kept for whoever waits for an edit


def ensure(keys: Iterable[str]) -> None:
    """Have a gate for each of these targets; usually there is one, and nothing is written."""
    wanted = set(keys)
    missing = wanted.difference(Gate.objects.filter(key__in=wanted).values_list("key", flat=True))
    Gate.objects.bulk_create([Gate(key=key) for key in sorted(missing)], ignore_conflicts=True)


def set_limit(key: str, *, limit: int, per_seconds: int, at_once: int = 0) -> None:
    """Let at most so many deliveries leave within so many seconds, by so many workers at a time."""
    columns = {"limit": limit, "per_seconds": per_seconds, "at_once": at_once}
    Gate.objects.update_or_create(key=key, defaults=columns)


def pause(key: str) -> None:
    """Hold everything back, in its order, until `resume`."""
    ensure([key])
    Gate.objects.filter(key=key).update(paused=True)


def resume(key: str) -> None:
    """Let deliveries leave again, as if nothing had failed."""
    Gate.objects.filter(key=key).update(
        paused=False, failures=0, closed_until=None, asked_until=None
    )


def is_held(key: str, now: datetime) -> bool:
    """Whether the other side has asked to be left alone."""
    return held(now).filter(key=key).exists()


def held(now: datetime) -> QuerySet[Gate]:
    """Those through which nothing passes now, neither what is in hand nor a reading."""
    return Gate.objects.filter(asked_until__gt=now)


def open_gates(now: datetime) -> list[str]:
    """Where something is due and may leave now; who waited longest first."""
    ready = Q(closed_until=None) | Q(closed_until__lte=now)
    due = Delivery.objects.filter(gate=OuterRef("key"), next_at__lte=now)
    gates = Gate.objects.filter(ready, Exists(due), paused=False).order_by("turn_at", "key")
    return list(gates.values_list("key", flat=True))


def pass_through(gate: Gate, wanted: int, now: datetime) -> int:
    """How many of `wanted` may leave. The caller holds the row."""
    if gate.paused or (gate.closed_until is not None and gate.closed_until > now):
        return 0
    if _is_busy(gate, now):
        return 0
    if gate.failures >= OPENS_AFTER:
        return min(wanted, 1)  # a probe
    if not gate.limit:
        return wanted
    if gate.window_at is None or now >= gate.window_at + timedelta(seconds=gate.per_seconds):
        gate.window_at, gate.used = now, 0
    return max(0, min(wanted, gate.limit - gate.used))


def for_backlog(gate: Gate, allowed: int, now: datetime) -> int:
    """How many of the `allowed` may be what no person waits for: an edit finds room at any time."""
    if gate.backlog_until is not None and gate.backlog_until > now:
        return 0
    if not gate.limit or gate.limit == 1 or gate.failures >= OPENS_AFTER:
        return allowed
    kept = math.ceil(gate.limit * FOR_PEOPLE)
    return max(0, min(allowed, gate.limit - kept - gate.used))


def _is_busy(gate: Gate, now: datetime) -> bool:
    """Whether as many workers as may have deliveries of this gate in hand. Each sends one at a time.

    One alone where the last call has failed, or where one does not come back: whoever does not
    answer must not hold all workers.
    """
    rows = (
        Delivery.objects.filter(gate=gate.key, next_at__gt=now).exclude(lease_token="").order_by()
    )
    in_hand = dict(rows.values_list("lease_token").annotate(at=Min("begun_at", filter=IN_CALL)))
    slow = now - timedelta(seconds=SLOW)
    hangs = any(began is not None and began < slow for began in in_hand.values())
    most = 1 if gate.failures or hangs else gate.at_once
    return bool(most) and len(in_hand) >= most


def failing(keys: Iterable[str]) -> set[str]:
    """Those whose last call has failed."""
    rows = Gate.objects.filter(key__in=list(keys), failures__gt=0)
    return set(rows.values_list("key", flat=True))


def has_opened(key: str) -> bool:
    """Whether so much has failed in a row that only a probe leaves now and then."""
    return Gate.objects.filter(key=key, failures__gte=OPENS_AFTER).exists()


def count(gate: Gate, left: int, now: datetime) -> None:
    """Note what has left; after a probe the circuit stays closed until the next one is due."""
    gate.turn_at = now
    gate.used += left
    if left and gate.failures >= OPENS_AFTER:
        gate.closed_until = now + scaled(PROBE_EVERY)
    elif gate.limit and gate.used >= gate.limit and gate.window_at is not None:
        gate.closed_until = gate.window_at + timedelta(seconds=gate.per_seconds)
    gate.save(update_fields=["turn_at", "used", "window_at", "closed_until"])


def succeeded(key: str) -> None:
    Gate.objects.filter(key=key, failures__gt=0).update(failures=0, closed_until=None)


def hold(key: str, until: datetime) -> None:
    """Let nothing pass before: the other side has asked for it."""
    gate = Gate.objects.filter(key=key)
    gate.filter(Q(closed_until=None) | Q(closed_until__lt=until)).update(closed_until=until)
    gate.filter(Q(asked_until=None) | Q(asked_until__lt=until)).update(asked_until=until)


def hold_backlog(key: str, until: datetime) -> None:
    """Let only what people wait for pass before: what is left for today is kept for them."""
    gate = Gate.objects.filter(key=key)
    gate.filter(Q(backlog_until=None) | Q(backlog_until__lt=until)).update(backlog_until=until)


def failed(key: str, now: datetime, retry_after: float = 0.0) -> None:
    """One more failure in a row; from the fifth on only probes leave. Obeys a Retry-After."""
    gate = Gate.objects.filter(key=key)
    gate.update(failures=F("failures") + 1)
    until = now + scaled(min(retry_after, LONGEST_ASKED))
    if retry_after:
        hold(key, until)
    probe = now + scaled(PROBE_EVERY)
    earlier = Q(closed_until=None) | Q(closed_until__lt=probe)
    gate.filter(earlier, failures__gte=OPENS_AFTER).update(closed_until=probe)
