"""The account that the API is asked about, and a calendar to book."""

import pytest

from activities.models import BookingCalendar
from contacts.models import User
from tests.activities.bookings import make_calendar
from tests.contacts.api.conftest import api, owner

__all__ = ["api", "owner"]  # fixtures


@pytest.fixture
def calendar(owner: User) -> BookingCalendar:
    return make_calendar(owner)
