"""Carrying out a bulk action, chunk by chunk, each chunk one transaction with its checkpoint.

A worker that takes over goes on with the next chunk and does no row twice.
"""

import logging
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F
from django.utils import timezone

from contacts import history
from contacts.bulk_actions.effects import Chunk, NotAllowed, apply, check
from contacts.leases import Lease, LeaseLost, claim
from contacts.models import BulkAction, BulkRow, Contact, User
from contacts.retrying import Busy, retrying
from contacts.signals import Actor

logger = logging.getLogger(__name__)
CHUNK = 500
FAULT = "It ended because of a fault on our side, which has been logged."
State = BulkAction.State
Outcome = BulkRow.Outcome


def run(action_id: int) -> None:
    """Go on with the action, if nobody else does. Safe to call any number of times.

    Where others hold the contacts for long, or the database is away, the relay asks again.
    """
    lease = claim(BulkAction, action_id)
    if lease is None:
        return
    action = BulkAction.objects.get(pk=action_id)
    try:
        through = action.through
        while last := _do_chunk(action, lease, through):
            through = last
        end(action, lease, State.DONE)
    except LeaseLost:
        logger.info("bulk action %s is no longer ours", action_id)
    except NotAllowed as refusal:
        _fail(action, lease, str(refusal))
    except Busy:
        lease.release()
    except (OperationalError, InterfaceError):
        raise  # the claim ends by itself
    except Exception:  # whatever it is, it would happen again and again: a person must look
        logger.exception("bulk action %s failed", action_id)
        _fail(action, lease, FAULT)


@retrying
@transaction.atomic
def _do_chunk(action: BulkAction, lease: Lease, through: int) -> int | None:
    """The id of the last row that was done; None when there is none left."""
    rows = dict(
        BulkRow.objects.filter(action=action, pk__gt=through)
        .order_by("pk")
        .values_list("pk", "public_id")[:CHUNK]
    )
    if not rows:
        return None
    # The claim first: it locks the action's row, so a stop waits for the chunk or comes before it.
    lease.renew()
    user = User.objects.get(pk=action.started_by_id)  # as of now, the role included
    check(action, user)
    chunk = Chunk(action, user, _lock(user, list(rows.values())))
    apply(chunk)
    last = max(rows)
    lease.renew(through=last, done_rows=F("done_rows") + len(rows), **_write_outcomes(rows, chunk))
    return last


def _lock(user: User, public_ids: list[str]) -> dict[str, Contact]:
    """The contacts that `user` may see at this moment, locked in id order until the end."""
    contacts = Contact.objects.select_for_update().filter(public_id__in=public_ids).order_by("pk")
    return {contact.public_id: contact for contact in contacts.visible_to(user)}


def _write_outcomes(rows: dict[int, str], chunk: Chunk) -> dict[str, Any]:
    """One statement for each outcome; the counts to add."""
    done, unchanged = set(chunk.done), set(chunk.unchanged)
    pks: dict[Outcome, list[int]] = {Outcome.DONE: [], Outcome.UNCHANGED: [], Outcome.REFUSED: []}
    for pk, public_id in rows.items():
        outcome = (
            Outcome.DONE if public_id in done
            else Outcome.UNCHANGED if public_id in unchanged
            else Outcome.REFUSED
        )  # fmt: skip
        pks[outcome].append(pk)
    for outcome, of_it in pks.items():
        if of_it:
            BulkRow.objects.filter(pk__in=of_it).update(outcome=outcome)
    return {
        "done": F("done") + len(pks[Outcome.DONE]),
        "unchanged": F("unchanged") + len(pks[Outcome.UNCHANGED]),
        "refused": F("refused") + len(pks[Outcome.REFUSED]),
    }


@retrying
@transaction.atomic
def end(action: BulkAction, lease: Lease, state: State, error: str = "") -> None:
    """Write how it ended. Raises LeaseLost."""
    lease.settle(state=state, error=error, finished_at=timezone.now())
    action.refresh_from_db()
    _audit(action, Actor(action.started_by))


def _fail(action: BulkAction, lease: Lease, told: str) -> None:
    try:
        end(action, lease, State.FAILED, told)
    except LeaseLost:
        logger.info("bulk action %s was stopped before it failed", action.pk)


@retrying
@transaction.atomic
def stop(action_id: int, actor: Actor) -> bool:
    """Stop an action that runs: what is done stays. False when it was no longer running."""
    running = BulkAction.objects.filter(pk=action_id, state=State.RUNNING)
    stopped = running.update(
        state=State.STOPPED, finished_at=timezone.now(), lease_token="", lease_until=None
    )
    if stopped:
        _audit(BulkAction.objects.get(pk=action_id), actor)
    return bool(stopped)


def _audit(action: BulkAction, actor: Actor) -> None:
    history.audit(
        actor,
        f"bulk.{action.state}",
        str(action.pk),
        kind=action.kind,
        total=action.total,
        done=action.done,
        unchanged=action.unchanged,
        refused=action.refused,
    )
