"""django-import-export in front of our import engine: its pages and formats, our plan and commit.

Its own row-by-row saving is never used: it knows nothing of identifiers, merging and history.
"""

import io
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from import_export import resources
from import_export.results import Error, InvalidRow, Result, RowResult
from tablib import Dataset

from contacts.exporting.rows import columns_named, rows_of
from contacts.fields import BY_NAME, live_fields
from contacts.formulas import neutralise
from contacts.imports.reading import UnreadableFile
from contacts.imports.running import run
from contacts.imports.uploading import receive
from contacts.models import Contact, Import, ImportRow, User

OUTCOMES = {
    ImportRow.Outcome.NEW: RowResult.IMPORT_TYPE_NEW,
    ImportRow.Outcome.UPDATED: RowResult.IMPORT_TYPE_UPDATE,
    ImportRow.Outcome.UNCHANGED: RowResult.IMPORT_TYPE_SKIP,
    ImportRow.Outcome.MERGED: RowResult.IMPORT_TYPE_SKIP,
}


class ContactResource(resources.ModelResource):
    """Contacts as django-import-export sees them."""

    class Meta:
        model = Contact
        fields = [*BY_NAME]
        skip_unchanged = True
        report_skipped = True

    def export(self, queryset: Any = None, **_: Any) -> Dataset:
        """The same columns and the same protection against formulas as the page's export."""
        contacts = Contact.objects.all() if queryset is None else queryset
        columns = columns_named()
        data = Dataset(headers=[neutralise(column.header) for column in columns])
        for row in rows_of(contacts, columns):
            data.append([neutralise(cell) for cell in row])
        return data

    def import_data(self, dataset: Dataset, dry_run: bool = False, **kwargs: Any) -> Result:
        """Plan the rows; without `dry_run` commit them too. The plan of a dry run is not kept."""
        try:
            with transaction.atomic():
                batch = _plan(dataset, kwargs.get("user"), kwargs.get("file_name") or "admin.csv")
                result = _result(batch)
                if dry_run:
                    transaction.set_rollback(True)
        except UnreadableFile as fault:
            result = Result()
            result.append_base_error(Error(fault))
            return result
        finally:
            if dry_run and "batch" in locals():
                batch.file.unlink(missing_ok=True)
        if not dry_run and batch.state == Import.State.PLANNED:
            Import.objects.filter(pk=batch.pk).update(state=Import.State.COMMITTING, done_rows=0)
            run(batch.pk)
            batch.refresh_from_db()
            result = _result(batch)
        return result


def _plan(dataset: Dataset, user: User | None, filename: str) -> Import:
    source = io.BytesIO(dataset.export("csv").encode())
    batch = receive(source, filename=filename, user=user, origin=Import.Source.ADMIN)
    batch.state = Import.State.PLANNING
    batch.save(update_fields=["state"])
    run(batch.pk)
    batch.refresh_from_db()
    if batch.state == Import.State.FAILED:
        raise UnreadableFile(batch.error)
    return batch


def _result(batch: Import) -> Result:
    result = Result()
    result.diff_headers = [field.label for field in live_fields()]
    rows = ImportRow.objects.filter(batch=batch).select_related("contact").order_by("number")
    for row in rows.iterator(chunk_size=1000):
        if row.outcome in OUTCOMES:
            result.append_row_result(_row_result(row))
        else:
            values = [str(row.values.get(field.name, "")) for field in live_fields()]
            fault = ValidationError(row.problems)
            result.invalid_rows.append(InvalidRow(row.number, fault, values))
    result.total_rows = batch.rows
    return result


def _row_result(row: ImportRow) -> RowResult:
    outcome = RowResult()
    outcome.import_type = OUTCOMES[ImportRow.Outcome(row.outcome)]
    outcome.number = row.number
    outcome.object_id = row.contact_id
    outcome.object_repr = row.contact.display_name if row.contact else ""
    after = {name: text for name, _, text, word in row.changes if word != "Keep"}
    outcome.diff = [after.get(field.name, "") for field in live_fields()]
    return outcome
