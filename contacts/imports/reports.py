"""What became of every row, as CSV: the full report, and the rejected rows to be corrected."""

from collections.abc import Iterator

from django.http import StreamingHttpResponse

from contacts.exporting.rows import csv_response
from contacts.fields import field_named, owner_names, shown
from contacts.models import Import, ImportRow

REJECTED = (ImportRow.Outcome.INVALID, ImportRow.Outcome.REFUSED)
BATCH = 1000


def full_report(batch: Import) -> StreamingHttpResponse:
    """Every row of the file with its outcome, its contact, and what changed or why not."""
    header = ["Row", "Outcome", "Contact ID", "What changed", "Reason", "Note"]
    width = len(batch.shape["header"])
    return csv_response(
        [*header, *batch.shape["header"]],
        (_report_row(row, width) for row in _rows(batch)),
        filename=f"import-{batch.pk}-report.csv",
    )


def rejected_rows(batch: Import) -> StreamingHttpResponse:
    """The rows that were not imported, in their own columns, with the reason in a last one."""
    width = len(batch.shape["header"])
    rows = (
        [*_cells(row, width), "; ".join(row.problems)]
        for row in _rows(batch)
        if row.outcome in REJECTED
    )
    return csv_response(
        [*batch.shape["header"], "Reason"], rows, filename=f"import-{batch.pk}-rejected.csv"
    )


def _rows(batch: Import) -> Iterator[ImportRow]:
    rows = ImportRow.objects.filter(batch=batch).select_related("contact").order_by("number")
    return rows.iterator(chunk_size=BATCH)


def _report_row(row: ImportRow, width: int) -> list[str]:
    return [
        str(row.number),
        row.get_outcome_display(),
        row.contact.public_id if row.contact else "",
        "; ".join(describe(row)),
        "; ".join(row.problems),
        "; ".join(row.notes),
        *_cells(row, width),
    ]


def _cells(row: ImportRow, width: int) -> list[str]:
    cells = [*row.cells, *[""] * width]
    return cells[: max(width, len(row.cells))]


def describe(row: ImportRow) -> list[str]:
    """The field differences as sentences: "Replace Company: Engines -> Analytical"."""
    lines = []
    for name, before, after, outcome in row.changes:
        field = field_named(name)
        owners = owner_names([before, after]) if name == "owner" else {}
        old = shown(field, before, owners) if before else ""
        new = shown(field, after, owners)
        lines.append(f"{outcome} {field.label}: {f'{old} -> ' if old else ''}{new}")
    return lines
