"""Sending what is due: claim, call with no transaction open, settle."""

import logging
import time
from collections.abc import Sequence

from integrations import deliverers
from integrations.connectors.base import Done
from integrations.deliverers import ManyDeliverer
from integrations.models import Delivery
from integrations.outbox import claiming, gates, settling
from integrations.outbox.claiming import BATCH, begin, claim, release

logger = logging.getLogger(__name__)
FOR_SECONDS = 10.0  # a worker does something else in between
BATCH_SECONDS = 5.0  # after which the rest of a batch is left to others


def run(contact_id: int | None = None, *, seconds: float = FOR_SECONDS) -> int:
    """Send what is due, of one contact or of all, for a while; how many were taken on."""
    began, taken = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        batch = claim(BATCH, contact_id)
        if not batch:
            break
        taken += len(batch)
        _send_all(batch)
    return taken


def _send_all(batch: Sequence[Delivery]) -> None:
    """What is in hand when a gate's circuit opens is given back: from then on only probes leave."""
    batch = _send_bundles(batch)
    began, opened = time.monotonic(), set[str]()
    for number, delivery in enumerate(batch):
        if time.monotonic() - began > BATCH_SECONDS:
            release(batch[number:])
            return
        if delivery.gate in opened:
            release([delivery])
        elif not send(delivery) and gates.has_opened(delivery.gate):
            opened.add(delivery.gate)


def _send_bundles(batch: Sequence[Delivery]) -> list[Delivery]:
    """Send what leaves together; what is left to be sent one by one."""
    bundles: dict[str, list[Delivery]] = {}
    alone: list[Delivery] = []
    for delivery in batch:
        deliverer = deliverers.deliverer_of(delivery.family)
        backlog = delivery.priority == Delivery.Priority.BACKLOG
        if backlog and isinstance(deliverer, ManyDeliverer) and deliverer.takes_many(delivery):
            bundles.setdefault(delivery.gate, []).append(delivery)
        else:
            alone.append(delivery)
    for bundle in bundles.values():
        _send_together(bundle)
    return alone


def _send_together(bundle: Sequence[Delivery]) -> None:
    deliverer = deliverers.deliverer_of(bundle[0].family)
    begun = []
    for delivery in bundle:
        if begin(delivery):
            begun.append(delivery)
        else:
            release([delivery])
    if not begun or not isinstance(deliverer, ManyDeliverer):
        return
    outcomes: list[Done | Exception | None]
    try:
        outcomes = deliverer.deliver_many(begun)
    except Exception as error:  # also a fault of ours: it must not hold up the others
        outcomes = [error] * len(begun)
    for delivery, outcome in zip(begun, outcomes, strict=True):
        if outcome is None:
            claiming.one_by_one(delivery)
        else:
            settling.settle(delivery, outcome, deliverer)


def send(delivery: Delivery) -> bool:
    """One claimed delivery; whether it arrived. What a Deliverer raises is settled, whatever it is."""
    deliverer = deliverers.deliverer_of(delivery.family)
    if deliverer is None:
        logger.error("delivery %s: nothing here delivers to %s", delivery.pk, delivery.family)
        claiming.put_off(delivery)
        return False
    if not begin(delivery):
        release([delivery])
        return False
    try:
        outcome = deliverer.deliver(delivery)
    except Exception as error:  # also a fault of ours: it must not hold up the others
        settling.settle(delivery, error, deliverer)
        return False
    settling.settle(delivery, outcome, deliverer)
    return True
