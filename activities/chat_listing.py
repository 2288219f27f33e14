"""The state of the Chats view of Activities as it stands in the URL.

Whatever somebody puts into the URL by hand, the page answers and says what it left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.http import QueryDict

from activities.listing import Chip, read_day, shown_day
from activities.models import Chatbot, Conversation
from contacts import finding
from contacts.filters.conditions import midnight
from contacts.finding import Found, count_and_keys
from contacts.listing import BAD_PAGE_LINK, MAX_QUERY
from contacts.models import User
from contacts.paging import ColumnOrder, Page, cursor_at, read_page, walk_page
from contacts.search_index import Among

ROWS = 50
SORT: Final = "-started"
ORDER: Final = ColumnOrder(F("started_at"))
LABELS = {"state": "State", "bot": "Chatbot", "contact": "Contact"}
DELETED, NONE = "deleted", "none"


@dataclass(frozen=True)
class ChatState:
    """Search, filters and page of one request, cleaned."""

    offers: Mapping[str, Mapping[str, str]] = field(compare=False)  # filter -> {value: words}
    q: str = ""
    first: date | None = None
    last: date | None = None
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    after: str = ""
    before: str = ""
    notices: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def from_query(cls, query: QueryDict, user: User) -> "ChatState":
        """Read the URL; what cannot be understood is left out and named in `notices`. One query."""
        notices: list[str] = []
        offers = offers_for(user)
        return replace(
            cls(
                offers=offers,
                q=query.get("q", "").replace("\x00", "")[:MAX_QUERY],
                first=read_day(query.get("from", ""), notices),
                last=read_day(query.get("to", ""), notices),
                chosen=_chosen(query, offers, notices),
                after=query.get("after", ""),
                before=query.get("before", ""),
            ),
            notices=tuple(notices),
        )

    @property
    def filtered(self) -> bool:
        return bool(self.q or self.first or self.last or self.chosen)

    def apply(self, conversations: QuerySet[Conversation]) -> QuerySet[Conversation]:
        """Search and filters on conversations that `visible_to` has left."""
        found: Any = conversations
        if self.first:
            found = found.filter(started_at__gte=midnight(self.first))
        if self.last:
            found = found.filter(started_at__lt=midnight(self.last + timedelta(days=1)))
        if self.q:
            found = found.search(self.q)
        for name, values in self.chosen.items():
            found = found.filter(_condition(name, values))
        return found

    def page(self, visible: QuerySet[Conversation]) -> tuple[Page[Conversation], Found, str]:
        """The page, how many there are in all, and a notice when its cursor was no good."""
        rows = self.apply(visible)
        found = Found(*count_and_keys(rows))
        cursor, understood = cursor_at(SORT, after=self.after, before=self.before)
        asked: Any = {"sort": SORT, "order": ORDER, "size": ROWS, "cursor": cursor}
        notice = "" if understood else BAD_PAGE_LINK
        if found.keys is not None:
            keyed = Conversation.objects.filter(Among(F("pk"), found.keys))
            return read_page(keyed, few=True, **asked), found, notice
        page = walk_page(rows, Conversation.objects.all(), steps=finding.WALK, **asked)
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
        return self.but(first=None, last=None, chosen={})

    def _pairs(self) -> Iterator[tuple[str, str]]:
        texts = {"q": self.q, "from": str(self.first or ""), "to": str(self.last or "")}
        yield from ((name, text) for name, text in texts.items() if text)
        for name, values in self.chosen.items():
            yield from ((name, value) for value in values)
        yield from ((n, v) for n, v in (("after", self.after), ("before", self.before)) if v)

    def chips(self) -> list[Chip]:
        """The applied filters, each with the way to remove it."""
        found = []
        if self.first:
            found.append(Chip(f"From: {shown_day(self.first)}", self.but(first=None)))
        if self.last:
            found.append(Chip(f"To: {shown_day(self.last)}", self.but(last=None)))
        for name, values in self.chosen.items():
            for value in values:
                rest = {**self.chosen, name: tuple(v for v in values if v != value)}
                left = {other: some for other, some in rest.items() if some}
                words = f"{LABELS[name]}: {self.offers[name][value]}"
                found.append(Chip(words, self.but(chosen=left)))
        return found

    def pops(self) -> list[tuple[str, str, list[tuple[str, str, bool]]]]:
        """(name, label, [(value, words, ticked)]) of each filter that has something to choose."""
        return [
            (name, LABELS[name], [(v, w, v in self.chosen.get(name, ())) for v, w in known.items()])
            for name, known in self.offers.items()
            if known
        ]


def offers_for(user: User) -> dict[str, dict[str, str]]:
    """What may be chosen. Who sees conversations sees which bots have them: one query."""
    seen = Conversation.objects.visible_to(user).filter(bot=OuterRef("pk"))
    bots = Chatbot.objects.filter(Exists(seen))
    gone = {DELETED: "deleted", NONE: "none"} if user.role.administers else {}
    return {
        "state": {value: str(label) for value, label in Conversation.State.choices},
        "bot": {bot.public_id: bot.name for bot in bots},
        "contact": gone,
    }


def _condition(name: str, values: Sequence[str]) -> Q:
    if name == "bot":
        return Q(bot__public_id__in=values)
    if name == "state":
        return Q(state__in=values)
    deleted, unknown = Q(contact=None) & ~Q(contact_public_id=""), Q(contact_public_id="")
    wanted = Q(pk__in=[])
    wanted |= deleted if DELETED in values else wanted
    return wanted | unknown if NONE in values else wanted


def _chosen(
    query: QueryDict, offers: Mapping[str, Mapping[str, str]], notices: list[str]
) -> dict[str, tuple[str, ...]]:
    """What a URL has ticked. A value that nobody offered is left out and named."""
    chosen: dict[str, tuple[str, ...]] = {}
    for name, known in offers.items():
        asked = list(dict.fromkeys(filter(None, query.getlist(name))))
        for value in [value for value in asked if value not in known][:3]:
            notices.append(
                f"{LABELS[name]}: there is no choice “{value[:40]}”. That filter was left out."
            )
        values = tuple(value for value in asked if value in known)
        if values:
            chosen[name] = values
    return chosen
