"""Meetings as another scheduler has them: it decides, so they are not refused for a busy host.

Their time is closed on the host's booking pages as far as it was free; two meetings at one time
are shown as what they are.
"""

from datetime import datetime
from typing import Any

from django.db.models.functions import Lower

from activities import guest_links
from activities.capture import contact_of, described
from activities.derived import refresh_contacts
from activities.inbound.reading import Told
from activities.models import Meeting, MeetingEvent, SchedulerConnection
from activities.models.ids import new_nonce
from activities.services import cancel, change_meeting, log_change
from activities.signals import Doer
from activities.slots import give_up_slots, take_free_slots
from contacts.models import Source, User

Kind = MeetingEvent.Kind
GUEST, HOST = Doer(Meeting.By.CUSTOMER), Doer(Meeting.By.USER)


def book_told(connection: SchedulerConnection, told: Told, now: datetime) -> Meeting:
    """The meeting of a booking elsewhere, its contact found or made as for one of our own."""
    start, end = _times(told)
    nonce = new_nonce()
    meeting = Meeting(
        subject=told.subject or connection.get_kind_display(),
        source=Meeting.Source.SCHEDULER,
        # It has made the event itself, in whichever calendar: an edit does not reach that one.
        external_calendar_type="other",
        external_calendar_name=connection.get_kind_display(),
        host=_host(connection, told),
        starts_at=start,
        ends_at=end,
        duration_minutes=_minutes(start, end),
        location=told.location,
        join_url=told.join_url,
        guest_nonce=nonce,
        guest_token_hash=guest_links.digest(guest_links.token_for(nonce)),
        creation_time=now,
        last_updated_time=now,
        **told.guest.for_meeting(),
    )
    if told.guest.is_somebody:
        contact = contact_of(
            told.guest, source=Source.BOOKING, detail=described(meeting),
            owner_id=meeting.host_id, at=now,
        ).contact  # fmt: skip
        meeting.contact, meeting.contact_public_id = contact, contact.public_id
    meeting.save(force_insert=True)
    if end > now:
        take_free_slots(meeting)
    refresh_contacts([meeting.contact_id], now)
    log_change(meeting, Kind.SCHEDULED, GUEST, now)
    return meeting


def move_told(
    meeting: Meeting, connection: SchedulerConnection, told: Told, now: datetime
) -> Meeting:
    """Give the meeting the time, the place and the host that it has elsewhere."""
    start, end = _times(told)

    def change(row: Meeting) -> dict[str, Any]:
        give_up_slots(row)
        row.host = _host(connection, told)
        row.starts_at, row.ends_at = start, end
        row.duration_minutes = _minutes(start, end)
        if end > now:
            take_free_slots(row)
        return {
            "host": row.host,
            "starts_at": start,
            "ends_at": end,
            "duration_minutes": row.duration_minutes,
            "location": told.location or row.location,
            "join_url": told.join_url or row.join_url,
            "status": Meeting.Status.RESCHEDULED,
            "sequence": row.sequence + 1,
            "actioned_by": Meeting.By.CUSTOMER,
            "actioned_user": None,
        }

    return change_meeting(meeting.pk, Kind.RESCHEDULED, GUEST, now, change)


def cancel_told(meeting: Meeting, told: Told, now: datetime) -> Meeting:
    """Raises WrongState for one that is over, or called off already."""
    doer = HOST if told.by_host else GUEST
    return cancel(meeting_id=meeting.pk, doer=doer, reason=told.reason, now=now)


def _host(connection: SchedulerConnection, told: Told) -> User:
    """Who works here under the organizer's address, else the host of the connection."""
    if told.host_email:
        people = User.objects.filter(is_active=True).annotate(lower=Lower("email"))
        found = people.filter(lower=told.host_email).first()
        if found is not None:
            return found
    return connection.host


def _times(told: Told) -> tuple[datetime, datetime]:
    if told.starts_at is None or told.ends_at is None:
        raise ValueError("a booking has a time")
    return told.starts_at, told.ends_at


def _minutes(start: datetime, end: datetime) -> int:
    return int((end - start).total_seconds()) // 60
