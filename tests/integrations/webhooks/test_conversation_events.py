"""What receivers are told of conversations with a chatbot: begun, ended, fallen silent, in order."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from activities.chats.keeping import keep_up
from activities.models import Chatbot, Conversation, Meeting
from contacts.deleting import delete_contact
from contacts.models import Contact, User
from integrations.models import Delivery
from integrations.outbox import running
from tests.activities.bookings import make_calendar
from tests.activities.chats import Talk, make_bot, talk
from tests.factories import by
from tests.integrations.webhooks.receiver import Receiver, subscribe

pytestmark = pytest.mark.django_db
ALL = ("Ada Lovelace", "ada@example.com", "Tax")


@pytest.fixture
def bot(member: User) -> Chatbot:
    return make_bot(member)


def fallen_silent() -> None:
    Conversation.objects.update(last_message_at=timezone.now() - timedelta(minutes=11))
    keep_up()


def test_a_finished_conversation_is_told_from_its_first_answer_to_its_end(
    client: Client, bot: Chatbot, receiver: Receiver
) -> None:
    subscribe("conversation")
    said = talk(client, bot, *ALL)
    running.run()
    assert receiver.types == ["conversation.started", "conversation.closed"]
    began, ended = (event["data"] for event in receiver.events)
    assert (began["id"], began["status"], began["contact"]) == (
        said.conversation.public_id, "active", None,
    )  # fmt: skip
    assert ended["status"] == "closed" and ended["contact"] == Contact.objects.get().public_id
    assert ended["bot"] == bot.public_id and ended["booking"] is None
    assert ended["answers"][:2] == [
        {"name": "What is your name?", "value": "Ada Lovelace"},
        {"name": "Your email?", "value": "ada@example.com"},
    ]


def test_its_envelope_is_that_of_every_event(
    client: Client, bot: Chatbot, receiver: Receiver
) -> None:
    subscribe("conversation.started")
    talk(client, bot, "Ada")
    running.run()
    event = receiver.events[0]
    assert list(event) == ["id", "object", "creation_time", "type", "api_version", "data"]
    assert event["id"].startswith("EVNT-") and event["data"]["object"] == "conversation"


def test_silence_is_told_once_and_only_to_those_who_asked(
    client: Client, bot: Chatbot, receiver: Receiver
) -> None:
    subscribe("conversation.abandoned", name="Silence")
    subscribe("contact.deleted", name="Others")
    talk(client, bot, "Ada")
    Talk(client, bot).start()  # who says nothing has begun nothing
    fallen_silent()
    fallen_silent()
    running.run()
    assert receiver.types == ["conversation.abandoned"]


def test_a_test_of_the_bot_is_told_to_nobody(
    client: Client, bot: Chatbot, receiver: Receiver
) -> None:
    subscribe("conversation")
    said = Talk(client, bot).start()
    Conversation.objects.update(is_test=True)
    said.say(*ALL)
    assert not Delivery.objects.filter(kind__startswith="conversation").exists()


def test_the_end_waits_for_the_beginning_also_before_the_contact_is_known(
    client: Client, bot: Chatbot, receiver: Receiver
) -> None:
    subscribe("conversation")
    receiver.answers = [503]
    talk(client, bot, "Ada")
    running.run()
    fallen_silent()
    running.run()
    assert receiver.types == ["conversation.started"]
    Delivery.objects.filter(state="retrying").update(next_at=timezone.now())
    running.run()
    running.run()
    assert receiver.types[1:] == ["conversation.started", "conversation.abandoned"]


def test_once_the_contact_is_known_what_was_told_before_is_its_own(
    client: Client, bot: Chatbot, receiver: Receiver
) -> None:
    subscribe("conversation")
    receiver.answers = [503]
    talk(client, bot, "Ada").say(*ALL[1:])
    running.run()
    contact = Contact.objects.get()
    assert set(Delivery.objects.values_list("contact_id", "contact_public_id")) == {
        (contact.pk, contact.public_id)
    }
    delete_contact(contact_id=contact.pk, actor=by())
    assert "Ada" not in "".join(Delivery.objects.values_list("payload", flat=True))


def test_a_booking_names_its_conversation_and_the_conversation_its_booking(
    client: Client, member: User, receiver: Receiver
) -> None:
    subscribe("conversation.closed", "booking")
    said = talk(client, make_bot(member, calendar=make_calendar(member)), *ALL)
    said.say(said.options[0])
    running.run()
    told = {event["type"]: event["data"] for event in receiver.events}
    assert told["booking.scheduled"]["conversation"] == said.conversation.public_id
    assert told["conversation.closed"]["booking"] == Meeting.objects.get().public_id


def test_the_page_offers_the_events_of_conversations(as_admin: Client) -> None:
    page = as_admin.get("/settings/webhooks/new/").content.decode()
    assert "conversation.abandoned" in page and 'value="conversation"' in page
