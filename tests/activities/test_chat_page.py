"""The bot's page without script, and the page of the demo."""

from typing import Any

import pytest
from django.test import Client

from activities.models import Chatbot, ChatMessage, Conversation, Meeting
from contacts.models import User
from tests.activities.bookings import make_calendar
from tests.activities.chats import make_bot
from tests.activities.test_chat import silent_for
from tests.contacts.pages import read, text_of


@pytest.fixture
def bot(member: User) -> Chatbot:
    return make_bot(member, calendar=make_calendar(member))


@pytest.fixture
def talking(client: Client, bot: Chatbot) -> Any:
    """The page of a conversation that has just begun."""
    return client.post(f"/chat/{bot.slug}/", {"tz": "Europe/London"}, follow=True)


def url_of(page: Any) -> str:
    return str(page.redirect_chain[-1][0])


def answer(client: Client, page: Any, text: str, **typed: str) -> Any:
    form = {**read(page).values, "text": text, **typed}
    return client.post(page.request["PATH_INFO"], form, follow=True)


def test_looking_at_the_page_begins_nothing(client: Client, bot: Chatbot) -> None:
    assert "Front desk" in text_of(client.get(f"/chat/{bot.slug}/"))
    assert not Conversation.objects.exists()


def test_a_visitor_without_script_talks_and_books(client: Client, talking: Any) -> None:
    page = talking
    for text in ("Ada", "ada@example.com", "Tax"):
        page = answer(client, page, text)
    assert "in Europe/London time" in text_of(page)
    first = page.content.decode().split('name="text" value="')[1][:17]
    page = answer(client, page, first)
    assert "Booked: " in text_of(page) and "Change or cancel it" in text_of(page)
    assert "The conversation is finished" in text_of(page) and Meeting.objects.count() == 1


def test_a_fault_stands_at_the_answer_and_what_was_typed_stays(
    client: Client, talking: Any
) -> None:
    page = answer(client, answer(client, talking, "Ada"), "ada@nowhere")
    assert page.status_code == 422 and "needs a dot" in text_of(page)
    assert read(page).values["text"] == "ada@nowhere"


def test_the_same_form_sent_twice_is_one_answer(client: Client, talking: Any) -> None:
    answer(client, talking, "Ada")
    again = answer(client, talking, "Ada")
    assert again.status_code == 200 and "Your email?" in text_of(again)
    assert ChatMessage.objects.filter(by="visitor").count() == 1


def test_an_answer_from_another_window_says_where_it_stands(client: Client, talking: Any) -> None:
    answer(client, talking, "Ada")
    late = answer(client, talking, "Bob", nonce="another nonce")
    assert late.status_code == 409 and "went on in another window" in text_of(late)


def test_after_half_an_hour_nothing_of_it_is_shown(client: Client, talking: Any) -> None:
    answer(client, talking, "Ada Lovelace")
    silent_for(31)
    page = client.get(url_of(talking))
    assert page.status_code == 410 and "Lovelace" not in text_of(page)
    assert "Start again" in text_of(page)


@pytest.mark.parametrize("token", ["0" * 64, "x", "settings"])
def test_an_address_that_was_made_up_leads_nowhere(
    client: Client, bot: Chatbot, token: str
) -> None:
    assert client.get(f"/chat/{bot.slug}/{token}/").status_code == 404
    assert client.get(f"/chat/{token}/").status_code == 404


def test_limits_are_told_and_nothing_typed_is_lost(
    client: Client, talking: Any, settings: Any
) -> None:
    settings.CHAT_MESSAGES_PER_MINUTE = 1
    page = answer(client, answer(client, talking, "Ada"), "ada@example.com")
    assert page.status_code == 429 and "Retry-After" in page
    assert read(page).values["text"] == "ada@example.com"


def test_the_demo_shows_the_widget_on_a_plain_site(
    client: Client, bot: Chatbot, settings: Any
) -> None:
    assert f'data-bot="{bot.slug}"' in client.get("/demo/site/").content.decode()
    settings.KITH_MODE = "production"
    assert client.get("/demo/site/").status_code == 404
