"""Hosts who are busy elsewhere are not offered, and no booking page waits for a calendar."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from activities.availability import free_times
from activities.models import BookingCalendar
from activities.services import reschedule
from activities.slots import NotAvailable
from contacts.erasing import erase_contact
from contacts.models import User
from integrations.calendars import busy, forgetting
from integrations.calendars.connecting import disconnect
from integrations.connectors.calendars import NewEvent
from integrations.models import BusyTime, BusyView, Connection, ExternalRecord
from tests.activities.bookings import HOST, make_calendar, make_meeting, soon
from tests.factories import by
from tests.integrations.calendars import Calendar, sent, served

pytestmark = pytest.mark.django_db
HALF = timedelta(minutes=30)


@pytest.fixture(params=["google_calendar", "microsoft_graph"])
def kept(request: pytest.FixtureRequest, settings: Any) -> Iterator[Calendar]:
    yield from served(request.param, settings)


@pytest.fixture
def connection(kept: Calendar, member: User) -> Connection:
    return kept.connect(member)


@pytest.fixture
def calendar(connection: Connection, member: User) -> BookingCalendar:
    return make_calendar(member)


def appointment(connection: Connection, start: datetime, key: str = "x") -> None:
    """Something of the host's own, made in their calendar."""
    from integrations.calendars.vendors import connector_of

    connector_of(connection).create(NewEvent(key, "Dentist", start, start + HALF, ()))


def read(connection: Connection) -> bool:
    BusyView.objects.update(next_at=timezone.now())
    return busy.read(connection.pk)


def free(calendar: BookingCalendar, at: datetime) -> Any:
    return free_times(calendar.rules, calendar.host_id, at, at + timedelta(hours=2))


def test_a_time_at_which_the_host_is_busy_elsewhere_is_not_offered(
    connection: Connection, calendar: BookingCalendar
) -> None:
    appointment(connection, soon(3, 11))
    assert read(connection)
    assert free(calendar, soon(3, 10)).starts == [soon(3, 10), soon(3, 10, 30), soon(3, 11, 30)]
    with pytest.raises(NotAvailable):
        make_meeting(calendar, soon(3, 11))


def test_the_hosts_own_meeting_does_not_keep_it_from_being_moved_a_little(
    connection: Connection, calendar: BookingCalendar
) -> None:
    read(connection)
    meeting = make_meeting(calendar, soon(3, 10))
    sent()
    read(connection)
    assert not BusyTime.objects.exists()
    reschedule(meeting_id=meeting.pk, starts_at=soon(3, 10, 30), doer=HOST)


def test_before_a_calendar_was_read_nothing_of_its_host_is_offered(
    client: Client, calendar: BookingCalendar
) -> None:
    BusyView.objects.update(read_at=None)
    assert not free(calendar, soon()).known
    assert client.get(f"/book/{calendar.slug}/").status_code == 200


def test_a_booking_page_makes_no_call(
    client: Client, kept: Calendar, connection: Connection, calendar: BookingCalendar
) -> None:
    read(connection)
    asked = len(kept.double.requests)
    kept.transport.away = True
    assert client.get(f"/book/{calendar.slug}/").status_code == 200
    assert len(kept.double.requests) == asked


@pytest.mark.parametrize(("minutes", "known"), [(29, True), (31, False)])
def test_what_was_read_holds_for_half_an_hour(
    connection: Connection, calendar: BookingCalendar, minutes: int, known: bool
) -> None:
    read(connection)
    BusyView.objects.update(read_at=timezone.now() - timedelta(minutes=minutes))
    assert free(calendar, soon()).known is known


@pytest.mark.parametrize("fault", ["500", "429 after 7", "malformed", "lost"])
def test_trouble_leaves_what_is_known_and_is_tried_later(
    kept: Calendar, connection: Connection, calendar: BookingCalendar, fault: str
) -> None:
    appointment(connection, soon(3, 11))
    read(connection)
    kept.double.faults = [fault]
    assert not read(connection)
    assert BusyTime.objects.count() == 1 and free(calendar, soon()).known
    assert BusyView.objects.get().next_at > timezone.now() + timedelta(minutes=4)


def test_a_revoked_sign_in_is_noticed(kept: Calendar, connection: Connection) -> None:
    kept.double.sign_in.revoke(kept.account)
    assert not read(connection)
    connection.refresh_from_db()
    assert connection.state == "needs_reconnect" and busy.due() == []


def test_one_worker_reads_at_a_time(kept: Calendar, connection: Connection) -> None:
    BusyView.objects.update(next_at=timezone.now())
    assert busy.due() == [connection.pk]
    assert busy.read(connection.pk) and not busy.read(connection.pk)
    assert busy.due() == []


def test_a_disconnected_calendar_keeps_no_time_from_being_booked(
    connection: Connection, calendar: BookingCalendar
) -> None:
    appointment(connection, soon(3, 11))
    read(connection)
    disconnect(connection, user=calendar.host)
    assert not BusyTime.objects.exists() and soon(3, 11) in free(calendar, soon(3, 10)).starts


def test_it_is_read_as_far_ahead_as_times_are_offered(
    connection: Connection, calendar: BookingCalendar
) -> None:
    BookingCalendar.objects.update(horizon_days=200)
    read(connection)
    through = BusyView.objects.get().through
    assert through and through > timezone.now() + timedelta(days=201)


def test_times_that_touch_are_one(connection: Connection) -> None:
    start = datetime(2031, 1, 1, tzinfo=UTC)
    spans = [busy.Span(start + n * HALF, start + (n + 1) * HALF) for n in (3, 1, 0)]
    assert busy.merged(spans) == [(start, start + 2 * HALF), (start + 3 * HALF, start + 4 * HALF)]


def test_addresses_beside_events_go_when_the_meeting_is_over(
    connection: Connection, calendar: BookingCalendar
) -> None:
    read(connection)
    make_meeting(calendar)
    sent()
    assert ExternalRecord.objects.get().guests == ["ada@example.com"]
    assert forgetting.forget_past() == 0
    assert forgetting.forget_past(timezone.now() + timedelta(days=9)) == 1
    assert ExternalRecord.objects.get().guests == []


def test_erasing_a_person_takes_their_address_from_beside_the_event(
    connection: Connection, calendar: BookingCalendar, admin_user: User
) -> None:
    meeting = make_meeting(calendar)
    sent()
    erase_contact(public_id=meeting.contact_public_id, actor=by(admin_user))
    assert ExternalRecord.objects.get().guests == []
