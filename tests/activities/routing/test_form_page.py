"""The public page of a routing form: what it asks, what it takes, where it leads."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from activities.models import BookingCalendar, FormSubmission, Meeting, RoutingForm
from activities.routing.rules import Outcome
from activities.routing.submitting import forget_tests
from contacts.models import Account, Contact, Property, Suggestion, User
from tests.activities.bookings import details_url, make_calendar, old_key, soon
from tests.activities.routing.filling import (
    NEED,
    WHO,
    filled_in,
    form_url,
    make_form,
    message,
    page_of,
    question,
    rule,
    send,
    sent,
)
from tests.contacts.pages import read, text_of
from tests.factories import make_property


@pytest.fixture
def form(admin_user: User) -> RoutingForm:
    return make_form(admin_user, NEED, description="Three minutes.")


@pytest.fixture
def calendar(member: User) -> BookingCalendar:
    return make_calendar(member, slug="tax")


# --- who it is


def test_what_is_sent_in_stays_and_makes_its_contact(client: Client, form: RoutingForm) -> None:
    response = send(client, form, need="Tax")
    assert "Thank you." in text_of(client.get(response["Location"]))
    submission = FormSubmission.objects.get()
    contact = submission.contact
    assert contact and (contact.display_name, contact.email) == ("Ada Lovelace", "ada@example.com")
    assert contact.owner == form.owner and contact.last_interacted_time
    assert [answer["value"] for answer in submission.answers] == [
        "Ada Lovelace", "ada@example.com", "Tax",
    ]  # fmt: skip


def test_somebody_known_is_recognised_and_what_differs_is_suggested(
    client: Client, admin_user: User, ada: Contact
) -> None:
    form = make_form(admin_user, question("company", "Company", field="company"),
                     question("city", "City", field="city"))  # fmt: skip
    submission = sent(client, form, email="ADA@example.com", company="Other Ltd", city="Turin")
    assert submission.contact == ada and Contact.objects.count() == 1
    ada.refresh_from_db()
    assert (ada.company, ada.city, ada.owner.email) == ("Engines", "Turin", "member@kith.test")
    suggestion = Suggestion.objects.get()
    assert (suggestion.field, suggestion.value, suggestion.source) == (
        "company",
        "Other Ltd",
        "form",
    )
    assert form.name in suggestion.detail


def test_an_answer_is_stored_in_the_property_it_is_for(client: Client, admin_user: User) -> None:
    tier = make_property("Tier", "select", "Gold", "Silver")
    since = make_property("Customer since", "date")
    vip, size = make_property("VIP", "yes_no"), make_property("Budget", "number")
    form = make_form(
        admin_user,
        question("tier", "Tier?", "choice", field=tier.name),
        question("since", "Since?", "date", field=since.name),
        question("vip", "VIP?", "yesno", field=vip.name),
        question("size", "Budget?", "number", field=size.name),
    )
    contact = sent(client, form, tier="Gold", since="2020-02-29", vip="No", size="1,200.50").contact
    assert contact and contact.custom == {
        tier.name: "Gold", since.name: "2020-02-29", vip.name: "No", size.name: "1200.5",
    }  # fmt: skip


def test_the_status_of_the_form_fills_a_blank_and_is_suggested_otherwise(
    client: Client, admin_user: User, ada: Contact
) -> None:
    form = make_form(admin_user, contact_status="Qualified")
    sent(client, form)
    Contact.objects.filter(pk=ada.pk).update(status="Disqualified")
    sent(client, form)
    ada.refresh_from_db()
    assert ada.status == "Disqualified"
    assert Suggestion.objects.get().value == "Qualified"
    assert sent(client, form, email="new@example.com").contact.status == "Qualified"  # type: ignore[union-attr]


def test_values_replace_at_once_where_the_account_wants_it(
    client: Client, admin_user: User, ada: Contact
) -> None:
    Account.load()
    Account.objects.update(apply_suggestions=True)
    form = make_form(admin_user, question("company", "Company", field="company"))
    sent(client, form, company="Other Ltd")
    ada.refresh_from_db()
    assert ada.company == "Other Ltd"


def test_who_says_nothing_of_themselves_becomes_no_contact(
    client: Client, admin_user: User
) -> None:
    form = make_form(admin_user, questions=[NEED])
    assert sent(client, form, need="Tax").contact is None
    assert not Contact.objects.exists()


def test_the_same_form_sent_twice_is_one_submission(client: Client, form: RoutingForm) -> None:
    typed = filled_in()
    first, second = (client.post(form_url(form), typed) for _ in range(2))
    assert first.status_code == second.status_code == 302
    assert (FormSubmission.objects.count(), Contact.objects.count()) == (1, 1)


# --- where it leads


def test_a_rule_leads_to_a_booking_page_that_knows_the_answers(
    client: Client, admin_user: User, calendar: BookingCalendar
) -> None:
    calendar.questions = [question("why", "What do you need?")]
    calendar.save()
    form = make_form(admin_user, NEED, rules=(rule("need", "is", "tax", page_of(calendar)),))
    response = send(client, form, need="Tax", name="Ada Lovelace")
    assert response["Location"].startswith("/book/tax/?form=")
    # Not "ada": a token may hold any three letters.
    assert "lovelace" not in response["Location"].lower() and "example" not in response["Location"]
    times = client.get(response["Location"]).content.decode()
    token = response["Location"].partition("form=")[2]
    assert f"&amp;form={token}" in times
    start = f"{soon():%Y-%m-%dT%H:%M}Z"
    values = read(client.get(details_url(calendar), {"start": start, "form": token})).values
    assert (values["name"], values["email"], values["q_why"]) == (
        "Ada Lovelace", "ada@example.com", "Tax",
    )  # fmt: skip
    client.post(details_url(calendar), {**values, "key": old_key()})
    meeting, submission = Meeting.objects.get(), FormSubmission.objects.get()
    assert submission.meeting == meeting and submission.contact == meeting.contact
    assert meeting.contact and meeting.contact.owner == calendar.host


def test_a_link_with_answers_ends_after_an_hour_and_cannot_be_made_up(
    client: Client, admin_user: User, calendar: BookingCalendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = make_form(admin_user, default=page_of(calendar))
    token = send(client, form)["Location"].partition("form=")[2]
    start = {"start": f"{soon():%Y-%m-%dT%H:%M}Z"}
    monkeypatch.setattr("activities.routing.submitting.TOKEN_LIVES", -1)
    for wrong in (token, token[:-2], "FSUB-1", "\x00"):
        values = read(client.get(details_url(calendar), {**start, "form": wrong})).values
        assert values["email"] == "" and "form" not in values


def test_a_web_address_is_gone_to_by_a_page_of_ours(client: Client, admin_user: User) -> None:
    form = make_form(admin_user, default=Outcome("url", "https://example.com/next?a=1&b=2"))
    page = client.get(send(client, form)["Location"])
    html = page.content.decode()
    assert 'content="0;url=https://example.com/next?a=1&amp;b=2"' in html
    assert "It goes on at https://example.com/next?a=1&b=2" in text_of(page)


@pytest.mark.parametrize(
    ("test", "value", "answer", "applies"),
    [
        ("is", "zürich", "Zurich", True),
        ("is", "", "", False),
        ("is_not", "Bern", "", True),
        ("contains", "IN THE", "Down in the valley", True),
        ("answered", "", "x", True),
        ("blank", "", "x", False),
    ],
)
def test_rules_compare_words_without_case_and_accents(
    client: Client, admin_user: User, test: str, value: str, answer: str, applies: bool
) -> None:
    rules = (rule("city", test, value, message("By the rule.")),)
    form = make_form(admin_user, question("city", "City"), rules=rules)
    assert (sent(client, form, city=answer).rule == 1) is applies


@pytest.mark.parametrize(
    ("kind", "test", "value", "answer", "applies"),
    [
        ("number", "at_least", "10", "9", False),
        ("number", "at_least", "10", "10.0", True),
        ("number", "is", "1200", "1,200.00", True),
        ("number", "at_most", "many", "5", False),
        ("date", "at_most", "2026-01-31", "31 Jan 2026", True),
        ("several", "is", "Phone", ["Mail", "Phone"], True),
        ("several", "is_not", "Phone", ["Mail"], True),
    ],
)
def test_numbers_dates_and_several_answers_are_compared_as_such(
    client: Client, admin_user: User, kind: str, test: str, value: str, answer: Any, applies: bool
) -> None:
    rules = (rule("x", test, value, message("By the rule.")),)
    asked = question("x", "X?", kind, options=["Mail", "Phone"] if kind == "several" else [])
    form = make_form(admin_user, asked, rules=rules)
    assert (sent(client, form, x=answer).rule == 1) is applies


def test_the_first_rule_that_applies_decides(client: Client, admin_user: User) -> None:
    rules = tuple(rule("need", "contains", "a", message(text)) for text in ("First", "Second"))
    submission = sent(client, make_form(admin_user, NEED, rules=rules), need="Tax")
    assert (submission.rule, submission.outcome_text) == (1, "First")


@pytest.mark.parametrize("gone", ["closed", "deleted", "host left"])
def test_a_rule_to_a_booking_page_that_is_not_open_falls_to_the_default(
    client: Client, admin_user: User, calendar: BookingCalendar, gone: str
) -> None:
    rules = (rule("need", "answered", "", page_of(calendar)),)
    form = make_form(admin_user, NEED, rules=rules, default=message("We will write to you."))
    if gone == "deleted":
        calendar.delete()
    elif gone == "closed":
        BookingCalendar.objects.update(archived_at=timezone.now())
    else:
        User.objects.filter(pk=calendar.host_id).update(is_active=False)
    text = text_of(client.get(send(client, form, need="Tax")["Location"]))
    assert "Your answers have arrived. The page that they lead to is closed" in text
    assert "We will write to you." in text


def test_where_nothing_is_open_people_are_thanked(
    client: Client, admin_user: User, calendar: BookingCalendar
) -> None:
    form = make_form(admin_user, default=page_of(calendar))
    calendar.delete()
    assert "Your answers have arrived" in text_of(client.get(send(client, form)["Location"]))


def test_the_end_of_a_form_is_found_by_its_own_link_only(
    client: Client, form: RoutingForm, admin_user: User
) -> None:
    location = send(client, form)["Location"]
    other = reverse("form_done", args=[make_form(admin_user).slug, location.split("/")[-2]])
    assert client.get(other).status_code == 404
    assert client.get(reverse("form_done", args=[form.slug, "made:up"])).status_code == 404


# --- what is refused


@pytest.mark.parametrize("slug", ["nothing", "a\x00b", "ü"])
def test_an_address_that_leads_nowhere(client: Client, db: None, slug: str) -> None:
    assert client.get(f"/form/{slug}/").status_code == 404


@pytest.mark.parametrize("column", ["published_at", "archived_at"])
def test_a_form_that_is_not_published_or_archived_is_not_there(
    client: Client, form: RoutingForm, column: str
) -> None:
    setattr(form, column, None if column == "published_at" else timezone.now())
    form.save()
    assert client.get(form_url(form)).status_code == send(client, form).status_code == 404
    assert not FormSubmission.objects.exists()


@pytest.mark.parametrize(
    ("asked", "typed", "fault"),
    [
        (WHO[1], "ada@nowhere", "needs a dot"),
        (WHO[1], "", "Email: Answer this question"),
        (question("x", "How many", "number"), "some", "How many: Use a number"),
        (question("x", "When", "date"), "03/04/2026", "When: Use a date"),
        (question("x", "Mobile", "tel", field="mobile_phone"), "12", "Mobile: Too short"),
        (question("x", "Which", "choice", options=["A", "B"]), "C", "Which: Choose one"),
        (question("x", "Which", "several", options=["A", "B"]), "C", "Which: Use one of A, B"),
        (question("x", "Really", "yesno"), "Perhaps", "Really: Choose one"),
        (question("x", "Text"), "x" * 256, "Text: Too long"),
        (question("x", "Text", "text"), "x" * 5001, "5,001 characters, at most 5,000"),
    ],
)
def test_a_fault_stands_at_its_field_and_what_was_typed_stays(
    client: Client, admin_user: User, asked: dict[str, Any], typed: str, fault: str
) -> None:
    form = make_form(admin_user, questions=[WHO[0], asked])
    response = send(client, form, **{asked["name"]: typed})
    assert (response.status_code, FormSubmission.objects.count()) == (422, 0)
    assert fault in text_of(response)
    values = read(response).values
    assert values["q_name"] == "Ada Lovelace" and not Contact.objects.exists()
    if asked["kind"] not in {"choice", "yesno", "several"}:
        assert values[f"q_{asked['name']}"] == typed


def test_fields_that_nobody_defined_are_not_looked_at(client: Client, form: RoutingForm) -> None:
    typed = {**filled_in(), "q_owner": "1", "status": "Qualified", "is_test": "1", "outcome": "url"}
    assert client.post(form_url(form), typed).status_code == 302
    submission = FormSubmission.objects.get()
    assert len(submission.answers) == 3 and not submission.is_test
    assert submission.contact and submission.contact.status == ""


def test_a_question_for_an_archived_property_keeps_its_answer_with_the_form(
    client: Client, admin_user: User
) -> None:
    tier = make_property("Tier")
    form = make_form(admin_user, question("tier", "Tier?", field=tier.name))
    Property.objects.update(archived_at=timezone.now())
    submission = sent(client, form, tier="Gold")
    assert submission.answers[-1]["value"] == "Gold"
    assert submission.contact and submission.contact.custom == {}


def test_a_stored_form_that_nobody_can_have_built_is_asked_as_far_as_it_goes(
    client: Client, admin_user: User
) -> None:
    odd = [{"name": "x", "label": "Odd", "kind": "money", "field": "nobody", "colour": "red"}]
    rules = [{"question": "gone", "test": "smells", "outcome": None}, {}]
    form = make_form(admin_user, questions=odd)
    RoutingForm.objects.update(rules=rules, default_outcome={"kind": "explode"})
    submission = sent(client, form, x="As text")
    assert submission.answers[0]["value"] == "As text" and submission.outcome == "message"


def test_a_megabyte_is_refused_before_it_is_read(client: Client, form: RoutingForm) -> None:
    assert send(client, form, need="x" * 1_000_000).status_code == 413


def test_a_form_filled_in_by_a_machine_is_asked_for_again(
    client: Client, form: RoutingForm
) -> None:
    for typed in ({"website": "x"}, {"key": "made-up"}, {"key": ""}):
        response = client.post(form_url(form), {**filled_in(), **typed})
        assert (response.status_code, FormSubmission.objects.count()) == (422, 0)
        assert read(response).values["q_name"] == "Ada Lovelace"


def test_an_address_and_a_form_have_their_limits(
    client: Client, form: RoutingForm, settings: Any
) -> None:
    settings.BOOKING_POSTS_PER_ADDRESS = 1
    assert [send(client, form, name="").status_code for _ in range(2)] == [422, 429]
    settings.BOOKING_POSTS_PER_ADDRESS, settings.SUBMISSIONS_PER_FORM = 0, 1
    answers = [send(client, form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 429]
    assert "Too many forms were sent" in text_of(answers[1])
    assert read(answers[1]).values["q_email"] == "ada@example.com"


def test_a_post_without_our_token_is_refused(form: RoutingForm) -> None:
    assert send(Client(enforce_csrf_checks=True), form).status_code == 403
    assert not FormSubmission.objects.exists()


def test_the_page_never_tells_whether_an_address_is_known(
    client: Client, form: RoutingForm, ada: Contact
) -> None:
    known, unknown = send(client, form), send(client, form, email="new@example.com")
    pages = [text_of(client.get(answer["Location"])) for answer in (known, unknown)]
    assert known.headers.keys() == unknown.headers.keys() and pages[0] == pages[1]


def test_scripts_in_every_answer_are_inert(client: Client, admin_user: User) -> None:
    attack = "<script>alert(1)</script>"
    form = make_form(admin_user, question("x", attack, "text"), name=attack,
                     default=message(attack))  # fmt: skip
    refused = client.post(form_url(form), filled_in(name=attack, x=attack, email=attack))
    done = client.get(send(client, form, name=attack, x=attack)["Location"])
    client.force_login(admin_user)
    submission = FormSubmission.objects.get()
    detail = client.get(reverse("submission_detail", args=[submission.public_id]))
    listed = client.get(reverse("submission_list"))
    for page in (refused, done, detail, listed):
        assert "<script>alert" not in page.content.decode()
        assert "alert(1)" in text_of(page)


# --- preview


def test_a_preview_is_a_test_and_changes_nothing_but_its_own_row(
    as_admin: Client, admin_user: User, ada: Contact, calendar: BookingCalendar
) -> None:
    form = make_form(admin_user, default=page_of(calendar), published_at=None)
    seen = (ada.last_interacted_time, ada.version)
    url = reverse("form_preview", args=[form.public_id])
    assert "Test. What you send from here makes no contact" in text_of(as_admin.get(url))
    page = as_admin.get(as_admin.post(url, filled_in(name="Somebody else"))["Location"])
    text = text_of(page)
    assert "Test. Nothing was made of it" in text and "Tax review by default" in text
    ada.refresh_from_db()
    submission = FormSubmission.objects.get()
    assert submission.is_test and submission.contact is None
    assert (ada.last_interacted_time, ada.version) == seen and Suggestion.objects.count() == 0
    assert "How can we help?None" in text_of(as_admin.get(reverse("form_list")))


def test_tests_are_listed_and_exported_nowhere_and_go_after_a_day(
    as_admin: Client, admin_user: User
) -> None:
    form = make_form(admin_user)
    as_admin.post(reverse("form_preview", args=[form.public_id]), filled_in())
    assert "No form submissions" in text_of(as_admin.get(reverse("submission_list")))
    file = as_admin.post(reverse("submission_export"), {"format": "csv"})
    assert b"ada@example.com" not in b"".join(file)
    forget_tests()
    assert FormSubmission.objects.count() == 1
    FormSubmission.objects.update(creation_time=timezone.now() - timedelta(days=2))
    forget_tests()
    assert not FormSubmission.objects.exists()


def test_only_administrators_preview(as_member: Client, admin_user: User) -> None:
    form = make_form(admin_user)
    url = reverse("form_preview", args=[form.public_id])
    assert as_member.get(url).status_code == as_member.post(url, filled_in()).status_code == 404
