"""Settings, API keys, and /v2/docs: light and dark, desktop and phone."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from contacts.access import Role
from contacts.api_keys import create_key, revoke_key
from contacts.models import User
from tests.browser.test_screens import fit_and_accessible
from tests.factories import by, make_user

pytestmark = pytest.mark.skipif(
    bool(settings.DATABASE_URL), reason="the screens are looked at on the embedded database"
)


def test_keys_and_documentation(
    page: Page,
    size: str,
    themed: User,
    live_server: Any,
    sign_in: Callable[[User], Page],
    picture: Callable[[str], None],
) -> None:
    make_user(Role.OWNER, email="owner@example.com")
    revoke_key(key=create_key(name="Last year", actor=by(themed))[0], actor=by(themed))
    sign_in(themed)
    page.goto(f"{live_server.url}/settings/api-keys/")
    page.get_by_label("Name").fill("Warehouse, looked after by Mia")
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_text("Keep this key now.")).to_be_visible()
    fit_and_accessible(page, "api-key-made")
    picture("api-key-made")
    page.get_by_role("link", name="I have kept it").click()
    expect(page.get_by_role("button", name="Revoke Warehouse, looked after by Mia")).to_be_visible()
    fit_and_accessible(page, "api-keys")
    picture("api-keys")
    page.goto(f"{live_server.url}/v2/docs")
    page.locator("summary", has_text="/v2/contacts").first.click()
    expect(page.get_by_role("heading", name="Parameters").first).to_be_visible()
    fit_and_accessible(page, "api-docs")
    picture("api-docs")
