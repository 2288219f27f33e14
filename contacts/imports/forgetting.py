"""Taking people out of stored imports: the plan's rows, and files that still lie on disk."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Q, QuerySet

from contacts.imports.cells import CellReader
from contacts.imports.planning import count_rows
from contacts.imports.reading import FileShape, UnreadableFile, iter_rows
from contacts.models import Contact, Identifier, Import, ImportRow

State = Import.State
Outcome = ImportRow.Outcome
#: A file up to this size is read through in search of the person; a larger one is only named.
READ_UP_TO = 4 * 1024 * 1024  # bytes
EMPTY = {
    "cells": [], "values": {}, "changes": [], "notes": [], "email_key": "", "phone_key": "",
}  # fmt: skip
ERASED_ROW = "The person in this row was erased"
ERASED_FILE = (
    "Personal data of somebody in this file was erased, so the file was removed. "
    "Upload it again without that person."
)
#: Rows that make and change nothing, whatever becomes of the contact that was in their way.
ENDED = Q(outcome__in=[Outcome.INVALID, Outcome.REFUSED])
#: What a stored plan is counted and carried out by; the outcomes of a finished import stay.
PENDING = {State.UPLOADED, State.PLANNED, State.FAILED}
CHUNK = 5000  # rows, or keys, in one statement


class ImportRunning(Exception):
    """An import is being previewed or carried out; who is in it is only known afterwards."""

    def __init__(self, batch: Import) -> None:
        super().__init__("import running")
        self.batch = batch


@dataclass(frozen=True)
class Traces:
    """Where the person stands in stored imports."""

    rows: list[int] = field(default_factory=list)  # primary keys of ImportRow
    batches: set[int] = field(default_factory=set)  # of the imports that these rows belong to
    files: list[Import] = field(default_factory=list)  # whose file has the person in it
    unread: list[Import] = field(default_factory=list)  # whose file may have, but was not searched


def find_traces(*, contact_id: int | None, keys: Iterable[tuple[str, str]]) -> Traces:
    """Search for a contact and for identifiers, as (kind, key). Reads only, also small files."""
    held = set(keys)
    rows = _rows_of([contact_id] if contact_id else [], held)
    named = {row.batch_id for row in rows}
    traces = Traces(rows=[row.pk for row in rows], batches=named)
    for batch in Import.objects.exclude(path="").order_by("pk"):
        if batch.pk in named or held and (_is_in_samples(batch, held) or _is_in_file(batch, held)):
            traces.files.append(batch)
        elif batch.size > READ_UP_TO and batch.file.exists():
            traces.unread.append(batch)
    return traces


def forget_rows(contacts: Collection[Contact]) -> None:
    """Empty what stored plans and reports hold of contacts that are about to be deleted.

    Outcomes stay: a row that was to update one of them is refused when its turn comes. A row that
    is to make a new contact is left, though its address may have become one's of these meanwhile.
    """
    held = set(Identifier.objects.filter(contact__in=contacts).values_list("kind", "key"))
    rows = _rows_of([contact.pk for contact in contacts], held, only=ENDED)
    for part in _parts([row.pk for row in rows]):
        part.update(**EMPTY)


def lock_imports() -> None:
    """Hold every import that is not finished. Raises ImportRunning when one is under way."""
    unfinished = Import.objects.exclude(state__in=Import.ENDED)
    for batch in unfinished.select_for_update().order_by("pk"):
        if batch.state in Import.ACTIVE:
            raise ImportRunning(batch)


def forget(traces: Traces) -> None:
    """Empty the rows, and remove the files once the transaction has ended well.

    A planned row of the person will not be imported; the rest of the plan stays as it is.
    """
    for part in _parts(traces.rows):
        part.filter(batch__state__in=PENDING).update(
            outcome=Outcome.INVALID, merged_into=None, contact=None
        )
        part.update(problems=[ERASED_ROW], **EMPTY)
    for batch in Import.objects.filter(pk__in=traces.batches, state=State.PLANNED):
        Import.objects.filter(pk=batch.pk).update(**count_rows(batch))
    for batch in traces.files:
        _forget_file(batch)


def _forget_file(batch: Import) -> None:
    rest = {"shape": {**batch.shape, "samples": []}, "path": ""}
    if batch.state == State.UPLOADED:  # nothing is left of it that could be imported
        rest |= {"state": State.FAILED, "error": ERASED_FILE}
    Import.objects.filter(pk=batch.pk).update(**rest)
    transaction.on_commit(lambda: batch.file.unlink(missing_ok=True))


def _parts(rows: list[int]) -> Iterator[QuerySet[ImportRow]]:
    for start in range(0, len(rows), CHUNK):
        yield ImportRow.objects.filter(pk__in=rows[start : start + CHUNK])


def _rows_of(
    contacts: list[int], keys: set[tuple[str, str]], *, only: Q | None = None
) -> list[ImportRow]:
    """The rows that name the people, and those of the same file that were merged with them.

    By identifier, with `only`, no more than those that meet it. A constant number of queries.
    """
    emails = [key for kind, key in keys if kind == "email"]
    phones = [key for kind, key in keys if kind == "mobile_phone"]
    # Every import by name: the indexes over keys begin with the import.
    stored = ImportRow.objects.filter(batch__in=list(Import.objects.values_list("pk", flat=True)))
    stored = stored.only("pk", "batch_id", "number", "merged_into")
    named = stored.filter(only) if only else stored
    rows = [*named.filter(email_key__in=emails)] if emails else []
    rows += [*named.filter(phone_key__in=phones)] if phones else []
    rows += [*stored.filter(contact__in=contacts)] if contacts else []
    found = {row.pk: row for row in rows}
    heads = {(row.batch_id, row.merged_into or row.number) for row in rows}
    numbers = {number for _, number in heads}
    joined = Q(number__in=numbers) | Q(merged_into__in=numbers)
    same = stored.filter(joined, batch__in={batch for batch, _ in heads}) if heads else []
    found |= {row.pk: row for row in same if (row.batch_id, row.merged_into or row.number) in heads}
    return list(found.values())


def _is_in_samples(batch: Import, keys: set[tuple[str, str]]) -> bool:
    """Whether the cells that are shown while columns are mapped have one of the identifiers."""
    known = {key for _, key in keys}
    samples = batch.shape.get("samples", [])
    return any(cell.strip().lower() in known for row in samples for cell in row)


def _is_in_file(batch: Import, keys: set[tuple[str, str]]) -> bool:
    """Whether a row of the file has one of the identifiers, in a mapped column or in any other.

    A file that is too large to be read here, or is gone, is taken not to."""
    if batch.size > READ_UP_TO or not batch.file.exists():
        return False
    reader = CellReader(batch)
    emails = {key for kind, key in keys if kind == "email"}
    try:
        for raw in iter_rows(batch.file, FileShape.from_json(batch.shape)):
            row = reader.read(raw)
            if {("email", row.email_key), ("mobile_phone", row.phone_key)} & keys:
                return True
            if emails & {cell.strip().lower() for cell in raw.cells}:
                return True
    except (UnreadableFile, OSError):
        return False
    return False
