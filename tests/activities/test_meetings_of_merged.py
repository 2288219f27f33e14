"""Meetings when their contact is merged, taken apart again, or erased."""

from typing import Any

import pytest
from django.test import Client

from activities import guest_links
from activities.models import BookingCalendar, Meeting
from activities.services import cancel
from contacts.deleting import delete_contact
from contacts.erasing import erase_contact, plan_erasure
from contacts.merging import counts as merge_counts
from contacts.models import Contact, Merge, User
from tests.activities.bookings import HOST, make_calendar, make_meeting, past_meeting, soon
from tests.activities.test_meetings import contact_of
from tests.contacts.test_deleting import everything_stored
from tests.contacts.unmerge_tools import fold, unfold
from tests.factories import by


@pytest.fixture
def calendar(member: User) -> BookingCalendar:
    return make_calendar(member)


@pytest.fixture
def pair(calendar: BookingCalendar) -> tuple[Meeting, Meeting]:
    """Meetings of two people, one of whom will be folded into the other."""
    ada = make_meeting(calendar, name="Ada Lovelace", email="ada@example.com")
    other = make_meeting(calendar, soon(hour=15), name="A. King", email="king@example.com")
    return ada, other


def test_undo_gives_each_contact_its_meetings_and_counts_again(
    pair: tuple[Meeting, Meeting],
) -> None:
    ada, other = contact_of(pair[0]), contact_of(pair[1])
    fold(ada, other)
    survivor = Contact.objects.get(pk=ada.pk)
    assert (survivor.upcoming_meetings, survivor.next_meeting_time) == (2, pair[0].starts_at)
    later = make_meeting(pair[0].calendar, soon(hour=16), email="king@example.com")  # type: ignore[arg-type]
    unfold(Merge.objects.get())
    for meeting in (*pair, later):
        meeting.refresh_from_db()
    assert [m.contact_public_id for m in pair] == [ada.public_id, other.public_id]
    assert contact_of(pair[1]).public_id == other.public_id
    for contact, ahead in ((contact_of(pair[0]), 2), (contact_of(pair[1]), 1)):
        assert contact.upcoming_meetings == ahead, contact
    assert later.contact == contact_of(pair[0])  # what came later stays with the survivor


def test_the_prompt_counts_what_is_combined(pair: tuple[Meeting, Meeting]) -> None:
    cancel(meeting_id=pair[1].pk, doer=HOST)
    records = [contact_of(meeting) for meeting in pair]
    numbers = {count.label: count.numbers for count in merge_counts.combined(records)}
    assert numbers["Activities combined"] == (1, 1) and numbers["Upcoming meetings"] == (1, 0)
    assert merge_counts.merged_text(records) == "Contacts merged, 2 activities combined"


@pytest.mark.parametrize("deleted_before", [False, True])
def test_erase_leaves_meetings_without_anything_of_the_person(
    client: Client, calendar: BookingCalendar, deleted_before: bool
) -> None:
    details: dict[str, Any] = {
        "name": "Ada Lovelace", "email": "ada@example.com", "mobile_phone": "+12025550199",
        "company": "Engines", "note": "My secret", "guests": ("charles@example.com",),
    }  # fmt: skip
    over, ahead = past_meeting(calendar, **details), make_meeting(calendar, **details)
    cancel(
        meeting_id=make_meeting(calendar, soon(hour=15), **details).pk,
        doer=HOST,
        reason="Ada is ill",
    )
    link = f"/booked/{guest_links.token_of(ahead)}/"
    if deleted_before:
        delete_contact(contact_id=ahead.contact_id or 0, actor=by())
    assert plan_erasure(over.contact_public_id).others == {"meetings": 3}
    receipt = erase_contact(public_id=over.contact_public_id, actor=by())
    assert receipt.detail["counts"]["meetings"] == 3
    assert client.get(link).status_code == 404
    stored = everything_stored()
    for secret in (
        "Lovelace",
        "ada@example",
        "2025550199",
        "Engines",
        "secret",
        "charles@",
        "is ill",
    ):
        assert secret not in stored
    ahead.refresh_from_db()
    assert (ahead.status, ahead.slots.count(), ahead.guest) == ("scheduled", 6, "Guest")
    assert ahead.contact_public_id == over.contact_public_id


def test_erase_takes_the_person_out_of_the_guests_of_others(calendar: BookingCalendar) -> None:
    ada = make_meeting(calendar)
    other = make_meeting(
        calendar, soon(hour=15), name="Charles", email="charles@example.com",
        guests=("ADA@example.com", "notada@example.com"),
    )  # fmt: skip
    erase_contact(public_id=ada.contact_public_id, actor=by())
    other.refresh_from_db()
    assert (other.guests, other.guest_name) == (["notada@example.com"], "Charles")
