"""Meetings that Cal.com and Calendly have booked: their events are theirs, and none is made beside."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from activities.models import Meeting, SchedulerConnection
from activities.services import reassign
from contacts.models import User
from contacts.services import update_contact
from integrations.models import Delivery
from tests.activities.bookings import HOST, soon
from tests.activities.inbound.webhooks import calcom, calendly, make_connection, take
from tests.factories import by, make_user
from tests.integrations.calendars import Calendar, sent, served

pytestmark = pytest.mark.django_db
SCHEDULERS = [("calcom", "Cal.com", calcom), ("calendly", "Calendly", calendly)]
Hook = Callable[..., dict[str, Any]]


@pytest.fixture(params=["google_calendar", "microsoft_graph"])
def kept(request: pytest.FixtureRequest, settings: Any) -> Iterator[Calendar]:
    yield from served(request.param, settings)


@pytest.fixture(params=SCHEDULERS, ids=["calcom", "calendly"])
def booked(request: pytest.FixtureRequest, kept: Calendar, member: User) -> tuple[str, Meeting]:
    """Booked there, with a host who keeps the calendar here."""
    kind, label, hook = request.param
    kept.connect(member)
    take(make_connection(member, kind), hook())
    return label, Meeting.objects.get()


def test_no_second_event_is_made(kept: Calendar, booked: tuple[str, Meeting]) -> None:
    assert sent() == [] and kept.events == []


def test_moving_it_there_makes_none_either(kept: Calendar, member: User) -> None:
    kept.connect(member)
    connection: SchedulerConnection = make_connection(member)
    take(connection, calcom())
    moved = calcom("BOOKING_RESCHEDULED", "uid-2", soon(5), rescheduleUid="uid-1")
    take(connection, moved, calcom("BOOKING_CANCELLED", "uid-2"))
    assert sent() == [] and kept.events == []


def test_giving_it_to_another_host_makes_none(kept: Calendar, booked: tuple[str, Meeting]) -> None:
    other = make_user()
    kept.connect(other)
    reassign(meeting_id=booked[1].pk, host=other, doer=HOST)
    assert sent() == [] and kept.events == []


def test_an_edit_says_that_its_event_keeps_the_old_address(
    kept: Calendar, booked: tuple[str, Meeting]
) -> None:
    label, meeting = booked
    signing_in = len(kept.double.requests)
    values = {"email": "ada@new.example"}
    update_contact(contact_id=meeting.contact_id or 0, actor=by(), values=values)
    row = Delivery.objects.get()
    assert (row.state, row.sent_to) == ("skipped", label)
    assert sent() == ["skipped"] and len(kept.double.requests) == signing_in
