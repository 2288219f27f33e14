"""Undoing an import, chunk by chunk, each chunk one transaction with its checkpoint.

Like the import itself: a worker that takes over goes on with the next chunk, and every change is
announced, so what followed the import follows its undo.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from contacts import history, planning
from contacts.access import may_import
from contacts.background import hint_after_commit
from contacts.batches import Batch
from contacts.deleting import remove
from contacts.fields import IDENTIFIER_FIELDS
from contacts.imports.undo_plan import (
    PAGE,
    Decision,
    changes_of,
    decide,
    rows_to_undo,
    undo_actor,
)
from contacts.leases import Lease
from contacts.models import Contact, Identifier, Import, ImportRow, User
from contacts.planning import Line, Tally
from contacts.retrying import Stale, retrying
from contacts.services import IdentifierTaken, identifier_key, update_contact
from contacts.signals import Actor

SHOWN = 50  # of those that are kept, on the page
LOOKED_AT = 5000  # rows, for the page; a larger import is described by its first ones
State = Import.State
Undo = ImportRow.Undo


class CannotUndo(Exception):
    """The import cannot be undone (any more); the message tells a person why."""


@dataclass
class Preview:
    """What undoing an import would do, for the page and the API."""

    removed: int = 0
    restored: int = 0
    kept: int = 0
    looked_at: int = 0
    whole: bool = True  # whether every row was looked at
    examples: list[Decision] = field(default_factory=list)  # what stays, of the first rows
    lines: list[Line] = field(default_factory=list)  # what happens elsewhere


def preview(batch: Import) -> Preview:
    """Look at the import's rows as they are now. Reads only."""
    found, tally, after = Preview(), Tally(), 0
    while numbers := rows_to_undo(batch, after):
        after = numbers[-1]
        decisions = _decisions(batch, numbers)
        found.looked_at += len(numbers)
        found.removed += sum(each.undo == Undo.REMOVED for each in decisions)
        found.restored += sum(each.undo == Undo.RESTORED for each in decisions)
        found.kept += sum(each.undo == Undo.KEPT for each in decisions)
        stays = [each for each in decisions if each.note]
        found.examples += stays[: SHOWN - len(found.examples)]
        tally.add(planning.plan(changes_of(batch, decisions)))
        if found.looked_at >= LOOKED_AT:
            found.whole = len(numbers) < PAGE
            break
    found.lines = tally.lines
    return found


def _decisions(batch: Import, numbers: list[int]) -> list[Decision]:
    rows = list(ImportRow.objects.filter(batch=batch, number__in=numbers).order_by("number"))
    ids = [row.contact_id for row in rows if row.contact_id]
    return decide(batch, rows, Contact.objects.filter(pk__in=ids))


def start_undo(*, import_id: int, user: User) -> Import:
    """Begin to undo it; a worker goes on. Raises CannotUndo; then nothing was changed."""
    from contacts.tasks import run_import

    if not may_import(user):
        raise CannotUndo("Only administrators undo imports.")
    with transaction.atomic():
        batch = Import.objects.select_for_update().get(pk=import_id)
        if batch.state in {State.UNDOING, State.UNDONE}:
            raise CannotUndo("It has been undone already.")
        if batch.state in Import.ACTIVE:
            raise CannotUndo("It is still running. Stop it, or wait until it is done.")
        if not batch.undoable:
            raise CannotUndo("It can no longer be undone, or has changed nothing.")
        batch.state, batch.undone_by, batch.done_rows = State.UNDOING, user, 0
        batch.started_at = timezone.now()
        batch.save(update_fields=["state", "undone_by", "done_rows", "started_at"])
        history.audit(Actor(user), "import.undo_started", str(batch.pk))
        hint_after_commit(run_import, batch.pk)
    return batch


def undo(batch: Import, lease: Lease) -> None:
    """Go on from the checkpoint to the end. Raises LeaseLost."""
    through = batch.undone_through
    while last := _undo_chunk(batch, lease, through):
        through = last
    _settle(batch, lease)


@retrying
@transaction.atomic
def _undo_chunk(batch: Import, lease: Lease, through: int) -> int | None:
    numbers = rows_to_undo(batch, through)
    if not numbers:
        return None
    rows = list(ImportRow.objects.filter(batch=batch, number__in=numbers).order_by("number"))
    lease.renew()  # first, as in committing
    ids = [row.contact_id for row in rows if row.contact_id]
    locked = Contact.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    decisions = decide(batch, rows, locked)
    try:
        with transaction.atomic():
            _carry_out(batch, decisions)
    except (IntegrityError, IdentifierTaken) as error:  # a page saved one of them this very moment
        raise Stale from error
    _write_outcomes(batch, lease, decisions, numbers[-1])
    return numbers[-1]


def _carry_out(batch: Import, decisions: Sequence[Decision]) -> None:
    together = Batch()
    gone = []
    for each in decisions:
        if each.contact is None:
            continue
        if each.undo == Undo.REMOVED:
            gone.append(each.contact)
        elif each.identifies:
            _set_identifiers_back(batch, each.contact, each)
        elif each.values:
            together.update(each.contact, each.values, undo_actor(batch, each.row))
    together.write()
    if gone:
        remove(gone, undo_actor(batch))


def _set_identifiers_back(batch: Import, contact: Contact, decision: Decision) -> None:
    """One by one: what was the contact's before is its own again, as a former one until now. What
    the import brought is not kept as former: it would catch somebody else's bookings."""
    brought = {
        kind: identifier_key(kind, getattr(contact, kind))
        for kind in IDENTIFIER_FIELDS
        if kind in decision.values and getattr(contact, kind)
    }
    actor = undo_actor(batch, decision.row)
    update_contact(contact_id=contact.pk, actor=actor, values=decision.values)
    for kind, key in brought.items():
        Identifier.objects.filter(contact=contact, kind=kind, key=key, current=False).delete()


def _write_outcomes(batch: Import, lease: Lease, decisions: Sequence[Decision], last: int) -> None:
    for each in decisions:
        each.row.undone, each.row.undo_note = each.undo, each.note
    ImportRow.objects.bulk_update([each.row for each in decisions], ["undone", "undo_note"])
    counts = {kind: sum(each.undo == kind for each in decisions) for kind in Undo}
    lease.renew(
        undone_through=last,
        done_rows=F("done_rows") + len(decisions),
        undo_removed=F("undo_removed") + counts[Undo.REMOVED],
        undo_restored=F("undo_restored") + counts[Undo.RESTORED],
        undo_kept=F("undo_kept") + counts[Undo.KEPT],
    )


@retrying
@transaction.atomic
def _settle(batch: Import, lease: Lease) -> None:
    lease.settle(state=State.UNDONE, undone_at=timezone.now())
    batch.refresh_from_db()
    counts = {name: getattr(batch, f"undo_{name}") for name in ("removed", "restored", "kept")}
    history.audit(undo_actor(batch), "import.undone", str(batch.pk), **counts)
