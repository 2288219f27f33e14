"""Meetings as activities of the contact's record."""

import pytest

from activities.models import BookingCalendar, Meeting
from activities.services import cancel, reschedule
from contacts.models import Contact
from integrations.crm import accounts
from integrations.models import Connection, Delivery
from tests.activities.bookings import HOST, make_calendar, make_meeting, soon
from tests.integrations.crm.world import Crm, later, sent, states, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def calendar(connection: Connection, admin_user: object, member: object) -> BookingCalendar:
    return make_calendar(member)  # type: ignore[arg-type]


def logged(crm: Crm) -> dict[str, str]:
    """The one activity there is."""
    (row,) = crm.double.meetings.values()
    return dict(row["properties"])


def test_a_booking_makes_the_contact_and_logs_the_meeting_at_it(
    crm: Crm, calendar: BookingCalendar
) -> None:
    meeting = make_meeting(calendar)
    assert sent() == ["delivered"] * 2
    (contact,), activity = crm.ids, logged(crm)
    assert crm.values(contact)["email"] == "ada@example.com"
    assert activity["hs_meeting_outcome"] == "SCHEDULED" and meeting.subject in activity["hs_meeting_title"]  # fmt: skip
    assert crm.double.logged == [(contact, next(iter(crm.double.meetings)))]
    assert "note" not in activity["hs_meeting_body"].lower()


def test_the_activity_follows_the_meeting(crm: Crm, calendar: BookingCalendar) -> None:
    meeting = make_meeting(calendar)
    reschedule(meeting_id=meeting.pk, starts_at=soon(5), doer=HOST)
    sent()
    assert logged(crm)["hs_meeting_outcome"] == "RESCHEDULED"
    assert logged(crm)["hs_meeting_start_time"].startswith(f"{soon(5):%Y-%m-%dT%H:%M:%S}")
    cancel(meeting_id=meeting.pk, doer=HOST)
    sent()
    assert logged(crm)["hs_meeting_outcome"] == "CANCELED" and len(crm.double.meetings) == 1


def test_nothing_is_written_where_the_activity_is_up_to_date(
    crm: Crm, calendar: BookingCalendar
) -> None:
    make_meeting(calendar)
    sent()
    crm.double.requests.clear()
    Delivery.objects.filter(kind="booking.scheduled").update(state="pending", next_at="2020-01-01T00:00Z")  # fmt: skip
    assert sent() == ["delivered"] * 2
    assert [told.split()[0] for told in crm.asked()] == ["GET"]


def test_a_meeting_whose_answer_was_lost_is_logged_once(
    crm: Crm, calendar: BookingCalendar
) -> None:
    make_meeting(calendar)
    crm.double.faults = ["", "", "", "lost"]
    assert sent() == ["delivered", "unknown"] and len(crm.double.meetings) == 1
    later()
    assert sent() == ["delivered"] * 2 and len(crm.double.meetings) == 1


def test_an_activity_that_was_deleted_there_is_not_made_again(
    crm: Crm, calendar: BookingCalendar
) -> None:
    meeting = make_meeting(calendar)
    sent()
    crm.double.meetings.clear()
    cancel(meeting_id=meeting.pk, doer=HOST)
    assert sent()[-1] == "skipped" and "deleted in HubSpot" in words()


def test_meetings_are_not_logged_where_nobody_wants_them(
    crm: Crm, connection: Connection, calendar: BookingCalendar
) -> None:
    account = accounts.of(connection)
    account.log_meetings = False
    account.save()
    make_meeting(calendar)
    assert sent() == ["delivered"] and not crm.double.meetings


def test_a_meeting_waits_for_nobody_who_is_in_conflict(
    crm: Crm, connection: Connection, calendar: BookingCalendar, ada: Contact
) -> None:
    sent()
    (own,) = crm.ids
    crm.double.contacts[own]["properties"]["hs_additional_emails"] = "eve@example.com"
    make_meeting(calendar, email="eve@example.com", name="Eve")
    assert states()[-2:] == ["pending"] * 2
    assert sent()[-2:] == ["conflict", "conflict"] and not crm.double.meetings
    assert Meeting.objects.count() == 1
