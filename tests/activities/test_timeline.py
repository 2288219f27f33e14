"""Meetings in the pane of their contact: upcoming ones, and what happened to each."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activities.models import BookingCalendar, Meeting, MeetingEvent
from activities.services import cancel, keep_up, mark_no_show, reassign, reschedule
from activities.signals import Doer
from contacts.models import Contact, User
from tests.activities.bookings import (
    HOST,
    make_calendar,
    make_meeting,
    past_meeting,
    short,
    soon,
)
from tests.activities.test_meetings import contact_of
from tests.contacts.pages import HTMX, text_of, url_of
from tests.contacts.unmerge_tools import fold, merge_of, unfold
from tests.factories import make_user

GUEST = Doer(Meeting.By.CUSTOMER)


@pytest.fixture
def calendar(member: User) -> BookingCalendar:
    return make_calendar(member)


def pane(client: Client, contact: Contact, query: str = "") -> Any:
    return client.get(url_of("contact_detail", contact) + query, headers=HTMX)


def told(client: Client, contact: Contact) -> str:
    """The words of the timeline."""
    return text_of(pane(client, contact, "?activity=meetings")).partition("Activity")[2]


def at(days: int = 3, hour: int = 10, minute: int = 0) -> str:
    return short(soon(days, hour, minute))


def test_a_booking_is_told_with_its_time_its_host_and_its_page(
    as_member: Client, calendar: BookingCalendar
) -> None:
    meeting = make_meeting(calendar)
    text = told(as_member, contact_of(meeting))
    assert "Meeting booked: Tax review" in text
    assert f"{at()} to 10:30 with Mia, from the Tax review booking page" in text
    html = pane(as_member, contact_of(meeting)).content.decode()
    assert f'href="/activities/{meeting.public_id}/"' in html


def test_each_change_is_told_as_it_was_then(
    as_member: Client, calendar: BookingCalendar, member: User
) -> None:
    meeting = make_meeting(calendar)
    reschedule(meeting_id=meeting.pk, starts_at=soon(hour=15), doer=GUEST)
    reassign(meeting_id=meeting.pk, host=make_user(first_name="Otto"), doer=Doer("user", member))
    cancel(meeting_id=meeting.pk, doer=Doer("user", member))
    text = told(as_member, contact_of(meeting))
    for words in (
        f"{at()} to 10:30 with Mia, from the Tax review booking page",
        f"{at()} moved to {at(hour=15)} to 15:30 with Mia, by Guest",
        f"{at(hour=15)} to 15:30 with Otto, by Mia",
    ):
        assert words in text
    assert text.index("Meeting canceled") < text.index("Meeting rescheduled")
    assert text.index("Meeting rescheduled") < text.index("Meeting booked")


def test_what_took_place_and_what_did_not(as_member: Client, calendar: BookingCalendar) -> None:
    meeting = past_meeting(calendar, hours=3)
    missed = past_meeting(calendar, hours=5)
    mark_no_show(meeting_id=missed.pk, doer=HOST)
    keep_up()
    text = told(as_member, contact_of(meeting))
    assert "Meeting completed" in text and "Guest did not come" in text


def test_meetings_and_saves_stand_in_one_order(
    as_member: Client, calendar: BookingCalendar
) -> None:
    meeting = make_meeting(calendar)
    text = text_of(pane(as_member, contact_of(meeting)))
    assert "Meeting booked" in text and "created the contact" in text
    assert re.search("All ?Meetings ?Chats ?Forms ?Changes", text)


def test_a_merged_contacts_meetings_are_told_by_the_survivor_until_the_undo(
    as_member: Client, calendar: BookingCalendar
) -> None:
    ada = contact_of(make_meeting(calendar))
    other = contact_of(make_meeting(calendar, soon(hour=15), name="A. King", email="k@example.com"))
    survivor = fold(ada, other)
    assert told(as_member, ada).count("Meeting booked") == 2
    unfold(merge_of(survivor))
    assert told(as_member, ada).count("Meeting booked") == 1
    assert told(as_member, Contact.objects.get(public_id=other.public_id)).count("Meeting booked") == 1  # fmt: skip


def test_the_pane_costs_the_same_however_many_meetings(
    as_member: Client, calendar: BookingCalendar
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            pane(as_member, ada)
        return len(asked)

    ada = contact_of(make_meeting(calendar))
    queries()
    with_one = queries()
    for hour in range(11, 20):
        meeting = make_meeting(calendar, soon(hour=hour))
        reschedule(meeting_id=meeting.pk, starts_at=soon(days=5, hour=hour), doer=GUEST)
    ada.refresh_from_db()
    assert queries() == with_one <= 24


def test_a_long_series_goes_on_behind_thirty_entries(
    as_member: Client, calendar: BookingCalendar
) -> None:
    meeting = make_meeting(calendar)
    MeetingEvent.objects.bulk_create(
        MeetingEvent(meeting=meeting, kind="rescheduled", at=timezone.now() - timedelta(days=n))
        for n in range(1, 40)
    )
    page = pane(as_member, contact_of(meeting), "?activity=meetings")
    assert page.content.decode().count('class="dot') == 30
    whole = pane(as_member, contact_of(meeting), "?activity=meetings&history=all")
    assert whole.content.decode().count('class="dot') == 40


def test_the_section_of_upcoming_meetings_says_their_state(
    as_member: Client, calendar: BookingCalendar
) -> None:
    meeting = make_meeting(calendar)
    reschedule(meeting_id=meeting.pk, starts_at=soon(hour=15), doer=GUEST)
    text = text_of(pane(as_member, contact_of(meeting)))
    upcoming = text.partition("Upcoming meetings")[2].partition("Activity")[0]
    assert at(hour=15) in upcoming and "Rescheduled" in upcoming
