"""Taking deliveries to send: the oldest open one of each contact and target, gate by gate.

A claim is a token and the time at which it ends; only its holder writes what becomes of the row. A
second update marks the row as begun before anything leaves, so that a worker's death is counted
against the one delivery that it had in hand.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from activities.reminders import clock
from integrations.models import Delivery, Gate
from integrations.models.deliveries import OPEN, WAITING, DeliveryQuerySet
from integrations.outbox import gates
from integrations.outbox.schedule import scaled

State = Delivery.State
BATCH = 30
SHARE = 10  # of a batch, for one gate where several wait
LOOKED_AT = 50
LEASE = 60.0  # seconds from the beginning of a call, longer than the slowest one
CLAIMED = 10.0  # seconds until then: what a worker cannot begin for a call that hangs, others take
DEATHS = 3
POISON = "Parked: the process that was sending it ended three times. Retry sends it again."


def due(now: datetime) -> DeliveryQuerySet:
    """What is to be looked at now and may leave by itself, whoever may have it."""
    return Delivery.objects.filter(next_at__lte=now)


def claim(limit: int = BATCH, contact_id: int | None = None) -> list[Delivery]:
    """Take deliveries that nobody else has: of one contact, or what waited longest."""
    now, token = clock.now(), str(uuid.uuid4())
    keys = gates.open_gates(now)
    if contact_id is not None:
        own = set(due(now).filter(contact_id=contact_id).values_list("gate", flat=True))
        keys = [key for key in keys if key in own]
    share = SHARE if len(keys) > 1 else limit
    taken: list[int] = []
    for key in keys:
        if len(taken) >= limit:
            break
        taken += _claim_at(key, min(share, limit - len(taken)), contact_id, token)
    rows = list(Delivery.objects.filter(pk__in=taken, lease_token=token).order_by("priority", "pk"))
    doubtful = gates.failing({row.gate for row in rows})
    return sorted(rows, key=lambda row: row.gate in doubtful)  # nobody waits for a call that hangs


def _claim_at(key: str, wanted: int, contact_id: int | None, token: str) -> list[int]:
    """Claim at one gate, in a transaction of its own: two of them never wait in a circle."""
    with transaction.atomic():
        gate = Gate.objects.select_for_update().get(pk=key)
        now = clock.now()
        allowed = gates.pass_through(gate, wanted, now)
        if not allowed:
            return []
        if gate.together > 1:
            ids, left = _bundle(gate, contact_id, now, allowed)
        else:
            ids = _oldest(key, contact_id, now, allowed)
            if gates.for_backlog(gate, allowed, now) < len(ids):
                ids = _within_share(ids, gates.for_backlog(gate, allowed, now))
            left = len(ids)
        if not ids:
            return []
        mine = Delivery.objects.filter(pk__in=ids)
        mine.filter(state=State.IN_FLIGHT).update(
            state=State.UNKNOWN, worker_deaths=F("worker_deaths") + 1
        )
        mine.filter(worker_deaths__gte=DEATHS).update(
            state=State.FAILED, next_at=None, lease_token="", words=POISON, settled_at=now
        )
        mine.filter(state__in=WAITING).update(
            lease_token=token, next_at=now + scaled_lease(CLAIMED)
        )
        gates.count(gate, left, now)
    return ids


def _bundle(
    gate: Gate, contact_id: int | None, now: datetime, allowed: int
) -> tuple[list[int], int]:
    """What leaves one by one, else a bundle of the backlog; and as how many it counts."""
    ids = _oldest(gate.key, contact_id, now, gate.together)
    bundled = Delivery.objects.filter(pk__in=ids, priority=Delivery.Priority.BACKLOG)
    bundle = set(bundled.values_list("pk", flat=True))
    alone = [pk for pk in ids if pk not in bundle][:allowed]
    if alone:
        share = gates.for_backlog(gate, allowed, now)
        alone = _within_share(alone, share) if share < len(alone) else alone
        return alone, len(alone)
    return (ids, 1) if ids and gates.for_backlog(gate, allowed, now) else ([], 0)


def _oldest(key: str, contact_id: int | None, now: datetime, limit: int) -> list[int]:
    """The next of this gate that no older one holds back.

    Looked for among the first few, since asking it of a whole backlog takes as long as the backlog
    is; of all only where those few all wait for older ones.
    """
    rows = due(now).filter(gate=key)
    if contact_id is not None:
        rows = rows.filter(contact_id=contact_id)
    rows = rows.order_by("priority", "next_at", "pk")
    looked_at = max(LOOKED_AT, limit)
    first = list(rows.values_list("pk", flat=True)[:looked_at])
    found = list(_free(rows.filter(pk__in=first))[:limit])
    if found or len(first) < looked_at:
        return found
    return list(_free(rows)[:limit])


def _within_share(ids: list[int], share: int) -> list[int]:
    """All that people wait for, and of the backlog no more than its share of the limit."""
    backlog = Delivery.objects.filter(pk__in=ids, priority__gt=Delivery.Priority.INTERACTIVE)
    listed = set(backlog.values_list("pk", flat=True))
    edits = [pk for pk in ids if pk not in listed]
    return edits + [pk for pk in ids if pk in listed][: max(0, share - len(edits))]


def _free(rows: DeliveryQuerySet) -> QuerySet[Delivery, int]:
    older = Delivery.objects.filter(
        target=OuterRef("target"), pk__lt=OuterRef("pk"), state__in=OPEN
    )
    of_contact = older.filter(contact_id=OuterRef("contact_id"))
    # Of a visitor who is nobody's contact yet: a conversation's own id.
    of_nobody = older.filter(
        contact_id=None, contact_public_id=OuterRef("contact_public_id")
    ).exclude(contact_public_id="")
    nobody = Q(contact_id=None) & Exists(of_nobody)
    return rows.filter(~Exists(of_contact)).exclude(nobody).values_list("pk", flat=True)


def scaled_lease(seconds: float = LEASE) -> timedelta:
    """Never below five seconds: a lease outlives the call that it covers."""
    return max(scaled(seconds), timedelta(seconds=5))


def begin(delivery: Delivery) -> bool:
    """Mark it as being sent; not so where it is no longer ours, a later change replaced it, or its
    gate was held since it was claimed."""
    now = clock.now()
    held = gates.held(now).filter(key=OuterRef("gate"))
    begun = write(
        delivery,
        WAITING,
        ~Exists(held),
        state=State.IN_FLIGHT,
        attempts=F("attempts") + 1,
        begun_at=now,
        next_at=now + scaled_lease(),
    )
    if begun:
        delivery.attempts += 1
    return begun


def one_by_one(delivery: Delivery) -> None:
    """It could not be sent together with others, and is sent alone soon; that was no attempt."""
    write(
        delivery, (State.IN_FLIGHT,), state=State.PENDING, attempts=F("attempts") - 1,
        lease_token="", next_at=clock.now(), priority=Delivery.Priority.SINGLY,
    )  # fmt: skip


def release(deliveries: Sequence[Delivery]) -> None:
    """Give back what was not begun, for somebody else to take at once."""
    for delivery in deliveries:
        write(delivery, WAITING, lease_token="", next_at=clock.now())


def write(delivery: Delivery, states: Sequence[str], *only: Any, **columns: Any) -> bool:
    """A write that only the holder of the claim can make; whether it was."""
    mine = Delivery.objects.filter(
        *only,
        pk=delivery.pk,
        lease_token=delivery.lease_token,
        state__in=states,
        next_at__isnull=False,
    )
    return bool(mine.update(**columns))


def put_off(delivery: Delivery) -> None:
    """Leave it for a process that knows what to do with it: a newer version of Kith."""
    write(delivery, WAITING, lease_token="", next_at=clock.now() + timedelta(minutes=1))
