"""/v2/booking-calendars: what can be booked, when, and booking it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.utils import timezone
from ninja import Query as FromQuery
from ninja import Router
from pydantic import Field

from activities.api.bodies import ScheduleRequest
from activities.api.finding import calendars, find_calendar, known
from activities.api.guests import MISSING, guest_from
from activities.api.objects import calendar_object, fields_of
from activities.api.schemas import (
    BookingCalendarDetail,
    BookingCalendarPage,
    Scheduled,
    TimeSlot,
)
from activities.availability import free_times
from activities.models import BookingCalendar, Meeting
from activities.scheduling import horizon_end
from activities.services import book
from activities.signals import Doer
from activities.slots import NotAvailable
from activities.zones import known_zone
from contacts.api.answers import json_answer
from contacts.api.authentication import AskedByKey
from contacts.api.errors import ApiError, bad
from contacts.api.expanding import expand, paths_of
from contacts.api.idempotency import PARAMETER, idempotent
from contacts.api.lists import Listing, PageQuery, Place, Query
from contacts.api.schemas import problems
from contacts.api.times import read_moment
from contacts.identity import InvalidValue
from contacts.objects import moment

router = Router(tags=["Booking calendars"])
NOT_AVAILABLE = "The selected start time is not available."
UNREADABLE = "The host's calendar cannot be read at the moment. Try again in a minute."
SHOWN = timedelta(days=7)  # where no end is given
LONGEST = timedelta(days=62)


class CalendarQuery(PageQuery):
    expand: str | None = None


class OneCalendarQuery(Query):
    expand: str | None = None


class SlotQuery(Query):
    start_time: str | None = Field(None, description="Now, where none is given.")
    end_time: str | None = Field(None, description="Not included; a week after start_time.")
    timezone: str | None = Field(None, description="That of times which name none; UTC.")


@router.get("", response={200: BookingCalendarPage, **problems()}, operation_id="listBookingCalendars")  # fmt: skip
def calendar_list(request: AskedByKey, query: FromQuery[CalendarQuery]) -> HttpResponse:
    """Every booking calendar, newest first, also those that are closed."""
    holder = request.auth
    paths = paths_of(query.expand, "booking_calendar", in_list=True)

    def place(cursor: str) -> Place | None:
        rows = calendars(holder).filter(public_id=known(cursor))
        here = rows.values_list("created_at", "pk").first()
        return Place(*here) if here is not None else None

    def show(found: Sequence[BookingCalendar]) -> list[dict[str, Any]]:
        objects = [calendar_object(calendar) for calendar in found]
        expand(objects, "booking_calendar", paths, holder)
        return objects

    listing = Listing(
        rows=calendars(holder),
        column="created_at",
        place_of=place,
        public_id=lambda calendar: calendar.public_id,
        what="booking calendar",
    )
    return listing.answer(request, query, show)


@router.get(
    "/{id}",
    response={200: BookingCalendarDetail, **problems(404)},
    operation_id="getBookingCalendar",
)
def calendar_detail(
    request: AskedByKey, id: str, query: FromQuery[OneCalendarQuery]
) -> HttpResponse:
    """One booking calendar, with what its form asks for."""
    paths = paths_of(query.expand, "booking_calendar")
    calendar = find_calendar(request.auth, id)
    shown = {**calendar_object(calendar), "booking_form": fields_of(calendar)}
    expand([shown], "booking_calendar", paths, request.auth)
    return json_answer(shown)


@router.get(
    "/{id}/time-slots",
    response={200: list[TimeSlot], **problems(404, 409)},
    operation_id="getTimeSlots",
)
def time_slots(request: AskedByKey, id: str, query: FromQuery[SlotQuery]) -> HttpResponse:
    """The free times, in order: from `start_time` (now) up to `end_time` (a week later; 62 days at
    most). `timezone` is that of these two where they name none; the answer is in UTC."""
    calendar = find_calendar(request.auth, id)
    zone = _zone(query.timezone, "timezone") if query.timezone is not None else ZoneInfo("UTC")
    start, end = _period(query, zone)
    found = _free(calendar, start, end) if calendar.is_open else []
    length = timedelta(minutes=calendar.duration_minutes)
    return json_answer(
        [
            {
                "start_time": moment(at),
                "end_time": moment(at + length),
                "duration_minutes": calendar.duration_minutes,
            }
            for at in found
        ]
    )


def _period(query: SlotQuery, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Raises ApiError."""
    start = timezone.now()
    if query.start_time is not None:
        start = read_moment(query.start_time, "start_time", zone=zone)
    if query.end_time is not None:
        end = read_moment(query.end_time, "end_time", zone=zone)
    else:
        try:
            end = start + SHOWN
        except OverflowError:
            raise bad(f"Invalid date: {query.start_time}", "start_time") from None
    if start > end:
        raise bad("start_time cannot be later than end_time", "start_time")
    if end - start > LONGEST:
        raise bad(f"end_time: at most {LONGEST.days} days after start_time", "end_time")
    return start, end


def _free(calendar: BookingCalendar, start: datetime, end: datetime) -> list[datetime]:
    """Only of the time that can be booked at all: nothing else is looked up. Raises ApiError."""
    now = timezone.now()
    start, end = max(start, now), min(end, horizon_end(calendar.rules, now))
    if start >= end:
        return []
    free = free_times(calendar.rules, calendar.host_id, start, end, now=now)
    if not free.known:
        raise ApiError(409, UNREADABLE, param="id", retry_after=60)
    return free.starts


@router.post(
    "/{id}/schedule",
    response={200: Scheduled, **problems(404, 409, 422)},
    operation_id="scheduleBooking",
    openapi_extra={"parameters": [PARAMETER]},
)
@idempotent
def schedule(request: AskedByKey, id: str, body: ScheduleRequest) -> HttpResponse:
    """Book a time, as a guest does on the calendar's page; the contact is found or made."""
    calendar = find_calendar(request.auth, id)
    for name in ("start_time", "guest_time_zone", "booking_form"):
        if not getattr(body, name):
            raise bad(MISSING, name)
    starts_at = read_moment(body.start_time or "", "start_time")
    zone = _zone(body.guest_time_zone or "", "guest_time_zone")
    guest = guest_from(calendar, body.booking_form or {}, zone=zone.key)
    if not calendar.is_open:
        raise bad(NOT_AVAILABLE, "start_time")
    try:
        meeting = book(
            calendar=calendar,
            starts_at=starts_at,
            guest=guest,
            source=Meeting.Source.API,
            doer=Doer(Meeting.By.CUSTOMER, api_key=request.auth.key),
        )
    except (NotAvailable, OverflowError):  # OverflowError: at the end of all days
        raise bad(NOT_AVAILABLE, "start_time") from None
    return json_answer({"id": meeting.public_id})


def _zone(name: str, param: str) -> ZoneInfo:
    """Raises ApiError."""
    try:
        return known_zone(name)
    except InvalidValue:
        raise bad(f"Invalid timezone: '{name}'", param) from None
