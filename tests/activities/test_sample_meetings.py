"""The sample account's year of meetings, and its chats: plausible, and the same every time."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from activities.models import BookedSlot, Chatbot, Conversation, Meeting, MeetingEvent
from activities.models.meeting import ACTIVE
from contacts.models import Contact
from contacts.sample import load_sample_account

pytestmark = [pytest.mark.usefixtures("sample"), pytest.mark.django_db]


@pytest.fixture(scope="module")
def sample(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock(), transaction.atomic():
        load_sample_account()
        yield
        transaction.set_rollback(True)


def test_it_spans_a_year_back_and_some_weeks_ahead_with_several_hosts() -> None:
    now, meetings = timezone.now(), Meeting.objects.all()
    past, ahead = meetings.filter(ends_at__lt=now), meetings.filter(starts_at__gt=now)
    assert past.count() > 800 and ahead.count() > 50
    assert past.filter(starts_at__lt=now - timedelta(days=330)).exists()
    assert len(set(meetings.values_list("host", flat=True))) == 4


def test_most_took_place_some_did_not() -> None:
    counts = Counter(Meeting.objects.values_list("status", flat=True))
    assert counts["completed"] > 10 * counts["no_show"] > 0
    assert all(counts[status] for status in Meeting.Status.values)


def test_every_meeting_stands_in_the_working_hours_of_its_host() -> None:
    for meeting in Meeting.objects.select_related("calendar"):
        assert meeting.calendar is not None
        start, end = (m.astimezone(meeting.calendar.zone) for m in (meeting.starts_at, meeting.ends_at))  # fmt: skip
        assert start.weekday() < 5 and start.hour >= 9 and (end.hour, end.minute) <= (17, 0)


def test_nothing_happens_before_it_can() -> None:
    now = timezone.now()
    for event in MeetingEvent.objects.select_related("meeting__contact"):
        meeting, contact = event.meeting, event.meeting.contact
        assert (
            meeting.creation_time <= event.at <= now and meeting.creation_time < meeting.starts_at
        )
        assert contact is None or contact.creation_time <= event.at
    kept = BookedSlot.objects.values_list("meeting__status", flat=True)
    assert set(kept) <= set(ACTIVE)


def test_a_deleted_contact_left_its_meetings() -> None:
    left = Meeting.objects.filter(contact=None)
    assert {meeting.guest_name for meeting in left} == {"Rowan Ellery"} and left.count() >= 3
    assert Contact.objects.filter(upcoming_meetings__gt=0).count() > 40


def test_meetings_can_be_searched() -> None:
    assert set(Meeting.objects.search("rowan ellery")) == set(Meeting.objects.filter(contact=None))


def test_a_bot_is_published_and_has_been_talked_to() -> None:
    bot = Chatbot.objects.get()
    assert bot.is_live and not bot.has_changes
    states = Counter(Conversation.objects.values_list("state", flat=True))
    assert states["finished"] > 20 and states["abandoned"] > 10 and not states["active"]
    assert Conversation.objects.filter(contact=None).count() == 10


def test_conversations_take_place_after_their_contact_was_made() -> None:
    for chat in Conversation.objects.select_related("contact").prefetch_related("messages"):
        assert chat.contact is None or chat.contact.creation_time <= chat.started_at
        said = list(chat.messages.all())
        assert [m.number for m in said] == list(range(1, chat.messages_count + 1))
        assert sum(m.by == "visitor" for m in said) == chat.answered
