"""What a message says: listed names, replaced and nothing more; no value begins a header."""

import time
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from django.utils import timezone
from icalendar import Calendar

from activities.cleaning import speakable
from activities.models import BookingCalendar, Meeting
from activities.reminders import sending
from activities.reminders.placeholders import KNOWN, check, fill, values_of
from activities.reminders.previewing import size_of
from activities.reminders.texts import DEFAULTS
from activities.services import cancel, reschedule
from activities.signals import Doer
from contacts.identity import InvalidValue
from contacts.models import Account, Contact
from contacts.services import update_contact
from tests.activities.bookings import HOST, make_meeting, soon
from tests.activities.reminders.posted import of, only_reminder, sent
from tests.activities.reminders.smtp_double import Journal
from tests.factories import by
from tests.shared import shared_json


def test_the_texts_that_every_calendar_begins_with_may_be_saved() -> None:
    for text in DEFAULTS:
        assert check(text.body, 5000) == text.body and check(text.subject, 200) == text.subject


@pytest.mark.parametrize(
    "text", ["{{ user }}", "{{guest_name|upper}}", "{{ }}", "{{ host.password }}", "{{\nx\n}}", "{% if %}", "{# x #}"]
)  # fmt: skip
def test_what_is_not_listed_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        check(f"Hello {text}", 5000)


@pytest.mark.parametrize("text", ["{{ host", "{{ host }", "host }}", "{{ meeting {{ host }} }}"])
def test_braces_without_a_partner_are_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidValue, match=r"[{}]{2}.* is not complete"):
        check(f"Hello {text}", 5000)


def test_a_value_is_never_read_again() -> None:
    assert fill("{{ a }} {{ b }} }}", {"a": "{{ b }}", "b": "x"}) == "{{ b }} x }}"


def test_a_line_whose_names_are_all_blank_is_left_out() -> None:
    text = "Where: {{ location }}\nJoin: {{ join_link }} {{ host }}\n\nBye"
    assert fill(text, {"location": "", "join_link": "", "host": "Mia"}) == "Join:  Mia\n\nBye"


def test_a_long_text_with_many_names_is_filled_in_at_once() -> None:
    text = "{{ guest_name }} " * 200 + "{{" * 800
    began = time.perf_counter()
    fill(text, dict.fromkeys(KNOWN, "x" * 500))
    assert time.perf_counter() - began < 0.1


@pytest.mark.parametrize(
    ("name", "said"),
    [("Ada", "Ada"), ("J.R. Ewing", "J.R. Ewing"), ("win at evil.example/x", ""), ("www.x", ""), ("a@b.co", ""), ("x" * 99, "x" * 60)],
)  # fmt: skip
def test_a_name_that_is_a_link_is_not_said(name: str, said: str) -> None:
    assert speakable(name) == said


@pytest.mark.django_db
def test_the_time_is_the_guests_with_its_zone(calendar: BookingCalendar) -> None:
    meeting = make_meeting(calendar, time_zone="Asia/Kathmandu")
    meeting.starts_at = datetime(2026, 12, 31, 18, 30, tzinfo=UTC)
    values = values_of(meeting, "Kith")
    assert values["start"] == "Friday 1 January 2027, 00:15"
    assert values["time_zone"] == "Asia/Kathmandu (UTC+5:45)"


@pytest.mark.django_db
def test_the_guest_is_greeted_by_the_name_of_today(meeting: Meeting, smtp: Journal) -> None:
    values = {"first_name": "Augusta"}
    update_contact(contact_id=meeting.contact_id or 0, actor=by(), values=values)
    sent(only_reminder(meeting))
    body = smtp.taken[0].message.get_body()
    assert body and body.get_content().startswith("Hello Augusta,")
    assert "/booked/" in body.get_content()


@pytest.mark.django_db
def test_no_name_begins_a_header_or_names_another_recipient(
    calendar: BookingCalendar, smtp: Journal
) -> None:
    hostile = shared_json("corpora/own/payloads/mail_header.json")
    for number, name in enumerate(hostile):
        smtp.taken.clear()
        Account.objects.update_or_create(pk=1, defaults={"name": name[:120]})
        meeting = make_meeting(
            calendar, soon(hour=number), name=name, email=f"g{number}@example.com"
        )
        Meeting.objects.filter(pk=meeting.pk).update(subject=name)
        Contact.objects.filter(meetings=meeting).update(first_name=name)
        sending.run()
        mail = smtp.taken[0]
        assert mail.recipients == [f"g{number}@example.com"], name
        assert set(mail.message.keys()) == {
            "Content-Type", "MIME-Version", "Subject", "From", "To", "Reply-To", "Date", "Message-ID",
            "Auto-Submitted",
        }, name  # fmt: skip


@pytest.mark.django_db
def test_a_stored_address_that_is_none_gets_nothing(meeting: Meeting, smtp: Journal) -> None:
    Contact.objects.filter(meetings=meeting).update(email="a@b.co, x@attacker.invalid")
    reminder = sent(only_reminder(meeting))
    assert reminder.state == "skipped" and smtp.taken == []


@pytest.mark.django_db
def test_the_calendar_file_goes_with_what_changes_the_time(meeting: Meeting, smtp: Journal) -> None:
    later = soon(days=4)
    sending.run()
    reschedule(meeting_id=meeting.pk, starts_at=later, doer=HOST)
    sending.run()
    cancel(meeting_id=meeting.pk, doer=HOST)
    sending.run()
    files = [next(mail.message.iter_attachments()) for mail in smtp.taken]
    methods = [part.get_param("method") for part in files]
    assert methods == ["REQUEST", "REQUEST", "CANCEL"]
    events: list[Any] = [Calendar.from_ical(part.get_content()).walk("VEVENT")[0] for part in files]
    assert len({event["UID"] for event in events}) == 1
    assert [event["SEQUENCE"] for event in events] == [0, 1, 2]
    assert events[1]["DTSTART"].dt == later and "ada@example.com" in events[0]["ATTENDEE"]


@pytest.mark.django_db
def test_a_mail_carries_no_words_of_a_stranger(calendar: BookingCalendar, smtp: Journal) -> None:
    words = "Win at https://evil.example/x"
    meeting = make_meeting(calendar, name=words)
    sending.run()
    cancel(meeting_id=meeting.pk, doer=Doer(Meeting.By.CUSTOMER), reason=words)
    sending.run()
    assert len(smtp.taken) == 2
    assert all("evil.example" not in read_whole(mail.message) for mail in smtp.taken)


def read_whole(message: EmailMessage) -> str:
    """Headers, text and attached file of a mail, decoded."""
    parts = [str(part.get_content()) for part in message.walk() if not part.is_multipart()]
    return "\n".join([*map(str, message.values()), *parts])


@pytest.mark.django_db
def test_a_reminder_carries_no_calendar_file(meeting: Meeting, smtp: Journal) -> None:
    sent(only_reminder(meeting))
    assert not smtp.taken[0].message.is_multipart()


@pytest.mark.django_db
def test_the_link_in_a_mail_opens_the_meeting(
    meeting: Meeting, smtp: Journal, client: object
) -> None:
    reminder = sent(of(meeting, "confirmation"))
    body = smtp.taken[0].message.get_body()
    assert body and reminder.sent_at and reminder.sent_at <= timezone.now()
    path = body.get_content().split("http://127.0.0.1:8000")[1].split()[0]
    assert client.get(path).status_code == 200  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "size"),
    [("a" * 160, "160 characters, 1 part"), ("a" * 161, "161 characters, 2 parts"), ("ж" * 71, "71 characters, 2 parts")],
)  # fmt: skip
def test_a_text_message_is_counted_in_parts(text: str, size: str) -> None:
    assert size_of(text) == size
