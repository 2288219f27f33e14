"""Integrations, Zapier and Exchange Server: light and dark, desktop and phone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Page, expect

from contacts.access import Role
from contacts.api_keys import create_key
from contacts.models import User
from integrations.models import ZapierHook
from tests.browser.test_screens import fit_and_accessible
from tests.factories import by, make_user

pytestmark = pytest.mark.skipif(
    bool(settings.DATABASE_URL), reason="the screens are looked at on the embedded database"
)


def test_zaps_and_the_exchange_server(
    page: Page,
    size: str,
    themed: User,
    live_server: Any,
    sign_in: Callable[[User], Page],
    picture: Callable[[str], None],
) -> None:
    make_user(Role.OWNER, email="owner@example.com")
    key = create_key(name="Zapier", actor=by(themed))[0]
    ZapierHook.objects.create(api_key=key, event="contact.updated", path="/hooks/1/")
    ZapierHook.objects.create(
        api_key=key, event="contact.lifecycle", path="/hooks/2/", off_reason="It failed for days.",
        creation_time=timezone.now() - timedelta(days=40),
    )  # fmt: skip
    sign_in(themed)
    page.goto(f"{live_server.url}/integrations/zapier/")
    expect(page.get_by_text("Switched off")).to_be_visible()
    fit_and_accessible(page, "zapier")
    picture("zapier")
    page.get_by_role("link", name="Disconnect Contact updated").click()
    expect(page.get_by_role("heading", name="Disconnect Contact updated?")).to_be_visible()
    fit_and_accessible(page, "zapier-disconnect")
    page.goto(f"{live_server.url}/integrations/exchange/")
    page.get_by_label("Address").fill("https://10.1.2.3/EWS/Exchange.asmx")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("EXCHANGE_NETWORKS")
    fit_and_accessible(page, "exchange-server")
    picture("exchange-server")
