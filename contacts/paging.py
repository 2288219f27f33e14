"""Keyset paging: page 10,000 costs what page 1 costs.

The order is (sort key, id); a cursor holds both of one row, concealed, so it tells nothing and
cannot be made up. It stays good when its row is gone, since it names a place in the order.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from django.db.models import (
    BooleanField,
    DateTimeField,
    F,
    Func,
    Model,
    QuerySet,
    TextField,
    Value,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Greatest

from contacts.opaque import NotOurs, conceal, reveal

Row = TypeVar("Row", bound=Model)
PURPOSE = "cursor"


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
    """A place in the order, seen from which side. No value: among those that have none."""

    value: Any
    pk: int
    backwards: bool

    @classmethod
    def read(cls, text: str, *, sort: str, backwards: bool) -> "Cursor":
        """Raises BadCursor."""
        try:
            of_sort, value, pk = json.loads(reveal(text, purpose=PURPOSE))
        except NotOurs as error:
            raise BadCursor from error
        if of_sort != sort:
            raise BadCursor
        if isinstance(value, dict):
            value = datetime.fromisoformat(value["at"])
        return cls(value, pk, backwards)


def cursor_for(row: Model, sort: str) -> str:
    """The place of a row that was read with `sort_value`, as it stands in a URL."""
    value = row.sort_value  # type: ignore[attr-defined]
    spelled = {"at": value.isoformat()} if isinstance(value, datetime) else value
    return conceal(json.dumps([sort, spelled, row.pk]), purpose=PURPOSE)


@dataclass(frozen=True)
class Segment(Generic[Row]):
    """A part of an order: the rows that have a value, or (`key` None) those that have none."""

    rows: QuerySet[Row]
    key: Combinable | None
    pk: Combinable

    def beyond(self, cursor: Cursor | None, *, falling: bool, few: bool = False) -> QuerySet[Row]:
        """The rows beyond the cursor, nearest first, each with its `sort_value`.

        Where there are `few` they are found first and sorted then. The index of the order would
        have to be walked to its end for the last of them, which the database cannot foresee.
        """
        if self.key is None:
            return self._by_id(cursor, falling, few)
        key = Greatest(self.key, self.key) if few else self.key  # the same, but in no index
        # Its annotated type would no longer know Row.
        ordered: Any = self.rows.annotate(sort_value=key, sort_pk=self.pk)
        if cursor is not None:
            place = Value(cursor.value), Value(cursor.pk)
            further = RowCompare("<" if falling else ">", F("sort_value"), F("sort_pk"), *place)
            ordered = ordered.filter(further)
        if falling:
            return ordered.order_by(F("sort_value").desc(), F("sort_pk").desc())
        return ordered.order_by(F("sort_value").asc(), F("sort_pk").asc())

    def _by_id(self, cursor: Cursor | None, falling: bool, few: bool) -> QuerySet[Row]:
        ordered: Any = self.rows.annotate(
            sort_value=Value(None, output_field=TextField()),
            sort_pk=Greatest(self.pk, self.pk) if few else self.pk,
        )
        if cursor is not None:
            ordered = ordered.filter(**{"sort_pk__lt" if falling else "sort_pk__gt": cursor.pk})
        return ordered.order_by("-sort_pk" if falling else "sort_pk")


class Order(Protocol):
    """What a list can be ordered by: its segments, first to last."""

    def segments(self, rows: QuerySet[Any]) -> tuple[Segment[Any], ...]: ...


@dataclass(frozen=True)
class ColumnOrder:
    """By an indexed column or expression that always has a value."""

    key: Combinable

    def segments(self, rows: QuerySet[Any]) -> tuple[Segment[Any], ...]:
        return (Segment(rows, self.key, F("pk")),)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page of rows with the cursors of its neighbours ("" where there is none)."""

    contacts: Sequence[Row]
    previous: str
    next: str

    @property
    def rows(self) -> Sequence[Row]:
        """The same, where the page is one of something else."""
        return self.contacts


def cursor_at(sort: str, *, after: str = "", before: str = "") -> tuple[Cursor | None, bool]:
    """The cursor that a URL has, if any; False when it was no good."""
    if after and before:
        return None, False
    if not after and not before:
        return None, True
    try:
        return Cursor.read(after or before, sort=sort, backwards=bool(before)), True
    except BadCursor:
        return None, False


def page_at(
    rows: QuerySet[Row],
    *,
    sort: str,
    order: Order,
    size: int,
    after: str = "",
    before: str = "",
) -> tuple[Page[Row], bool]:
    """The page that a URL asks for; False when its cursor was no good, so it is the first one."""
    cursor, understood = cursor_at(sort, after=after, before=before)
    return read_page(rows, sort=sort, order=order, size=size, cursor=cursor), understood


def read_page(
    rows: QuerySet[Row],
    *,
    sort: str,
    order: Order,
    size: int,
    cursor: Cursor | None,
    few: bool = False,
) -> Page[Row]:
    """The page after or before `cursor`, else the first one; `few` as in Segment.beyond.

    One query for each segment that the page reaches into; more only where there was nothing, or
    less than the first page.
    """
    backwards = cursor is not None and cursor.backwards
    segments = order.segments(rows)
    nearest = partial(_nearest, segments, sort, size=size + 1, few=few)
    found = nearest(cursor, backwards=backwards)
    at_end = cursor is not None and not backwards and not found
    if at_end:  # everything after the cursor is gone: the last page there is
        backwards = True
        found = nearest(None, backwards=True)
    if backwards and len(found) <= size:
        # The beginning: a full first page rather than what is left of it.
        return read_page(rows, sort=sort, order=order, size=size, cursor=None, few=few)
    page = _page_of(found, sort, size, cursor, backwards=backwards)
    return replace(page, next="") if at_end else page


def walk_page(
    rows: QuerySet[Row],
    everyone: QuerySet[Row],
    *,
    sort: str,
    order: ColumnOrder,
    size: int,
    cursor: Cursor | None,
    steps: int,
) -> Page[Row] | None:
    """The page of `rows`, looked for along the order of `everyone`, whose index it has.

    None where it is not full after so many `steps`: what is looked for may all stand at the far end.
    """
    backwards = cursor is not None and cursor.backwards
    falling = sort.startswith("-") != backwards
    (whole,), (part,) = order.segments(everyone), order.segments(rows)
    ahead: QuerySet[Any, Any] = whole.beyond(cursor, falling=falling)
    end = ahead.values_list("sort_value", "sort_pk")[steps : steps + 1].first()
    if end is None:  # not so many are left
        return read_page(rows, sort=sort, order=order, size=size, cursor=cursor)
    before_end = RowCompare(
        ">" if falling else "<", F("sort_value"), F("sort_pk"), *map(Value, end)
    )
    found = list(part.beyond(cursor, falling=falling).filter(before_end)[: size + 1])
    if len(found) <= size:
        return None
    return _page_of(found, sort, size, cursor, backwards=backwards)


def _page_of(
    found: Sequence[Row], sort: str, size: int, cursor: Cursor | None, *, backwards: bool
) -> Page[Row]:
    """The page of what was found beyond the cursor, nearest first, one more if there is more."""
    shown = list(found[:size])
    if backwards:
        shown.reverse()
    goes_on = backwards or len(found) > size
    return Page(
        contacts=shown,
        previous=cursor_for(shown[0], sort) if shown and cursor is not None else "",
        next=cursor_for(shown[-1], sort) if shown and goes_on else "",
    )


def _nearest(
    segments: Sequence[Segment[Row]],
    sort: str,
    cursor: Cursor | None,
    *,
    backwards: bool,
    size: int,
    few: bool,
) -> list[Row]:
    """Up to `size` rows beyond the cursor, from its segment on."""
    falling = sort.startswith("-") != backwards
    ahead = list(reversed(segments)) if backwards else list(segments)
    if cursor is not None:
        blank = cursor.value is None
        ahead = [s for s in ahead if (s.key is None) == blank or (s.key is None) != backwards]
    found: list[Row] = []
    for segment in ahead:
        here = cursor is not None and (segment.key is None) == (cursor.value is None)
        nearest = segment.beyond(cursor if here else None, falling=falling, few=few)
        found += nearest[: size - len(found)]
        if len(found) == size:
            break
    return found
