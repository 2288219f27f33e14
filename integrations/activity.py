"""How one delivery is told: on the Sync activity page, in the pane, in a webhook's log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils import timezone

from contacts.fields import known_fields
from contacts.models import Contact, User
from integrations import systems
from integrations.activity_systems import connections_behind, kind_of
from integrations.models import Connection, Delivery
from integrations.outbox.again import may_be_replayed, may_be_retried
from integrations.systems import Look, Named

State = Delivery.State
ROWS = 50
IN_PANE = 8
REVIEWED = (State.CONFLICT, State.FAILED)
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
VERBS = {"created": "New contact", "merged": "Merged", "unmerged": "Merge undone", "deleted": "Deleted"}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One delivery as people read it."""

    row: Delivery
    contact: Contact | None
    change: str
    look: Look
    pill: str
    icon: str
    detail: str
    time: str
    repeats: bool  # the contact and the second of the row above
    retry: bool
    replay: bool
    reconnect: str = ""  # where this person signs in again
    review: str = ""  # where this person looks at it
    name: str = ""  # of the event or the record, where it is known
    url: str = ""  # where that can be opened in its system

    @property
    def sent_to(self) -> str:
        return self.name or self.row.sent_to or self.row.target

    @property
    def target(self) -> str:
        """The same where nothing beside it says in which system."""
        return f"{self.look.label}, {self.name}" if self.url else self.sent_to

    @property
    def again(self) -> str:
        """What the button says that has it sent again."""
        if not self.retry:
            return "Send again"
        return "Check now" if self.row.state == State.UNKNOWN else "Retry now"

    @property
    def by_hand(self) -> int:
        """The meeting whose event a person can change in a calendar that Kith does not; 0 for none."""
        if self.row.family != "other calendars" or self.row.state != State.SKIPPED:
            return 0
        return int(self.row.target.removeprefix("meeting "))


def lines_of(rows: Sequence[Delivery], user: User) -> list[Line]:
    """In few queries, whatever their number; who sees the contact sees its name."""
    wanted = {row.contact_id for row in rows if row.contact_id}
    contacts = Contact.objects.visible_to(user).in_bulk(wanted) if wanted else {}
    known = connections_behind({row.gate for row in rows})
    names = systems.names_of(rows)
    lines, above = [], None
    for row in rows:
        pill, icon = LOOKS[State(row.state)]
        connection, named = known.get(row.gate), names.get(row.pk, Named(""))
        seen = (row.contact_id, row.created_at.replace(microsecond=0))
        lines.append(
            Line(
                row=row,
                contact=contacts.get(row.contact_id or 0),
                change=change_of(row),
                look=systems.look_of(kind_of(row.family, row.gate, known)),
                pill=pill,
                icon=icon,
                detail=_whose(detail_of(row), row, connection, user),
                time=_time(row.created_at),
                repeats=seen == above,
                retry=may_be_retried(row),
                replay=user.role.administers and may_be_replayed(row),
                reconnect=_reconnect(row, connection, user),
                review=_review(row, user),
                name=named.text,
                url=named.url,
            )
        )
        above = seen
    return lines


def _reconnect(row: Delivery, connection: Connection | None, user: User) -> str:
    """Only of what still waits: somebody may have signed in meanwhile."""
    if connection is None or row.state != State.NEEDS_RECONNECT:
        return ""
    system = systems.system_of(connection.vendor)
    return system.reconnect(connection, user) if system is not None else ""


def _review(row: Delivery, user: User) -> str:
    """The page of its family where it has one, else the delivery's own."""
    if row.state not in REVIEWED:
        return ""
    return systems.review_of(row, user) or reverse("delivery_detail", args=[row.pk])


def _whose(told: str, row: Delivery, connection: Connection | None, user: User) -> str:
    """Who can help a connection that is somebody else's."""
    owner = connection.user if connection is not None else None
    if row.state != State.NEEDS_RECONNECT or owner is None or owner == user:
        return told
    return f"{told} {owner} has to sign in again.".strip()


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
    return text or (verb or row.kind).replace("_", " ").capitalize()


def detail_of(row: Delivery) -> str:
    """What is to be said of it, how long it took, or what it waits for."""
    if row.state == State.DELIVERED and row.begun_at and row.settled_at:
        took = f"{(row.settled_at - row.begun_at).total_seconds():.1f} s"
        retries = row.attempts - 1
        after = f" after {retries} retr{'y' if retries == 1 else 'ies'}" if retries > 0 else ""
        return f"{row.words} {took}{after}".strip()  # what was left out is said in the words
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
