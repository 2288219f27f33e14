"""Keyset paging: page 10,000 costs what page 1 costs.

The order is (sort key, id); a cursor holds both of one row and is signed, so it cannot be made up.
A cursor stays good when its row is gone, since it names a place in the order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core import signing
from django.db.models import (
    BooleanField,
    DateTimeField,
    Expression,
    F,
    Func,
    QuerySet,
    TextField,
    Value,
)
from django.db.models.expressions import Combinable

from contacts.models import Contact

SALT = "contacts.cursor"


class BadCursor(ValueError):
    """A cursor that this installation did not give out, or one of another sort."""


class Moment(Value):
    """A fixed time written into the SQL: SQLite matches an expression with an index by its text."""

    def __init__(self, value: datetime) -> None:
        super().__init__(value, output_field=DateTimeField())

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        return f"'{connection.ops.adapt_datetimefield_value(self.value)}'", ()


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

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        """With the range of the first value spelled out: where it is an expression, SQLite would
        walk the index from its start."""
        compare, params = self.as_sql(compiler, connection)
        key, _pk, bound, _id = self.get_source_expressions()
        a, a_params = compiler.compile(key)
        c, c_params = compiler.compile(bound)
        return f"({a} {self.operator}= {c} AND {compare})", (*a_params, *c_params, *params)


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
    """The page after or before `cursor`, else the first one.

    One query; a second one only where the first found nothing, or less than the first page.
    """
    backwards = cursor is not None and cursor.backwards
    found = list(_ordered(contacts, sort, key, cursor, backwards=backwards)[: rows + 1])
    at_end = cursor is not None and not backwards and not found
    if at_end:  # everything after the cursor is gone: the last page there is
        backwards = True
        found = list(_ordered(contacts, sort, key, None, backwards=True)[: rows + 1])
    more = len(found) > rows
    if backwards and not more:  # the beginning: a full first page rather than what is left of it
        return read_page(contacts, sort=sort, key=key, rows=rows, cursor=None)
    found = found[:rows]
    if backwards:
        found.reverse()
    has_next = (backwards or more) and not at_end
    return Page(
        contacts=found,
        previous=cursor_for(found[0], sort) if found and cursor is not None else "",
        next=cursor_for(found[-1], sort) if found and has_next else "",
    )


def _ordered(
    contacts: QuerySet[Contact],
    sort: str,
    key: Expression | Combinable,
    cursor: Cursor | None,
    *,
    backwards: bool,
) -> QuerySet[Contact]:
    """The contacts beyond `cursor`, nearest first, each with its `sort_value`."""
    falling = sort.startswith("-") != backwards
    ordered = contacts.annotate(sort_value=key)
    if cursor is not None:
        place = (Value(cursor.value, output_field=_field_of(cursor.value)), Value(cursor.pk))
        ordered = ordered.filter(RowCompare("<" if falling else ">", key, F("pk"), *place))
    if falling:
        return ordered.order_by(F("sort_value").desc(), "-pk")
    return ordered.order_by(F("sort_value").asc(), "pk")


def _field_of(value: Any) -> DateTimeField | TextField:
    return DateTimeField() if isinstance(value, datetime) else TextField()
