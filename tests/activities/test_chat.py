"""Conversations with a bot through the widget's protocol."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from activities.chats.flow import Step
from activities.chats.keeping import keep_up
from activities.chats.offers import read_value
from activities.models import BookingCalendar, Chatbot, ChatMessage, Conversation, Meeting
from activities.signals import ConversationChange, conversations_changed
from contacts.models import Contact, PossibleDuplicate, Suggestion, User
from tests.activities.bookings import make_calendar, make_meeting
from tests.activities.chats import Talk, make_bot, talk
from tests.factories import make_contact, make_property

MAIL = Step("mail", "question", "Email?", answer="email", required=True)
PHONE = Step("phone", "question", "Mobile?", answer="mobile", required=True)
CITY = Step("city", "question", "City?", field="city")
BYE = Step("bye", "end", "Bye.")


@pytest.fixture
def calendar(member: User) -> BookingCalendar:
    return make_calendar(member)


@pytest.fixture
def bot(member: User, calendar: BookingCalendar) -> Chatbot:
    return make_bot(member, calendar=calendar)


def silent_for(minutes: int) -> None:
    """As if nothing had been said for so long."""
    Conversation.objects.update(last_message_at=timezone.now() - timedelta(minutes=minutes))


# --- talking


def test_a_visitor_is_asked_answers_and_books(client: Client, bot: Chatbot) -> None:
    said = Talk(client, bot).start(zone="Europe/London")
    assert said.bot_says == ["Welcome.", "What is your name?"]
    assert said.say("Ada Lovelace").bot_says == ["Your email?"]
    assert said.say("ada@example.com").bot_says == ["What about?"]
    assert said.options == ["Tax", "Other"]
    assert said.say("Tax").bot_says == ["When may we call?"]
    assert said.told["asks"]["zone"] == "Europe/London"
    said.say(said.options[0])
    assert said.bot_says[0].startswith("Booked: ") and said.bot_says[1] == "Thank you."
    assert said.told["state"] == "finished" and said.told["asks"] is None
    meeting = Meeting.objects.get()
    assert meeting.contact == Contact.objects.get() and meeting.source == "chatbot"
    assert (meeting.guest_name, meeting.guest_email) == ("Ada Lovelace", "ada@example.com")


def test_the_booking_brings_the_guests_own_link(client: Client, bot: Chatbot) -> None:
    said = talk(client, bot, "Ada", "ada@example.com", "Tax")
    said.say(said.options[0])
    link = next(m["link"] for m in said.told["messages"] if m["link"])
    assert "Meeting booked" in client.get(link).content.decode()
    assert link not in ChatMessage.objects.values_list("text", flat=True)


def test_the_contact_is_made_filled_and_given_its_status(client: Client, bot: Chatbot) -> None:
    talk(client, bot, "Ada Lovelace", "ada@example.com", "Tax")
    contact = Contact.objects.get()
    assert (contact.display_name, contact.email) == ("Ada Lovelace", "ada@example.com")
    assert (contact.status, contact.source) == ("Marketing qualified", "chatbot")
    assert (contact.owner, contact.bot) == (bot.owner, bot.public_id)


def test_of_a_known_address_blanks_are_filled_and_the_rest_is_suggested(
    client: Client, member: User, ada: Contact
) -> None:
    bot = make_bot(member, MAIL, CITY, Step("co", "question", "Company?", field="company"))
    talk(client, bot, "ADA@example.com", "Turin", "Other Ltd")
    ada.refresh_from_db()
    assert (ada.city, ada.company) == ("Turin", "Engines")
    assert [(s.field, s.value) for s in Suggestion.objects.all()] == [("company", "Other Ltd")]


def test_a_phone_first_and_an_address_later_stay_one_contact(client: Client, member: User) -> None:
    talk(client, make_bot(member, PHONE, MAIL), "+1 202 555 0147", "ada@example.com")
    contact = Contact.objects.get()
    assert (contact.email, contact.mobile_phone) == ("ada@example.com", "+12025550147")


def test_an_address_of_nobody_takes_no_phone_of_somebody(client: Client, member: User) -> None:
    known = make_contact(member, first_name="Bob", mobile_phone="+12025550147")
    said = talk(client, make_bot(member, PHONE, MAIL), "+12025550147", "new@example.com")
    known.refresh_from_db()
    assert (known.email, PossibleDuplicate.objects.count()) == ("", 1)
    assert said.conversation.contact == Contact.objects.get(email="new@example.com")


def test_without_an_address_nobody_is_made(client: Client, member: User) -> None:
    said = talk(client, make_bot(member, CITY, BYE), "Turin")
    assert said.conversation.contact is None and not Contact.objects.exists()


def test_an_answer_for_a_property_is_kept_as_one(client: Client, member: User) -> None:
    tier = make_property("Tier", "select", "Gold", "Silver")
    ask = Step("tier", "question", "Tier?", answer="choice", options=("Gold", "Silver"), field=tier.name)  # fmt: skip
    said = talk(client, make_bot(member, MAIL, ask), "ada@example.com")
    assert said.options == ["Gold", "Silver"]
    assert said.say("Bronze").status == 422
    said.say("Gold")
    assert Contact.objects.get().custom == {tier.name: "Gold"}


# --- times


def test_a_time_taken_meanwhile_is_answered_in_the_conversation(
    client: Client, bot: Chatbot, calendar: BookingCalendar
) -> None:
    said = talk(client, bot, "Ada Lovelace", "ada@example.com", "Tax")
    wanted = said.options[0]
    make_meeting(calendar, read_value(wanted), email="other@example.com")
    said.say(wanted)
    assert "has just been taken" in said.bot_says[0] and wanted not in said.options
    said.say(said.options[0])
    assert said.bot_says[0].startswith("Booked: ")


def test_later_times_are_later_and_no_meeting_goes_on(client: Client, bot: Chatbot) -> None:
    said = talk(client, bot, "Ada", "ada@example.com", "Tax")
    first = said.options[:-2]
    said.say("later")
    assert said.options[0] > first[-1]
    assert said.say("none").bot_says == ["Thank you."]
    assert not Meeting.objects.exists()


def test_what_a_calendar_needs_is_asked_for(client: Client, member: User) -> None:
    calendar = make_calendar(member, ask_mobile="required")
    meet = Step("meet", "meeting", "A call?", calendar=calendar.public_id)
    said = Talk(client, make_bot(member, meet)).start()
    assert said.bot_says[-1] == "What is your name?"
    said.say("Ada", "ada@example.com", "+12025550147")
    said.say(said.options[0])
    assert Meeting.objects.get().guest_mobile_phone == "+12025550147"


def test_a_calendar_that_is_closed_in_between_is_no_error(
    client: Client, bot: Chatbot, calendar: BookingCalendar
) -> None:
    said = talk(client, bot, "Ada", "ada@example.com", "Tax")
    wanted = said.options[0]
    BookingCalendar.objects.update(archived_at=timezone.now())
    assert said.say(wanted).bot_says == [
        "No meeting can be booked here at the moment.",
        "Thank you.",
    ]


def test_a_calendar_without_free_times_offers_none(client: Client, member: User) -> None:
    full = make_calendar(member, horizon_days=1, notice_minutes=3 * 24 * 60)
    said = talk(client, make_bot(member, calendar=full), "Ada", "ada@example.com", "Tax")
    assert said.bot_says == ["No meeting can be booked here at the moment.", "Thank you."]


def test_times_far_ahead_are_found(client: Client, member: User) -> None:
    far = make_calendar(member, notice_minutes=40 * 24 * 60)
    said = talk(client, make_bot(member, calendar=far), "Ada", "ada@example.com", "Tax")
    first = read_value(said.options[0])
    assert first is not None and first > timezone.now() + timedelta(days=40)


@pytest.mark.parametrize("text", ["soon", "2026-13-45T99:99Z", "", "2020-01-01T00:00Z"])
def test_a_time_that_was_not_offered_books_nothing(client: Client, bot: Chatbot, text: str) -> None:
    said = talk(client, bot, "Ada", "ada@example.com", "Tax").say(text)
    assert said.status in {200, 422} and not Meeting.objects.exists()


# --- coming back


def test_a_conversation_is_taken_up_within_half_an_hour(client: Client, bot: Chatbot) -> None:
    said = talk(client, bot, "Ada")
    silent_for(29)
    again = Talk(client, bot, token=said.token).resume()
    assert [m["text"] for m in again.messages] == [m["text"] for m in said.messages]
    assert again.say("ada@example.com").bot_says == ["What about?"]


def test_after_half_an_hour_it_is_over(client: Client, bot: Chatbot) -> None:
    said = talk(client, bot, "Ada")
    silent_for(31)
    assert said.resume().status == 410 and said.say("ada@example.com").status == 410
    assert not Contact.objects.exists()


def test_ten_minutes_of_silence_abandon_it_and_an_answer_takes_it_up(
    client: Client, bot: Chatbot
) -> None:
    said = talk(client, bot, "Ada")
    silent_for(9)
    keep_up()
    assert said.conversation.state == "active"
    silent_for(11)
    keep_up()
    assert said.conversation.state == "abandoned"
    assert said.say("ada@example.com").conversation.state == "active"


def test_what_nobody_has_answered_is_forgotten(client: Client, bot: Chatbot) -> None:
    Talk(client, bot).start()
    kept = talk(client, bot, "Ada")
    silent_for(40)
    keep_up()
    assert list(Conversation.objects.all()) == [kept.conversation]


def test_an_edit_of_the_bot_leaves_running_conversations_as_they_began(
    client: Client, bot: Chatbot
) -> None:
    said = talk(client, bot, "Ada")
    bot.flow, bot.live = [], None
    bot.save()
    assert said.say("ada@example.com").bot_says == ["What about?"]
    assert Talk(client, bot).start().status == 404


def test_a_contact_deleted_meanwhile_is_not_made_again(client: Client, bot: Chatbot) -> None:
    said = talk(client, bot, "Ada", "ada@example.com")
    Contact.objects.all().delete()
    assert said.say("Tax").status == 410 and not Contact.objects.exists()


# --- what others are told


@pytest.fixture
def heard() -> Any:
    """What is announced of conversations."""
    kinds: list[str] = []

    def hear(changes: list[ConversationChange], **_: Any) -> None:
        kinds.extend(change.kind for change in changes)

    conversations_changed.connect(hear)
    yield kinds
    conversations_changed.disconnect(hear)


def test_start_end_and_silence_are_announced_once_each(
    client: Client, member: User, heard: list[str]
) -> None:
    bot = make_bot(member, CITY, MAIL, BYE)
    said = talk(client, bot, "Turin")
    Talk(client, bot).start()
    assert heard == ["started"]
    silent_for(11)
    keep_up()
    keep_up()
    assert heard == ["started", "abandoned"]
    said.say("ada@example.com")
    assert heard == ["started", "abandoned", "closed"]


def test_a_meeting_knows_the_conversation_that_it_was_booked_in(
    client: Client, bot: Chatbot, member: User
) -> None:
    said = talk(client, bot, "Ada", "ada@example.com", "Tax")
    said.say(said.options[0])
    meeting = Meeting.objects.get()
    assert meeting.conversation == said.conversation
    client.force_login(member)
    page = client.get(f"/activities/{meeting.public_id}/").content.decode()
    assert f"/activities/chats/{said.conversation.public_id}/" in page
