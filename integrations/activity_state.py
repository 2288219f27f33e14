"""Which deliveries the Sync activity page shows: its tab, filters and page, as the URL says them."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone

from contacts.finding import bounded_count
from contacts.models import Account, Contact, User
from contacts.models.contact import is_public_id
from integrations import activity_systems as systems_of_rows
from integrations.models import Delivery
from integrations.models.deliveries import DeliveryQuerySet

State = Delivery.State
ROWS = 50
FILTERS = ("target", "system", "by", "since", "q")
NOBODY = "nobody"
SINCE = {
    "day": ("Last 24 hours", timedelta(days=1)),
    "week": ("Last 7 days", timedelta(days=7)),
    "month": ("Last 30 days", timedelta(days=30)),
}
#: The tabs: label, states, whether its number asks for somebody.
TABS: dict[str, tuple[str, tuple[str, ...], bool]] = {
    "": ("All", (), False),
    "pending": ("Pending", (State.PENDING, State.IN_FLIGHT), False),
    "delivered": ("Delivered", (State.DELIVERED,), False),
    "retrying": ("Retrying", (State.RETRYING, State.UNKNOWN), True),
    "reconnect": ("Needs reconnect", (State.NEEDS_RECONNECT,), True),
    "conflict": ("Conflict", (State.CONFLICT,), True),
    "skipped": ("Skipped by policy", (State.SKIPPED,), False),
    "failed": ("Failed", (State.FAILED,), True),
}
COUNTED = ("pending", "retrying", "reconnect", "conflict", "failed")


@dataclass(frozen=True)
class SyncState:
    """Tab, filters and page of one request, cleaned."""

    tab: str = ""
    target: str = ""  # Delivery.target: the page of a webhook leads here
    system: str = ""  # a kind of system (integrations.activity_systems)
    by: str = ""  # a colleague's number, or NOBODY
    since: str = ""  # one of SINCE
    q: str = ""
    older: int = 0  # than this row
    newer: int = 0

    @classmethod
    def from_query(cls, query: QueryDict) -> "SyncState":
        tab = query.get("state", "")
        return cls(
            tab=tab if tab in TABS else "",
            target=query.get("target", "").replace("\x00", "")[:80],
            system=query.get("system", "").replace("\x00", "")[:40],
            by=_by(query.get("by", "")),
            since=since if (since := query.get("since", "")) in SINCE else "",
            q=query.get("q", "").replace("\x00", "").strip()[:200],
            older=_number(query.get("older", "")),
            newer=_number(query.get("newer", "")),
        )

    def but(self, **changed: Any) -> str:
        """The query of this page with something else; of another tab or filter, its first page."""
        own = {name: getattr(self, name) for name in FILTERS}
        values = {"state": self.tab, **own, **changed}
        query = QueryDict(mutable=True)
        query.update({name: str(value) for name, value in values.items() if value})
        return f"?{query.urlencode()}" if query else "?"

    @property
    def query(self) -> str:
        """Of this very page."""
        return self.but(older=self.older, newer=self.newer)

    def rows(self, user: User) -> DeliveryQuerySet:
        """Those that `user` sees and the filters leave, on every page."""
        rows = self.filtered(user)
        states = TABS[self.tab][1]
        return rows.filter(state__in=states) if states else rows

    def filtered(self, user: User) -> DeliveryQuerySet:
        rows = Delivery.objects.visible_to(user)
        if self.target:
            rows = rows.filter(target=self.target)
        if self.system:
            rows = rows.filter(systems_of_rows.rows_of(self.system))
        if self.by:
            rows = rows.filter(changed_by=None if self.by == NOBODY else int(self.by))
        if self.since:
            rows = rows.filter(created_at__gt=timezone.now() - SINCE[self.since][1])
        return rows.filter(_matching(self.q, user)) if self.q else rows

    @property
    def applied(self) -> list[tuple[str, str]]:
        """The filters in force, as parameters."""
        return [(name, value) for name in FILTERS if (value := getattr(self, name))]

    @property
    def is_filtered(self) -> bool:
        return bool(self.tab or self.applied)

    def page(self, user: User) -> tuple[list[Delivery], str, str]:
        """The rows of this page, newest first, and the queries of the newer and the older one."""
        rows = self.rows(user)
        if self.newer:
            found = list(rows.filter(pk__gt=self.newer).order_by("pk")[: ROWS + 1])
            more_newer, more_older = len(found) > ROWS, True
            found = found[:ROWS][::-1]
        else:
            older = rows.filter(pk__lt=self.older) if self.older else rows
            found = list(older.order_by("-pk")[: ROWS + 1])
            more_newer, more_older = bool(self.older), len(found) > ROWS
            found = found[:ROWS]
        newer = self.but(newer=found[0].pk) if found and more_newer else ""
        return found, newer, self.but(older=found[-1].pk) if found and more_older else ""

    def tabs(self, user: User) -> list[dict[str, Any]]:
        """Each with its number where that is small enough to be worth counting."""
        rows = self.filtered(user)
        return [
            {
                "label": label,
                "query": self.but(state=name),
                "current": name == self.tab,
                "count": bounded_count(rows.filter(state__in=states)) if name in COUNTED else 0,
                "alert": alert,
            }
            for name, (label, states, alert) in TABS.items()
        ]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _matching(q: str, user: User) -> Q:
    """By the id of a contact, an event or a delivery, else by what the contact is found by."""
    text = q.upper()
    if is_public_id(text):
        same = Contact.objects.filter(public_id=text).values("pk")
        return Q(contact_public_id=text) | Q(contact_id__in=same)
    if text.startswith("EVNT-"):
        return Q(event_id=text)
    try:
        return Q(uid=uuid.UUID(q))
    except ValueError:
        found = Contact.objects.visible_to(user).search(q, region=Account.load().default_region)
        return Q(contact_id__in=found.values("pk"))


def _by(text: str) -> str:
    return text if text == NOBODY or _number(text) else ""
