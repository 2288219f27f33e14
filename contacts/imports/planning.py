"""The preview of an import: one stored ImportRow per row of the file, and nothing else is written.

The file is read in chunks in flat memory. What an earlier row of the same file said is found by
its keys in the stored plan, not in memory.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import Count

from contacts.fields import field_named, is_blank
from contacts.imports.cells import CellReader
from contacts.imports.effects import effects_of
from contacts.imports.matching import CLASH, Book, NoMatch
from contacts.imports.reading import FileShape, RawRow, iter_rows
from contacts.leases import Lease
from contacts.models import Import, ImportRow
from contacts.retrying import retrying

CHUNK = 500
NOBODY = "No email, mobile phone or name, so the contact cannot be identified"
HIDDEN = "This contact could not be saved"
Outcome = ImportRow.Outcome


def make_plan(batch: Import, lease: Lease) -> None:
    """Plan every row of the file and leave the import in state "planned".

    Starts again from the first row when it was interrupted: a plan has no effect to repeat. Raises
    UnreadableFile when the file turns out to be broken on the way, LeaseLost when another worker
    has taken over or a person stopped it.
    """
    ImportRow.objects.filter(batch=batch).delete()
    shape = FileShape.from_json(batch.shape)
    reader = CellReader(batch)
    rows = iter_rows(batch.file, shape)
    done = 0
    for chunk in _chunks(rows):
        done += len(chunk)
        _plan_chunk(batch, lease, reader, chunk, done)
    finish(batch, lease, effects_of(batch, lease))


def _chunks(rows: Iterator[RawRow]) -> Iterator[list[RawRow]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


@retrying
@transaction.atomic
def _plan_chunk(
    batch: Import, lease: Lease, reader: CellReader, chunk: list[RawRow], done: int
) -> None:
    lease.renew(done_rows=done, rows=done)
    drafts = [reader.read(raw) for raw in chunk]
    book = Book(batch, drafts)
    for row in drafts:
        if row.problems:
            row.outcome = Outcome.INVALID
        elif not _is_somebody(row, book):
            _reject(row, NOBODY)
        else:
            _place(row, book)
    for row in (*book.loaded, *drafts):
        if row.outcome not in {Outcome.INVALID, Outcome.MERGED, Outcome.REFUSED}:
            plan_row(row, book, batch.mode)
    ImportRow.objects.bulk_create(drafts)
    ImportRow.objects.bulk_update(
        book.loaded,
        ["outcome", "contact", "contact_version", "matched_on", "values", "changes", "notes",
         "email_key", "phone_key"],
    )  # fmt: skip


def _is_somebody(row: ImportRow, book: Book) -> bool:
    """An identifier or a name; in an export of ours a company alone, as on the form."""
    if row.email_key or row.phone_key or book.knows(row):
        return True
    names = ("first_name", "last_name", "company") if row.named else ("first_name", "last_name")
    return any(row.values.get(name) for name in names)


def _reject(row: ImportRow, problem: str, outcome: str = Outcome.INVALID) -> None:
    row.outcome = outcome
    row.problems = [*row.problems, problem]


def _place(row: ImportRow, book: Book) -> None:
    """Find what the row belongs to: an earlier row of the file, a contact, or nothing yet."""
    try:
        contact = book.contact_for(row)
        if book.is_hidden(row):
            _reject(row, HIDDEN, Outcome.REFUSED)
            return
        earlier = book.earlier_row(row, contact)
        if earlier is not None:
            known = book.contact_of(earlier)
            if contact is not None and known is not None and contact.pk != known.pk:
                raise NoMatch(CLASH)
            if contact is not None and known is None:
                book.match(earlier, contact, row.matched_on)
    except NoMatch as clash:
        _reject(row, str(clash))
        return
    if earlier is None:
        if contact is not None:
            book.match(row, contact, row.matched_on)
        row.outcome = Outcome.NEW
        book.remember(row)
    else:
        combine(earlier, row, book)


def combine(earlier: ImportRow, row: ImportRow, book: Book) -> None:
    """Put a later row's values into the earlier row for the same person.

    The same rules as for a contact: blanks are filled, values replaced where the import replaces.
    An identifier is only filled, never replaced: two addresses in one file are no correction.
    """
    row.outcome = Outcome.MERGED
    row.merged_into = earlier.number
    values = dict(earlier.values)
    for name, value in row.values.items():
        held = values.get(name)
        if is_blank(held):
            values[name] = value
        elif name in {"email", "mobile_phone"}:
            if not book.same_identifier(name, row, earlier):
                left_out = f"{field_named(name).label} left out: row {earlier.number} has another"
                row.notes = [*row.notes, left_out]
        elif book.batch.mode == Import.Mode.REPLACE:
            values[name] = value
    earlier.values = values
    earlier.email_key = earlier.email_key or row.email_key
    earlier.phone_key = earlier.phone_key or row.phone_key
    book.remember(row, under=earlier)
    book.remember(earlier)


def plan_row(row: ImportRow, book: Book, mode: str) -> None:
    """Set the outcome and the field differences of a row that stands for one contact."""
    contact = book.contact_of(row)
    if contact is None:
        row.outcome = Outcome.NEW
        row.changes = [[name, "", text, "Fill"] for name, text in book.texts(row).items() if text]
        return
    changes: list[list[Any]] = []
    for name, text in book.texts(row).items():
        before = book.text_of(contact, name)
        if not text or text == before or book.same_as_current(row, contact, name):
            continue
        if book.is_former(row, contact, name):
            changes.append([name, before, text, "Keep"])
        elif not before:
            changes.append([name, before, text, "Fill"])
        else:
            changes.append([name, before, text, "Replace" if mode == "replace" else "Keep"])
    row.changes = changes
    row.contact_version = contact.version
    written = any(change[3] != "Keep" for change in changes)
    row.outcome = Outcome.UPDATED if written else Outcome.UNCHANGED


@retrying
@transaction.atomic
def finish(batch: Import, lease: Lease, effects: list[list[object]]) -> None:
    lease.settle(state=Import.State.PLANNED, effects=effects, **count_rows(batch))


def count_rows(batch: Import) -> dict[str, int]:
    """The counts of the stored rows; they add up to `rows` by construction."""
    by_outcome = dict(
        ImportRow.objects.filter(batch=batch)
        .order_by()
        .values_list("outcome")
        .annotate(n=Count("pk"))
    )
    counts = {str(outcome): by_outcome.get(outcome, 0) for outcome in Outcome.values}
    return {**counts, "rows": sum(by_outcome.values())}
