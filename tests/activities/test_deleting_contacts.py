"""Delete says which activities stay, and they do: the counts of the pop-up are those afterwards."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from activities.models import BookingCalendar, Meeting
from activities.services import cancel
from contacts.models import Contact, User
from tests.activities.bookings import HOST, make_calendar, make_meeting, past_meeting, soon
from tests.activities.test_meetings import contact_of
from tests.contacts.pages import HTMX, text_of, url_of
from tests.factories import make_contact


@pytest.fixture
def calendar(member: User) -> BookingCalendar:
    return make_calendar(member)


@pytest.fixture
def ada(calendar: BookingCalendar) -> Contact:
    """Three meetings over, two to come, one of them canceled."""
    for hours in (3, 5, 7):
        past_meeting(calendar, hours=hours)
    cancel(meeting_id=make_meeting(calendar, soon(4)).pk, doer=HOST)
    return contact_of(make_meeting(calendar))


def bulk(client: Client, *contacts: Contact, **more: str) -> Any:
    ids = [contact.public_id for contact in contacts]
    return client.post("/contacts/bulk/", {"action": "delete", "ids": ids, **more})


def left() -> tuple[int, int]:
    """Meetings without a contact: those that are over, and those that are not."""
    rows, now = Meeting.objects.filter(contact=None), timezone.now()
    return rows.filter(ends_at__lte=now).count(), rows.filter(ends_at__gt=now).count()


def test_the_pop_up_counts_what_stays_and_the_delete_leaves_that(
    as_member: Client, ada: Contact
) -> None:
    asked = text_of(as_member.get(url_of("contact_delete", ada), headers=HTMX))
    assert "5 activities" in asked
    assert "3 past and 2 upcoming meetings stay in your account for reporting." in asked
    assert "Of those upcoming, 1 was canceled." in asked
    assert "Can no longer be opened from this contact's activities." in asked
    as_member.post(url_of("contact_delete", ada), headers=HTMX)
    assert left() == (3, 2) and not Contact.objects.filter(pk=ada.pk).exists()


def test_the_toast_says_that_they_were_kept(as_member: Client, ada: Contact) -> None:
    page = as_member.post(url_of("contact_delete", ada), follow=True)
    assert "Ada Lovelace deleted. Activities kept" in text_of(page)


def test_one_is_told_as_one(as_member: Client, calendar: BookingCalendar) -> None:
    contact = contact_of(make_meeting(calendar))
    asked = text_of(as_member.get(url_of("contact_delete", contact), headers=HTMX))
    assert "1 activity" in asked and "1 upcoming meeting stays in your account" in asked


def test_of_a_contact_without_activities_nothing_is_said(as_member: Client, member: User) -> None:
    contact = make_contact(member, first_name="Cy")
    asked = text_of(as_member.get(url_of("contact_delete", contact), headers=HTMX))
    assert "activit" not in asked
    page = as_member.post(url_of("contact_delete", contact), follow=True)
    assert "Cy deleted" in text_of(page) and "Activities kept" not in text_of(page)


def test_several_are_summed_up(
    as_member: Client, ada: Contact, calendar: BookingCalendar, member: User
) -> None:
    other = contact_of(make_meeting(calendar, soon(9), name="Bo", email="bo@example.com"))
    asked = text_of(bulk(as_member, ada, other, make_contact(member)))
    assert "6 activities" in asked and "3 past and 3 upcoming meetings stay" in asked
    bulk(as_member, ada, other, confirmed="1", expected="2")
    assert left() == (3, 3)


def test_of_very_many_it_is_told_without_numbers(
    as_member: Client, ada: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("contacts.views.bulk.SUMMED_UP_TO", 0)
    assert "Past and upcoming meetings and form submissions stay" in text_of(bulk(as_member, ada))
