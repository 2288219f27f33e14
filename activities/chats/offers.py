"""The times that a bot offers, and booking one of them inside the conversation."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.template.defaultfilters import date as format_date
from django.utils import timezone

from activities.availability import Free, free_times
from activities.chats.answers import guest_of
from activities.chats.details import (
    agreed_to_texts,
    belongs_to_meeting,
    find_calendar,
    name_of,
    needs_from,
)
from activities.chats.flow import MEETING, Flow, Need
from activities.models import BookingCalendar, Conversation, Meeting
from activities.scheduling import horizon_end
from activities.services import book
from activities.zones import known_zone
from contacts.identity import InvalidValue

OFFERED = 6
A_DAY = 3  # of one day, so that there is a choice of days
LOOK_AHEAD = timedelta(days=21)
LATER, NONE = "later", "none"  # what a visitor may choose instead of a time


@dataclass(frozen=True)
class Offer:
    """Free times in the visitor's zone."""

    starts: tuple[datetime, ...]
    zone: ZoneInfo


def needs_of(public_id: str) -> Sequence[Need] | None:
    """What a calendar needs of its guest; None for one that is closed or has no free times."""
    calendar, now = find_calendar(public_id), timezone.now()
    if calendar is None or not _free(calendar, now, now).starts:
        return None
    return needs_from(calendar)


def calendar_of(conversation: Conversation, flow: Flow) -> BookingCalendar | None:
    """The calendar of the meeting that the conversation waits at."""
    step = flow.step(conversation.step)
    return find_calendar(step.calendar) if step is not None and step.kind == MEETING else None


def zone_of(conversation: Conversation, calendar: BookingCalendar) -> ZoneInfo:
    try:
        return known_zone(conversation.time_zone)
    except InvalidValue:
        return calendar.zone


def offer_of(calendar: BookingCalendar, conversation: Conversation, now: datetime) -> Offer:
    """Up to six times, of several days, from where the visitor is looking."""
    zone = zone_of(conversation, calendar)
    begin = max(conversation.offered_from or now, now)
    free = _free(calendar, begin, now)
    days: dict[object, int] = {}
    chosen: list[datetime] = []
    for start in free.starts:
        day = start.astimezone(zone).date()
        days[day] = days.get(day, 0) + 1
        if days[day] <= A_DAY:
            chosen.append(start)
    return Offer(tuple(chosen[:OFFERED]), zone)


def _free(calendar: BookingCalendar, begin: datetime, now: datetime) -> Free:
    """Free times of three weeks from `begin` on, or of the first three that have any."""
    rules, end = calendar.rules, horizon_end(calendar.rules, now)
    while True:
        free = free_times(rules, calendar.host_id, begin, begin + LOOK_AHEAD, now=now)
        begin += LOOK_AHEAD
        if free.starts or not free.known or begin >= end:
            return free


def label_of(start: datetime, zone: ZoneInfo) -> str:
    """ "Mon 23 Nov, 10:30"."""
    return format_date(start.astimezone(zone), "D j M, H:i")


def value_of(start: datetime) -> str:
    return f"{start.astimezone(UTC):%Y-%m-%dT%H:%M}Z"


def book_in(
    conversation: Conversation, calendar: BookingCalendar, start: datetime, now: datetime
) -> Meeting:
    """The meeting at this time, with what the visitor has answered. The same time again is the same
    meeting. Raises NotAvailable, Busy; then nothing was written."""
    guest, step = guest_of(conversation), conversation.step
    told = [a for a in guest.answers if belongs_to_meeting(a.name, step)]
    what = f"{conversation.token_hash} {conversation.step} {value_of(start)}"
    return book(
        calendar=calendar,
        starts_at=start,
        guest=replace(
            guest,
            time_zone=zone_of(conversation, calendar).key,
            sms_consent=agreed_to_texts(conversation.answers, step),
            answers=tuple(replace(a, name=name_of(a.name)) for a in told),
        ),
        source=Meeting.Source.CHATBOT,
        conversation=conversation,
        nonce=hashlib.sha256(what.encode()).hexdigest(),
        now=now,
    )


def read_value(text: str) -> datetime | None:
    """A time as `value_of` wrote it; None for anything else."""
    try:
        return datetime.strptime(text[:20], "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)
    except ValueError:
        return None
