"""What the tests of reminders share: a calendar, a meeting tomorrow, a mail server."""

import pytest

from activities.models import BookingCalendar, Meeting
from contacts.models import User
from tests.activities.bookings import make_calendar, make_meeting
from tests.activities.reminders.smtp_double import smtp

__all__ = ["smtp"]


@pytest.fixture
def calendar(member: User) -> BookingCalendar:
    return make_calendar(member)


@pytest.fixture
def meeting(calendar: BookingCalendar) -> Meeting:
    return make_meeting(calendar)
