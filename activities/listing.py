"""The state of the Activities page as it stands in the URL: what is listed, and which page of it.

Whatever somebody puts into the URL by hand, the page answers and says what it left out.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar, Self

from django.db.models import F, Model, Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from activities.access import visible_condition
from activities.choices import Choices, choices_for
from activities.models import Meeting
from contacts import finding
from contacts.filters.conditions import midnight
from contacts.filters.terms import FIRST_DAY, LAST_DAY
from contacts.finding import Found, count_and_keys
from contacts.listing import BAD_PAGE_LINK, MAX_QUERY
from contacts.models import User
from contacts.paging import ColumnOrder, Page, cursor_at, read_page, walk_page
from contacts.search_index import Among

ROWS = 50
PAST = "past"
TODAY = "today"
#: Days from today on, or on the page of past meetings back to it.
PRESETS = {TODAY: "today", "7": "{} 7 days", "30": "{} 30 days", "90": "{} 90 days"}
#: No meeting lasts longer: `duration_minutes` is a small integer. It bounds what is under way.
LONGEST = timedelta(minutes=32767)


@dataclass(frozen=True)
class Chip:
    """An applied filter, and the query string without it."""

    label: str
    without: str


@dataclass(frozen=True)
class ActivityState:
    """Tab, search, filters and page of one request, cleaned. Meetings; others are its subclasses."""

    model: ClassVar[type[Model]] = Meeting
    moment: ClassVar[str] = "starts_at"  # what it is sorted and filtered by
    sort: ClassVar[str] = "starts"  # the name of that order in a page's link
    tabs: ClassVar[bool] = True  # past and upcoming

    choices: Choices = field(compare=False)  # what may be chosen, by whom it is read
    past: bool = False
    q: str = ""
    days: str = ""  # one of PRESETS
    first: date | None = None
    last: date | None = None
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    after: str = ""
    before: str = ""
    notices: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def from_query(cls, query: QueryDict, user: User) -> Self:
        """Read the URL; what cannot be understood is left out and named in `notices`."""
        notices: list[str] = []
        choices = cls.choices_of(user)
        state = cls(
            choices=choices,
            past=not cls.tabs or _past(query.get("when", ""), notices),
            q=query.get("q", "").replace("\x00", "")[:MAX_QUERY],
            days=_days(query.get("days", ""), notices),
            first=read_day(query.get("from", ""), notices),
            last=read_day(query.get("to", ""), notices),
            chosen=choices.read(query, notices),
            after=query.get("after", ""),
            before=query.get("before", ""),
        )
        if state.days:  # a preset, or the dates
            state = replace(state, first=None, last=None)
        return replace(state, notices=tuple(notices))

    @staticmethod
    def choices_of(user: User) -> Choices:
        return choices_for(user)

    @property
    def narrowed(self) -> bool:
        return bool(self.days or self.first or self.last or self.chosen)

    @property
    def filtered(self) -> bool:
        return bool(self.q) or self.narrowed

    @cached_property
    def now(self) -> datetime:
        return timezone.now()

    def in_tab(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Those that are over, or those that are not. Bounded by when they start, as the index is."""
        rows = rows.filter(in_trash=False)
        if self.past:
            return rows.filter(ends_at__lte=self.now, starts_at__lte=self.now)
        return rows.filter(ends_at__gt=self.now, starts_at__gt=self.now - LONGEST)

    def apply(self, visible: QuerySet[Any]) -> QuerySet[Any]:
        """Tab, search and filters on what `visible_to` has left."""
        found: Any = self.in_tab(visible).filter(self._in_days())
        if self.q:
            found = found.search(self.q)
        for name, values in self.chosen.items():
            found = found.filter(self.choices.condition(name, values))
        return found

    def _in_days(self) -> Q:
        first, last = self.first, self.last
        if self.days:
            today = timezone.localdate()
            span = timedelta(days=0 if self.days == TODAY else int(self.days))
            first, last = (today - span, today) if self.past else (today, today + span)
        found = Q()
        if first:
            found &= Q(**{f"{self.moment}__gte": midnight(first)})
        if last:
            found &= Q(**{f"{self.moment}__lt": midnight(last + timedelta(days=1))})
        return found

    def page(self, visible: QuerySet[Any]) -> tuple[Page[Any], Found, str]:
        """The page, how many there are in all, and a notice when its cursor was no good.

        Few are found first and sorted then; of many, a page is read along the index of the order,
        where some are left out within limits.
        """
        rows = self.apply(visible)
        found = Found(*count_and_keys(rows))
        sort = f"-{self.sort}" if self.past else self.sort
        cursor, understood = cursor_at(sort, after=self.after, before=self.before)
        asked: Any = {
            "sort": sort,
            "order": ColumnOrder(F(self.moment)),
            "size": ROWS,
            "cursor": cursor,
        }
        notice = "" if understood else BAD_PAGE_LINK
        if found.keys is not None:
            keyed = self.model._default_manager.filter(Among(F("pk"), found.keys))
            return read_page(keyed, few=True, **asked), found, notice
        if not self.filtered and visible_condition(self.choices.user) is None:
            return read_page(rows, **asked), found, notice
        everyone = self.in_tab(self.model._default_manager.all())
        page = walk_page(rows, everyone, steps=finding.WALK, **asked)
        return page or read_page(rows, few=True, **asked), found, notice

    @property
    def query(self) -> str:
        """The state as it stands behind the path, or ""."""
        params = QueryDict(mutable=True)
        for name, value in self._pairs():
            params.appendlist(name, value)
        return f"?{params.urlencode()}" if params else ""

    def but(self, **changes: Any) -> str:
        """The query string of this state with changes, on its first page."""
        return replace(self, **{"after": "", "before": "", **changes}).query

    @property
    def unfiltered(self) -> str:
        return self.but(days="", first=None, last=None, chosen={})

    def _pairs(self) -> Iterator[tuple[str, str]]:
        if self.past and self.tabs:
            yield "when", PAST
        dates = {"from": self.first, "to": self.last}
        texts = {"q": self.q, "days": self.days} | {k: str(d) for k, d in dates.items() if d}
        yield from ((name, text) for name, text in texts.items() if text)
        for name, values in self.chosen.items():
            yield from ((name, value) for value in values)
        yield from ((n, v) for n, v in (("after", self.after), ("before", self.before)) if v)

    def presets(self) -> list[tuple[str, str]]:
        """The stretches of days that the tab offers, in words."""
        way = "last" if self.past else "next"
        return [(name, words.format(way)) for name, words in PRESETS.items()]

    def chips(self) -> Sequence[Chip]:
        """The applied filters, each with the way to remove it."""
        return [*self._day_chips(), *self._choice_chips()]

    def _day_chips(self) -> Iterator[Chip]:
        if self.days:
            yield Chip(f"When: {dict(self.presets())[self.days]}", self.but(days=""))
        if self.first:
            yield Chip(f"From: {shown_day(self.first)}", self.but(first=None))
        if self.last:
            yield Chip(f"To: {shown_day(self.last)}", self.but(last=None))

    def _choice_chips(self) -> Iterable[Chip]:
        for name, values in self.chosen.items():
            for value in values:
                rest = {**self.chosen, name: tuple(v for v in values if v != value)}
                left = {other: some for other, some in rest.items() if some}
                yield Chip(self.choices.words(name, value), self.but(chosen=left))


def _past(text: str, notices: list[str]) -> bool:
    if text not in {"", PAST, "upcoming"}:
        notices.append(f"When: there is no choice “{text[:40]}”. Showing upcoming meetings.")
    return text == PAST


def _days(text: str, notices: list[str]) -> str:
    if text in {"", *PRESETS}:
        return text
    notices.append(f"Days: there is no choice “{text[:40]}”. That filter was left out.")
    return ""


def read_day(text: str, notices: list[str]) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        notices.append(f"“{text[:40]}” is not a date. That filter was left out.")
        return None
    if FIRST_DAY <= day <= LAST_DAY:
        return day
    notices.append(f"{day} is out of range. Use a date from 1900 to 9998. It was left out.")
    return None


def shown_day(day: date) -> str:
    return f"{day.day} {day:%b} {day.year}"
