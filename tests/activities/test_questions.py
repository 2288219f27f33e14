"""A calendar's own questions: their kinds, and what the answers do to the contact."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from activities.models import BookingCalendar, Meeting
from activities.questions import Question, answer_to, mappable_fields, read_questions
from contacts.identity import InvalidValue
from contacts.models import Contact, Property, Suggestion, User
from tests.activities.bookings import details_url, make_calendar, send, soon
from tests.contacts.pages import text_of
from tests.factories import make_contact, make_property


def asked(host: User, **question: Any) -> BookingCalendar:
    stored = Question("q1", "Your answer?", **question).stored()
    return make_calendar(host, questions=[stored])


@pytest.mark.parametrize(
    ("field", "typed", "saved"),
    [
        ("job_title", "Countess", "Countess"),
        ("employees", "1,200", 1200),
        ("phone", "+1 202-555-0143", "+12025550143"),
        ("street_address", "12 Fern Hill\nLondon", "12 Fern Hill\nLondon"),
        ("has_consent", "yes", True),
        ("terms_of_service", "", False),
    ],
)
def test_an_answer_fills_its_contact_field(
    client: Client, member: User, field: str, typed: str, saved: object
) -> None:
    assert send(client, asked(member, field=field), q_q1=typed).status_code == 302
    assert getattr(Contact.objects.get(), field) == saved


@pytest.mark.parametrize(
    ("kind", "options", "typed", "saved"),
    [
        ("select", ("Gold", "Silver"), "Silver", "Silver"),
        ("multi_select", ("Tax", "Payroll", "Audit"), ["Audit", "Tax"], "Tax; Audit"),
        ("date", (), "2026-11-23", "2026-11-23"),
        ("yes_no", (), "Yes", "Yes"),
        ("number", (), "12.50", "12.5"),
    ],
)
def test_an_answer_fills_its_custom_property(
    client: Client, member: User, kind: str, options: tuple[str, ...], typed: Any, saved: str
) -> None:
    field = make_property("Plan", kind, *options)
    calendar = asked(member, field=field.name, required=True)
    assert send(client, calendar, q_q1="").status_code == 422
    assert send(client, calendar, q_q1=typed).status_code == 302
    assert Contact.objects.get().custom == {field.name: saved}
    assert Meeting.objects.get().answers[0]["value"] == saved


def test_an_answer_that_differs_is_suggested(client: Client, member: User) -> None:
    make_contact(member, email="ada@example.com", city="Turin")
    send(client, asked(member, field="city"), q_q1="Rome")
    assert Suggestion.objects.get(field="city").value == "Rome"


def test_an_answer_for_no_field_stays_with_the_meeting(client: Client, member: User) -> None:
    calendar = asked(member, kind="choice", options=("Tax", "Payroll"))
    refused = send(client, calendar, q_q1="Something else")
    assert refused.status_code == 422 and "Choose one of the answers" in text_of(refused)
    send(client, calendar, q_q1="Tax")
    assert Meeting.objects.get().answers == [
        {"name": "q1", "label": "Your answer?", "field": "", "value": "Tax"}
    ]


def test_a_box_that_must_be_ticked(client: Client, member: User) -> None:
    calendar = asked(member, kind="box", required=True, field="terms_of_service")
    answer = send(client, calendar)
    assert answer.status_code == 422 and "Tick this box to go on" in text_of(answer)
    assert send(client, calendar, q_q1="yes").status_code == 302


@pytest.mark.parametrize("kind", ["select", "multi_select", "date", "text"])
def test_a_question_for_an_archived_property_is_still_asked(
    client: Client, member: User, kind: str
) -> None:
    field = make_property("Plan", kind, "Gold")
    calendar = asked(member, field=field.name, required=True)
    Property.objects.update(archived_at=timezone.now())
    assert read_questions(calendar.questions)[0].field == ""
    assert (
        client.get(details_url(calendar), {"start": f"{soon():%Y-%m-%dT%H:%M}Z"}).status_code == 200
    )
    assert send(client, calendar, q_q1="Bronze").status_code == 302
    assert (Contact.objects.get().custom, Meeting.objects.get().answers[0]["value"]) == (
        {},
        "Bronze",
    )


@pytest.mark.django_db
def test_who_the_contact_is_and_what_is_decided_about_it_is_not_asked() -> None:
    names = {field.name for field in mappable_fields()}
    assert "city" in names and not names & {"owner", "status", "email", "mobile_phone", "timezone"}


@pytest.mark.django_db
def test_a_text_longer_than_its_kind_is_refused() -> None:
    for kind, limit in (("line", 255), ("text", 5000)):
        assert answer_to(Question("a", "A", kind), ["x" * limit], region="US").text == "x" * limit
        with pytest.raises(InvalidValue, match="at most"):
            answer_to(Question("a", "A", kind), ["x" * (limit + 1)], region="US")
