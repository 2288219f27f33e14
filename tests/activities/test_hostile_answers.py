"""Answers that are none: scripts, formulas, headers, naughty strings. They are text, everywhere."""

import csv
import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from activities.cleaning import lines, one_line
from activities.models import BookingCalendar, Meeting
from contacts.models import Contact, User
from tests.activities.bookings import make_calendar, send, soon
from tests.contacts.pages import text_of, url_of
from tests.shared import shared_json

QUESTIONS = [
    {"name": "why", "label": "Why <b>now</b>?", "kind": "text", "options": [], "required": False, "field": ""},
    {"name": "city", "label": "City", "kind": "line", "options": [], "required": False, "field": "city"},
]  # fmt: skip


@pytest.fixture
def calendar(member: User) -> BookingCalendar:
    return make_calendar(member, questions=QUESTIONS)


def everywhere(text: str) -> dict[str, str]:
    return {"name": text, "company": text, "note": text, "q_why": text, "q_city": text}


def pages_of(client: Client, meeting: Meeting, location: str) -> list[Any]:
    urls = [
        location,
        location + "cancel/",
        location + "reschedule/",
        reverse("activity_list"),
        reverse("meeting_detail", args=[meeting.public_id]),
        url_of("contact_detail", meeting.contact_public_id),
    ]
    return [client.get(url) for url in urls]


@pytest.mark.parametrize("place", range(23))
def test_scripts_are_only_text(as_member: Client, calendar: BookingCalendar, place: int) -> None:
    payload = shared_json("corpora/own/payloads/xss_contact_fields.json")[place]
    answer = send(as_member, calendar, **everywhere(payload))
    assert answer.status_code == 302, text_of(answer)
    meeting = Meeting.objects.get()
    for page in pages_of(as_member, meeting, answer["Location"]):
        html = page.content.decode()
        assert page.status_code == 200
        if payload.startswith("<"):
            assert payload not in html
        for live in (
            "<script>window",
            'onerror="window',
            "<img src=x",
            "<svg onload",
            "<iframe",
            "<base ",
        ):
            assert live not in html  # fmt: skip
    shown = text_of(as_member.get(answer["Location"]))
    assert " ".join(payload.split()) in shown


def test_formulas_are_text_and_leave_an_export_as_text(
    as_member: Client, calendar: BookingCalendar
) -> None:
    payloads = shared_json("corpora/own/payloads/formula_cells.json")
    for hour, payload in enumerate(payloads):
        start = soon(days=3 + hour // 24, hour=hour % 24)
        typed = everywhere(payload) | {"name": payload.strip("\x00 ") or "x"}
        answer = send(as_member, calendar, start=start, email=f"g{hour}@example.com", **typed)
        assert answer.status_code == 302, (payload, text_of(answer))
    assert Contact.objects.count() == len(payloads)
    wanted = {"format": "csv", "columns": "all", "all": "1"}
    body = b"".join(as_member.post(reverse("contact_export"), wanted).streaming_content)  # type: ignore[attr-defined]
    for row in csv.reader(io.StringIO(body.decode("utf-8-sig"))):
        for cell in row:
            assert not cell.startswith(("=", "@", "\t", "\r")) and (cell[:1] not in "+-" or cell[1:2].isdigit() or not cell)  # fmt: skip


@pytest.mark.parametrize("place", range(10))
def test_headers_are_refused_or_become_one_line(
    client: Client, calendar: BookingCalendar, place: int
) -> None:
    payload = shared_json("corpora/own/payloads/mail_header.json")[place]
    as_email = send(client, calendar, email=payload)
    assert (as_email.status_code, Meeting.objects.count()) == (422, 0)
    answer = send(client, calendar, name=payload, company=payload)
    assert answer.status_code == 302
    meeting = Meeting.objects.get()
    for text in (meeting.guest_name, meeting.guest_company):
        assert (
            not any(c in text for c in "\r\n\u2028\u2029\x85\x00") and len(text.splitlines()) == 1
        )


def test_naughty_strings_are_booked_or_refused_at_their_field(
    client: Client, calendar: BookingCalendar
) -> None:
    strings = shared_json("corpora/blns/blns.json")
    for number, text in enumerate(strings):
        start = soon(days=3 + number // 48, hour=number % 48 // 2, minute=30 * (number % 2))
        address = f"g{number}@example.com"
        answer = send(client, calendar, start=start, email=address, **everywhere(text))
        assert answer.status_code in {302, 422}, text
        if answer.status_code == 422:
            assert "Fix" in text_of(answer)
    assert Meeting.objects.count() > 400


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ada\r\nBcc: x@attacker.invalid", "Ada  Bcc: x@attacker.invalid"),
        ("a\u2028b\u2029c\x85d\x0be\tf", "a b c d e f"),
        ("\x00\x1b[2J", "[2J"),
        ("\u200b Ada \ufeff", "Ada"),
        ("שלום", "שלום"),
    ],
)
def test_one_line_is_one_line(text: str, expected: str) -> None:
    assert one_line(text, 100) == expected


def test_several_lines_keep_only_line_ends() -> None:
    assert lines("a\r\nb\rc\td\x07\x00", 100) == "a\nb\nc d"
