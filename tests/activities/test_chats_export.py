"""Export of conversations: what the filters show, with what was said, safe to open."""

import csv
import io
from typing import Any

import openpyxl
import pytest
from django.test import Client

from activities.models import Chatbot
from contacts.models import AuditEntry, User
from tests.activities.chats import make_bot, talk
from tests.contacts.pages import text_of

URL = "/activities/chats/export/"


@pytest.fixture
def bot(member: User) -> Chatbot:
    return make_bot(member)


def export(client: Client, query: str = "", kind: str = "csv") -> bytes:
    response: Any = client.post(URL + query, {"format": kind})
    assert response.status_code == 200 and response.streaming, response
    return b"".join(response.streaming_content)


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_the_file_holds_what_the_filters_show(as_member: Client, bot: Chatbot) -> None:
    chat = talk(Client(), bot, "Ada Lovelace", "ada@example.com", "Tax").conversation
    talk(Client(), bot, "Bo", "bo@example.com")
    [row] = rows(export(as_member, "?q=lovelace"))
    assert (row["Conversation ID"], row["Contact ID"]) == (chat.public_id, chat.contact_public_id)
    assert "What about?: Tax" in row["Answers"] and row["State"] == "Finished"
    assert row["Transcript"].startswith("Bot: Welcome.\nBot: What is your name?\nVisitor: Ada")
    assert AuditEntry.objects.filter(action="chats.exported").exists()


def test_a_workbook_holds_the_same(as_member: Client, bot: Chatbot) -> None:
    talk(Client(), bot, "Ada", "ada@example.com")
    book = openpyxl.load_workbook(io.BytesIO(export(as_member, kind="xlsx")), read_only=True)
    heads, row = ([cell.value for cell in row] for row in book["Chats"].iter_rows())
    assert dict(zip(heads, row, strict=False))["Visitor"] == "Ada"


def test_an_answer_that_is_a_formula_leaves_as_text(as_member: Client, bot: Chatbot) -> None:
    talk(Client(), bot, '=HYPERLINK("http://evil.example")', "ada@example.com")
    [row] = rows(export(as_member))
    assert row["Visitor"].startswith("'=")


def test_nothing_is_exported_with_a_filter_that_was_not_understood(
    as_member: Client, stranger: User, bot: Chatbot
) -> None:
    talk(Client(), bot, "Ada", "ada@example.com")
    refused = as_member.post(URL + "?state=lost", {"format": "csv"})
    assert refused.status_code == 422 and "Nothing was exported" in text_of(refused)
    assert as_member.post(URL, {"format": "pdf"}).status_code == 422
    as_member.force_login(stranger)
    assert rows(export(as_member)) == []
