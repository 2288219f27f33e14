"""Hosts are told of their meetings by mail, where their calendar says so."""

from typing import Any

import pytest
from django.core import mail
from django.urls import reverse

from activities.models import BookingCalendar, Meeting
from activities.services import cancel, reschedule
from activities.signals import Doer
from contacts.models import OutgoingMail, User
from contacts.people import letters
from tests.activities.bookings import make_calendar, make_meeting, soon

pytestmark = pytest.mark.django_db
GUEST = Doer(Meeting.By.CUSTOMER)


@pytest.fixture
def calendar(member: User) -> BookingCalendar:
    return make_calendar(member, tell_host=True)


def sent() -> list[Any]:
    """Have every waiting mail sent; all that hosts have had."""
    for pk in letters.due():
        letters.deliver(pk)
    return [each for each in mail.outbox if each.to == ["member@kith.test"]]


def test_the_host_is_told_of_booking_moving_and_canceling(calendar: BookingCalendar) -> None:
    meeting = make_meeting(calendar, note="About the VAT.\nPlease call.")
    told = sent()
    assert "Booked: Tax review with Ada Lovelace" in told[0].subject
    assert reverse("meeting_detail", args=[meeting.public_id]) in told[0].body
    assert "About the VAT." in told[0].body
    reschedule(meeting_id=meeting.pk, starts_at=soon(5), doer=GUEST)
    assert f"{soon(5):%H:%M}" in sent()[1].subject and "New time" in sent()[1].subject
    cancel(meeting_id=meeting.pk, doer=GUEST, reason="I am ill")
    assert "Canceled" in sent()[2].subject and "Reason: I am ill" in sent()[2].body
    assert len(sent()) == 3


def test_nobody_is_told_of_what_they_did_or_does_not_want(
    calendar: BookingCalendar, member: User
) -> None:
    quiet = make_meeting(make_calendar(member), soon(4))
    cancel(meeting_id=quiet.pk, doer=GUEST)
    own = make_meeting(calendar)
    assert len(sent()) == 1
    cancel(meeting_id=own.pk, doer=Doer(Meeting.By.USER, member))
    assert len(sent()) == 1


def test_what_is_no_longer_so_is_not_told(calendar: BookingCalendar) -> None:
    meeting = make_meeting(calendar)
    cancel(meeting_id=meeting.pk, doer=GUEST)
    assert ["Canceled" in each.subject for each in sent()] == [True]
    assert OutgoingMail.objects.filter(state="dropped", kind="booked").count() == 1


def test_a_name_cannot_add_a_header(calendar: BookingCalendar) -> None:
    make_meeting(calendar, name="Eve\r\nBcc: all@example.com")
    (told,) = sent()
    assert "\n" not in told.subject and told.message()["Bcc"] is None
