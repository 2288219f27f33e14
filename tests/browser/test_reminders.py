"""Reminders in a real browser: every screen light, dark and on a phone, and the way without script."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from activities.models import BookingCalendar, Meeting, Reminder
from activities.reminders import sending
from contacts.models import User
from integrations.registered import register_sms
from integrations.sandbox import demo
from integrations.sandbox.twilio import TwilioDouble
from tests.activities.bookings import make_calendar, make_meeting, soon
from tests.browser.test_screens import fit_and_accessible
from tests.integrations.conftest import account_of


@pytest.fixture
def calendar(administrator: User) -> BookingCalendar:
    return make_calendar(administrator, slug="tax", offer_sms=True, location="Room 4")


@pytest.fixture
def with_sms(settings: Any, tmp_path: Path) -> Iterator[None]:
    """The demo: mails are files, and text messages are set up."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    settings.KITH_HOME = tmp_path
    settings.TWILIO = account_of(TwilioDouble())
    register_sms(settings.TWILIO)
    yield
    register_sms(None)


def of_every_state(calendar: BookingCalendar) -> Meeting:
    """A meeting with a message of each state."""
    meeting = make_meeting(calendar, mobile_phone="+12025550101", sms_consent=True)
    sending.run()
    rows = Reminder.objects.filter(meeting=meeting)
    rows.filter(channel="sms", kind="confirmation").update(
        state="failed",
        words="'To' number is not a valid mobile number (Twilio 21614)",
        next_at=None,
    )
    for number, (state, words) in enumerate(
        {
            "unknown": "The connection broke after the mail was handed over.",
            "delivered": "",
            "skipped": "This number replied STOP.",
        }.items()
    ):
        rows.create(
            meeting=meeting, kind="reminder", channel="email", minutes_before=1440 + number,
            due_at=soon(), state=state, words=words, sent_to="ada@example.com",
            resent=state == "unknown",
        )  # fmt: skip
    return meeting


@pytest.mark.skipif(
    bool(settings.DATABASE_URL), reason="the screens are looked at on the embedded database"
)
def test_the_screens_of_reminders(
    page: Page, size: str, themed: User, live_server: Any, calendar: BookingCalendar, with_sms: None,
    enter: Callable[[User, str], Page], picture: Callable[[str], None],
) -> None:  # fmt: skip
    meeting = of_every_state(calendar)
    double = TwilioDouble(taken=lambda message: demo.keep(message))
    double.answer("POST", f"/2010-04-01/Accounts/{double.account_sid}/Messages.json",
                  {"To": ["+12025550101"], "From": [demo.NUMBER], "Body": ["Kith: Tax review"]},
                  "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDpzYW5kYm94")  # fmt: skip
    enter(themed, "/")
    for name, path in {
        "texts": f"/settings/booking-calendars/{calendar.public_id}/reminders/",
        "meeting": f"/activities/{meeting.public_id}/",
        "attention": "/settings/reminders/",
        "waiting": "/settings/reminders/?show=waiting",
        "sent": "/settings/sent-messages/",
    }.items():
        page.goto(live_server.url + path)
        picture(name)
        fit_and_accessible(page, name)
    page.goto(f"{live_server.url}/settings/booking-calendars/{calendar.public_id}/reminders/")
    page.get_by_label("Subject").first.fill("{{ nobody }}")
    page.get_by_role("button", name="Preview: When it is booked").last.click()
    expect(page.get_by_role("alert")).to_contain_text("{{ nobody }} cannot be filled in")
    picture("faults")
    fit_and_accessible(page, "texts with faults")


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_texts_are_changed_and_a_message_is_sent_again_without_script(
    plain: Page, live_server: Any, administrator: User, calendar: BookingCalendar
) -> None:
    plain.goto(f"{live_server.url}/login/")
    plain.get_by_label("Email").fill(administrator.email)
    plain.get_by_label("Password", exact=True).fill("kith-demo")
    plain.get_by_role("button", name="Sign in").click()
    plain.goto(f"{live_server.url}/settings/booking-calendars/{calendar.public_id}/")
    plain.locator(".page-head").get_by_role("link", name="Reminders").click()
    plain.get_by_role("button", name="Add a reminder").click()
    plain.get_by_label("How long before").last.fill("2")
    plain.get_by_role("button", name="Save").last.click()
    expect(plain.get_by_text("Reminders saved")).to_be_visible()
    meeting = make_meeting(calendar)
    assert set(meeting.reminders.values_list("minutes_before", flat=True)) == {0, 60, 2880}
    meeting.reminders.filter(minutes_before=60).update(state="failed", next_at=None, words="550 no")
    plain.goto(f"{live_server.url}/activities/{meeting.public_id}/")
    plain.get_by_role("button", name="Send again").click()
    expect(plain.get_by_text("It is being sent again")).to_be_visible()
    assert meeting.reminders.filter(again=1).count() == 1
