"""Carrying out a planned import, chunk by chunk, each chunk one transaction.

The checkpoint (`committed_through`) is written with the rows of its chunk, so a worker that takes
over goes on with the next one and does no row twice. A contact that changed since the preview is
reported, not overwritten.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from contacts import history
from contacts.batches import Batch
from contacts.fields import field_named, set_value
from contacts.imports.effects import actor_of, planned_values
from contacts.imports.planning import count_rows
from contacts.leases import Lease
from contacts.models import (
    Contact,
    Identifier,
    Import,
    ImportRow,
    PossibleDuplicate,
    Source,
    new_public_id,
)
from contacts.retrying import Stale, retrying
from contacts.signals import Actor

CHUNK = 500
CHANGED = "The contact was changed after the preview"
GONE = "The contact was deleted or merged after the preview"
TAKEN = "{label} was taken by another contact after the preview"
HEAD_REFUSED = "Row {number}, which this row was merged with, was refused"
STOPPED = "The import was stopped before this row"
KINDS = ("email", "mobile_phone")
Outcome = ImportRow.Outcome


@dataclass
class Work:
    """What one chunk will write."""

    batch: Import
    contacts: Batch = field(default_factory=Batch)
    refused: list[ImportRow] = field(default_factory=list)
    created: list[ImportRow] = field(default_factory=list)  # as in contacts.created
    updated: list[ImportRow] = field(default_factory=list)

    def refuse(self, row: ImportRow, problem: str) -> None:
        row.outcome = Outcome.REFUSED
        row.problems = [*row.problems, problem]
        self.refused.append(row)

    def create(self, row: ImportRow) -> None:
        contact = _new_contact(self.batch, row)
        self.contacts.create(contact, [*row.values, "owner"], actor_of(self.batch, row))
        self.created.append(row)

    def update(self, row: ImportRow, contact: Contact) -> None:
        self.contacts.update(contact, planned_values(row), actor_of(self.batch, row))
        self.updated.append(row)


def commit_plan(batch: Import, lease: Lease) -> None:
    """Carry out the plan from its checkpoint on, then settle the import as done.

    Raises LeaseLost when a person stopped it or another worker has it.
    """
    through = batch.committed_through
    while True:
        last = _commit_chunk(batch, lease, through)
        if last is None:
            break
        through = last
    settle(batch, lease, Import.State.DONE)


@retrying
@transaction.atomic
def _commit_chunk(batch: Import, lease: Lease, through: int) -> int | None:
    rows = list(
        ImportRow.objects.filter(batch=batch, number__gt=through).order_by("number")[:CHUNK]
    )
    if not rows:
        return None
    last = rows[-1].number
    # The claim first: it locks the import's row, so a stop waits for the chunk or comes before it.
    lease.renew(committed_through=last, done_rows=F("done_rows") + len(rows))
    work = Work(batch)
    _prepare(work, rows)
    try:
        with transaction.atomic():
            _write(work)
    except IntegrityError as error:  # a page saved one of the identifiers this very moment
        raise Stale from error
    _record_suspicions(row for row in rows if row.outcome == Outcome.INVALID)
    return last


def _prepare(work: Work, rows: list[ImportRow]) -> None:
    """Compare the planned rows with the contacts as they are now, locked in id order."""
    due = [row for row in rows if row.outcome in {Outcome.NEW, Outcome.UPDATED}]
    ids = [row.contact_id for row in due if row.contact_id]
    locked = {c.pk: c for c in _lock(work.batch, ids)}
    taken = _taken(due)
    for row in due:
        contact = locked.get(row.contact_id or 0)
        clash = next((k for k in KINDS if _is_taken(row, k, taken)), "")
        if row.outcome == Outcome.UPDATED and contact is None:
            work.refuse(row, GONE)
        elif contact is not None and contact.version != row.contact_version:
            work.refuse(row, CHANGED)
        elif clash:
            work.refuse(row, TAKEN.format(label=field_named(clash).label))
        elif contact is None:
            work.create(row)
        else:
            work.update(row, contact)


def _lock(batch: Import, ids: list[int]) -> Iterable[Contact]:
    contacts = Contact.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    return contacts.visible_to(batch.created_by) if batch.created_by else contacts


def _taken(rows: list[ImportRow]) -> dict[tuple[str, str], int]:
    emails = [row.email_key for row in rows if row.email_key]
    phones = [row.phone_key for row in rows if row.phone_key]
    held = Identifier.objects.filter(
        Q(kind="email", key__in=emails) | Q(kind="mobile_phone", key__in=phones)
    )
    return {(kind, key): pk for kind, key, pk in held.values_list("kind", "key", "contact_id")}


def _is_taken(row: ImportRow, kind: str, taken: dict[tuple[str, str], int]) -> bool:
    key = row.email_key if kind == "email" else row.phone_key
    return taken.get((kind, key), row.contact_id) != row.contact_id


def _new_contact(batch: Import, row: ImportRow) -> Contact:
    assert batch.owner_id is not None  # chosen at the mapping step
    contact = Contact(public_id=new_public_id(), owner_id=batch.owner_id, source=Source.IMPORT)
    for name, value in row.values.items():
        if value not in (None, ""):
            set_value(contact, field_named(name), value)
    return contact


def _write(work: Work) -> None:
    work.contacts.write()
    _write_rows(work)


def _write_rows(work: Work) -> None:
    """What became of the plan's rows, and of the rows that were merged into them."""
    for row, entry in zip(work.created, work.contacts.created, strict=True):
        row.contact = entry.contact
    ImportRow.objects.bulk_update(work.refused, ["outcome", "problems"])
    ImportRow.objects.bulk_update(work.created, ["contact"])
    heads = {row.number: row for row in (*work.created, *work.refused, *work.updated)}
    followers = list(
        ImportRow.objects.filter(batch=work.batch, merged_into__in=list(heads)).defer("cells")
    )
    for follower in followers:
        head = heads[follower.merged_into or 0]
        follower.contact_id = head.contact_id
        if head.outcome == Outcome.REFUSED:
            follower.outcome = Outcome.REFUSED
            follower.problems = [HEAD_REFUSED.format(number=head.number)]
    ImportRow.objects.bulk_update(followers, ["contact", "outcome", "problems"])


def _record_suspicions(rows: Iterable[ImportRow]) -> None:
    """An e-mail and a phone of two contacts in one row: a possible duplicate, for a person."""
    keyed = [row for row in rows if row.email_key and row.phone_key]
    holders = _taken(keyed)
    pairs = {
        tuple(sorted((first, second)))
        for row in keyed
        if (first := holders.get(("email", row.email_key)))
        and (second := holders.get(("mobile_phone", row.phone_key)))
        and first != second
    }
    PossibleDuplicate.objects.bulk_create(
        [
            PossibleDuplicate(
                first_id=first, second_id=second, reason="One imported row names both of them"
            )
            for first, second in sorted(pairs)
        ],
        ignore_conflicts=True,
    )


@retrying
@transaction.atomic
def settle(batch: Import, lease: Lease, state: str) -> None:
    """Write the final counts, and forget the file and its sample values."""
    lease.settle(**_final(batch, state))
    history.audit(
        Actor(batch.created_by, Source.IMPORT),
        "import.committed",
        str(batch.pk),
        **count_rows(batch),
    )


def _final(batch: Import, state: str) -> dict[str, Any]:
    shape = {**batch.shape, "samples": []}
    counts = count_rows(batch)
    return {
        **counts,
        "state": state,
        "shape": shape,
        "done_rows": counts["rows"],
        **_matched(batch),
        "finished_at": timezone.now(),
    }


def _matched(batch: Import) -> dict[str, int]:
    """How many rows found a contact that was there: the duplicates that were not made."""
    joined = ImportRow.objects.filter(batch=batch, outcome__in=[Outcome.UPDATED, Outcome.UNCHANGED])
    return {
        "matched_email": joined.filter(matched_on="email").count(),
        "matched_mobile": joined.filter(matched_on="mobile_phone").count(),
    }


@retrying
@transaction.atomic
def stop(batch: Import, actor: Actor) -> bool:
    """Stop an import that runs: what is committed stays, the rest is reported as refused.

    Returns False when it was no longer running.
    """
    running = Import.objects.select_for_update().filter(pk=batch.pk, state=Import.State.COMMITTING)
    current = running.first()
    if current is None:
        return False
    rest = ImportRow.objects.filter(batch=current, number__gt=current.committed_through)
    rest.filter(outcome__in=[Outcome.NEW, Outcome.UPDATED, Outcome.MERGED]).update(
        outcome=Outcome.REFUSED, problems=[STOPPED]
    )
    values = _final(current, Import.State.CANCELLED)
    Import.objects.filter(pk=current.pk).update(lease_token="", lease_until=None, **values)
    history.audit(actor, "import.stopped", str(current.pk))
    return True
