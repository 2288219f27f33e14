"""The Integrations page: light and dark, desktop and phone, and used without a script."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.utils import timezone
from playwright.sync_api import Page

from activities.models import Meeting
from contacts.models import User
from integrations.models import Connection, Delivery
from integrations.sandbox import mailbox
from tests.activities.bookings import make_calendar, make_meeting
from tests.browser.test_screens import fit_and_accessible
from tests.factories import make_user
from tests.integrations.calendars import CONFIG

pytestmark = pytest.mark.skipif(
    bool(django_settings.DATABASE_URL), reason="the screens are looked at on the embedded database"
)


@pytest.fixture
def connected(administrator: User, settings: Any) -> None:
    """Google works, Microsoft waits for somebody, and a colleague keeps iCloud."""
    settings.CALENDARS = CONFIG
    google = {"vendor": "google_calendar", "label": "admin@example.com"}
    Connection.objects.create(user=administrator, external_account="1", **google)
    held = Connection.objects.create(
        user=administrator, vendor="microsoft_graph", external_account="2",
        label="admin@fernhill.example", state="needs_reconnect", held_since=timezone.now(),
    )  # fmt: skip
    Delivery.objects.create(
        family="calendars", target="meeting 1 at 2", gate=held.gate, kind="event.guest",
        state="needs_reconnect", next_at=None,
    )  # fmt: skip
    other = {"vendor": "other_calendar", "external_account": "icloud", "label": "iCloud"}
    Connection.objects.create(user=make_user(), **other)


def test_integrations_screens(
    page: Page,
    size: str,
    themed: User,
    connected: None,
    live_server: Any,
    sign_in: Callable[[User], Page],
    picture: Callable[[str], None],
    settings: Any,
    tmp_path: Path,
) -> None:
    settings.EMAIL_BACKEND, settings.KITH_HOME = mailbox.FILES, tmp_path
    meeting = make_meeting(make_calendar(make_user()))
    make_meeting(make_calendar(themed))
    # Booked before Google was connected: its card offers to put it in.
    Meeting.objects.filter(host=themed).update(external_calendar_type="")
    Delivery.objects.filter(kind="booking.scheduled").delete()
    google = Connection.objects.filter(vendor="google_calendar")
    google.update(state="connected", held_since=None)
    sign_in(themed)
    for screen, path in {
        "integrations": "/integrations/",
        "integrations-disconnect": "/integrations/calendars/google_calendar/disconnect/",
        "integrations-by-hand": f"/integrations/by-hand/{meeting.pk}/",
        "demo-calendars": "/settings/demo-calendars/",
    }.items():
        page.goto(live_server.url + path)
        fit_and_accessible(page, screen)
        picture(screen)
