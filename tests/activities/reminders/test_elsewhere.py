"""Reminders where contacts are shown: the timeline, and what the Delete pop-up says of them."""

from typing import Any

import pytest
from django.test import Client

from activities.models import BookingCalendar, Meeting, Reminder
from activities.reminders import sending
from activities.reminders.entries import sent_to_contact
from contacts.models import Contact, User
from tests.activities.bookings import make_meeting, soon
from tests.activities.reminders.posted import come_due
from tests.activities.reminders.smtp_double import Journal
from tests.contacts.pages import HTMX, text_of, url_of
from tests.contacts.unmerge_tools import fold
from tests.factories import make_contact

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(meeting: Meeting) -> Contact:
    return Contact.objects.get(meetings=meeting)


def test_the_timeline_tells_what_was_sent_and_where_to(
    as_member: Client, ada: Contact, smtp: Journal
) -> None:
    smtp.answers = {"content": ["250 ok", ""]}
    sending.run()
    come_due(Reminder.objects.get(kind="reminder"))
    sending.run()
    text = text_of(as_member.get(url_of("contact_detail", ada)))
    assert "Confirmation sent" in text and "By email to ada@example.com" in text
    assert "Reminder may have been sent: the answer was lost" in text


def test_the_timeline_of_a_survivor_has_the_messages_of_both(
    member: User, ada: Contact, calendar: BookingCalendar, smtp: Journal,
    django_assert_num_queries: Any,
) -> None:  # fmt: skip
    make_meeting(calendar, soon(hour=15), email="bob@example.com")
    sending.run()
    bob = make_contact(member, first_name="Survivor", email="s@example.com")
    for contact in (ada, Contact.objects.get(email="bob@example.com")):
        fold(bob, contact)
    with django_assert_num_queries(1):
        found = sent_to_contact(bob.pk)
        assert [r.sent_to for r in found] == ["bob@example.com", "ada@example.com"]
        assert [r.meeting.subject for r in found] == ["Tax review"] * 2
    assert sent_to_contact(bob.pk, upto=found[1].begun_at, limit=1) == [found[1]]


def test_the_delete_pop_up_says_that_reminders_still_go_out_and_they_do(
    as_member: Client, ada: Contact, smtp: Journal
) -> None:
    sending.run()
    text = text_of(as_member.get(url_of("contact_delete", ada), headers=HTMX))
    reminder = Reminder.objects.get(kind="reminder")
    assert "1 reminder" in text and "Not affected. It will still be sent, on" in text
    as_member.post(url_of("contact_delete", ada), headers=HTMX)
    assert Reminder.objects.filter(next_at__isnull=False).count() == 1
    come_due(reminder)
    sending.run()
    assert smtp.recipients() == ["ada@example.com"] * 2
