"""Bookings and conversations as they start Zaps: each trigger, its polling, and no Zap by itself."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from activities import services
from activities.chats.keeping import keep_up
from activities.models import BookingCalendar, Chatbot, Conversation, Meeting
from contacts.models import Contact, User
from contacts.objects import moment
from integrations.models import Delivery
from integrations.sandbox.zapier import Zap, ZapierDouble
from integrations.zapier.triggers import TRIGGERS
from tests.activities.bookings import HOST, make_calendar, make_meeting, past_meeting, soon
from tests.activities.chats import Talk, make_bot, talk
from tests.contacts.api.client import Api
from tests.factories import make_user
from tests.integrations.zapier.test_samples import sample
from tests.integrations.zapier.zaps import deliver, turn_on

pytestmark = pytest.mark.django_db
SAID = ("Ada Lovelace", "ada@example.com", "Tax")


@pytest.fixture
def calendar(member: User) -> BookingCalendar:
    return make_calendar(member)


@pytest.fixture
def bot(member: User) -> Chatbot:
    return make_bot(member)


def schedule(api: Api, calendar: BookingCalendar) -> Meeting:
    """A Zap's action books a time through its key."""
    form = {"name": "Ada Lovelace", "email": "ada@example.com"}
    body = {"start_time": moment(soon()), "guest_time_zone": "UTC", "booking_form": form}
    answer = api.post(f"booking-calendars/{calendar.public_id}/schedule", body)
    assert answer.status_code == 200, answer.content
    return Meeting.objects.get(public_id=answer.json()["id"])


def another(api: Api) -> Api:
    return Api(User.objects.get(email="owner@kith.test"), name="Another")


def events(zap: Zap) -> list[str]:
    return [str(told["event"]) for told in zap.received]


def fallen_silent() -> None:
    Conversation.objects.update(last_message_at=timezone.now() - timedelta(minutes=11))
    keep_up()


def test_a_booking_through_the_zaps_own_key_does_not_start_it(
    api: Api, double: ZapierDouble, calendar: BookingCalendar
) -> None:
    own = [turn_on(api, double, event) for event in ("booking.scheduled", "booking.lifecycle", "contact.created")]  # fmt: skip
    other = turn_on(another(api), double, "booking.scheduled")
    meeting = schedule(api, calendar)
    deliver()
    assert [zap.received for zap in own] == [[], [], []]
    assert [told["booking"]["id"] for told in other.received] == [meeting.public_id]


def test_canceling_through_the_key_does_not_start_it_and_a_person_does(
    api: Api, double: ZapierDouble, calendar: BookingCalendar
) -> None:
    zap = turn_on(api, double, "booking.lifecycle")
    first = make_meeting(calendar)
    assert api.post(f"bookings/{first.public_id}/cancel", {}).status_code == 200
    second = make_meeting(calendar, soon(4))
    services.cancel(meeting_id=second.pk, doer=HOST)
    deliver()
    told = [(each["event"], each["booking"]["id"]) for each in zap.received]
    assert told == [
        ("booking.scheduled", first.public_id), ("booking.scheduled", second.public_id),
        ("booking.canceled", second.public_id),
    ]  # fmt: skip


def test_what_the_key_has_booked_itself_is_not_polled(api: Api, calendar: BookingCalendar) -> None:
    schedule(api, calendar)
    guests = make_meeting(calendar, soon(4))
    ids = [told["booking"]["id"] for told in sample(api, "booking.scheduled")]  # type: ignore[index]
    assert ids == [guests.public_id]
    assert len(sample(another(api), "booking.scheduled")) == 2


def test_each_booking_trigger_starts_with_its_own_event(
    api: Api, double: ZapierDouble, calendar: BookingCalendar
) -> None:
    names = [event for event in TRIGGERS if event.startswith("booking.")]
    zaps = {event: turn_on(api, double, event) for event in names}
    everything_happens(calendar)
    deliver()
    seen = {event: set(events(zap)) for event, zap in zaps.items()}
    assert seen.pop("booking.lifecycle") == set(seen)
    assert seen == {event: {event} for event in seen}
    assert {each["event"] for each in sample(api, "booking.lifecycle")} == set(seen)


def everything_happens(calendar: BookingCalendar) -> None:
    """All that can become of a meeting."""
    moved, asked = make_meeting(calendar), make_meeting(calendar, soon(4))
    services.reschedule(meeting_id=moved.pk, starts_at=soon(5), doer=HOST)
    services.reassign(meeting_id=moved.pk, host=make_user(email="second@kith.test"), doer=HOST)
    services.cancel(meeting_id=moved.pk, doer=HOST)
    asked = services.cancel(meeting_id=asked.pk, doer=HOST, ask_for_another=True)
    services.book_instead(meeting=asked, starts_at=soon(6))
    past_meeting(calendar, hours=3)
    missed = past_meeting(calendar, hours=5)
    services.mark_no_show(meeting_id=missed.pk, doer=HOST)
    services.complete_past(timezone.now())


def test_a_conversation_starts_zaps_when_it_begins_and_when_it_ends(
    api: Api, double: ZapierDouble, client: Client, bot: Chatbot
) -> None:
    began, ended, silent, whole = (
        turn_on(api, double, f"conversation.{what}")
        for what in ("started", "closed", "abandoned", "lifecycle")
    )
    said = talk(client, bot, *SAID)
    deliver()
    assert (events(began), events(ended), events(silent)) == (
        ["conversation.started"], ["conversation.closed"], [],
    )  # fmt: skip
    assert events(whole) == ["conversation.started", "conversation.closed"]
    told = ended.received[0]
    assert told["conversation"]["id"] == said.conversation.public_id
    assert told["contact"]["email"] == "ada@example.com"


def test_silence_starts_its_own_zaps_without_a_contact_that_nobody_knows(
    api: Api, double: ZapierDouble, client: Client, bot: Chatbot
) -> None:
    silent = turn_on(api, double, "conversation.abandoned")
    talk(client, bot, "Ada")
    Talk(client, bot).start()  # who says nothing has begun nothing
    fallen_silent()
    deliver()
    [told] = silent.received
    assert told["conversation"]["status"] == "abandoned" and told["contact"] is None


def test_conversations_are_polled_as_the_hooks_tell_them(
    api: Api, double: ZapierDouble, client: Client, bot: Chatbot
) -> None:
    whole = turn_on(api, double, "conversation.lifecycle")
    talk(client, bot, *SAID)
    Talk(client, bot).start()  # has said nothing yet
    deliver()
    polled = sample(api, "conversation.lifecycle")
    assert [each["event"] for each in polled] == list(reversed(events(whole)))
    assert polled[0]["conversation"] == whole.received[-1]["conversation"]
    assert [each["event"] for each in sample(api, "conversation.started")] == ["conversation.started"]  # fmt: skip


def test_a_test_of_the_bot_is_neither_told_nor_polled(
    api: Api, double: ZapierDouble, client: Client, bot: Chatbot
) -> None:
    turn_on(api, double, "conversation.lifecycle")
    said = Talk(client, bot).start()
    Conversation.objects.update(is_test=True)
    said.say(*SAID)
    assert not Delivery.objects.filter(kind__startswith="conversation").exists()
    assert sample(api, "conversation.lifecycle") == []


def test_a_contact_that_a_conversation_has_made_starts_contact_captured(
    api: Api, double: ZapierDouble, client: Client, bot: Chatbot
) -> None:
    captured = turn_on(api, double, "contact.created")
    talk(client, bot, *SAID)
    deliver()
    [told] = captured.received
    assert told["contact"]["id"] == Contact.objects.get().public_id
