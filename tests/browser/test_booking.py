"""Booking in a real browser, with script and without; every screen light, dark and on a phone."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from activities import guest_links
from activities.models import BookingCalendar, Meeting
from activities.services import cancel
from contacts.models import Contact, User
from contacts.services import update_contact
from tests.activities.bookings import HOST, make_calendar, make_meeting, past_meeting, send, soon
from tests.activities.senders import Remembering
from tests.browser.test_screens import fit_and_accessible
from tests.factories import by, make_contact
from tests.shared import shared_json

QUESTIONS = [
    {"name": "size", "label": "How many are you?", "kind": "choice", "options": ["1 to 10", "More"], "required": True, "field": ""},
]  # fmt: skip


@pytest.fixture
def calendar(administrator: User, sms_offered: Remembering) -> BookingCalendar:
    return make_calendar(administrator, slug="tax", offer_sms=True, questions=QUESTIONS,
                         description="Bring last year's papers.", location="Room 4")  # fmt: skip


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def book_and_change_my_mind(page: Page, address: str) -> None:
    """The whole way of a guest: a time, the form with a mistake, the meeting, another time, none."""
    page.goto(address)
    page.get_by_label("Your time zone").select_option("Asia/Kathmandu")
    page.get_by_role("button", name="Show times").click()
    page.get_by_role("link", name="Later").click()
    expect(page.get_by_label("Your time zone")).to_have_value("Asia/Kathmandu")
    page.locator(".days a.btn").nth(5).click()
    expect(page.get_by_text("Asia/Kathmandu time")).to_be_visible()
    page.get_by_label("Name").fill("Ada Lovelace")
    page.get_by_label("Email", exact=True).fill("ada@nowhere")
    page.get_by_label("Note").fill("Tea")
    page.wait_for_timeout(1000)  # nobody is faster
    page.get_by_role("button", name="Book this meeting").click()
    expect(page.get_by_role("alert")).to_contain_text("Fix 2 fields")
    expect(page.get_by_label("Note")).to_have_value("Tea")
    page.get_by_label("Email", exact=True).fill("ada@example.com")
    page.get_by_label("How many are you?").select_option("More")
    page.get_by_role("button", name="Book this meeting").click()
    expect(page.get_by_role("heading", name="Meeting booked")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Add to calendar").click()
    assert download.value.suggested_filename == "meeting.ics"
    page.get_by_role("link", name="Reschedule").click()
    page.locator(".days a.btn").nth(2).click()
    page.get_by_role("button", name="Reschedule").click()
    expect(page.get_by_role("heading", name="Meeting rescheduled")).to_be_visible()
    page.get_by_role("link", name="Cancel meeting").click()
    page.get_by_label("Reason").fill("Ill")
    page.get_by_role("button", name="Cancel meeting").click()
    expect(page.get_by_role("heading", name="Meeting canceled")).to_be_visible()


def the_meeting_is_cancelled() -> None:
    meeting = Meeting.objects.get()
    assert (meeting.status, meeting.reason, meeting.guest_time_zone) == (
        "canceled", "Ill", "Asia/Kathmandu",
    )  # fmt: skip
    assert meeting.contact and meeting.contact.email == "ada@example.com"


def test_a_guest_books_without_script(
    plain: Page, live_server: Any, calendar: BookingCalendar
) -> None:
    book_and_change_my_mind(plain, f"{live_server.url}/book/tax/")
    the_meeting_is_cancelled()


def test_a_guest_books_with_script(page: Page, live_server: Any, calendar: BookingCalendar) -> None:
    book_and_change_my_mind(page, f"{live_server.url}/book/tax/")
    the_meeting_is_cancelled()


def test_the_zone_of_the_browser_is_chosen_once(
    browser: Browser, live_server: Any, calendar: BookingCalendar
) -> None:
    context = browser.new_context(timezone_id="Australia/Lord_Howe")
    page = context.new_page()
    page.goto(f"{live_server.url}/book/tax/")
    expect(page.get_by_label("Your time zone")).to_have_value("Australia/Lord_Howe")
    page.get_by_label("Your time zone").select_option("Europe/Paris")
    page.get_by_role("button", name="Show times").click()
    expect(page.get_by_label("Your time zone")).to_have_value("Europe/Paris")
    context.close()


def test_a_time_taken_meanwhile_is_answered_in_place(
    page: Page, live_server: Any, calendar: BookingCalendar
) -> None:
    page.goto(f"{live_server.url}/book/tax/details/?start={soon():%Y-%m-%dT%H:%M}Z&tz=UTC")
    page.get_by_label("Name").fill("Ada Lovelace")
    page.get_by_label("Email", exact=True).fill("ada@example.com")
    page.get_by_label("How many are you?").select_option("More")
    make_meeting(calendar, email="other@example.com")
    page.wait_for_timeout(1000)
    page.get_by_role("button", name="Book this meeting").click()
    expect(page.get_by_role("alert")).to_contain_text("has just been taken")
    expect(page.get_by_label("Name")).to_have_value("Ada Lovelace")
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="Book this meeting").click()
    expect(page.get_by_role("heading", name="Meeting booked")).to_be_visible()


def test_the_keyboard_alone_books(page: Page, live_server: Any, calendar: BookingCalendar) -> None:
    page.goto(f"{live_server.url}/book/tax/details/?start={soon():%Y-%m-%dT%H:%M}Z&tz=UTC")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    page.get_by_role("link", name="Change").focus()
    for words in ("Ada Lovelace", "ada@example.com", "", "", "", "", ""):
        page.keyboard.press("Tab")
        page.keyboard.type(words)
    page.keyboard.press("Tab")
    page.keyboard.type("More")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Book this meeting")).to_be_focused()
    page.wait_for_timeout(1000)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Meeting booked")).to_be_visible()


def test_a_person_accepts_what_a_guest_answered(
    page: Page, live_server: Any, administrator: User, calendar: BookingCalendar, client: Any,
    sign_in: Callable[[User], Page], picture: Callable[[str], None],
) -> None:  # fmt: skip
    ada = make_contact(administrator, email="ada@example.com", company="Engines", city="Turin")
    send(client, calendar, company="Other Ltd", mobile_phone="+12025550101", q_size="More")
    sign_in(administrator)
    page.get_by_role("link", name="Ada Lovelace", exact=True).click()
    expect(page.get_by_role("heading", name="Suggestions")).to_be_visible()
    expect(page.get_by_role("heading", name="Upcoming meetings")).to_be_visible()
    picture("pane")
    fit_and_accessible(page, "pane with suggestions")
    page.get_by_role("button", name="Accept Company Other Ltd").click()
    expect(page.get_by_text("Contact saved")).to_be_visible()
    expect(page.get_by_role("button", name="Accept Company Other Ltd")).to_have_count(0)
    ada.refresh_from_db()
    assert (ada.company, ada.mobile_phone) == ("Other Ltd", "+12025550101")


@pytest.mark.skipif(
    bool(settings.DATABASE_URL), reason="the screens are looked at on the embedded database"
)
def test_the_screens_of_guests(
    page: Page, size: str, themed: User, live_server: Any, calendar: BookingCalendar,
    picture: Callable[[str], None],
) -> None:  # fmt: skip
    meeting, gone = make_meeting(calendar), make_meeting(calendar, soon(hour=12))
    cancel(meeting_id=gone.pk, doer=HOST, reason="Snow", ask_for_another=True)
    link = f"/booked/{guest_links.token_of(meeting)}/"
    later = f"{soon(hour=15):%Y-%m-%dT%H:%M}Z"
    for name, path in {
        "times": "/book/tax/?tz=Mars/Base",
        "form": f"/book/tax/details/?start={later}&tz=Europe/Paris",
        "taken": f"/book/tax/details/?start={soon():%Y-%m-%dT%H:%M}Z&tz=Europe/Paris",
        "booked": link,
        "cancel": link + "cancel/",
        "reschedule": link + "reschedule/",
        "move": f"{link}reschedule/?start={later}",
        "asked": f"/booked/{guest_links.token_of(gone)}/",
        "nothing": "/book/nothing/",
    }.items():
        page.goto(live_server.url + path)
        picture(name)
        fit_and_accessible(page, name)
    page.goto(f"{live_server.url}/book/tax/details/?start={later}")
    page.get_by_role("button", name="Book this meeting").click()
    expect(page.get_by_role("alert")).to_be_visible()
    fit_and_accessible(page, "form with faults")


@pytest.mark.skipif(
    bool(settings.DATABASE_URL), reason="the screens are looked at on the embedded database"
)
def test_the_screens_of_hosts(
    page: Page, size: str, themed: User, live_server: Any, calendar: BookingCalendar,
    sign_in: Callable[[User], Page], picture: Callable[[str], None],
) -> None:  # fmt: skip
    meeting = make_meeting(calendar, guests=("charles@example.com",), note="Tea")
    past_meeting(calendar)
    later = f"{soon(hour=15):%Y-%m-%dT%H:%M}Z"
    sign_in(themed)
    for name, path in {
        "activities": "/activities/",
        "past": "/activities/?when=past",
        "meeting": f"/activities/{meeting.public_id}/",
        "reschedule": f"/activities/{meeting.public_id}/reschedule/",
        "move": f"/activities/{meeting.public_id}/reschedule/?start={later}",
        "calendars": "/settings/booking-calendars/",
        "calendar": f"/settings/booking-calendars/{calendar.public_id}/",
    }.items():
        page.goto(live_server.url + path)
        picture(name)
        fit_and_accessible(page, name)


def test_a_host_works_without_script(
    plain: Page, live_server: Any, administrator: User, calendar: BookingCalendar
) -> None:
    plain.goto(f"{live_server.url}/login/")
    plain.get_by_label("Email").fill(administrator.email)
    plain.get_by_label("Password", exact=True).fill("kith-demo")
    plain.get_by_role("button", name="Sign in").click()
    plain.goto(f"{live_server.url}/settings/booking-calendars/new/")
    plain.get_by_label("Name", exact=True).fill("First call")
    plain.get_by_role("textbox", name="Monday").fill("9-12, 13-17")
    plain.get_by_role("button", name="Save").click()
    expect(plain.get_by_text("Booking calendar saved")).to_be_visible()
    meeting = make_meeting(calendar)
    plain.get_by_role("link", name="Activities").first.click()
    plain.get_by_role("link", name="Tax review").first.click()
    plain.get_by_role("link", name="Reschedule").click()
    plain.get_by_role("link", name="Later").click()
    plain.locator(".days a.btn").first.click()
    plain.get_by_role("button", name="Reschedule").click()
    expect(plain.get_by_text("Meeting rescheduled")).to_be_visible()
    plain.get_by_label("Reason").fill("Snow")
    plain.get_by_role("button", name="Cancel meeting").click()
    expect(plain.get_by_text("Meeting canceled")).to_be_visible()
    meeting.refresh_from_db()
    assert (meeting.status, meeting.reason) == ("canceled", "Snow")


def test_no_answer_of_a_guest_runs_in_the_browser_of_anybody(
    page: Page, live_server: Any, administrator: User, calendar: BookingCalendar, client: Any,
    sign_in: Callable[[User], Page],
) -> None:  # fmt: skip
    calendar.questions = [{**QUESTIONS[0], "kind": "text", "options": []}]
    calendar.save()
    strangers: list[str] = []
    page.on(
        "request",
        lambda asked: (
            None if asked.url.startswith(live_server.url) else strangers.append(asked.url)
        ),
    )
    sign_in(administrator)
    for number, payload in enumerate(shared_json("corpora/own/payloads/xss_contact_fields.json")):
        typed = dict.fromkeys(("name", "company", "note", "q_size"), payload)
        start = soon(days=3, hour=number)
        assert (
            send(client, calendar, start=start, email=f"g{number}@example.com", **typed).status_code
            == 302
        )
        meeting = Meeting.objects.latest("pk")
        contact = Contact.objects.latest("pk")
        update_contact(contact_id=contact.pk, actor=by(administrator), values={"company": "Other"})
        send(client, calendar, start=soon(days=4, hour=number), email=contact.email, **typed)
        for path in (
            f"/booked/{guest_links.token_of(meeting)}/",
            f"/activities/{meeting.public_id}/",
            f"/contacts/{contact.public_id}/",
        ):
            page.goto(live_server.url + path)
            assert page.evaluate("window.__xss") is None
    page.goto(f"{live_server.url}/activities/")
    assert page.evaluate("window.__xss") is None and strangers == []
