"""The Sync activity page: which deliveries it shows, and how each is told."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone

from contacts.fields import known_fields
from contacts.finding import bounded_count
from contacts.models import Account, Contact, User
from contacts.models.contact import is_public_id
from integrations.models import Delivery
from integrations.models.deliveries import DeliveryQuerySet
from integrations.outbox.again import may_be_replayed, may_be_retried

State = Delivery.State
ROWS = 50
IN_PANE = 8
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
LOOKS = {
    State.PENDING: ("pill-info", "clock"),
    State.IN_FLIGHT: ("pill-info", "rotate-cw"),
    State.DELIVERED: ("pill-ok pill-plain", "circle-check"),
    State.RETRYING: ("pill-info", "rotate-cw"),
    State.NEEDS_RECONNECT: ("pill-warn", "triangle-alert"),
    State.CONFLICT: ("pill-bad", "circle-alert"),
    State.SKIPPED: ("pill-vio", "circle-slash"),
    State.FAILED: ("pill-bad", "circle-x"),
    State.SUPERSEDED: ("pill-none", "circle-minus"),
    State.CANCELLED: ("pill-none", "circle-minus"),
    State.UNKNOWN: ("pill-warn", "circle-alert"),
}
FAMILIES = {
    "webhooks": ("WH", "Webhook"),
    "calendars": ("CA", "Calendar"),
    "other calendars": ("OC", "Calendar"),
    "crm": ("CR", "CRM"),
}
VERBS = {"created": "New contact", "merged": "Merged", "unmerged": "Merge undone", "deleted": "Deleted"}  # fmt: skip


@dataclass(frozen=True)
class SyncState:
    """Tab, filters and page of one request, cleaned."""

    tab: str = ""
    target: str = ""
    q: str = ""
    older: int = 0  # than this row
    newer: int = 0

    @classmethod
    def from_query(cls, query: QueryDict) -> "SyncState":
        tab = query.get("state", "")
        return cls(
            tab=tab if tab in TABS else "",
            target=query.get("target", "").replace("\x00", "")[:80],
            q=query.get("q", "").replace("\x00", "").strip()[:200],
            older=_number(query.get("older", "")),
            newer=_number(query.get("newer", "")),
        )

    def but(self, **changed: Any) -> str:
        """The query of this page with something else; of another tab or filter, its first page."""
        values = {"state": self.tab, "target": self.target, "q": self.q, **changed}
        query = QueryDict(mutable=True)
        query.update({name: str(value) for name, value in values.items() if value})
        return f"?{query.urlencode()}" if query else "?"

    def rows(self, user: User) -> DeliveryQuerySet:
        """Those that `user` sees and the filters leave, on every page."""
        rows = self.filtered(user)
        states = TABS[self.tab][1]
        return rows.filter(state__in=states) if states else rows

    def filtered(self, user: User) -> DeliveryQuerySet:
        rows = Delivery.objects.visible_to(user)
        if self.target:
            rows = rows.filter(target=self.target)
        return rows.filter(_matching(self.q, user)) if self.q else rows

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


@dataclass(frozen=True)
class Line:
    """One delivery as people read it."""

    row: Delivery
    contact: Contact | None
    change: str
    tile: str
    family: str
    pill: str
    icon: str
    detail: str
    time: str
    repeats: bool  # the contact and the second of the row above
    retry: bool
    replay: bool

    @property
    def by_hand(self) -> int:
        """The meeting whose event a person can change in a calendar that Kith does not; 0 for none."""
        if self.row.family != "other calendars" or self.row.state != State.SKIPPED:
            return 0
        return int(self.row.target.removeprefix("meeting "))


def lines_of(rows: Sequence[Delivery], user: User) -> list[Line]:
    """In one query, whatever their number; who sees the contact sees its name."""
    wanted = {row.contact_id for row in rows if row.contact_id}
    contacts = Contact.objects.visible_to(user).in_bulk(wanted) if wanted else {}
    lines, above = [], None
    for row in rows:
        pill, icon = LOOKS[State(row.state)]
        tile, family = FAMILIES.get(row.family, ("?", row.family))
        seen = (row.contact_id, row.created_at.replace(microsecond=0))
        lines.append(
            Line(
                row=row,
                contact=contacts.get(row.contact_id or 0),
                change=change_of(row),
                tile=tile,
                family=family,
                pill=pill,
                icon=icon,
                detail=detail_of(row),
                time=_time(row.created_at),
                repeats=seen == above,
                retry=may_be_retried(row),
                replay=user.role.administers and may_be_replayed(row),
            )
        )
        above = seen
    return lines


def change_of(row: Delivery) -> str:
    """ "Email, mobile phone", "Merged", "Meeting canceled"."""
    subject, _, verb = row.kind.partition(".")
    if subject == "booking":
        return f"Meeting {verb.replace('_', ' ')}"
    if subject == "conversation":
        return f"Conversation {verb}"
    if verb in VERBS:
        return VERBS[verb]
    fields = known_fields()
    labels = [fields[name].label for name in row.changed if name in fields]
    text = ", ".join([*labels[:1], *(label[:1].lower() + label[1:] for label in labels[1:])])
    return text or verb.replace("_", " ").capitalize() or row.kind


def detail_of(row: Delivery) -> str:
    """The target's words, how long it took, or what it waits for."""
    if row.state == State.DELIVERED and row.begun_at and row.settled_at:
        took = f"{(row.settled_at - row.begun_at).total_seconds():.1f} s"
        retries = row.attempts - 1
        after = f" after {retries} retr{'y' if retries == 1 else 'ies'}" if retries > 0 else ""
        return f"{took}{after}"
    if row.state in {State.RETRYING, State.UNKNOWN} and row.next_at:
        return f"{row.words} Next try {_time(row.next_at)}".strip()
    return row.words


def _time(moment: datetime) -> str:
    """Of today to the second, else the day."""
    at = timezone.localtime(moment)
    return f"{at:%H:%M:%S}" if at.date() == timezone.localdate() else f"{at:%a} {at.day} {at:%b}"


def newest_of(contact: Contact) -> list[Delivery]:
    """The last delivery of the contact to each of its targets, as far as the last 50 reach."""
    newest: dict[str, Delivery] = {}
    for row in Delivery.objects.filter(contact_id=contact.pk).order_by("-pk")[:ROWS]:
        newest.setdefault(row.target, row)
    return list(newest.values())[:IN_PANE]
