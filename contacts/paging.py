"""Keyset paging: page 10,000 costs what page 1 costs.

The order is (sort key, id); a cursor holds both of one row and is signed, so it cannot be made up.
A cursor stays good when its row is gone, since it names a place in the order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core import signing
from django.db.models import BooleanField, Expression, F, Func, QuerySet, Value
from django.db.models.expressions import Combinable

from contacts.models import Contact

SALT = "contacts.cursor"


class BadCursor(ValueError):
    """A cursor that this installation did not give out, or one of another sort."""


class RowCompare(Func):
    """`(a, b) > (c, d)` as a row value: one range of the index on (a, b), on both databases."""

    output_field = BooleanField()
    conditional = True

    def __init__(self, operator: str, *expressions: Any) -> None:
        super().__init__(*expressions)
        self.operator = operator

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        parts, params = [], []
        for expression in self.get_source_expressions():
            sql, values = compiler.compile(expression)
            parts.append(sql)
            params += values
        a, b, c, d = parts
        return f"({a}, {b}) {self.operator} ({c}, {d})", params


@dataclass(frozen=True)
class Cursor:
    """A place in the order, seen from which side."""

    value: Any
    pk: int
    backwards: bool

    @classmethod
    def read(cls, text: str, *, sort: str, backwards: bool) -> "Cursor":
        """Raises BadCursor."""
        try:
            signed_sort, value, pk = signing.loads(text, salt=SALT)
        except (signing.BadSignature, ValueError, TypeError) as error:
            raise BadCursor from error
        if signed_sort != sort:
            raise BadCursor
        if sort.lstrip("-") in {"captured", "activity"}:
            value = datetime.fromisoformat(value)
        return cls(value, pk, backwards)


def cursor_for(contact: Contact, sort: str) -> str:
    """The signed place of a row that was read with `sort_value`."""
    value = contact.sort_value  # type: ignore[attr-defined]
    text = value.isoformat() if isinstance(value, datetime) else value
    return signing.dumps([sort, text, contact.pk], salt=SALT)


@dataclass(frozen=True)
class Page:
    """One page of contacts with the cursors of its neighbours ("" where there is none)."""

    contacts: Sequence[Contact]
    previous: str
    next: str


def read_page(
    contacts: QuerySet[Contact],
    *,
    sort: str,
    key: Expression | Combinable,
    rows: int,
    cursor: Cursor | None,
) -> Page:
    """The page after or before `cursor`, else the first one. One query; two at the very start."""
    descending = sort.startswith("-")
    backwards = cursor is not None and cursor.backwards
    ordered = contacts.annotate(sort_value=key)
    if cursor is not None:
        operator = "<" if descending != backwards else ">"
        place = (Value(cursor.value, output_field=_field_of(cursor.value)), Value(cursor.pk))
        ordered = ordered.filter(RowCompare(operator, key, F("pk"), *place))
    if descending != backwards:
        ordered = ordered.order_by(F("sort_value").desc(), "-pk")
    else:
        ordered = ordered.order_by(F("sort_value").asc(), "pk")
    found = list(ordered[: rows + 1])
    more = len(found) > rows
    found = found[:rows]
    if backwards:
        if not more:  # the beginning: show a full first page rather than what is left of it
            return read_page(contacts, sort=sort, key=key, rows=rows, cursor=None)
        found.reverse()
    first, last = (found[0], found[-1]) if found else (None, None)
    return Page(
        contacts=found,
        previous=cursor_for(first, sort) if first and cursor is not None else "",
        next=cursor_for(last, sort) if last and (more or backwards) else "",
    )


def _field_of(value: Any) -> Any:
    from django.db.models import DateTimeField, TextField

    return DateTimeField() if isinstance(value, datetime) else TextField()
