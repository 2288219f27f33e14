"""The list's state as it stands in the URL: search, filters, sort, page, and the list it is of.

Whatever somebody puts into the URL by hand, the list answers and says what it left out.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from django.db.models import F, QuerySet
from django.http import HttpRequest, QueryDict

from contacts import finding
from contacts.access import visible_condition
from contacts.filters.reading import Applied, filter_of, read_filters, write_filters
from contacts.filters.terms import ME, Term
from contacts.finding import (
    Found,
    bounded_count,
    count_and_keys,
    entries_for,
    reads,
    shown_count,
    sorts_at_once,
)
from contacts.models import Account, Contact, ContactList, User
from contacts.paging import Page, cursor_at, read_page, walk_page
from contacts.search import beyond
from contacts.search_index import Among
from contacts.sorting import DEFAULT_SORT, SORTS, may_sort, order_of

__all__ = ["SORTS", "ListState", "bounded_count", "shown_count"]

ROWS_CHOICES = (20, 50, 100)
DEFAULT_ROWS = 50
MAX_QUERY = 200
BAD_PAGE_LINK = "This page link is not valid. Showing the first page."
PAGING = ("rows", "after", "before")
MINE = "mine"


@dataclass(frozen=True)
class Chip:
    """An applied filter, the query strings without it and with it in the editor."""

    label: str
    without: str
    edit: str


@dataclass(frozen=True)
class OpenList:
    """The contact list that a state is of: what was saved, to tell what has been changed since."""

    id: str
    name: str
    query: str
    row: ContactList | None = None  # None of a list that is built in

    @cached_property
    def saved(self) -> "ListState":
        return ListState.from_query(QueryDict(self.query))


@dataclass(frozen=True)
class ListState:
    """Search, filters, sort and page of one request, cleaned."""

    q: str = ""
    filters: tuple[Applied, ...] = ()
    sort: str = DEFAULT_SORT
    rows: int = DEFAULT_ROWS
    after: str = ""
    before: str = ""
    opened: OpenList | None = None
    #: The id of a list that does not exist, or not for this person: then nothing is shown.
    missing: str = ""
    notices: tuple[str, ...] = field(default=(), compare=False)
    region: str = field(default="", compare=False)  # how a phone number that is searched is read

    @classmethod
    def from_request(cls, request: HttpRequest) -> "ListState":
        account = getattr(request, "account", None) or Account.load()
        state = cls.from_query(request.GET, viewer=request.user)  # type: ignore[arg-type]
        return replace(state, region=account.default_region)

    @classmethod
    def from_query(cls, query: QueryDict, *, viewer: User | None = None) -> "ListState":
        """Read the URL; what cannot be understood is left out and named in `notices`.

        `list=<id>` stands for what was saved, and what else the URL says overrides it. Without a
        `viewer` every list is read: the query is then one that was checked before.
        """
        notices: list[str] = []
        if unread := beyond(query.get("q", "")):
            notices.append(unread)
        wanted = query.get("list", "")
        opened = _open_list(wanted, viewer) if wanted else None
        if opened is not None:
            query = _overridden(QueryDict(opened.query), query)
        state = cls(
            q=query.get("q", "").replace("\x00", "")[:MAX_QUERY],
            filters=read_filters(query, notices),
            sort=_sort(query, notices),
            rows=_rows(query, notices),
            after=query.get("after", ""),
            before=query.get("before", ""),
            opened=opened,
            missing=wanted if opened is None else "",
        )
        if state.after and state.before:
            notices.append(BAD_PAGE_LINK)
            state = replace(state, after="", before="")
        return replace(state, notices=tuple(notices))

    def for_owners(self, known: Container[int]) -> "ListState":
        """Without owners whose contacts this person may not see, or who do not exist: no matter.

        Those that a list asks for stay, and find nothing: a shared list must not show more to who
        sees less.
        """
        saved = self.opened.saved.terms("owner") if self.opened else ()
        unknown = [
            term
            for term in self.terms("owner")
            if term not in saved and term.values[0] != ME and int(term.values[0]) not in known
        ]
        state = self
        for term in unknown:
            state = replace(state, filters=without(state.filters, "owner", term))
        said = (f"Owner: there is no owner “{t.values[0]}”. That filter was left out." for t in unknown)  # fmt: skip
        return replace(state, notices=(*self.notices, *said))

    def with_filters(self, filters: Sequence[Applied]) -> "ListState":
        """Other filters, from the first page on."""
        return replace(self, filters=tuple(filters), after="", before="")

    def without_list(self) -> "ListState":
        """As it is without the list that could not be opened; a notice says so."""
        said = f"There is no list “{self.missing[:40]}”, or you may not open it. It was left out."
        return replace(self, missing="", notices=(*self.notices, said))

    def terms(self, name: str) -> tuple[Term, ...]:
        """The terms of one filter; none where it is not applied."""
        return next((applied.terms for applied in self.filters if applied.name == name), ())

    @property
    def spelled(self) -> QueryDict:
        """Search, filters and sort as parameters, whatever list they are of, without the page.

        What a list keeps, and what work that goes on later must keep: a list may change.
        """
        query = QueryDict(mutable=True)
        if self.q:
            query["q"] = self.q
        for name, value in write_filters(self.filters):
            query.appendlist(name, value)
        if self.sort != DEFAULT_SORT:
            query["sort"] = self.sort
        return query

    @property
    def explicit(self) -> QueryDict:
        """`spelled` with the list: what the list has and this state has not is said as blank."""
        spelled = self.spelled
        if self.opened is None:
            return spelled
        query = QueryDict(f"list={self.opened.id}", mutable=True)
        for name, values in spelled.lists():
            query.setlist(name, values)
        for name in self.opened.saved.spelled:
            query.setdefault(name, "")
        return query

    @property
    def params(self) -> QueryDict:
        """The state as query parameters; what is at its default, or as the list has it, is left
        out."""
        query = self.explicit
        if self.opened is not None and not self.changed:
            query = QueryDict(f"list={self.opened.id}", mutable=True)
        for name, value in (
            ("rows", str(self.rows) if self.rows != DEFAULT_ROWS else ""),
            ("after", self.after),
            ("before", self.before),
        ):
            if value:
                query[name] = value
        return query

    @property
    def changed(self) -> bool:
        """Whether search, filters or sort are no longer those of the open list."""
        return self.opened is not None and not self.same_as(self.opened.saved)

    def same_as(self, other: "ListState") -> bool:
        """The same search, filters and sort, in whatever order they are said."""
        mine, theirs = ({a.name: set(a.terms) for a in s.filters} for s in (self, other))
        return (self.q, self.sort, mine) == (other.q, other.sort, theirs)

    @property
    def query(self) -> str:
        """The state as it stands behind the path: "?q=ann&sort=name", or ""."""
        text = self.params.urlencode(safe=":")
        return f"?{text}" if text else ""

    def but(self, **changes: Any) -> str:
        """The query string of this state with changes, on its first page."""
        changes = {"after": "", "before": "", **changes}
        return replace(self, **changes).query

    def editing(self, name: str, term: Term | None = None) -> str:
        """The query string that opens the editor of a filter, or of one value of it."""
        params = replace(self, after="", before="").params
        params["add"] = name
        if term is not None:
            params["add.was"] = str(term)
        return f"?{params.urlencode(safe=':')}"

    @property
    def filtered(self) -> bool:
        return bool(self.q or self.filters)

    def find(self, user: User, total: int) -> Found:
        """How many of the `total` contacts that `user` sees match search and filters."""
        restricted = visible_condition(user) is not None
        if not self.filtered:
            return Found(total, sort=restricted and self._sorts_at_once(total, total, restricted))
        by_reading = bool(self.q) and reads(user, total)
        entries = None
        if self.q and not self.filters and not self.missing:
            entries = entries_for(user, self.q, region=self._region, by_reading=by_reading)
        if entries is not None:
            count, keys = count_and_keys(entries)
        else:
            contacts = Contact.objects.visible_to(user)
            count, keys = count_and_keys(self.apply(contacts, by_reading=by_reading))
        return Found(count, keys, self._sorts_at_once(count, total, restricted), by_reading)

    def _sorts_at_once(self, count: int, total: int, restricted: bool) -> bool:
        return not self._by_index and sorts_at_once(count, total, restricted=restricted)

    @property
    def _by_index(self) -> bool:
        return self.sort.removeprefix("-") in SORTS

    def apply(
        self, contacts: QuerySet[Contact], *, by_reading: bool | None = None
    ) -> QuerySet[Contact]:
        """Search and filters on a queryset that already starts from `visible_to`."""
        if self.missing:
            return contacts.none()
        viewer = getattr(contacts, "viewer", None)
        if self.q:
            contacts = contacts.search(self.q, region=self._region, by_reading=by_reading)  # type: ignore[attr-defined]
        for applied in self.filters:
            contacts = contacts.filter(applied.condition(viewer.pk if viewer else None))
        return contacts

    @property
    def _region(self) -> str:
        return self.region or Account.load().default_region

    def page(self, visible: QuerySet[Contact], found: Found) -> tuple[Page[Contact], str]:
        """The page of what was `found` among visible contacts, and a notice when its cursor was no
        good. The owners are not joined: that would cost the database the order of the index.
        """
        cursor, understood = cursor_at(self.sort, after=self.after, before=self.before)
        order = order_of(self.sort, self.terms(self.sort.removeprefix("-")))
        asked: Any = {"sort": self.sort, "order": order, "size": self.rows, "cursor": cursor}
        if not found.count:
            page = read_page(visible.none(), **asked)
        elif found.keys is not None:
            page = read_page(visible.filter(Among(F("pk"), found.keys)), few=True, **asked)
        elif self.filtered:
            page = self._page_of_many(visible, found, asked)
        else:
            page = read_page(visible, few=found.sort, **asked)
        return page, "" if understood else BAD_PAGE_LINK

    def _page_of_many(self, visible: QuerySet[Contact], found: Found, asked: Any) -> Page[Contact]:
        sort, page = found.sort, None
        if self._by_index:
            passing = self.apply(visible, by_reading=True)
            page, sort = (
                walk_page(passing, Contact.objects.all(), steps=finding.WALK, **asked),
                True,
            )
        by_reading = found.by_reading or not sort
        return page or read_page(self.apply(visible, by_reading=by_reading), few=sort, **asked)

    def chips(self, owners: dict[str, str]) -> Sequence[Chip]:
        """The applied filters, each with the way to remove it; `owners` maps ids to names."""
        return [
            Chip(
                label=applied.words(term, owners),
                without=self.but(filters=without(self.filters, applied.name, term)),
                edit=self.editing(applied.name, term),
            )
            for applied in self.filters
            for term in applied.terms
        ]


def without(filters: Sequence[Applied], name: str, term: Term) -> tuple[Applied, ...]:
    """The filters but for one value of one of them."""
    left = (
        replace(applied, terms=tuple(t for t in applied.terms if t != term))
        if applied.name == name
        else applied
        for applied in filters
    )
    return tuple(applied for applied in left if applied.terms)


BUILT_IN = {MINE: OpenList(MINE, "My contacts", f"owner={ME}")}


def _open_list(wanted: str, viewer: User | None) -> OpenList | None:
    if wanted in BUILT_IN:
        return BUILT_IN[wanted]
    lists = ContactList.objects.select_related("owner")
    if viewer is not None:
        lists = lists.open_to(viewer)
    row = lists.filter(public_id=wanted[:16].replace("\x00", "")).first()
    return OpenList(row.public_id, row.name, row.query, row) if row else None


def _overridden(saved: QueryDict, query: QueryDict) -> QueryDict:
    """What was saved, but for every filter, search and sort that the URL names as well."""
    named = {filter_of(parameter) or parameter for parameter in query}
    merged = QueryDict(mutable=True)
    for parameter, values in saved.lists():
        if (filter_of(parameter) or parameter) not in named:
            merged.setlist(parameter, values)
    for parameter, values in query.lists():
        merged.setlist(parameter, values)
    return merged


def _sort(query: QueryDict, notices: list[str]) -> str:
    sort = query.get("sort", "")
    if not sort:
        return DEFAULT_SORT
    if may_sort(sort):
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
