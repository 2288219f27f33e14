"""A meeting as an iCalendar file (RFC 5545)."""

import zoneinfo
from datetime import UTC, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from icalendar import Calendar, Event, vCalAddress, vText

from activities.cleaning import speakable
from activities.models import Meeting

PRODID = "-//Kith//Kith//EN"
_STATUS = {Meeting.Status.CANCELED: "CANCELLED", Meeting.Status.REQUESTED: "TENTATIVE"}


def invitation(meeting: Meeting, *, url: str, to_guest: bool = False, guest: str = "") -> bytes:
    """The file of a meeting as it stands now; `url` is where the guest manages it.

    `guest` is the guest's address today, where it is not the one that they booked with.

    For a download the method is PUBLISH; `to_guest` makes it a REQUEST with its attendees, for a
    message (RFC 5546). A canceled meeting is a CANCEL in both cases: a calendar that holds the
    meeting finds it by its UID and takes the higher SEQUENCE.
    """
    canceled = meeting.status == Meeting.Status.CANCELED
    calendar = Calendar()
    calendar.add("prodid", PRODID)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "CANCEL" if canceled else "REQUEST" if to_guest else "PUBLISH")
    event = _event(meeting, url)
    if canceled or to_guest:
        own = guest or meeting.guest_email
        for address in filter(None, (own, *meeting.guests)):
            name = speakable(meeting.guest_name) if address == own else ""
            event.add("attendee", _attendee(address, name))
    calendar.add_component(event)
    calendar.add_missing_timezones(
        first_date=(meeting.starts_at - timedelta(days=366)).date(),
        last_date=(meeting.starts_at + timedelta(days=366)).date(),
    )
    return bytes(calendar.to_ical())


def _event(meeting: Meeting, url: str) -> Event:
    zone = zone_named(meeting.guest_time_zone)
    event = Event()
    event.add("uid", uid_of(meeting))
    event.add("sequence", meeting.sequence)
    event.add("dtstamp", meeting.last_updated_time.astimezone(UTC))
    event.add("created", meeting.creation_time.astimezone(UTC))
    event.add("last-modified", meeting.last_updated_time.astimezone(UTC))
    event.add("dtstart", meeting.starts_at.astimezone(zone))
    event.add("dtend", meeting.ends_at.astimezone(zone))
    event.add("summary", meeting.subject)
    event.add("status", _STATUS.get(Meeting.Status(meeting.status), "CONFIRMED"))
    event.add("description", f"With {meeting.host}\n\nTo cancel or reschedule: {url}")
    event.add("url", url)
    if meeting.location:
        event.add("location", meeting.location)
    organizer = vCalAddress(f"mailto:{meeting.host.email}")
    organizer.params["CN"] = vText(str(meeting.host))
    event.add("organizer", organizer)
    return event


def _attendee(address: str, name: str) -> vCalAddress:
    attendee = vCalAddress(f"mailto:{address}")
    if name:
        attendee.params["CN"] = vText(name.replace('"', "'"))
    attendee.params["ROLE"] = vText("REQ-PARTICIPANT")
    return attendee


def uid_of(meeting: Meeting) -> str:
    """The same for the life of a meeting, whatever becomes of it."""
    return f"{meeting.public_id}@{urlsplit(settings.KITH_URL).hostname or 'localhost'}"


def zone_named(name: str) -> zoneinfo.ZoneInfo:
    """The zone, or UTC for one that is not known here."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return zoneinfo.ZoneInfo("UTC")
