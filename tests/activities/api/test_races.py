"""Several clients at once: one time is one booking, one request is one answer."""

from functools import partial

import pytest
from django.db import connection

from activities.models import Meeting
from contacts.models import Contact, User
from contacts.objects import moment
from tests.activities.bookings import make_calendar, soon
from tests.contacts.api.client import Api, problem
from tests.contacts.racing import at_once

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="races need PostgreSQL"),
    pytest.mark.django_db(transaction=True),
]


def test_a_time_that_twenty_ask_for_is_given_once(owner: User) -> None:
    api, calendar = Api(owner), make_calendar(owner)
    path = f"booking-calendars/{calendar.public_id}/schedule"
    bodies = [
        {
            "start_time": moment(soon()),
            "guest_time_zone": "UTC",
            "booking_form": {"name": "Ada", "email": f"p{number}@example.com"},
        }
        for number in range(20)
    ]
    answers = at_once(*[partial(api.post, path, body) for body in bodies])
    booked = [answer for answer in answers if answer.status_code == 200]
    assert [answer.json()["id"] for answer in booked] == [Meeting.objects.get().public_id]
    refused = {problem(answer)[:2] for answer in answers if answer.status_code != 200}
    assert refused == {(400, "The selected start time is not available.")}
    assert Contact.objects.count() == 1


def test_the_same_request_twenty_times_at_once_is_one_booking(owner: User) -> None:
    api, calendar = Api(owner), make_calendar(owner)
    body = {
        "start_time": moment(soon()),
        "guest_time_zone": "UTC",
        "booking_form": {"name": "Ada", "email": "ada@example.com"},
    }
    path = f"booking-calendars/{calendar.public_id}/schedule"
    answers = at_once(*[partial(api.post, path, body, idempotency_key="k")] * 20)
    assert {answer.content for answer in answers} == {
        b'{"id":"%s"}' % Meeting.objects.get().public_id.encode()
    }
