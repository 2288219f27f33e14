"""The list's state as it stands in the URL: search, filters, sort, page.

Whatever somebody puts into the URL by hand, the list answers and says what it left out.
"""

from collections.abc import Container
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from contacts.models import Account, Contact, User
from contacts.models.never import NEVER
from contacts.paging import BadCursor, Cursor, Moment, Page, read_page

EXACT_UP_TO = 50_000
ROWS_CHOICES = (20, 50, 100)
DEFAULT_ROWS = 50
DEFAULT_SORT = "-activity"
MAX_QUERY = 200
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(9998, 12, 31)
BAD_PAGE_LINK = "This page link is not valid. Showing the first page."
SORTS: dict[str, Any] = {
    "name": F("sort_name"),
    "email": F("sort_email"),
    "company": F("sort_company"),
    "status": F("sort_status"),
    "captured": F("creation_time"),
    "activity": Coalesce("last_interacted_time", Moment(NEVER)),
}
PRESETS = {"today": ("today", 0), "7": ("last 7 days", 7), "30": ("last 30 days", 30), "90": ("last 90 days", 90)}  # fmt: skip


@dataclass(frozen=True)
class Chip:
    """An applied filter and the query string without it."""

    label: str
    without: str


@dataclass(frozen=True)
class ListState:
    """Search, filters, sort and page of one request, cleaned."""

    q: str = ""
    status: tuple[str, ...] = ()
    owner: tuple[int, ...] = ()
    captured: str = ""  # a preset
    captured_from: date | None = None
    captured_to: date | None = None
    sort: str = DEFAULT_SORT
    rows: int = DEFAULT_ROWS
    after: str = ""
    before: str = ""
    notices: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def from_request(cls, request: HttpRequest) -> "ListState":
        return cls.from_query(request.GET)

    @classmethod
    def from_query(cls, query: QueryDict) -> "ListState":
        """Read the URL; what cannot be understood is left out and named in `notices`."""
        notices: list[str] = []
        state = cls(
            q=query.get("q", "").replace("\x00", "")[:MAX_QUERY],
            status=_known(query, "status", (*Contact.Status.values, "none"), notices),
            owner=_numbers(query, "owner", notices),
            captured=_one(query, "captured", PRESETS, notices),
            captured_from=_date(query, "from", notices),
            captured_to=_date(query, "to", notices),
            sort=_sort(query, notices),
            rows=_rows(query, notices),
            after=query.get("after", ""),
            before=query.get("before", ""),
        )
        if state.after and state.before:
            notices.append(BAD_PAGE_LINK)
            state = replace(state, after="", before="")
        if state.captured:  # one or the other: the page offers the dates under "any time"
            state = replace(state, captured_from=None, captured_to=None)
        return replace(state, notices=tuple(notices))

    def for_owners(self, known: Container[int]) -> "ListState":
        """Without owners whose contacts this person may not see, or who do not exist: no matter."""
        unknown = [pk for pk in self.owner if pk not in known]
        return replace(
            self,
            owner=tuple(pk for pk in self.owner if pk in known),
            notices=(*self.notices, *(_left_out("owner", str(pk)) for pk in unknown)),
        )

    @property
    def params(self) -> QueryDict:
        """The state as query parameters; what is at its default is left out."""
        query = QueryDict(mutable=True)
        if self.q:
            query["q"] = self.q
        query.setlist("status", list(self.status))
        query.setlist("owner", [str(pk) for pk in self.owner])
        for name, value in (
            ("captured", self.captured),
            ("from", self.captured_from.isoformat() if self.captured_from else ""),
            ("to", self.captured_to.isoformat() if self.captured_to else ""),
            ("sort", self.sort if self.sort != DEFAULT_SORT else ""),
            ("rows", str(self.rows) if self.rows != DEFAULT_ROWS else ""),
            ("after", self.after),
            ("before", self.before),
        ):
            if value:
                query[name] = value
        return query

    @property
    def query(self) -> str:
        """The state as it stands behind the path: "?q=ann&sort=name", or ""."""
        text = self.params.urlencode()
        return f"?{text}" if text else ""

    def but(self, **changes: Any) -> str:
        """The query string of this state with changes, on its first page."""
        changes = {"after": "", "before": "", **changes}
        return replace(self, **changes).query

    @property
    def filtered(self) -> bool:
        return bool(self.q or self.has_filters)

    @property
    def has_filters(self) -> bool:
        dates = self.captured or self.captured_from or self.captured_to
        return bool(self.status or self.owner or dates)

    def apply(self, contacts: QuerySet[Contact]) -> QuerySet[Contact]:
        """Search and filters on a queryset that already starts from `visible_to`."""
        if self.q:
            region = Account.load().default_region
            contacts = contacts.search(self.q, region=region)  # type: ignore[attr-defined]
        if self.status:
            contacts = contacts.filter(status__in=["" if s == "none" else s for s in self.status])
        if self.owner:
            contacts = contacts.filter(owner__in=self.owner)
        start, end = self._captured_between()
        if start:
            contacts = contacts.filter(creation_time__gte=start)
        if end:
            contacts = contacts.filter(creation_time__lt=end)
        return contacts

    def _captured_between(self) -> tuple[datetime | None, datetime | None]:
        if self.captured:
            days = PRESETS[self.captured][1]
            return _midnight(timezone.localdate() - timedelta(days=days)), None
        start = _midnight(self.captured_from) if self.captured_from else None
        end = _midnight(self.captured_to + timedelta(days=1)) if self.captured_to else None
        return start, end

    def page(self, contacts: QuerySet[Contact]) -> tuple[Page, str]:
        """The page of an already filtered queryset, and a notice when its cursor was no good."""
        key = SORTS[self.sort.lstrip("-")]
        notice = ""
        cursor = None
        if self.after or self.before:
            try:
                cursor = Cursor.read(
                    self.after or self.before, sort=self.sort, backwards=bool(self.before)
                )
            except BadCursor:
                notice = BAD_PAGE_LINK
        rows = contacts.select_related("owner")
        return read_page(rows, sort=self.sort, key=key, rows=self.rows, cursor=cursor), notice

    def chips(self, owners: dict[int, User]) -> list[Chip]:
        """The applied filters, each with the way to remove it; `owners` holds every owner of it."""
        chips = []
        for status in self.status:
            rest = tuple(other for other in self.status if other != status)
            shown = "none" if status == "none" else status
            chips.append(Chip(f"Status: {shown}", self.but(status=rest)))
        for pk in self.owner:
            others = tuple(other for other in self.owner if other != pk)
            chips.append(Chip(f"Owner: {owners[pk]}", self.but(owner=others)))
        if label := self._captured_label():
            none = {"captured": "", "captured_from": None, "captured_to": None}
            chips.append(Chip(f"Captured on: {label}", self.but(**none)))
        return chips

    def _captured_label(self) -> str:
        if self.captured:
            return PRESETS[self.captured][0]
        if self.captured_from and self.captured_to:
            return f"{self.captured_from:%d %b %Y} to {self.captured_to:%d %b %Y}"
        if self.captured_from:
            return f"from {self.captured_from:%d %b %Y}"
        return f"until {self.captured_to:%d %b %Y}" if self.captured_to else ""


def bounded_count(contacts: QuerySet[Contact]) -> int:
    """Exact up to 50,000; one more stands for "50,000+". Never counts a million rows."""
    return contacts.order_by().values("pk")[: EXACT_UP_TO + 1].count()


def shown_count(number: int) -> str:
    return f"{EXACT_UP_TO:,}+" if number > EXACT_UP_TO else f"{number:,}"


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _known(
    query: QueryDict, name: str, known: tuple[str, ...], notices: list[str]
) -> tuple[str, ...]:
    wanted = [value for value in query.getlist(name) if value]
    for value in wanted:
        if value not in known:
            notices.append(_left_out(name, value))
    return tuple(dict.fromkeys(value for value in wanted if value in known))


def _numbers(query: QueryDict, name: str, notices: list[str]) -> tuple[int, ...]:
    numbers = []
    for value in query.getlist(name):
        if value.isascii() and value.isdigit() and len(value) < 10:
            numbers.append(int(value))
        elif value:
            notices.append(_left_out(name, value))
    return tuple(dict.fromkeys(numbers))


def _left_out(name: str, value: str) -> str:
    return f"There is no {name} “{value[:40]}”. That filter was left out."


def _one(query: QueryDict, name: str, known: dict[str, Any], notices: list[str]) -> str:
    value = query.get(name, "")
    if value and value not in known:
        notices.append(f"There is no filter {name} “{value[:40]}”. It was left out.")
        return ""
    return value


def _date(query: QueryDict, name: str, notices: list[str]) -> date | None:
    text = query.get(name, "")
    if not text:
        return None
    try:
        parsed = date.fromisoformat(text)
    except ValueError:
        notices.append(f"“{text[:40]}” is not a date. Use the form 2026-11-23.")
        return None
    if FIRST_DAY <= parsed <= LAST_DAY:
        return parsed
    notices.append(f"“{text[:40]}” is out of range. Use a date from 1900 to 9998.")
    return None


def _sort(query: QueryDict, notices: list[str]) -> str:
    sort = query.get("sort", "")
    if not sort:
        return DEFAULT_SORT
    if sort.removeprefix("-") in SORTS and not sort.startswith("--"):
        return sort
    notices.append(
        f"The list cannot be sorted by “{sort[:40]}”. Showing the latest activity first."
    )
    return DEFAULT_SORT


def _rows(query: QueryDict, notices: list[str]) -> int:
    text = query.get("rows", "")
    if not text:
        return DEFAULT_ROWS
    if text in {str(choice) for choice in ROWS_CHOICES}:
        return int(text)
    notices.append("A page has 20, 50 or 100 rows.")
    return DEFAULT_ROWS
