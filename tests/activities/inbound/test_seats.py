"""Bookings of Cal.com with several seats: everybody in one is a guest of a meeting of their own."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from activities.models import BookedSlot, ExternalBooking, Meeting, SchedulerConnection
from activities.services import cancel
from activities.signals import Doer
from contacts.models import Contact, User
from tests.activities.bookings import soon
from tests.activities.inbound.test_webhooks import outcomes
from tests.activities.inbound.webhooks import calcom, make_connection, take

MOVED, CANCELED, NEW_SEAT = "BOOKING_RESCHEDULED", "BOOKING_CANCELLED", "BOOKING_CREATED"


@pytest.fixture
def connection(admin_user: User) -> SchedulerConnection:
    return make_connection(admin_user)


def seats(*names: str, event: str = NEW_SEAT, uid: str = "class", **payload: Any) -> Any:
    """A webhook about the seats of these people; the first has filled in the form."""
    people = [{"name": n.title(), "email": f"{n}@example.com", "timeZone": "UTC"} for n in names]
    responses = {
        "email": {"label": "email_address", "value": f"{names[0]}@example.com"},
        "topic": {"label": "What about?", "value": f"{names[0]}'s"},
    }
    given = {"attendees": people, "responses": responses, "seatsPerTimeSlot": 5, **payload}
    return calcom(event, uid, **given)


def told() -> dict[str, tuple[str, Any]]:
    return {m.guest_name: (m.status, m.starts_at) for m in Meeting.objects.order_by("pk")}


def test_each_new_seat_is_a_meeting_with_a_contact_of_its_own(
    connection: SchedulerConnection,
) -> None:
    take(connection, seats("ada"), seats("bob", attendeeSeatId="s-2"))
    ada, bob = Meeting.objects.order_by("pk")
    assert [m.contact and m.contact.email for m in (ada, bob)] == ["ada@example.com", "bob@example.com"]  # fmt: skip
    assert ada.starts_at == bob.starts_at
    assert [m.answers[0]["value"] for m in (ada, bob)] == ["ada's", "bob's"]


def test_a_hook_that_names_everybody_makes_who_is_missing_and_keeps_answers_with_their_author(
    connection: SchedulerConnection,
) -> None:
    take(connection, seats("ada"), seats("bob", "ada", "cleo"))
    assert list(told()) == ["Ada", "Bob", "Cleo"]
    assert [len(m.answers) for m in Meeting.objects.order_by("pk")] == [1, 1, 0]
    assert Contact.objects.count() == 3


def test_a_seat_given_up_leaves_the_others_and_their_time_stays_closed(
    connection: SchedulerConnection,
) -> None:
    take(connection, seats("ada"), seats("bob"), seats("ada", event=CANCELED))
    assert [status for status, _ in told().values()] == ["canceled", "scheduled"]
    bob = Meeting.objects.get(guest_name="Bob")
    assert BookedSlot.objects.filter(meeting=bob).count() == BookedSlot.objects.count() == 6


def test_the_time_opens_when_the_last_seat_is_given_up_here(
    connection: SchedulerConnection, admin_user: User
) -> None:
    take(connection, seats("ada", "bob"))
    for meeting in Meeting.objects.all():
        cancel(meeting_id=meeting.pk, doer=Doer(Meeting.By.USER, admin_user))
    assert not BookedSlot.objects.exists()


def test_the_host_calls_everybody_off_and_moves_everybody(connection: SchedulerConnection) -> None:
    later = soon() + timedelta(days=1)
    take(connection, seats("ada", "bob"))
    moved = seats("ada", "bob", event=MOVED, start=later, rescheduleUid="class",
                  sent=timezone.now() + timedelta(minutes=1))  # fmt: skip
    take(connection, moved)
    assert set(told().values()) == {("rescheduled", later)}
    take(connection, seats("ada", "bob", event=CANCELED, cancelledBy="HOST@kith.test"))
    assert {status for status, _ in told().values()} == {"canceled"}


def test_one_moves_to_another_class_where_others_sit(connection: SchedulerConnection) -> None:
    later = soon() + timedelta(days=1)
    take(connection, seats("ada", "bob"), seats("cleo", "bob", uid="other", start=later))
    before = Meeting.objects.count()
    moved = seats("ada", "cleo", "bob", event=MOVED, uid="other", start=later,
                  rescheduleUid="class", attendeeSeatId="s-1")  # fmt: skip
    take(connection, moved)
    assert Meeting.objects.count() == before
    ada, bob, *_ = Meeting.objects.order_by("pk")
    assert (ada.status, ada.starts_at) == ("rescheduled", later)
    assert (bob.status, bob.starts_at) == ("scheduled", soon())


def test_a_seat_given_up_before_it_is_told_of_is_no_meeting_to_come(
    connection: SchedulerConnection,
) -> None:
    take(connection, seats("ada", event=CANCELED), seats("ada", "bob"))
    assert {name: status for name, (status, _) in told().items()} == {
        "Ada": "canceled",
        "Bob": "scheduled",
    }
    assert outcomes() == ["early", "canceled"]


def test_told_again_it_changes_nothing_and_the_book_names_nobody(
    connection: SchedulerConnection,
) -> None:
    take(connection, seats("ada", "bob"), seats("ada", "bob", sent=timezone.now() + timedelta(1 / 1440)))  # fmt: skip
    assert Meeting.objects.count() == 2 and outcomes() == ["booked", "nothing"]
    book = str(list(ExternalBooking.objects.values()))
    assert "@" not in book and "ada" not in book


def test_who_books_by_phone_alone_has_no_address_made_up_by_calcom(
    connection: SchedulerConnection,
) -> None:
    guest = {"name": "Ada", "email": "447400123456@sms.cal.com", "phoneNumber": "+447400123456"}
    take(connection, calcom(attendees=[guest]))
    contact = Contact.objects.get()
    assert (contact.email, contact.mobile_phone) == ("", "+447400123456")


@pytest.mark.parametrize("attendees", [[], None, "ada", [None, 7], [{"email": 5}]])
def test_seats_without_anybody_are_no_error(
    connection: SchedulerConnection, attendees: Any
) -> None:
    take(connection, calcom(seatsPerTimeSlot=3, attendees=attendees))
    assert Meeting.objects.count() == 1
