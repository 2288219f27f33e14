"""Sending again because a person wants it: the same row under the same id, never a second change."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from contacts import history
from contacts.background import hint_after_commit
from contacts.signals import Actor
from integrations.models import Delivery, Gate
from integrations.models.deliveries import DeliveryQuerySet

State = Delivery.State
RETRIABLE = (State.RETRYING, State.UNKNOWN, State.FAILED, State.CONFLICT)
REPLAYED_FOR = timedelta(days=30)
AT_ONCE = 1000  # rows of one press on Retry all


def may_be_retried(delivery: Delivery) -> bool:
    """It has not arrived, and somebody may think that it would now."""
    return delivery.state in RETRIABLE


def may_be_replayed(delivery: Delivery) -> bool:
    """It has arrived, is still known word for word, and the receiver knows a repeat by its id."""
    recent = delivery.created_at > timezone.now() - REPLAYED_FOR
    return delivery.state == State.DELIVERED and bool(delivery.payload) and recent


def retriable(rows: DeliveryQuerySet) -> DeliveryQuerySet:
    """Those of `rows` that Retry would bring on: not where a later change carries the state."""
    newer = Delivery.objects.filter(
        contact_id=OuterRef("contact_id"),
        target=OuterRef("target"),
        latest_only=True,
        pk__gt=OuterRef("pk"),
    )
    return rows.filter(state__in=RETRIABLE).exclude(Exists(newer), latest_only=True)


@transaction.atomic
def retry(rows: DeliveryQuerySet, *, actor: Actor) -> int:
    """Have them sent now; how many. What is in flight, or has ended otherwise, stays as it is."""
    return _again(list(retriable(rows).values_list("pk", "gate")[:AT_ONCE]), RETRIABLE, actor)


@transaction.atomic
def replay(delivery: Delivery, *, actor: Actor) -> int:
    """Send once more what has arrived, as it was."""
    return _again([(delivery.pk, delivery.gate)], (State.DELIVERED,), actor)


def _again(found: list[tuple[int, str]], states: tuple[str, ...], actor: Actor) -> int:
    from integrations.tasks import deliver_due

    rows = Delivery.objects.filter(pk__in=[pk for pk, _ in found], state__in=states)
    number = rows.update(
        state=State.PENDING,
        next_at=timezone.now(),
        lease_token="",
        attempts=0,
        worker_deaths=0,
        settled_at=None,
        priority=Delivery.Priority.INTERACTIVE,
    )
    # A closed circuit would make the press look as if nothing had happened.
    Gate.objects.filter(key__in={gate for _, gate in found}).update(closed_until=None)
    if number:
        history.audit(actor, "delivery.retried", count=number)
        hint_after_commit(deliver_due)
    return number
