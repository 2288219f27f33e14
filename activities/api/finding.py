"""Finding bookings, booking calendars and conversations by their ids, with what is shown of them."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Prefetch

from activities.api.objects import calendar_object
from activities.models import BookingCalendar, Conversation, Meeting
from activities.models.calendar import BookingCalendarQuerySet
from activities.models.meeting import MeetingQuerySet
from activities.objects import BOOKING_PARTS, booking_object, conversation_object
from contacts.api.errors import no_such
from contacts.api.lists import Place
from contacts.api_keys import Holder


def known(public_id: str) -> str:
    """The id, or an empty text for what no database could hold or find."""
    return public_id if public_id.isascii() and public_id.isprintable() else ""


def bookings(holder: Holder) -> MeetingQuerySet:
    """What every endpoint starts from."""
    return Meeting.objects.visible_to(holder.user).select_related(*BOOKING_PARTS)


def find_booking(holder: Holder, public_id: str) -> Meeting:
    """Raises ApiError."""
    meeting = bookings(holder).filter(public_id=known(public_id)).first()
    if meeting is None:
        raise no_such("booking", public_id)
    return meeting


def place_of_booking(holder: Holder, public_id: str) -> Place | None:
    rows = Meeting.objects.visible_to(holder.user).filter(public_id=known(public_id))
    here = rows.values_list("creation_time", "pk").first()
    return Place(*here) if here is not None else None


def calendars(holder: Holder) -> BookingCalendarQuerySet:
    return BookingCalendar.objects.managed_by(holder.user).select_related("host")


def find_calendar(holder: Holder, public_id: str) -> BookingCalendar:
    """Raises ApiError."""
    calendar = calendars(holder).filter(public_id=known(public_id)).first()
    if calendar is None:
        raise no_such("booking calendar", public_id)
    return calendar


def bookings_by_id(holder: Holder, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    rows = bookings(holder).filter(public_id__in=ids)
    return {meeting.public_id: booking_object(meeting) for meeting in rows}


def calendars_by_id(holder: Holder, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    rows = calendars(holder).filter(public_id__in=ids)
    return {calendar.public_id: calendar_object(calendar) for calendar in rows}


def conversations_by_id(holder: Holder, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    booked = Meeting.objects.visible_to(holder.user).order_by("pk")
    rows = Conversation.objects.visible_to(holder.user).filter(public_id__in=ids)
    rows = rows.select_related("bot", "version", "contact")
    found = {}
    for conversation in rows.prefetch_related(Prefetch("meetings", booked)):
        last = [meeting.public_id for meeting in conversation.meetings.all()][-1:]
        found[conversation.public_id] = conversation_object(
            conversation, booking=last[0] if last else None
        )
    return found
