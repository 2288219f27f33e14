"""Routing forms in a real browser: built and filled in without script, every screen looked at."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, Route, expect

from activities.models import FormSubmission, RoutingForm
from activities.routing.rules import Outcome
from contacts.models import User
from tests.activities.bookings import make_calendar
from tests.activities.inbound.webhooks import calcom, make_connection, post, take
from tests.activities.routing.filling import make_form, message, page_of, question, rule, send
from tests.activities.routing.test_submissions import make_submission
from tests.browser.test_screens import fit_and_accessible
from tests.shared import shared_json

QUESTIONS = [
    question("company", "Company", field="company"),
    question("need", "What do you need?", "choice", options=["Tax", "Payroll"], required=True),
    question("when", "By when?", "date"),
    question("how", "How may we reach you?", "several", options=["Email", "Phone"]),
    question("vat", "Are you registered for VAT?", "yesno"),
    question("staff", "How many people work for you?", "number"),
    question("more", "Anything we should know?", "text"),
]


@pytest.fixture
def form(administrator: User) -> RoutingForm:
    calendar = make_calendar(administrator, slug="tax")
    rules = (
        rule("need", "is", "Tax", page_of(calendar)),
        rule("need", "is", "Payroll", Outcome("url", "https://elsewhere.example/payroll")),
    )
    return make_form(
        administrator, *QUESTIONS, rules=rules, slug="help", description="Three minutes.",
        contact_status="Qualified", default=message("Thank you. We will write to you."),
    )  # fmt: skip


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def sign_in_plainly(page: Page, base: str, user: User) -> None:
    page.goto(f"{base}/login/")
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password", exact=True).fill("kith-demo")
    page.get_by_role("button", name="Sign in").click()


def test_a_form_is_built_and_filled_in_without_script(
    plain: Page, live_server: Any, administrator: User
) -> None:
    make_calendar(administrator, slug="tax")
    sign_in_plainly(plain, live_server.url, administrator)
    plain.goto(f"{live_server.url}/settings/routing-forms/new/")
    plain.get_by_label("Name", exact=True).fill("How can we help?")
    plain.get_by_label("Question 1", exact=True).fill("Your email")
    plain.get_by_label("Type").first.select_option("Email")
    plain.get_by_label("For the contact field").first.select_option("Email")
    plain.get_by_role("button", name="Add question").click()
    expect(plain.get_by_text("Not saved yet")).to_be_visible()
    plain.get_by_label("Question 2", exact=True).fill("What do you need?")
    plain.get_by_role("button", name="Add rule").click()
    plain.get_by_label("if the answer to").select_option("What do you need?")
    plain.get_by_label("Test", exact=True).select_option("contains")
    plain.get_by_label("Compared with").fill("tax")
    plain.get_by_label("Leads to").first.select_option(f"Tax review, {administrator}")
    plain.get_by_label("Message or web address").last.fill("")
    plain.get_by_role("button", name="Save and publish").click()
    expect(plain.get_by_role("alert")).to_contain_text("enter the message to show")
    expect(plain.get_by_label("Compared with")).to_have_value("tax")
    plain.get_by_label("Message or web address").last.fill("Thank you.")
    plain.get_by_role("button", name="Save and publish").click()
    expect(plain.get_by_text("Form saved and published")).to_be_visible()
    plain.get_by_role("link", name="Open the page").click()
    plain.get_by_label("Your email").fill("ada@example.com")
    plain.get_by_label("What do you need?").fill("My taxes")
    plain.wait_for_timeout(1000)  # nobody is faster
    plain.get_by_role("button", name="Send").click()
    expect(plain.get_by_role("heading", name="Tax review")).to_be_visible()
    plain.locator(".days a.btn").nth(3).click()
    expect(plain.get_by_label("Email", exact=True)).to_have_value("ada@example.com")
    plain.get_by_label("Name").fill("Ada Lovelace")
    plain.wait_for_timeout(1000)
    plain.get_by_role("button", name="Book this meeting").click()
    expect(plain.get_by_role("heading", name="Meeting booked")).to_be_visible()
    assert FormSubmission.objects.get().meeting is not None


def test_a_form_leads_on_to_a_web_address(page: Page, live_server: Any, form: RoutingForm) -> None:
    def answer(route: Route) -> None:
        route.fulfill(status=200, content_type="text/html", body="<h1>Payroll</h1>")

    page.route("https://elsewhere.example/**", answer)
    page.goto(f"{live_server.url}/form/help/")
    page.get_by_label("Name").fill("Ada Lovelace")
    page.get_by_label("Email", exact=True).first.fill("ada@example.com")
    page.get_by_label("What do you need?").select_option("Payroll")
    page.wait_for_timeout(1000)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Payroll")).to_be_visible()
    assert page.url == "https://elsewhere.example/payroll"


def test_scripts_in_every_answer_stay_text(
    page: Page, live_server: Any, administrator: User, enter: Callable[[User, str], Page],
) -> None:  # fmt: skip
    attacks = [str(text) for text in shared_json("corpora/own/payloads/xss_contact_fields.json")][
        :40
    ]
    form = make_form(administrator, question("more", "More", "text"), name=attacks[0][:120])
    for text in attacks:
        make_submission(form, name=text[:200], more=text)
    enter(administrator, "/activities/forms/")
    expect(page.locator("#rows tr")).to_have_count(len(attacks))
    for submission in FormSubmission.objects.order_by("pk")[:5]:
        page.goto(f"{live_server.url}/activities/forms/{submission.public_id}/")
    assert page.evaluate("window.__xss") is None


@pytest.mark.skipif(
    bool(settings.DATABASE_URL), reason="the screens are looked at on the embedded database"
)
def test_the_screens_of_forms(
    page: Page, size: str, themed: User, live_server: Any, form: RoutingForm,
    enter: Callable[[User, str], Page], picture: Callable[[str], None],
) -> None:  # fmt: skip
    submission = make_submission(form, company="Engines", need="Tax")
    make_submission(form, name="Charles Babbage", email="cb@example.com", need="Payroll")
    connection = make_connection(themed)
    take(connection, calcom(), calcom("BOOKING_CANCELLED", "unknown"))
    post(connection, calcom(), {})
    make_form(themed, published_at=None, name="After your meeting")
    enter(themed, "/activities/forms/")
    for name, path in {
        "list": "/activities/forms/",
        "no-match": "/activities/forms/?q=nobody&days=7",
        "submission": f"/activities/forms/{submission.public_id}/",
        "forms": "/settings/routing-forms/",
        "editor": f"/settings/routing-forms/{form.public_id}/",
        "new": "/settings/routing-forms/new/",
        "preview": f"/settings/routing-forms/{form.public_id}/preview/",
        "public": "/form/help/",
        "schedulers": "/settings/schedulers/",
        "scheduler": f"/settings/schedulers/{connection.public_id}/",
        "connect": "/settings/schedulers/new/",
        "pane": f"/contacts/{submission.contact_public_id}/?activity=forms",
    }.items():
        page.goto(live_server.url + path)
        picture(name)
        fit_and_accessible(page, name)
    page.goto(f"{live_server.url}/settings/routing-forms/{form.public_id}/")
    page.locator("#c-rules").evaluate("at => at.scrollIntoView()")
    picture("rules")
    page.goto(f"{live_server.url}/form/help/")
    page.get_by_role("button", name="Send").click()
    picture("faults")
    fit_and_accessible(page, "faults")
    closed = page_of(make_calendar(themed, slug="closed", archived_at=timezone.now()))
    fallen = make_form(themed, rules=(rule("name", "answered", "", closed),), default=closed)
    for name, default in {"thanks": message(), "fell-back": closed}.items():
        RoutingForm.objects.filter(pk=fallen.pk).update(
            default_outcome=default.stored(), rules=fallen.rules if name == "fell-back" else []
        )
        page.goto(live_server.url + send(Client(), fallen)["Location"])
        picture(name)
        fit_and_accessible(page, name)
