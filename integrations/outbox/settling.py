"""What an attempt has ended in, and what that means: one table for every family of targets.

delivered        Done
retrying         RetryableError, by the schedule; Misconfigured likewise; NotYet, which its gate ignores
unknown          AnswerLostError where the target can be read: it is, before it is written again
needs reconnect  ReconnectRequired: the gate is paused, no attempt is spent
conflict         ConflictError: a person decides
skipped          SkippedByPolicy
failed           every other PermanentError, and the end of the schedule
"""

import logging
from datetime import datetime
from typing import Any

from django.db.models import F

from activities.reminders import clock
from integrations import connections
from integrations.connectors import base
from integrations.deliverers import Deliverer
from integrations.models import Delivery
from integrations.outbox import gates
from integrations.outbox.claiming import write
from integrations.outbox.schedule import delay_after

logger = logging.getLogger(__name__)
State = Delivery.State
IN_HAND = (State.IN_FLIGHT,)
LONGEST = 500
FAULT = "It ended because of a fault on our side, which has been logged."
NEWER = "A later change took its place."


def settle(delivery: Delivery, outcome: base.Done | Exception, deliverer: Deliverer) -> bool:
    """Write what became of the attempt; False where the claim was lost meanwhile."""
    now = clock.now()
    columns = _columns(delivery, outcome, now, reads_back=deliverer.reads_back)
    columns["words"] = columns.get("words", "")[:LONGEST]
    if not write(delivery, IN_HAND, lease_token="", **columns):
        logger.warning("delivery %s: the claim was lost before it could be settled", delivery.pk)
        return False
    _note_at_gate(delivery, outcome, now)
    if columns["state"] == State.FAILED and isinstance(outcome, base.RetryableError):
        deliverer.gave_up(delivery)
    return True


def _columns(
    delivery: Delivery, outcome: base.Done | Exception, now: datetime, *, reads_back: bool
) -> dict[str, Any]:
    status = getattr(outcome, "status", None) or None
    ended = {"next_at": None, "settled_at": now, "last_status": status, "words": str(outcome)}
    match outcome:
        case base.Done():
            return {**ended, "state": State.DELIVERED, "words": outcome.words}
        case base.RetryableError() | base.Misconfigured():
            lost = reads_back and isinstance(outcome, base.AnswerLostError)
            return _again(delivery, outcome, now, State.UNKNOWN if lost else State.RETRYING)
        case base.ReconnectRequired():
            held = {"state": State.NEEDS_RECONNECT, "attempts": F("attempts") - 1}
            return {**ended, **held, "settled_at": None}
        case base.ConflictError():
            return {**ended, "state": State.CONFLICT}
        case base.SkippedByPolicy():
            return {**ended, "state": State.SKIPPED}
        case base.PermanentError():
            return {**ended, "state": State.FAILED}
    logger.error("delivery %s: unexpected failure", delivery.pk, exc_info=outcome)
    return {**ended, "state": State.FAILED, "words": FAULT}


def _again(delivery: Delivery, error: Exception, now: datetime, state: str) -> dict[str, Any]:
    """When it is tried again. Where a later change waits already, that one carries the state."""
    known = {"words": str(error), "last_status": getattr(error, "status", None) or None}
    if delivery.latest_only and _has_newer(delivery):
        return {**known, "state": State.SUPERSEDED, "words": NEWER, "next_at": None}
    delay = delay_after(delivery.attempts, getattr(error, "retry_after", 0.0))
    if delay is None:
        return {**known, "state": State.FAILED, "next_at": None, "settled_at": now}
    return {**known, "state": state, "next_at": now + delay}


def _has_newer(delivery: Delivery) -> bool:
    return Delivery.objects.filter(
        contact_id=delivery.contact_id, target=delivery.target, latest_only=True, pk__gt=delivery.pk
    ).exists()


def _note_at_gate(delivery: Delivery, outcome: base.Done | Exception, now: datetime) -> None:
    if isinstance(outcome, base.ReconnectRequired):
        connections.needs_reconnect(delivery.gate, str(outcome))
    elif isinstance(outcome, base.RetryableError) and not isinstance(outcome, base.NotYet):
        gates.failed(delivery.gate, now, outcome.retry_after)
    else:  # whatever it said of this change, it has answered
        gates.succeeded(delivery.gate)
