"""Lists: `{object, data, has_more}`, newest first, with cursors that are ids, and the Link header.

A cursor names a row, not an offset: rows that come and go while a client reads move nothing. It
stays good when its row is gone (`Place`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar, Self, TypeVar

from django.db.models import F, Model, QuerySet, Value
from django.http import HttpRequest, HttpResponse, QueryDict
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from contacts.api.answers import json_answer
from contacts.api.errors import bad
from contacts.api.times import read_moment
from contacts.paging import RowCompare

Rows = TypeVar("Rows", bound=QuerySet[Any])
MOST = 100
SHOWN = 100  # characters of a wrong value
BOTH = "Received both before and after parameters. Please provide only one."
TWICE = "Received the parameter '{}' more than once. Please provide it once."


def _limit(sent: Any) -> int:
    text = str(sent)
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not 1 <= number <= MOST:
        shown = text[:SHOWN]
        raise bad(
            f"Out of range value: {shown}. Please provide a number between 1 and {MOST}.", "limit"
        )
    return number


class Query(BaseModel):
    """Query parameters of an endpoint. Others are ignored; one of these twice is refused."""

    model_config = ConfigDict(populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _once(cls, data: Any, info: ValidationInfo) -> Any:
        request = (info.context or {}).get("request")
        if request is not None:
            for name, field in cls.model_fields.items():
                if len(request.GET.getlist(field.alias or name)) > 1:
                    raise bad(TWICE.format(field.alias or name), field.alias or name)
        return data


class PageQuery(Query):
    """What every list takes."""

    limit: Annotated[int, BeforeValidator(_limit)] = Field(
        10, ge=1, le=MOST, description="How many, 1 to 100."
    )
    after: str | None = Field(None, description="The id of the last row of the page before.")
    before: str | None = Field(None, description="The id of the first row of the page after.")

    #: Names of times that can be bounded: "creation_time" takes creation_time.gt and .lt.
    times: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="after")
    def _one_direction(self) -> Self:
        if self.after is not None and self.before is not None:
            raise bad(BOTH)
        return self

    def bounds(self, name: str) -> tuple[datetime | None, datetime | None]:
        """The two ends of a time, both exclusive. Raises ApiError."""
        texts = {end: getattr(self, f"{name}_{end}") for end in ("gt", "lt")}
        after, before = (
            None if text is None else read_moment(text, f"{name}.{end}")
            for end, text in texts.items()
        )
        if after is not None and before is not None and after > before:
            raise bad(f"{name}.gt cannot be later than {name}.lt", f"{name}.gt")
        return after, before

    def within(self, rows: Rows, **columns: str) -> Rows:
        """The rows within the bounds; `columns` maps a time's name to its column."""
        for name, column in columns.items():
            after, before = self.bounds(name)
            if after is not None:
                rows = rows.filter(**{f"{column}__gt": after})
            if before is not None:
                rows = rows.filter(**{f"{column}__lt": before})
        return rows


def time_field(name: str, end: str) -> Any:
    """A bound of a time, as a parameter."""
    which = {"gt": "later", "lt": "earlier"}[end]
    return Field(None, alias=f"{name}.{end}", description=f"Strictly {which} than this.")


@dataclass(frozen=True)
class Place:
    """Where a row stands, or stood: what the list is ordered by, then its number."""

    key: Any
    pk: int


@dataclass(frozen=True)
class Listing:
    """A list: its rows, by which column they are newest, and how its cursors are found."""

    rows: QuerySet[Any]
    column: str
    place_of: Callable[[str], Place | None]
    public_id: Callable[[Any], str]
    what: str  # "contact"

    def answer(
        self,
        request: HttpRequest,
        query: PageQuery,
        show: Callable[[Sequence[Any]], list[dict[str, Any]]],
    ) -> HttpResponse:
        """The page that `query` asks for. Raises ApiError for a cursor that names nothing."""
        place, backwards = self._place(query)
        found = list(self._beyond(place, backwards)[: query.limit + 1])
        more, found = len(found) > query.limit, found[: query.limit]
        if backwards:
            found.reverse()
        response = json_answer({"object": "list", "data": show(found), "has_more": more})
        links = self._links(request, query, found, place, backwards, more)
        if links:
            response["Link"] = ", ".join(links)
        return response

    def _place(self, query: PageQuery) -> tuple[Place | None, bool]:
        name = "before" if query.before is not None else "after"
        cursor = getattr(query, name)
        if cursor is None:
            return None, False
        place = self.place_of(cursor)
        if place is None:
            raise bad(f"No such {self.what}: '{cursor}'", name)
        return place, name == "before"

    def _beyond(self, place: Place | None, backwards: bool) -> QuerySet[Any]:
        """Nearest first: older than the place, or newer."""
        order = [self.column, "pk"] if self.column != "pk" else ["pk"]
        rows = self.rows.order_by(*order if backwards else [f"-{name}" for name in order])
        if place is None:
            return rows
        operator = ">" if backwards else "<"
        compared = RowCompare(operator, F(self.column), F("pk"), Value(place.key), Value(place.pk))
        return rows.filter(compared)

    def _links(
        self,
        request: HttpRequest,
        query: PageQuery,
        found: Sequence[Model],
        place: Place | None,
        backwards: bool,
        more: bool,
    ) -> list[str]:
        """Towards newer and older rows, where there are any."""
        if not found:
            return []
        first, last = found[0], found[-1]
        newer = more if backwards else place is not None and self._any(first, backwards=True)
        older = self._any(last, backwards=False) if backwards else more
        links = []
        if older:
            links.append(_link(request, query.limit, "next", "after", self.public_id(last)))
        if newer:
            links.append(_link(request, query.limit, "previous", "before", self.public_id(first)))
        return links

    def _any(self, row: Model, *, backwards: bool) -> bool:
        return self._beyond(Place(getattr(row, self.column), row.pk), backwards)[:1].exists()


def _link(request: HttpRequest, limit: int, rel: str, name: str, cursor: str) -> str:
    """The same list at another place: on the host that was asked, with every filter."""
    given = QueryDict(mutable=True)
    for each, value in request.GET.items():
        given[each] = str(value)
    for cursors in ("after", "before"):
        given.pop(cursors, None)
    given["limit"] = str(limit)
    given[name] = cursor
    url = request.build_absolute_uri(f"{request.path}?{given.urlencode()}")
    return f'<{url}>; rel="{rel}"'
