"""Meetings that were booked before their host's calendar was connected."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from activities.models import Meeting
from activities.services import cancel
from contacts.models import User
from integrations.calendars import missing
from integrations.calendars.connecting import disconnect, keep_elsewhere
from integrations.models import Connection, Delivery
from tests.activities.bookings import HOST, make_calendar, make_meeting, soon
from tests.contacts.pages import text_of
from tests.integrations.calendars import Calendar, sent, served

pytestmark = pytest.mark.django_db
PAGE = "/integrations/"


@pytest.fixture(params=["google_calendar", "microsoft_graph"])
def kept(request: pytest.FixtureRequest, settings: Any) -> Iterator[Calendar]:
    yield from served(request.param, settings)


@pytest.fixture
def earlier(member: User) -> Meeting:
    """Booked when no calendar was connected."""
    return make_meeting(make_calendar(member))


def fill(client: Client, kept: Calendar) -> str:
    return text_of(client.post(f"/integrations/calendars/{kept.vendor}/fill/", follow=True))


def test_connecting_offers_them_and_makes_nothing_by_itself(
    as_member: Client, member: User, kept: Calendar, earlier: Meeting
) -> None:
    kept.connect(member)
    told = text_of(as_member.get(PAGE))
    assert "1 upcoming meeting is not in this calendar" in told and "Add them" in told
    assert sent() == [] and kept.events == []


def test_one_press_puts_them_in_and_the_meetings_know_it(
    as_member: Client, member: User, kept: Calendar, earlier: Meeting
) -> None:
    kept.connect(member)
    assert "1 event is being made" in fill(as_member, kept)
    assert sent() == ["delivered"] and kept.guests() == ["ada@example.com"]
    earlier.refresh_from_db()
    assert earlier.external_event_id == kept.events[0]["id"]
    assert "Add them" not in text_of(as_member.get(PAGE))


def test_however_often_it_is_pressed_each_meeting_has_one_event(
    as_member: Client, member: User, kept: Calendar, earlier: Meeting
) -> None:
    connection = kept.connect(member)
    fill(as_member, kept)
    assert "Every upcoming meeting is in this calendar" in fill(as_member, kept)
    sent()
    fill(as_member, kept)
    assert missing.put_in(connection, user=member) == 0
    assert sent() == ["delivered"] and len(kept.events) == 1


def test_what_came_of_a_lost_answer_is_not_made_again(
    as_member: Client, member: User, kept: Calendar, earlier: Meeting
) -> None:
    kept.connect(member)
    fill(as_member, kept)
    sent()
    made = kept.events[0]["id"]
    Meeting.objects.update(external_event_id="")
    Delivery.objects.all().delete()
    assert "Every upcoming meeting" in fill(as_member, kept)
    assert [event["id"] for event in kept.events] == [made]


def test_canceled_past_and_other_peoples_meetings_are_not_offered(
    as_member: Client, member: User, stranger: User, kept: Calendar, earlier: Meeting
) -> None:
    cancel(meeting_id=earlier.pk, doer=HOST)
    make_meeting(make_calendar(stranger))
    kept.connect(member)
    assert "not in this calendar" not in text_of(as_member.get(PAGE))


def test_what_another_scheduler_booked_has_its_event_from_there(
    member: User, kept: Calendar, earlier: Meeting
) -> None:
    Meeting.objects.update(source=Meeting.Source.SCHEDULER)
    assert missing.offered(kept.connect(member)) == 0


def test_meetings_kept_in_another_calendar_stay_there(member: User, kept: Calendar) -> None:
    keep_elsewhere(user=member, calendar_type="icloud", name="iCloud")
    make_meeting(make_calendar(member))
    assert missing.offered(kept.connect(member)) == 0


def test_what_was_booked_while_it_was_disconnected_is_offered_too(
    as_member: Client, member: User, kept: Calendar
) -> None:
    connection = kept.connect(member)
    calendar = make_calendar(member)
    make_meeting(calendar)
    sent()
    disconnect(connection, user=member)
    make_meeting(calendar, soon(4))
    kept.connect(member)
    assert missing.offered(Connection.objects.get()) == 1
    fill(as_member, kept)
    sent()
    assert len(kept.events) == 2


def test_a_calendar_of_nobodys_is_404(as_member: Client, kept: Calendar) -> None:
    assert as_member.post(f"/integrations/calendars/{kept.vendor}/fill/").status_code == 404
    assert as_member.post("/integrations/calendars/other_calendar/fill/").status_code == 404
