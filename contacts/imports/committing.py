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
from contacts.fields import BY_NAME, attribute, current_value, from_text
from contacts.imports.leases import Lease
from contacts.imports.planning import count_rows
from contacts.models import (
    Contact,
    FieldChange,
    Identifier,
    Import,
    ImportRow,
    PossibleDuplicate,
    PublicId,
    Source,
    new_public_id,
)
from contacts.retrying import Stale, retrying
from contacts.search import DERIVED, derive
from contacts.services import Changes, change_of, identifier_key
from contacts.signals import Actor, ContactChange, announce

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
    refused: list[ImportRow] = field(default_factory=list)
    created: list[tuple[ImportRow, Contact]] = field(default_factory=list)
    updated: list[tuple[ImportRow, Contact, Changes]] = field(default_factory=list)

    def refuse(self, row: ImportRow, problem: str) -> None:
        row.outcome = Outcome.REFUSED
        row.problems = [*row.problems, problem]
        self.refused.append(row)

    def actor(self, row: ImportRow | None = None) -> Actor:
        detail = f"row {row.number:,} of {self.batch.filename}"[:120] if row else ""
        return Actor(self.batch.created_by, Source.IMPORT, detail)


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
            work.refuse(row, TAKEN.format(label=BY_NAME[clash].label))
        elif contact is None:
            work.created.append((row, _new_contact(work.batch, row)))
        else:
            work.updated.append((row, contact, _apply(contact, row)))


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
    contact = Contact(public_id=new_public_id(), owner_id=batch.owner_id)
    for name, value in row.values.items():
        if value not in (None, ""):
            setattr(contact, attribute(BY_NAME[name]), value)
    derive(contact)
    return contact


def _apply(contact: Contact, row: ImportRow) -> Changes:
    changes: Changes = {}
    for name, _, after, outcome in row.changes:
        if outcome != "Keep":
            spec = BY_NAME[name]
            new = from_text(spec, after)
            changes[name] = (current_value(contact, spec), new)
            setattr(contact, attribute(spec), new)
    contact.version += 1
    contact.last_updated_time = timezone.now()
    derive(contact)
    return changes


def _write(work: Work) -> None:
    """All rows of the chunk, set by set: never one statement a row."""
    PublicId.objects.bulk_create([PublicId(value=c.public_id) for _, c in work.created])
    Contact.objects.bulk_create([contact for _, contact in work.created])
    columns = {attribute(BY_NAME[n]) for _, _, changes in work.updated for n in changes}
    Contact.objects.bulk_update(
        [contact for _, contact, _ in work.updated],
        sorted(columns | {"version", "last_updated_time", *DERIVED}),
    )
    _write_identifiers(work)
    _write_history(work)
    _write_rows(work)


def _write_identifiers(work: Work) -> None:
    for kind in KINDS:
        moving = [c.pk for _, c, changes in work.updated if kind in changes]
        current = Identifier.objects.filter(contact__in=moving, kind=kind, current=True)
        current.update(current=False, since=timezone.now())
    made = [(c, k, getattr(c, k)) for _, c in work.created for k in KINDS]
    made += [(c, k, changes[k][1]) for _, c, changes in work.updated for k in KINDS if k in changes]
    rows = [
        Identifier(kind=kind, key=identifier_key(kind, value), value=value, contact=contact)
        for contact, kind, value in made
        if value
    ]
    # In key order, so that two imports at once wait for each other and not in a circle.
    Identifier.objects.bulk_create(sorted(rows, key=lambda row: (row.kind, row.key)))


def _write_history(work: Work) -> None:
    written: list[FieldChange] = []
    announced: list[ContactChange] = []
    for row, contact in work.created:
        names = {**row.values, "owner": contact.owner_id}
        changes: Changes = {name: (None, current_value(contact, BY_NAME[name])) for name in names}
        written += history.field_changes(contact, changes, work.actor(row))
        announced.append(change_of(contact, work.actor(row), "created", changes))
    for row, contact, changes in work.updated:
        written += history.field_changes(contact, changes, work.actor(row))
        announced.append(change_of(contact, work.actor(row), "updated", changes))
    FieldChange.objects.bulk_create(written, batch_size=2000)
    announce(*announced)


def _write_rows(work: Work) -> None:
    """What became of the plan's rows, and of the rows that were merged into them."""
    for row, contact in work.created:
        row.contact = contact
    ImportRow.objects.bulk_update(work.refused, ["outcome", "problems"])
    ImportRow.objects.bulk_update([row for row, _ in work.created], ["contact"])
    heads = {row.number: row for row, _ in work.created}
    heads |= {row.number: row for row in work.refused}
    heads |= {row.number: row for row, _, _ in work.updated}
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
        "finished_at": timezone.now(),
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
