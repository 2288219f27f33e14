"""Settings, Routing forms: building one without script, publishing it, and what is refused."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from activities.models import BookingCalendar, RoutingForm
from activities.routing.editor import FormEditor
from activities.routing.rules import Outcome
from contacts.models import AuditEntry, User
from tests.activities.bookings import make_calendar
from tests.activities.routing.filling import (
    NEED,
    form_url,
    make_form,
    message,
    page_of,
    rule,
    send,
)
from tests.contacts.pages import read, text_of
from tests.factories import make_property

pytestmark = pytest.mark.usefixtures("db")


def opened(client: Client, form: RoutingForm | None = None) -> dict[str, str]:
    """The editor as it is first shown, to be sent again."""
    return read(client.get(url_of(form))).values


def url_of(form: RoutingForm | None) -> str:
    return reverse("form_edit", args=[form.public_id]) if form else reverse("form_new")


def press(client: Client, form: RoutingForm | None, typed: dict[str, str], do: str = "") -> Any:
    return client.post(url_of(form), {**typed, "do": do} if do else typed)


def built(client: Client) -> dict[str, str]:
    """A new form with two questions and a rule, built by the buttons, not saved yet."""
    typed = {
        **opened(client),
        "name": "How can we help?",
        "question_0_label": "Email",
        "question_0_kind": "email",
        "question_0_field": "email",
        "default_leads": "message",
        "default_text": "Thank you.",
    }
    typed = read(press(client, None, typed, "add_question")).values
    typed |= {
        "question_1_label": "What do you need?",
        "question_1_kind": "choice",
        "question_1_options": "Tax\nPayroll",
    }
    typed = read(press(client, None, typed, "add_rule")).values
    return typed | {
        "rule_0_question": typed["question_1_name"],
        "rule_0_test": "is",
        "rule_0_value": "Tax",
        "rule_0_leads": "url",
        "rule_0_text": "https://example.com/tax",
    }


def test_a_form_is_built_with_buttons_saved_published_and_filled_in(as_admin: Client) -> None:
    typed = built(as_admin)
    assert not RoutingForm.objects.exists()
    assert press(as_admin, None, typed, "publish").status_code == 302
    form = RoutingForm.objects.get()
    assert form.slug == "how-can-we-help" and form.is_open
    name = form.questions[1]["name"]
    response = send(Client(), form, **{form.questions[0]["name"]: "ada@example.com", name: "Tax"})
    assert "example.com/tax" in Client().get(response["Location"]).content.decode()
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"form.created", "form.published"} <= actions


def test_rows_move_and_go_and_nothing_typed_is_lost(as_admin: Client) -> None:
    typed = built(as_admin) | {"name": "Typed <b>over</b>"}
    moved = read(press(as_admin, None, typed, "down_question_0")).values
    assert moved["question_0_label"] == "What do you need?"
    assert (moved["question_1_label"], moved["name"]) == ("Email", "Typed <b>over</b>")
    assert moved["rule_0_question"] == moved["question_0_name"]
    less = read(press(as_admin, None, moved, "remove_question_0")).values
    assert less["questions"] == "1" and "question_1_label" not in less
    refused = press(as_admin, None, less)
    assert refused.status_code == 422
    assert "Rule 1: choose a question that the form asks" in text_of(refused)


@pytest.mark.parametrize("do", ["up_question_0", "remove_rule_7", "add_thing", "down_rule_99"])
def test_a_button_that_does_nothing_changes_nothing(as_admin: Client, do: str) -> None:
    typed = built(as_admin)
    shown = press(as_admin, None, typed, do)
    token = "csrfmiddlewaretoken"
    if "thing" in do:  # no button of ours: it is a Save
        assert shown.status_code == 302
    else:
        assert {**read(shown).values, token: ""} == {**typed, token: ""}


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ({"name": " "}, "Enter a name"),
        ({"slug": "¿?", "name": "¡!"}, "Use letters, digits and hyphens"),
        ({"owner": "999999999"}, "Choose an owner from the list"),
        ({"contact_status": "King"}, "Choose a status from the list"),
        ({"question_0_label": ""}, "Question 1: enter what to ask"),
        ({"question_0_kind": "money"}, "Question 1: choose a type"),
        ({"question_0_field": "owner"}, "Question 1: choose a contact field"),
        ({"question_0_field": "city"}, "City cannot hold an answer of the type Email"),
        ({"question_1_kind": "email", "question_1_field": "email"}, "Question 2: another question"),
        ({"question_1_options": "Tax"}, "Question 2: enter at least two answers"),
        ({"question_1_options": "A;B\nC"}, "may not hold a semicolon"),
        ({"rule_0_test": "smells"}, "Rule 1: choose what the answer is to be"),
        ({"rule_0_value": ""}, "Rule 1: enter what to compare"),
        ({"rule_0_value": "Taxes"}, "Rule 1: “Taxes” is no answer that can be chosen"),
        ({"rule_0_leads": ""}, "Rule 1: choose where it leads"),
        ({"rule_0_leads": "calendar:BKC-000000000000"}, "no longer exists"),
        ({"rule_0_text": "javascript:alert(1)"}, "begins with https:// or http://"),
        ({"rule_0_text": "ftp://example.com/"}, "begins with https:// or http://"),
        ({"rule_0_text": "https://me:secret@example.com/"}, "without user name"),
        ({"rule_0_text": "https://example.com/\\@evil.example"}, "web address"),
        ({"rule_0_text": "//example.com"}, "begins with https:// or http://"),
        ({"default_leads": "message", "default_text": " "}, "Enter the message to show"),
        ({"default_text": "x" * 2001}, "Too long"),
        ({"questions": "0"}, "Add at least one question"),
    ],
)
def test_a_fault_stands_at_its_field_and_nothing_is_saved(
    as_admin: Client, typed: dict[str, str], fault: str
) -> None:
    sent = {**built(as_admin), **typed}
    response = press(as_admin, None, sent)
    assert (response.status_code, RoutingForm.objects.count()) == (422, 0)
    assert fault.lower() in text_of(response).lower()
    values = read(response).values
    if typed.get("questions") != "0" and not {"owner", "contact_status"} & typed.keys():
        kept = {n: t for n, t in typed.items() if not n.endswith(("_kind", "_test", "_field"))}
        assert {name: values.get(name) for name in kept} == kept


def test_names_that_were_made_up_or_doubled_are_replaced(as_admin: Client) -> None:
    typed = built(as_admin)
    forged = typed | {"question_1_name": typed["question_0_name"], "rules": "0"}
    assert press(as_admin, None, forged).status_code == 302
    first, second = (row["name"] for row in RoutingForm.objects.get().questions)
    assert first == typed["question_0_name"] != second


def test_a_form_says_how_many_questions_it_may_ask(
    as_admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FormEditor, "most_questions", 2)
    page = press(as_admin, None, built(as_admin), "up_question_1")
    assert "A form asks at most 2 questions." in text_of(page)


def test_an_address_belongs_to_one_form(as_admin: Client, admin_user: User) -> None:
    make_form(admin_user, slug="taken")
    response = press(as_admin, None, built(as_admin) | {"slug": "taken"})
    assert response.status_code == 422 and "Another form has this address" in text_of(response)


def test_the_statuses_have_the_names_that_contacts_show(as_admin: Client) -> None:
    page = as_admin.get(reverse("form_new")).content.decode()
    assert ">Marketing qualified</option>" in page and ">Sales qualified</option>" in page


def test_a_select_property_brings_its_own_answers(as_admin: Client) -> None:
    tier = make_property("Tier", "select", "Gold", "Silver")
    changed = {"question_1_field": tier.name, "question_1_options": "", "rule_0_value": "gold"}
    typed = built(as_admin) | changed
    assert press(as_admin, None, typed).status_code == 302
    assert RoutingForm.objects.get().questions[1]["options"] == ["Gold", "Silver"]


@pytest.mark.parametrize(
    ("kind", "typed", "stored"),
    [
        ("number", "1,200.50", "1200.5"),
        ("date", "31 Jan 2026", "2026-01-31"),
        ("yesno", "no", "No"),
    ],
)
def test_what_a_rule_compares_with_is_stored_as_an_answer_is(
    as_admin: Client, kind: str, typed: str, stored: str
) -> None:
    form = built(as_admin) | {"question_1_kind": kind, "rule_0_value": typed}
    assert press(as_admin, None, form).status_code == 302
    assert RoutingForm.objects.get().rules[0]["value"] == stored


def test_a_rule_to_a_closed_booking_page_is_told_and_stays(
    as_admin: Client, admin_user: User
) -> None:
    calendar = make_calendar(admin_user, name="Tax review")
    form = make_form(admin_user, NEED, rules=(rule("need", "is", "Tax", page_of(calendar)),))
    BookingCalendar.objects.update(archived_at=timezone.now())
    text = text_of(as_admin.get(url_of(form)))
    assert "Rule 1 leads to Tax review, a booking page that is closed." in text
    assert press(as_admin, form, opened(as_admin, form)).status_code == 302
    calendar.delete()
    page = as_admin.get(url_of(form))
    assert "Rule 1 leads to a booking page that no longer exists." in text_of(page)
    assert press(as_admin, form, read(page).values).status_code == 422


def test_the_editor_shows_what_is_saved_and_saves_what_it_shows(
    as_admin: Client, admin_user: User
) -> None:
    calendar = make_calendar(admin_user)
    rules = (
        rule("need", "is", "Tax", page_of(calendar)),
        rule("need", "blank", "", message("Tell us more.")),
    )
    form = make_form(admin_user, NEED, rules=rules, default=Outcome("url", "https://example.com/"))
    before = (form.questions, form.rules, form.default_outcome)
    assert press(as_admin, form, opened(as_admin, form)).status_code == 302
    form.refresh_from_db()
    assert (form.questions, form.rules, form.default_outcome) == before


@pytest.mark.parametrize(
    ("do", "open_after", "archived_after"),
    [
        ("publish", True, False),
        ("unpublish", False, False),
        ("archive", False, True),
        ("restore", False, False),
    ],
)
def test_publishing_closing_archiving_and_restoring(
    as_admin: Client, admin_user: User, do: str, open_after: bool, archived_after: bool
) -> None:
    form = make_form(admin_user)
    as_admin.post(reverse("form_action", args=[form.public_id]), {"do": do})
    form.refresh_from_db()
    assert (form.is_open, form.archived_at is not None) == (open_after, archived_after)
    assert (Client().get(form_url(form)).status_code == 200) is open_after


def test_forms_are_for_administrators(as_member: Client, admin_user: User) -> None:
    form = make_form(admin_user)
    action = reverse("form_action", args=[form.public_id])
    for url in (reverse("form_list"), reverse("form_new"), url_of(form)):
        assert as_member.get(url).status_code == 404
    assert as_member.post(action, {"do": "archive"}).status_code == 404
    assert "Routing forms" not in text_of(as_member.get(reverse("calendar_list")))


def test_what_does_not_exist_is_not_found(as_admin: Client, admin_user: User) -> None:
    assert as_admin.get("/settings/routing-forms/FRM-000000000000/").status_code == 404
    action = reverse("form_action", args=[make_form(admin_user).public_id])
    assert as_admin.post(action, {"do": "explode"}).status_code == 404
