"""Calendars on the Integrations page: whose are connected, what they hold, what they wait for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count
from django.urls import reverse
from django.utils import timezone

from activities.models import Meeting
from contacts.models import User
from integrations.calendars import missing, vendors
from integrations.calendars.events import NAME
from integrations.calendars.vendors import Vendor
from integrations.cards import Action, Card
from integrations.models import Connection, Delivery

State = Connection.State
UPDATES = "Updates the guest list on future events when an email changes."
NOT_UPDATED = (
    "Events stay as they are, to prevent notification spam. Edit Contact says so before you save."
)
ASK = "{} is not set up on this Kith yet. An administrator can do it."
NOT_IN_IT = (
    "{} not in this calendar: booked before you connected it. Kith can make {}; the calendar then "
    "invites the guests."
)
EXPIRED = "Sign-in expired. {} will be sent after you reconnect."


@dataclass(frozen=True)
class _Numbers:
    """What is counted for all cards at once."""

    own: dict[str, Connection]  # by vendor, of the person who looks
    users: int
    connected: dict[str, int]  # people by vendor
    events: dict[str, int]  # future ones by calendar type
    updates: dict[tuple[str, str], int]  # of the last day, by vendor's label and state
    missing: dict[str, int]  # one's own meetings that are not in the calendar, by vendor


def cards(user: User) -> Iterator[Card]:
    """Administrators read numbers of the account, everybody else their own."""
    numbers = _count(user)
    for vendor in vendors.UPDATED.values():
        yield _card(user, vendor, numbers)
    yield _other(user, numbers)


def _count(user: User) -> _Numbers:
    everybody = user.role.administers
    connections = Connection.objects.exclude(state=State.DISCONNECTED).exclude(user=None)
    own = {row.vendor: row for row in connections.filter(user=user)}
    meetings = Meeting.objects.all() if everybody else Meeting.objects.filter(host=user)
    ahead = meetings.upcoming().exclude(external_calendar_type="").order_by()
    sent = Delivery.objects.filter(family=NAME, created_at__gt=timezone.now() - timedelta(days=1))
    if not everybody:
        sent = sent.filter(gate__in=[row.gate for row in own.values()])
    grouped = sent.order_by().values_list("sent_to", "state").annotate(n=Count("pk"))
    by_vendor = connections.order_by().values_list("vendor")
    return _Numbers(
        own=own,
        users=User.objects.filter(is_active=True).count(),
        connected=dict(by_vendor.annotate(n=Count("user", distinct=True))),
        events=dict(ahead.values_list("external_calendar_type").annotate(n=Count("pk"))),
        updates={(label, state): n for label, state, n in grouped},
        missing={
            vendor: missing.offered(row)
            for vendor, row in own.items()
            if vendor in vendors.UPDATED and row.state == State.CONNECTED
        },
    )


def _card(user: User, vendor: Vendor, numbers: _Numbers) -> Card:
    own = numbers.own.get(vendor.kind)
    held = own is not None and own.state == State.NEEDS_RECONNECT
    pill = ("Not connected", "pill-none", "")
    if vendor.config is None:
        pill = ("Not set up", "pill-none", "")
    elif held:
        pill = ("Needs reconnect", "pill-warn", "triangle-alert")
    elif own is not None:
        pill = ("Connected", "pill-ok", "check")
    notice = _notice(user, vendor, own, numbers)
    return Card(
        tile=vendor.tile, tile_class=vendor.tile_class, name=vendor.label, kind="Calendar", text=UPDATES,
        pill=pill[0], pill_class=pill[1], icon=pill[2],
        facts=_facts(user, vendor, own, numbers), notice=notice,
        notice_class="warn" if held else "info",
        foot=_foot(vendor, own, numbers), actions=tuple(_actions(user, vendor, own, numbers)),
    )  # fmt: skip


def _facts(
    user: User, vendor: Vendor, own: Connection | None, numbers: _Numbers
) -> tuple[tuple[str, str], ...]:
    facts = [("Your calendar", own.label)] if own is not None else []
    if user.role.administers:
        connected = numbers.connected.get(vendor.kind, 0)
        facts.append(("Connected users", f"{connected:,} of {numbers.users:,}"))
    facts.append(("Future events", f"{numbers.events.get(vendor.calendar_type, 0):,}"))
    return tuple(facts)


def _notice(user: User, vendor: Vendor, own: Connection | None, numbers: _Numbers) -> str:
    if vendor.config is None:
        return vendor.setup if user.role.administers else ASK.format(vendor.label)
    if own is not None and own.state == State.NEEDS_RECONNECT:
        n = Delivery.objects.filter(gate=own.gate, state=Delivery.State.NEEDS_RECONNECT).count()
        held = f"{n:,} update{' is' if n == 1 else 's are'} held in order and" if n else "Changes"
        return EXPIRED.format(held)
    if n := numbers.missing.get(vendor.kind, 0):
        several = ("meeting is", "its event") if n == 1 else ("meetings are", "their events")
        return NOT_IN_IT.format(f"{n:,} upcoming {several[0]}", several[1])
    return ""


def _foot(vendor: Vendor, own: Connection | None, numbers: _Numbers) -> str:
    if own is not None and own.held_since is not None:
        return f"Held since {own.held_since.day} {own.held_since:%b}"
    sent = numbers.updates.get((vendor.label, Delivery.State.DELIVERED), 0)
    retrying = numbers.updates.get((vendor.label, Delivery.State.RETRYING), 0)
    more = f", {retrying:,} retrying" if retrying else " in 24 hours"
    return f"{sent:,} update{'' if sent == 1 else 's'}{more}"


def _actions(
    user: User, vendor: Vendor, own: Connection | None, numbers: _Numbers
) -> Iterator[Action]:
    connect = vendor.connect_page
    if vendor.setup_page and user.role.administers:
        label = "Set up" if vendor.config is None else "Settings"
        yield Action(label, vendor.setup_page)
    if numbers.missing.get(vendor.kind, 0):
        yield Action("Add them", reverse("calendar_fill", args=[vendor.kind]), post=True)
    if own is not None:
        yield Action("Disconnect", reverse("calendar_disconnect", args=[vendor.kind]))
    if vendor.config is not None and (own is None or own.state == State.NEEDS_RECONNECT):
        yield Action("Connect" if own is None else "Reconnect", connect, primary=own is not None)


def _other(user: User, numbers: _Numbers) -> Card:
    own = numbers.own.get(vendors.OTHER)
    facts = [("Your calendar", own.label)] if own is not None else []
    if user.role.administers:
        connected = numbers.connected.get(vendors.OTHER, 0)
        facts.append(("Connected users", f"{connected:,} of {numbers.users:,}"))
    ahead = sum(numbers.events.get(each, 0) for each in vendors.OTHER_TYPES)
    url = reverse("calendar_elsewhere")
    action = Action("I keep none of these" if own else "I keep this", url, post=True)
    return Card(
        tile="iC", name="Other calendars", kind="iCloud and others", text=NOT_UPDATED,
        pill="Not updated", pill_class="pill-vio", icon="circle-slash",
        facts=(*facts, ("Future events", f"{ahead:,}")), foot="Set by policy", actions=(action,),
        choices=() if own else tuple(vendors.OTHER_TYPES.items()),
    )  # fmt: skip
