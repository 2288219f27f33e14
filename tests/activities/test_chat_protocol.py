"""The widget's protocol against what goes wrong, and against who should not use it."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from activities.chats.flow import Step
from activities.chats.services import MOST_MESSAGES
from activities.models import Chatbot, ChatMessage, Conversation
from contacts.models import Contact, User
from tests.activities.bookings import make_calendar
from tests.activities.chats import SITE, Talk, make_bot, talk
from tests.activities.test_chat import BYE, CITY, MAIL


@pytest.fixture
def bot(member: User) -> Chatbot:
    return make_bot(member, calendar=make_calendar(member))


# --- what goes wrong on the way


def test_an_answer_sent_twice_is_one_answer(client: Client, bot: Chatbot) -> None:
    said = Talk(client, bot).start()
    body = {"token": said.token, "nonce": "12345678", "to": said.last, "text": "Ada", "after": 0}
    first, second = said.post("answer", **body), said.post("answer", **body)
    assert first.json() == second.json()
    assert ChatMessage.objects.filter(by="visitor").count() == 1


def test_an_answer_to_an_earlier_question_is_not_taken_for_one_to_the_present(
    client: Client, bot: Chatbot
) -> None:
    said = talk(client, bot, "Ada")
    late = said.send("Bob", to=2)
    assert late.status_code == 409 and late.json()["asks"]["kind"] == "email"
    assert "Bob" not in ChatMessage.objects.values_list("text", flat=True)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "Enter an answer"),
        ("ada@nowhere", "needs a dot"),
        ("x" * 3000, "at most 2,000"),
        ("\x00\x07 ", "Enter an answer"),
    ],
)
def test_a_bad_answer_says_why_and_changes_nothing(
    client: Client, member: User, text: str, fault: str
) -> None:
    said = Talk(client, make_bot(member, MAIL)).start()
    response = said.send(text)
    assert (response.status_code, response.json()["field"]) == (422, "text")
    assert fault in response.json()["error"]
    assert said.conversation.messages_count == 1 and not Contact.objects.exists()


def test_a_finished_conversation_takes_no_more_answers(client: Client, member: User) -> None:
    said = talk(client, make_bot(member, CITY, BYE), "Turin")
    assert said.say("Rome").status == 410


def test_a_conversation_without_end_ends(client: Client, member: User) -> None:
    said = talk(client, make_bot(member, Step("again", "question", "Again?", then="again")), "x")
    Conversation.objects.update(messages_count=MOST_MESSAGES)
    assert said.say("x", to=MOST_MESSAGES).status == 410


@pytest.mark.parametrize("token", ["", "0" * 64, "x", "../../etc", "\x00"])
def test_a_token_that_was_made_up_opens_nothing(client: Client, bot: Chatbot, token: str) -> None:
    said = talk(client, bot, "Ada")
    said.token = token
    assert said.resume().status == 410 and said.say("x").status == 410
    assert said.told == {"error": "This conversation is over. Start a new one.", "field": ""}


def test_the_conversation_of_another_bot_is_not_there(client: Client, bot: Chatbot, member: User) -> None:  # fmt: skip
    said = talk(client, bot, "Ada")
    other = Talk(client, make_bot(member), token=said.token)
    assert other.resume().status == 410


def test_neither_the_number_nor_the_id_of_a_conversation_opens_it(client: Client, bot: Chatbot) -> None:  # fmt: skip
    said = talk(client, bot, "Ada")
    for guess in (str(said.conversation.pk), said.conversation.public_id, said.conversation.token_hash):  # fmt: skip
        assert Talk(client, bot, token=guess).resume().status == 410


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"nothing", b"[" * 10_000, b'{"token": 1}', b'{"zone": ["x"]}', b"\xff\xfe"],
)
def test_what_is_no_call_is_refused_with_words(client: Client, bot: Chatbot, body: bytes) -> None:
    for what in ("start", "answer", "resume"):
        url = f"/chat/{bot.slug}/{what}/"
        response = client.post(url, body, content_type="application/json")
        assert response.status_code in {201, 400, 410}
        if response.status_code == 400:
            assert response.json()["error"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("nonce", "short"), ("nonce", "a b c d e f g"), ("to", "1"), ("to", -1), ("to", True), ("after", 2**40), ("token", 7)],
)  # fmt: skip
def test_a_bad_value_is_named(client: Client, bot: Chatbot, name: str, value: Any) -> None:
    response = Talk(client, bot).start().send("Ada", **{name: value})
    assert (response.status_code, response.json()["field"]) == (400, name)


def test_a_megabyte_is_refused_before_it_is_read(client: Client, bot: Chatbot) -> None:
    response = Talk(client, bot).start().send("x" * 1_000_000)
    assert response.status_code == 413 and "16 kB" in response.json()["error"]


def test_a_thousand_messages_in_a_minute_are_stopped_and_the_conversation_is_whole(
    client: Client, bot: Chatbot, settings: Any
) -> None:
    settings.CHAT_MESSAGES_PER_MINUTE = 20
    said = talk(client, bot, "Ada")
    answers = [said.send("x", nonce=f"n-{n:08}").status_code for n in range(100)]
    assert answers.count(429) >= 80 and set(answers) == {422, 429}
    assert int(said.send("x")["Retry-After"]) <= 60
    settings.CHAT_MESSAGES_PER_MINUTE = 0
    assert said.say("ada@example.com").bot_says == ["What about?"]


def test_one_address_starts_so_many_conversations(
    client: Client, bot: Chatbot, settings: Any
) -> None:
    settings.CHATS_PER_ADDRESS = 2
    assert [Talk(client, bot).start().status for _ in range(3)] == [201, 201, 429]
    other = Client(REMOTE_ADDR="203.0.113.7")
    assert Talk(other, bot).start().status == 201


# --- sites


def test_only_the_sites_of_a_bot_may_use_it(client: Client, bot: Chatbot) -> None:
    url = f"/chat/{bot.slug}/start/"
    for origin, status in ((SITE, 201), ("http://testserver", 201), ("https://evil.example", 403), ("null", 403)):  # fmt: skip
        response = client.post(url, "{}", content_type="application/json", headers={"Origin": origin})  # fmt: skip
        assert response.status_code == status
        assert response.get("Access-Control-Allow-Origin") == (origin if status == 201 else None)
    assert Conversation.objects.count() == 2


def test_a_browser_asks_before_it_sends(client: Client, bot: Chatbot) -> None:
    response = client.options(f"/chat/{bot.slug}/answer/", headers={"Origin": SITE})
    assert (response.status_code, response["Access-Control-Allow-Origin"]) == (204, SITE)
    assert response["Access-Control-Allow-Headers"] == "content-type"
    assert "Origin" in response["Vary"] and "Access-Control-Allow-Credentials" not in response


def test_an_unpublished_and_an_archived_bot_are_not_there(client: Client, bot: Chatbot) -> None:
    said = talk(client, bot, "Ada")
    Chatbot.objects.update(archived_at=timezone.now())
    assert Talk(client, bot).start().status == 404 and said.resume().status == 404
    assert client.get(f"/chat/{bot.slug}/").status_code == 404


def test_no_cookie_is_set(client: Client, bot: Chatbot) -> None:
    said = talk(client, bot, "Ada")
    assert not client.cookies and said.post("resume", token=said.token).cookies == {}
