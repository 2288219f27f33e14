"""Twilio's double in the place of the network."""

from collections.abc import Iterator
from typing import Any

import pytest

from activities.models import BookingCalendar, Meeting
from contacts.models import User
from integrations import http
from integrations.registered import register_sms
from integrations.sandbox.twilio import TwilioDouble
from tests.activities.bookings import make_calendar, make_meeting
from tests.integrations.contract import CheckedTwilio

NUMBER, MOBILE = "+15005550006", "+12025550101"


def account_of(double: TwilioDouble) -> dict[str, str]:
    return {
        "account_sid": double.account_sid,
        "auth_token": double.auth_token,
        "number": NUMBER,
        "service_sid": "",
        "api": "https://api.twilio.example",
    }


@pytest.fixture
def network(settings: Any) -> Iterator[CheckedTwilio]:
    """Text messages are set up, and go to the double."""
    double = TwilioDouble()
    settings.TWILIO = account_of(double)
    http.transport = CheckedTwilio(double)
    register_sms(settings.TWILIO)
    yield http.transport
    http.transport = None
    register_sms(None)


@pytest.fixture
def twilio(network: CheckedTwilio) -> TwilioDouble:
    return network.double


@pytest.fixture
def calendar(member: User) -> BookingCalendar:
    return make_calendar(member, offer_sms=True)


@pytest.fixture
def meeting(calendar: BookingCalendar) -> Meeting:
    """A meeting whose guest agreed to text messages."""
    return make_meeting(calendar, mobile_phone=MOBILE, sms_consent=True)
