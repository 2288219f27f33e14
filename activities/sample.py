"""What the sample account has of meetings: four booking calendars and a plausible year."""

import random
from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from activities import guest_links
from activities.derived import refresh_contacts
from activities.models import BookedSlot, BookingCalendar, Meeting, MeetingEvent
from activities.models.ids import SPOKEN, new_nonce
from activities.models.meeting import ACTIVE, Status
from activities.reminders.planning import plan_upcoming
from activities.scheduling import free_starts, slots_of
from contacts.models import Contact, PublicId, User
from contacts.models.contact import BASE36

PAST_DAYS, FUTURE_DAYS = 365, 30
CALENDARS = (
    ("manager@example.com", "Year-end tax review", 45, "Europe/London", "Video call"),
    ("member1@example.com", "Bookkeeping check-in", 30, "America/New_York", "Phone"),
    ("member2@example.com", "Introductory call", 20, "Europe/Paris", "Video call"),
    ("owner@example.com", "Advisory hour", 60, "Europe/Stockholm", "12 Fern Hill"),
)
NOTES = (
    "",
    "",
    "",
    "First meeting after the move.",
    "Please bring the VAT figures.",
    "Second opinion.",
)
KIND_OF = {
    Status.RESCHEDULED: MeetingEvent.Kind.RESCHEDULED,
    Status.COMPLETED: MeetingEvent.Kind.COMPLETED,
    Status.CANCELED: MeetingEvent.Kind.CANCELED,
    Status.NO_SHOW: MeetingEvent.Kind.NO_SHOW,
}  # fmt: skip


def load() -> None:
    """Called inside the transaction that makes the sample account."""
    chance, now = random.Random(4), timezone.now()
    meetings = [meeting for calendar in _calendars() for meeting in _year(chance, calendar, now)]
    _delete_somebody(chance, meetings, now)
    for meeting in meetings:
        meeting.search_text = meeting.searched
    Meeting.objects.bulk_create(meetings, batch_size=200)
    MeetingEvent.objects.bulk_create(list(_events(meetings)), batch_size=500)
    ahead = [m for m in meetings if m.status in ACTIVE and m.starts_at > now]
    BookedSlot.objects.bulk_create(
        BookedSlot(host_id=m.host_id, slot=slot, meeting=m) for m in ahead for slot in _slots(m)
    )
    _note_last_activity(meetings, now)
    refresh_contacts((m.contact_id for m in ahead), now)
    plan_upcoming(now)


def _calendars() -> Iterator[BookingCalendar]:
    users = {user.email: user for user in User.objects.all()}
    for email, name, minutes, zone, location in CALENDARS:
        yield BookingCalendar.objects.create(
            host=users[email],
            name=name,
            slug=name.lower().replace(" ", "-"),
            duration_minutes=minutes,
            buffer_after_minutes=10,
            time_zone=zone,
            location=location,
            offer_sms=minutes == 45,
            questions=[_question()] if minutes == 45 else [],
        )


def _question() -> dict[str, Any]:
    return {
        "name": "size", "label": "How many people does your company have?", "kind": "line",
        "options": [], "required": False, "field": "company_size",
    }  # fmt: skip


def _year(chance: random.Random, calendar: BookingCalendar, now: datetime) -> Iterator[Meeting]:
    """Up to three meetings on each working day, none at the same time as another."""
    contacts = list(Contact.objects.filter(owner=calendar.host_id).order_by("creation_time", "pk"))
    taken: set[int] = set()
    rules = calendar.rules
    day = (now - timedelta(days=PAST_DAYS)).replace(hour=0, minute=0, second=0, microsecond=0)
    while day < now + timedelta(days=FUTURE_DAYS):
        for _ in range(chance.choice((0, 0, 1, 1, 2, 3))):
            free = free_starts(
                rules, now=day - timedelta(days=1), start=day, end=day + timedelta(days=1),
                taken=taken,
            )  # fmt: skip
            if free:
                start = chance.choice(free)
                yield _meeting(chance, calendar, contacts, start, now)
                taken |= set(
                    slots_of(start, duration=rules.duration, before=rules.before, after=rules.after)
                )
        day += timedelta(days=1)


def _meeting(
    chance: random.Random, calendar: BookingCalendar, contacts: list[Contact], start: datetime,
    now: datetime,
) -> Meeting:  # fmt: skip
    length = timedelta(minutes=calendar.duration_minutes)
    booked = start - timedelta(days=chance.random() * 14, hours=4)
    if booked > now:
        booked = now - timedelta(days=chance.random() * 12, hours=1)
    known = bisect_right(contacts, booked, key=lambda contact: contact.creation_time)
    contact = chance.choice(contacts[: max(known, 1)])
    nonce = new_nonce()
    meeting = Meeting(
        public_id="BKNG-" + "".join(chance.choice(BASE36) for _ in range(12)),
        tracking_id="".join(chance.choice(SPOKEN) for _ in range(8)),
        subject=calendar.name,
        status=_status(chance, over=start + length <= now),
        host_id=calendar.host_id,
        calendar=calendar,
        contact=contact,
        contact_public_id=contact.public_id,
        starts_at=start,
        ends_at=start + length,
        duration_minutes=calendar.duration_minutes,
        buffer_after_minutes=calendar.buffer_after_minutes,
        location=calendar.location,
        guest_name=contact.display_name,
        guest_email=contact.email,
        guest_mobile_phone=contact.mobile_phone,
        guest_company=contact.company,
        guest_note=chance.choice(NOTES),
        guest_time_zone=contact.timezone or "UTC",
        sms_consent=bool(contact.mobile_phone) and chance.random() < 0.4,
        guest_nonce=nonce,
        guest_token_hash=guest_links.digest(guest_links.token_for(nonce)),
        creation_time=booked,
        last_updated_time=booked,
    )
    if meeting.status in {Status.COMPLETED, Status.NO_SHOW}:
        meeting.last_updated_time = meeting.ends_at
    elif meeting.status in KIND_OF:
        meeting.last_updated_time += (min(start, now) - booked) * chance.random()
    if meeting.status == Status.CANCELED:
        meeting.actioned_by = chance.choice(Meeting.By.values)
        meeting.reason = chance.choice(("", "", "Something came up.", "Down with a cold."))
    return meeting


def _status(chance: random.Random, *, over: bool) -> Status:
    if chance.random() < 0.07:
        return Status.CANCELED
    if over:
        return Status.NO_SHOW if chance.random() < 0.05 else Status.COMPLETED
    return chance.choices((Status.SCHEDULED, Status.RESCHEDULED, Status.REQUESTED), (17, 2, 1))[0]


def _delete_somebody(chance: random.Random, meetings: list[Meeting], now: datetime) -> None:
    """A contact that was deleted last week: its past meetings stay, and one ahead."""
    public_id = "CTC-" + "".join(chance.choice(BASE36) for _ in range(12))
    week_ago = now - timedelta(days=7)
    PublicId.objects.create(value=public_id, state=PublicId.State.DELETED, changed_at=week_ago)
    past = [meeting for meeting in meetings if meeting.ends_at < week_ago]
    ahead = [m for m in meetings if m.status in ACTIVE and m.starts_at > now and m.creation_time < week_ago]  # fmt: skip
    for meeting in (*past[-40::20], *ahead[:1]):
        meeting.contact, meeting.contact_public_id = None, public_id
        meeting.guest_name, meeting.guest_email = "Rowan Ellery", "rowan@ellery.example"
        meeting.guest_mobile_phone, meeting.guest_company = "", "Ellery & Sons"
        meeting.guest_time_zone, meeting.sms_consent = "Europe/London", False
        meeting.last_email = meeting.guest_email if meeting in ahead else ""


def _events(meetings: list[Meeting]) -> Iterator[MeetingEvent]:
    for meeting in meetings:
        yield MeetingEvent(
            meeting=meeting, kind=MeetingEvent.Kind.SCHEDULED, at=meeting.creation_time,
            by=Meeting.By.CUSTOMER,
        )  # fmt: skip
        kind = KIND_OF.get(Status(meeting.status))
        if kind:
            yield MeetingEvent(
                meeting=meeting, kind=kind, at=meeting.last_updated_time, by=meeting.actioned_by
            )


def _slots(meeting: Meeting) -> range:
    return slots_of(
        meeting.starts_at,
        duration=timedelta(minutes=meeting.duration_minutes),
        before=timedelta(minutes=meeting.buffer_before_minutes),
        after=timedelta(minutes=meeting.buffer_after_minutes),
    )


def _note_last_activity(meetings: list[Meeting], now: datetime) -> None:
    latest: dict[Contact, datetime] = {}
    for meeting in meetings:
        if meeting.contact is not None:
            seen = meeting.starts_at if meeting.starts_at < now else meeting.creation_time
            latest[meeting.contact] = max(latest.get(meeting.contact, seen), seen)
    for contact, seen in latest.items():
        contact.last_interacted_time = max(filter(None, (contact.last_interacted_time, seen)))
    Contact.objects.bulk_update(latest, ["last_interacted_time"], batch_size=300)
