"""Conversations in Activities, in the contact's timeline, and when their contact goes."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from activities.models import Chatbot, Conversation
from contacts.access import Role
from contacts.deleting import delete_contact
from contacts.erasing import erase_contact, plan_erasure
from contacts.merging import counts as merge_counts
from contacts.models import Contact, User
from tests.activities.bookings import make_calendar
from tests.activities.chats import make_bot, talk
from tests.contacts.pages import HTMX, text_of, url_of
from tests.contacts.unmerge_tools import fold, merge_of, unfold
from tests.factories import by, make_team, make_user
from tests.shared import shared_json
from tests.stored import everything_stored

LIST = "/activities/chats/"


@pytest.fixture
def bot(member: User) -> Chatbot:
    return make_bot(member, calendar=make_calendar(member))


@pytest.fixture
def chat(bot: Chatbot) -> Conversation:
    return talk(Client(), bot, "Ada Lovelace", "ada@example.com", "Tax").conversation


def contact_of(chat: Conversation) -> Contact:
    chat.refresh_from_db()
    assert chat.contact is not None
    return chat.contact


def detail(client: Client, chat: Conversation) -> Any:
    return client.get(reverse("chat_detail", args=[chat.public_id]))


# --- Activities


def test_the_list_and_the_page_show_who_said_what(as_member: Client, chat: Conversation) -> None:
    page = text_of(as_member.get(LIST))
    assert "Ada Lovelace" in page and "With Front desk" in page and "Active" in page
    text = text_of(detail(as_member, chat))
    for words in ("Ada Lovelace with Front desk", "Marketing qualified", "ada@example.com", "When may we call?"):  # fmt: skip
        assert words in text
    assert "Chats" in text_of(as_member.get("/activities/"))


def test_who_does_not_see_the_contact_does_not_see_the_conversation(
    client: Client, chat: Conversation, stranger: User
) -> None:
    client.force_login(stranger)
    assert "Lovelace" not in text_of(client.get(LIST))
    assert detail(client, chat).status_code == 404
    client.logout()
    assert client.get(LIST).status_code == detail(client, chat).status_code == 302


def test_one_without_a_contact_is_for_administrators(
    client: Client, bot: Chatbot, member: User, admin_user: User
) -> None:
    chat = talk(client, bot, "Nobody").conversation
    client.force_login(member)
    assert detail(client, chat).status_code == 404
    client.force_login(admin_user)
    assert "no email and no mobile phone was given" in text_of(detail(client, chat))


def test_a_team_manager_sees_those_of_the_team(
    client: Client, chat: Conversation, member: User
) -> None:
    manager = make_user(Role.MANAGER)
    client.force_login(manager)
    assert detail(client, chat).status_code == 404
    make_team(manager=manager, members=[member])
    assert detail(client, chat).status_code == 200


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=lovelace", True),
        ("q=ada@example front", True),
        ("q=babbage", False),
        ("state=active", True),
        ("state=finished", False),
        ("from=2020-01-01&to=2020-02-01", False),
        ("contact=deleted", False),
        ("days=7", True),
    ],
)
def test_it_is_searched_and_filtered(
    as_admin: Client, chat: Conversation, query: str, found: bool
) -> None:
    page = text_of(as_admin.get(f"{LIST}?{query}"))
    assert ("With Front desk" in page) is found
    assert ("No conversations match" in page) is not found


def test_what_cannot_be_understood_is_named(as_admin: Client, chat: Conversation) -> None:
    url = f"{LIST}?state=lost&from=soon&bot=BOT-X&after=x&q=%00"
    text = text_of(as_admin.get(url))
    for words in ("no choice “lost”", "“soon” is not a date", "no choice “BOT-X”", "link"):
        assert words in text
    assert "With Front desk" in text


def test_the_list_costs_the_same_however_many_there_are(as_admin: Client, bot: Chatbot) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert as_admin.get(LIST).status_code == 200
        return len(asked)

    visitor = Client()
    talk(visitor, bot, "Ada", "ada@example.com")
    queries()
    with_one = queries()
    for n in range(8):
        talk(visitor, bot, "Bob", f"bob{n}@example.com")
    assert queries() == with_one


def test_it_goes_on_from_page_to_page(as_admin: Client, bot: Chatbot, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr("activities.listing.ROWS", 2)
    for name in ("Ann", "Ben", "Cid"):
        talk(Client(), bot, name)
    first = as_admin.get(LIST)
    assert "Cid" in text_of(first) and "Ann" not in text_of(first)
    older = first.content.decode().split('rel="next" href="')[1].split('"')[0]
    assert "Ann" in text_of(as_admin.get(older.replace("&amp;", "&")))


# --- the contact


def test_the_timeline_has_the_transcript(as_member: Client, chat: Conversation) -> None:
    pane = text_of(as_member.get(url_of("contact_detail", contact_of(chat)), headers=HTMX))
    assert "Chat: with Front desk" in pane and "3 answers, in progress" in pane
    assert "Show what was said" in pane and "When may we call?" in pane
    only = f"{url_of('contact_detail', contact_of(chat))}?activity=chats"
    assert "created the contact" not in text_of(as_member.get(only, headers=HTMX))


def test_a_merge_moves_conversations_and_its_undo_gives_them_back(
    chat: Conversation, bot: Chatbot
) -> None:
    other = talk(Client(), bot, "A. King", "king@example.com").conversation
    ada, king = contact_of(chat), contact_of(other)
    assert merge_counts.combined([ada, king])[0].numbers == (1, 1)
    survivor = fold(ada, king)
    assert contact_of(other) == survivor
    unfold(merge_of(survivor))
    assert (contact_of(chat).public_id, contact_of(other).public_id) == (ada.public_id, king.public_id)  # fmt: skip


def test_delete_says_that_they_stay_and_leaves_them(as_admin: Client, chat: Conversation) -> None:
    ada = contact_of(chat)
    asked = text_of(as_admin.get(url_of("contact_delete", ada), headers=HTMX))
    assert "1 conversation with a chatbot stays in your account" in asked
    delete_contact(contact_id=ada.pk, actor=by())
    chat.refresh_from_db()
    assert (chat.contact, chat.contact_public_id) == (None, ada.public_id)
    assert "Contact deleted" in text_of(as_admin.get(f"{LIST}?contact=deleted"))
    assert "Ada Lovelace" in text_of(detail(as_admin, chat))


@pytest.mark.parametrize("deleted_before", [False, True])
def test_erase_leaves_a_conversation_in_which_nobody_said_anything(
    client: Client, bot: Chatbot, deleted_before: bool
) -> None:
    said = talk(client, bot, "Ada Lovelace", "ada@example.com", "Tax")
    public_id = contact_of(said.conversation).public_id
    if deleted_before:
        delete_contact(contact_id=contact_of(said.conversation).pk, actor=by())
    assert plan_erasure(public_id).others == {"chats": 1}
    receipt = erase_contact(public_id=public_id, actor=by())
    assert receipt.detail["counts"]["chats"] == 1
    stored = everything_stored().lower()
    assert "lovelace" not in stored and "ada@example" not in stored
    assert said.resume().status == 410 and Conversation.objects.get().answered == 3


# --- answers that are none


@pytest.mark.parametrize("place", range(23))
def test_scripts_are_only_text(as_member: Client, bot: Chatbot, place: int) -> None:
    payload = shared_json("corpora/own/payloads/xss_contact_fields.json")[place]
    said = talk(Client(), bot, payload, "ada@example.com")
    chat = said.conversation
    pages = [as_member.get(LIST), detail(as_member, chat), as_member.get(url_of("contact_detail", contact_of(chat)))]  # fmt: skip
    pages.append(as_member.get(f"/chat/{bot.slug}/{said.token}/"))
    for page in pages:
        html = page.content.decode()
        assert page.status_code == 200
        for live in ("<script>window", 'onerror="window', "<img src=x", "<svg onload", "<iframe", "<base "):  # fmt: skip
            assert live not in html
    assert " ".join(payload.split()) in text_of(pages[1])
