"""The demo's calendars: both behind one address, kept over a restart, shown on a page."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from django.test import Client

from activities.models import BookingCalendar
from config.calendars import calendar_settings
from contacts.models import User
from contacts.services import update_contact
from integrations import http
from integrations.models import Connection
from integrations.sandbox import calendars, mailbox
from integrations.sandbox.twilio import TwilioDouble
from tests.activities.bookings import make_calendar, make_meeting
from tests.contacts.pages import text_of
from tests.factories import by
from tests.integrations.calendars import read_busy_times, sent
from tests.integrations.vendors import network

pytestmark = pytest.mark.django_db
BASE = "http://127.0.0.1:9"


@pytest.fixture
def demo(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> httpx.WSGITransport:
    """Kith as the demo sets it up."""
    settings.KITH_HOME = tmp_path
    settings.EMAIL_BACKEND = mailbox.FILES
    for name, value in calendars.environment(BASE).items():
        monkeypatch.setenv(name, value)
    settings.CALENDARS = calendar_settings()
    return httpx.WSGITransport(calendars.CalendarSandbox(TwilioDouble()))


def connect(client: Client, vendor: str) -> None:
    """As a newcomer does it: Connect, Allow, and back."""
    there = client.get(f"/integrations/calendars/{vendor}/connect/").headers["Location"]
    page = http.call("GET", there).body.decode()
    assert "Nothing leaves this machine" in page and "member@kith.test" in page
    back = http.call("GET", f"{there}&answer=allow").headers["Location"]
    assert dict(parse_qsl(urlsplit(back).query))["code"]
    client.get(back.removeprefix("http://127.0.0.1:8000"))
    read_busy_times()


@pytest.mark.parametrize("vendor", ["google_calendar", "microsoft_graph"])
def test_a_newcomer_connects_books_and_watches_the_guest_list_change(
    as_member: Client, member: User, admin_user: User, demo: httpx.WSGITransport, vendor: str
) -> None:
    administrator = Client()
    administrator.force_login(admin_user)
    with network(demo):
        connect(as_member, vendor)
        calendar: BookingCalendar = make_calendar(member)
        meeting = make_meeting(calendar)
        assert sent() == ["delivered"]
        page = text_of(administrator.get("/settings/demo-calendars/"))
        assert "ada@example.com" in page and "Tax review: Ada Lovelace" in page
        contact = meeting.contact
        assert contact is not None
        typed = {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@new.example"}
        update_contact(contact_id=contact.pk, actor=by(member), values=typed)
        assert sent() == ["delivered"] * 2
    page = text_of(administrator.get("/settings/demo-calendars/"))
    assert "ada@new.example" in page and "Canceled: ada@example.com" in page


def test_connections_outlive_a_restart_of_the_demo(
    as_member: Client, member: User, demo: httpx.WSGITransport
) -> None:
    with network(demo):
        connect(as_member, "google_calendar")
    again = httpx.WSGITransport(calendars.CalendarSandbox(TwilioDouble()))
    with network(again):
        make_meeting(make_calendar(member))
        assert sent() == ["delivered"] and Connection.objects.get().version == 2
    assert oct(calendars.state_file().stat().st_mode)[-3:] == "600"


def test_the_page_is_only_for_administrators_of_a_demo(
    as_member: Client, admin_user: User, settings: Any
) -> None:
    settings.EMAIL_BACKEND = mailbox.FILES
    assert as_member.get("/settings/demo-calendars/").status_code == 404
    as_member.force_login(admin_user)
    assert as_member.get("/settings/demo-calendars/").status_code == 200
    settings.KITH_MODE = "production"
    assert as_member.get("/settings/demo-calendars/").status_code == 404
