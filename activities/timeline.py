"""Meetings in the timeline of their contact: one entry for each thing that happened to one."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from django.urls import reverse
from django.utils import timezone

from activities.models import Meeting, MeetingEvent
from contacts.fields import owner_names
from contacts.models import Contact, User
from contacts.timeline.sources import Entry, Stretch, TimelineSource

Kind = MeetingEvent.Kind


class Look(NamedTuple):
    """How a kind of event is told."""

    lead: str
    icon: str
    tint: str = ""


LOOKS = {
    Kind.SCHEDULED: Look("Meeting booked", "calendar-check", "b"),
    Kind.RESCHEDULED: Look("Meeting rescheduled", "calendar-check", "b"),
    Kind.REASSIGNED: Look("Meeting given to another host", "user"),
    Kind.CANCELED: Look("Meeting canceled", "circle-x"),
    Kind.RESCHEDULE_REQUESTED: Look("Meeting canceled, another time asked for", "circle-x"),
    Kind.CANCELED_THEN_RESCHEDULED: Look("Another meeting booked", "calendar-check", "b"),
    Kind.COMPLETED: Look("Meeting completed", "circle-check", "g"),
    Kind.NO_SHOW: Look("Guest did not come", "circle-alert", "w"),
}
BOOKED = {Kind.SCHEDULED, Kind.CANCELED_THEN_RESCHEDULED}


class State(NamedTuple):
    """When a meeting was to be, and with whom, at one point of its history."""

    starts_at: datetime
    host: str  # a user's id, as the log has it


def find(contact: Contact, viewer: User, stretch: Stretch) -> list[Entry]:
    """What happened to the contact's meetings; whoever sees the contact sees all of them."""
    rows = MeetingEvent.objects.filter(meeting__contact=contact, meeting__in_trash=False)
    if stretch.upto is not None:
        rows = rows.filter(at__lte=stretch.upto)
    rows = rows.select_related("meeting__calendar", "user").prefetch_related("meeting__events")
    events = list(rows.order_by("-at", "-pk")[: stretch.limit])
    states = {pk: state for event in events for pk, state in states_of(event.meeting).items()}
    hosts = owner_names(state.host for state in states.values())
    return [_entry(event, states[event.pk], hosts) for event in events]


def states_of(meeting: Meeting) -> dict[int, State]:
    """What each event of a meeting left behind it. An event says how it was before, not after."""
    state = State(meeting.starts_at, str(meeting.host_id))
    found: dict[int, State] = {}
    for event in sorted(meeting.events.all(), key=lambda event: (event.at, event.pk), reverse=True):
        found[event.pk] = state
        before = event.before
        if "starts_at" in before:
            state = State(datetime.fromisoformat(before["starts_at"]), str(before["host"]))
    return found


def _entry(event: MeetingEvent, state: State, hosts: Mapping[str, str]) -> Entry:
    meeting, kind = event.meeting, Kind(event.kind)
    look = LOOKS[kind]
    return Entry(
        at=event.at,
        icon=look.icon,
        tint=look.tint,
        lead=look.lead,
        text=meeting.subject,
        detail=", ".join(_detail(event, state, hosts)),
        url=reverse("meeting_detail", args=[meeting.public_id]),
    )


def _detail(event: MeetingEvent, state: State, hosts: Mapping[str, str]) -> Iterable[str]:
    meeting, kind = event.meeting, Kind(event.kind)
    length = timedelta(minutes=meeting.duration_minutes)
    when = span(state.starts_at, state.starts_at + length)
    if kind == Kind.RESCHEDULED and "starts_at" in event.before:
        when = f"{_day(datetime.fromisoformat(event.before['starts_at']))} moved to {when}"
    yield f"{when} with {hosts.get(state.host, 'a former colleague')}"
    if kind in BOOKED and meeting.source == Meeting.Source.PAGE and meeting.calendar is not None:
        yield f"from the {meeting.calendar} booking page"
    elif kind in BOOKED:
        source = meeting.get_source_display()
        yield f"through {source if source.isupper() else source.lower()}"
    elif event.by:
        yield f"by {event.user or event.get_by_display()}"


def span(start: datetime, end: datetime) -> str:
    """In the zone of who is looking: "Thu 26 Nov, 10:00 to 10:45"."""
    last = timezone.localtime(end)
    same_day = last.date() == timezone.localtime(start).date()
    return f"{_day(start)} to {last:%H:%M}" if same_day else f"{_day(start)} to {_day(end)}"


def _day(moment: datetime) -> str:
    local = timezone.localtime(moment)
    year = "" if local.year == timezone.localtime().year else f" {local.year}"
    return f"{local:%a} {local.day} {local:%b}{year}, {local:%H:%M}"


SOURCE = TimelineSource("meetings", "meetings", 10, find)
