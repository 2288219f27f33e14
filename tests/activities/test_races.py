"""Guests and hosts at the same moment, each with a connection of their own.

Never two meetings in one slot, never two contacts with one address, never an unhandled error.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from django.urls import reverse

from activities import guest_links
from activities.capture import Guest
from activities.models import BookedSlot, BookingCalendar, Meeting
from activities.services import (
    MeetingGone,
    WrongState,
    book,
    cancel,
    keep_up,
    reassign,
    reschedule,
)
from activities.slots import SlotTaken
from contacts.merging.merge import MergeChanged, MergePlan, merge_contacts, plan_merge
from contacts.models import Contact, Identifier, PossibleDuplicate, User
from contacts.services import ContactGone
from tests.activities.bookings import (
    HOST,
    details_url,
    filled_in,
    make_calendar,
    make_meeting,
    past_meeting,
    soon,
)
from tests.contacts import racing
from tests.contacts.racing import at_once, of_type
from tests.contacts.test_races import deleting, posting
from tests.factories import by, make_contact, make_user, typed

pytestmark = pytest.mark.django_db(transaction=True)
#: SQLite writes one transaction after the other; a few rounds show that they wait for each other.
ROUNDS = racing.ROUNDS if connection.vendor == "postgresql" else range(5)


@pytest.fixture
def host() -> User:
    return make_user()


@pytest.fixture
def calendar(host: User) -> BookingCalendar:
    return make_calendar(host)


@pytest.fixture(autouse=True)
def _close_threads_connections() -> Iterator[None]:
    yield
    connections.close_all()


def booking(calendar: BookingCalendar, n: int, *, nonce: str = "", **details: Any) -> Callable[[], Meeting]:  # fmt: skip
    """A booking of the n-th half hour."""
    start = soon(days=3 + n // 48, hour=n % 48 // 2, minute=30 * (n % 2))
    return lambda: book(calendar=calendar, starts_at=start, guest=Guest(**details), nonce=nonce)


def cancelling(meeting: Meeting) -> Callable[[], Meeting]:
    return lambda: cancel(meeting_id=meeting.pk, doer=HOST)


def moving(meeting: Meeting, start: datetime) -> Callable[[], Meeting]:
    return lambda: reschedule(meeting_id=meeting.pk, starts_at=start, doer=HOST)


def giving(meeting: Meeting, host: User) -> Callable[[], Meeting]:
    return lambda: reassign(meeting_id=meeting.pk, host=host, doer=HOST)


def merging(plan: MergePlan, values: dict[str, Any]) -> Callable[[], Contact]:
    return lambda: merge_contacts(plan=plan, values=values, actor=by())


def contact_of(meeting: Meeting) -> Contact:
    return Contact.objects.get(pk=meeting.contact_id or 0)


def test_two_guests_want_one_slot_and_one_gets_it(calendar: BookingCalendar) -> None:
    for n in ROUNDS:
        results = at_once(
            *(booking(calendar, n, name="A", email=f"g{n}{who}@example.com") for who in "ab")
        )
        assert (of_type(results, Meeting), of_type(results, SlotTaken)) == (1, 1), results
    assert Meeting.objects.count() == Contact.objects.count() == len(ROUNDS)
    assert BookedSlot.objects.count() == 6 * len(ROUNDS)


def test_two_calendars_of_one_host_never_overlap(calendar: BookingCalendar, host: User) -> None:
    longer = make_calendar(host, duration_minutes=60, every_minutes=60)
    for n in ROUNDS:
        results = at_once(
            booking(calendar, 2 * n + 1, email=f"a{n}@example.com"),
            booking(longer, 2 * n, email=f"b{n}@example.com"),
        )
        assert (of_type(results, Meeting), of_type(results, SlotTaken)) == (1, 1), results


def test_a_new_address_booked_twice_at_once_makes_one_contact(calendar: BookingCalendar) -> None:
    for n in ROUNDS:
        spellings = (f"Jos\u00e9{n}@Example.com", f"JOSE\u0301{n}@example.COM")
        results = at_once(*(booking(calendar, 2 * n + k, email=s) for k, s in enumerate(spellings)))
        assert of_type(results, Meeting) == 2, results
        assert len({meeting.contact_id for meeting in results}) == 1
        contact = results[0].contact
        contact.refresh_from_db()
        assert contact.upcoming_meetings == 2
    assert Contact.objects.count() == Identifier.objects.count() == len(ROUNDS)


def test_one_new_phone_named_by_two_new_addresses_stays_with_one(calendar: BookingCalendar) -> None:
    for n in ROUNDS:
        phone = f"+1202555{n:04}"
        results = at_once(
            *(booking(calendar, 2 * n + k, email=f"{k}-{n}@example.com", mobile_phone=phone) for k in (0, 1))
        )  # fmt: skip
        assert of_type(results, Meeting) == 2, results
        assert Identifier.objects.filter(kind="mobile_phone", key=phone).count() == 1
    assert Contact.objects.count() == 2 * len(ROUNDS)
    assert PossibleDuplicate.objects.count() == len(ROUNDS)


def test_the_same_form_sent_twice_at_once_is_one_booking(calendar: BookingCalendar) -> None:
    for n in ROUNDS:
        results = at_once(*(booking(calendar, n, name="Ada", nonce=f"form {n}") for _ in range(2)))
        assert of_type(results, Meeting) == 2 and results[0] == results[1], results
    assert Meeting.objects.count() == Contact.objects.count() == len(ROUNDS)


def test_a_double_click_on_the_page_is_one_booking(calendar: BookingCalendar) -> None:
    for n in ROUNDS:
        form = filled_in(soon(days=3 + n // 24, hour=n % 24), email=f"g{n}@example.com")
        answers = at_once(*(posting(Client(), details_url(calendar), form) for _ in range(2)))
        assert [answer.status_code for answer in answers] == [302, 302], answers
        assert answers[0]["Location"] == answers[1]["Location"]
    assert Meeting.objects.count() == len(ROUNDS)


def test_a_booking_while_its_contact_is_merged_ends_with_the_survivor(
    calendar: BookingCalendar, host: User
) -> None:
    for n in ROUNDS:
        a = make_contact(host, first_name="A", email=f"a{n}@example.com")
        b = make_contact(host, first_name="B", email=f"b{n}@example.com")
        values = typed(a, email=b.email)
        plan = plan_merge(holders={"email": b}, edited=a, values=values)
        meeting, merged = at_once(
            booking(calendar, n, name="A", email=a.email, company="New"),
            merging(plan, values),
        )
        assert isinstance(meeting, Meeting), meeting
        assert isinstance(merged, Contact | MergeChanged), merged
        meeting.refresh_from_db()
        contact = contact_of(meeting)
        assert contact.upcoming_meetings == 1
        assert contact.identifiers.filter(key=a.email).exists()


def test_a_booking_while_its_contact_is_deleted_has_a_contact_or_none(
    calendar: BookingCalendar, host: User
) -> None:
    for n in ROUNDS:
        ada = make_contact(host, email=f"a{n}@example.com")
        meeting, deleted = at_once(
            booking(calendar, n, name="Ada", email=ada.email),
            deleting(ada.pk),
        )
        assert isinstance(meeting, Meeting), meeting
        assert deleted == ada.public_id
        meeting.refresh_from_db()
        if meeting.contact is None:  # the booking came first, and the delete took the contact
            assert meeting.contact_public_id == ada.public_id
        else:
            assert meeting.contact.public_id == meeting.contact_public_id != ada.public_id


def test_a_cancel_during_a_merge_leaves_the_count_right(
    calendar: BookingCalendar, host: User
) -> None:
    for n in ROUNDS:
        first, second = (
            booking(calendar, 2 * n + k, name="A", email=f"a{n}@example.com")() for k in (0, 1)
        )
        b = make_contact(host, first_name="B", email=f"b{n}@example.com")
        a = contact_of(first)
        values = typed(a, email=b.email)
        plan = plan_merge(holders={"email": b}, edited=a, values=values)
        results = at_once(
            cancelling(first),
            merging(plan, values),
        )
        assert isinstance(results[0], Meeting), results
        # The cancel takes reminders away, and a merge that was shown them asks again.
        assert isinstance(results[1], Contact | MergeChanged), results
        second.refresh_from_db()
        assert contact_of(second).upcoming_meetings == 1


def test_two_meetings_of_one_contact_cancelled_at_once_are_counted_once_each(
    calendar: BookingCalendar,
) -> None:
    for n in ROUNDS:
        meetings = [booking(calendar, 2 * n + k, email=f"a{n}@example.com")() for k in (0, 1)]
        results = at_once(*(cancelling(m) for m in meetings))
        assert of_type(results, Meeting) == 2, results
        assert contact_of(meetings[0]).upcoming_meetings == 0


def test_cancel_and_reschedule_at_once_leave_slots_that_fit_the_state(
    calendar: BookingCalendar,
) -> None:
    for n in ROUNDS:
        meeting = booking(calendar, n, email=f"a{n}@example.com")()
        target = soon(days=20 + n // 24, hour=n % 24)
        results = at_once(
            cancelling(meeting),
            moving(meeting, target),
        )
        assert all(isinstance(r, Meeting | WrongState) for r in results), results
        meeting.refresh_from_db()
        assert meeting.status == "canceled" and not meeting.slots.exists()


def test_a_moved_meeting_and_a_new_booking_never_share_a_time(calendar: BookingCalendar) -> None:
    for n in ROUNDS:
        meeting = booking(calendar, 2 * n, email=f"a{n}@example.com")()
        new = booking(calendar, 2 * n + 1, email=f"a{n}@example.com")
        start = soon(days=3 + n // 24, hour=n % 24, minute=30)
        results = at_once(new, moving(meeting, start))
        assert (of_type(results, Meeting), of_type(results, SlotTaken)) == (1, 1), results


def test_two_relays_complete_each_meeting_once(calendar: BookingCalendar) -> None:
    for n in range(12):
        past_meeting(calendar, hours=2 + n, email=f"a{n}@example.com")
    at_once(keep_up, keep_up)
    assert set(Meeting.objects.values_list("status", flat=True)) == {"completed"}
    for meeting in Meeting.objects.all():
        assert meeting.events.filter(kind="completed").count() == 1


def test_a_meeting_given_away_while_the_other_host_is_booked(calendar: BookingCalendar) -> None:
    other = make_calendar(make_user())
    for n in ROUNDS:
        meeting = booking(calendar, n, email=f"a{n}@example.com")()
        results = at_once(
            giving(meeting, other.host),
            booking(other, n, email=f"b{n}@example.com"),
        )
        assert (of_type(results, Meeting), of_type(results, SlotTaken)) == (1, 1), results


def test_guest_and_host_on_their_pages_at_once_never_see_an_error(
    calendar: BookingCalendar, host: User
) -> None:
    for n in ROUNDS:
        meeting = make_meeting(calendar, soon(days=3 + n // 24, hour=n % 24))
        token = guest_links.token_of(meeting)
        signed_in = Client()
        signed_in.force_login(host)
        later = {"start": f"{soon(days=20 + n // 24, hour=n % 24):%Y-%m-%dT%H:%M}Z", "tz": "UTC"}
        answers = at_once(
            posting(Client(), reverse("guest_cancel", args=[token]), {}),
            posting(Client(), reverse("guest_reschedule", args=[token]), later),
            posting(signed_in, reverse("meeting_cancel", args=[meeting.public_id]), {}),
            deleting(meeting.contact_id or 0),
        )  # fmt: skip
        assert all(a.status_code in {302, 409} for a in answers[:3]), answers
        assert isinstance(answers[3], str | ContactGone | MeetingGone), answers
        meeting.refresh_from_db()
        assert meeting.status == "canceled" and not meeting.slots.exists()
