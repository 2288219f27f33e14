"""Answers at the same moment, each on a connection of its own: one at a time, none twice, none lost."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client

from activities.chats.keeping import keep_up
from activities.chats.services import NotAsked, Over, answer
from activities.models import Chatbot, ChatMessage, Conversation, Meeting
from contacts.merging.merge import MergeChanged, plan_merge
from contacts.models import Contact, Identifier, User
from tests.activities.bookings import make_calendar
from tests.activities.chats import make_bot, talk
from tests.activities.test_chat import silent_for
from tests.activities.test_races import merging
from tests.contacts.racing import at_once, of_type
from tests.contacts.test_races import deleting
from tests.factories import make_contact, make_user, typed

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = range(8 if connection.vendor == "postgresql" else 3)


@pytest.fixture
def host() -> User:
    return make_user()


@pytest.fixture
def bot(host: User) -> Chatbot:
    return make_bot(host, calendar=make_calendar(host))


@pytest.fixture(autouse=True)
def _close_threads_connections() -> Iterator[None]:
    yield
    connections.close_all()


def answering(chat: Conversation, text: str, nonce: str) -> Callable[[], Conversation]:
    chat.refresh_from_db()
    to = chat.messages_count
    return lambda: answer(conversation_id=chat.pk, nonce=nonce, to=to, text=text)


def numbers_of(chat: Conversation) -> list[int]:
    return list(chat.messages.values_list("number", flat=True))


def test_one_answer_sent_twice_at_once_is_one(bot: Chatbot) -> None:
    for n in ROUNDS:
        chat = talk(Client(), bot, "Ada").conversation
        results = at_once(*[answering(chat, f"ada{n}@example.com", "the same")] * 3)
        assert of_type(results, Conversation) == 3, results
        assert ChatMessage.objects.filter(conversation=chat, by="visitor").count() == 2
    assert Contact.objects.count() == len(ROUNDS)


def test_two_answers_at_once_are_taken_one_at_a_time(bot: Chatbot) -> None:
    for n in ROUNDS:
        chat = talk(Client(), bot, "Ada").conversation
        results = at_once(
            *(answering(chat, f"{who}{n}@example.com", f"from {who}") for who in "ab")
        )
        assert (of_type(results, Conversation), of_type(results, NotAsked)) == (1, 1), results
        chat.refresh_from_db()
        assert numbers_of(chat) == list(range(1, chat.messages_count + 1))


def test_one_new_address_in_two_conversations_makes_one_contact(bot: Chatbot) -> None:
    for n in ROUNDS:
        chats = [talk(Client(), bot, "Ada").conversation for _ in "ab"]
        results = at_once(*(answering(chat, f"ada{n}@example.com", "nonce") for chat in chats))
        assert of_type(results, Conversation) == 2, results
        assert len({result.contact_id for result in results}) == 1
    assert Contact.objects.count() == Identifier.objects.count() == len(ROUNDS)


def test_two_conversations_want_one_time_and_one_gets_it(bot: Chatbot) -> None:
    for n in ROUNDS:
        said = [talk(Client(), bot, "Ada", f"{who}{n}@example.com", "Tax") for who in "ab"]
        wanted = said[0].options[0]
        results = at_once(*(answering(each, wanted, "nonce") for each in Conversation.objects.order_by("-pk")[:2]))  # fmt: skip
        assert of_type(results, Conversation) == 2, results
        assert sorted(r.state for r in results) == ["active", "finished"]
    assert Meeting.objects.count() == len(ROUNDS)


def test_an_answer_while_the_contact_is_merged_or_deleted(bot: Chatbot, host: User) -> None:
    for n in ROUNDS:
        chat = talk(Client(), bot, "Ada", f"ada{n}@example.com").conversation
        other = make_contact(host, first_name="Bob", email=f"bob{n}@example.com")
        assert chat.contact is not None
        values = typed(chat.contact, email=other.email)
        plan = plan_merge(holders={"email": other}, edited=chat.contact, values=values)
        results = at_once(answering(chat, "Tax", "nonce"), merging(plan, values))
        assert of_type(results, Conversation) == 1 and of_type(results, Contact) + of_type(results, MergeChanged) == 1, results  # fmt: skip
        chat.refresh_from_db()
        assert chat.contact is not None
        last: Any = at_once(answering(chat, "none", "last"), deleting(chat.contact.pk))
        assert of_type(last, Conversation) + of_type(last, Over) == 1, last
        chat.refresh_from_db()
        assert chat.contact is None
        assert not Identifier.objects.filter(key=f"ada{n}@example.com").exists()


def test_an_answer_while_it_is_abandoned_keeps_it_active(bot: Chatbot) -> None:
    for n in ROUNDS:
        chat = talk(Client(), bot, "Ada").conversation
        silent_for(11)
        results = at_once(answering(chat, f"ada{n}@example.com", "nonce"), keep_up)
        assert of_type(results, Conversation) == 1, results
        chat.refresh_from_db()
        assert chat.state == "active"
