"""Contacts as rows of a file: which columns, in which words, safe to open, importable again."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse

from contacts.fields import Field, Kind, as_text, column, live_fields
from contacts.formulas import neutralise
from contacts.imports.mapping import custom_labels, guess
from contacts.imports.values import looks_like_email, looks_like_phone
from contacts.models import Contact

BATCH = 1000
CONTACT_ID = "contact_id"
BOM = "\ufeff"  # without it Excel reads UTF-8 as Windows-1252
#: Columns of All Contacts that are others in a file.
IN_FILE: dict[str, tuple[str, ...]] = {
    "name": ("first_name", "last_name"),
    "captured": ("creation_time",),
    "activity": ("last_interacted_time",),
    "updated": ("last_updated_time",),
}
#: A phone that stands alone is taken for the mobile by the import, unless its name says otherwise.
OTHER_HEADERS = {"phone": "Business phone"}


@dataclass(frozen=True)
class Column:
    """A column of an export: its head, where the value stands, and how it becomes text."""

    name: str  # a field's name, or one of those that are told beside the fields
    header: str
    path: str
    text: Callable[[Any], str] = as_text
    kind: Kind | None = None
    #: Reads what no column of the contact holds, for some contacts at once by their primary keys; the
    #: values are then what `text` is given. `path` is "pk".
    read: Callable[[Sequence[int]], Mapping[int, Any]] | None = None

    @property
    def field(self) -> str | None:
        """What the import shall take it for."""
        return self.name if self.kind or self.name == CONTACT_ID else None


def moment_text(value: datetime | None) -> str:
    return value.isoformat(timespec="seconds") if value else ""


#: Beside the fields. By its id, the import finds a contact again that has no e-mail or phone.
EXTRA = (
    Column(CONTACT_ID, "Contact ID", "public_id"),
    Column("creation_time", "Captured on", "creation_time", moment_text),
    Column("last_interacted_time", "Last activity", "last_interacted_time", moment_text),
    Column("last_updated_time", "Last updated", "last_updated_time", moment_text),
)


_more: dict[str, Column] = {}


def register(shown: str, *columns: Column) -> None:
    """Further columns of a file, for what `shown` shows in All Contacts; an import passes over them."""
    IN_FILE[shown] = tuple(each.name for each in columns)
    _more.update({each.name: each for each in columns})


def names_in_file(shown: Iterable[str]) -> list[str]:
    """The columns of a file that holds what these columns of All Contacts show."""
    return [name for each in shown for name in IN_FILE.get(each, (each,))]


def columns_named(names: Sequence[str] = ()) -> list[Column]:
    """The columns with these names in this order, without names every one.

    A name that no live field has is left out: an archived property, a set made up by hand.
    """
    every = {each.name: each for each in (*map(_column, live_fields()), *EXTRA, *_more.values())}
    wanted = [every[name] for name in names if name in every] if names else list(every.values())
    return _with_exact_headers(wanted or list(every.values()))


def _column(field: Field) -> Column:
    path = column(field)
    text: Callable[[Any], str] = as_text
    if field.kind is Kind.OWNER:
        path = "owner__email"
    elif field.custom:
        text = _custom_text(field.name)
    elif field.kind is Kind.YES_NO:
        text = _yes_or_no
    return Column(field.name, field.label, path, text, field.kind)


def _custom_text(name: str) -> Callable[[Any], str]:
    return lambda values: values.get(name, "")


def _yes_or_no(value: Any) -> str:
    return "yes" if value else "no"


def _with_exact_headers(columns: list[Column]) -> list[Column]:
    """Heads from which the import finds each field by itself.

    The label, where that is clear among these columns; else, as with two properties of one label,
    the field's own name.
    """
    columns = [_renamed(each) if _looks_like_data(each.header) else each for each in columns]
    guesses = guess([each.header for each in columns], [], custom_labels())
    return [
        each if found.field == each.field else _renamed(each)
        for each, found in zip(columns, guesses, strict=True)
    ]


def _renamed(column: Column) -> Column:
    return replace(column, header=OTHER_HEADERS.get(column.name, column.name))


def _looks_like_data(label: str) -> bool:
    """Such a head would be taken for the first contact of a file without heads."""
    return looks_like_email(label) or looks_like_phone(label)


def rows_of(
    contacts: QuerySet[Contact],
    columns: Sequence[Column],
    note: Callable[[str], object] | None = None,
) -> Iterator[list[str]]:
    """Each contact as texts, not yet neutralised. Memory stays flat however many there are.

    `note` is told the id of each, whether or not it is among the columns.
    """
    paths = sorted({"public_id", *(each.path for each in columns)})
    whose = paths.index("public_id")
    places = [(paths.index(each.path), each) for each in columns]
    found = contacts.values_list(*paths).iterator(chunk_size=BATCH)
    while batch := list(islice(found, BATCH)):
        known = {
            each.name: each.read([values[place] for values in batch])
            for place, each in places
            if each.read
        }
        for values in batch:
            if note:
                note(values[whose])
            yield [
                each.text(known[each.name].get(values[place]) if each.read else values[place])
                for place, each in places
            ]


def csv_lines(header: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """The text of a CSV; every cell is neutralised here, nowhere else."""
    writer = csv.writer(_Echo())
    yield BOM + writer.writerow([neutralise(cell) for cell in header])
    for row in rows:
        yield writer.writerow([neutralise(cell) for cell in row])


def csv_response(
    header: Iterable[str], rows: Iterable[Iterable[str]], *, filename: str
) -> StreamingHttpResponse:
    """A streamed CSV download."""
    return streamed(csv_lines(header, rows), "text/csv; charset=utf-8", filename)


def streamed(parts: Iterator[Any], content_type: str, filename: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(parts, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


class _Echo:
    """A file whose write returns the line, so that csv.writer can feed a stream."""

    def write(self, line: str) -> str:
        return line
