"""A real browser on the real pages: Debian's Chromium, driven by Playwright.

Every test fails on an error in the console (a broken script, a refused inline style) and keeps
its screenshots in test-artifacts/.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Page

from contacts.access import Role
from contacts.models import Account, User
from tests.factories import PASSWORD, make_user

ROOT = Path(__file__).resolve().parents[2]
ARTIFACTS = ROOT / "test-artifacts"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
#: Answers that are part of the design (UI.md 5.3); the browser reports each in its console.
EXPECTED_STATUSES = ("403", "404", "409", "412", "422")

# Playwright's event loop runs in the test's thread; Django would refuse the database there.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here not in item.path.parents:
            continue
        item.add_marker(pytest.mark.browser)
        item.add_marker(pytest.mark.django_db(transaction=True))
        if CHROMIUM is None and os.environ.get("CI") != "true":
            item.add_marker(
                pytest.mark.skip(
                    reason="NOT RUN: browser tests need Chromium (apt install chromium)"
                )
            )


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    assert CHROMIUM, "Chromium is missing: apt-get install chromium"
    return {
        "executable_path": CHROMIUM,
        "args": ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
    }


@pytest.fixture
def browser_context_args() -> dict[str, Any]:
    return {
        "viewport": {"width": 1440, "height": 900},
        "locale": "en-GB",
        "reduced_motion": "reduce",
    }


@pytest.fixture(autouse=True)
def clean_console(page: Page) -> Iterator[None]:
    """The console stays empty, a Content-Security-Policy report included."""
    errors: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        expected = any(f"status of {status}" in message.text for status in EXPECTED_STATUSES)
        if message.type == "error" and not expected:
            errors.append(message.text)

    page.on("console", heard)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield
    assert errors == []


@pytest.fixture
def administrator() -> User:
    account = Account.load()
    account.name, account.default_region = "Fernhill Advisory", "US"
    account.save()
    return make_user(Role.ADMINISTRATOR, email="admin@example.com", first_name="Hanna")


@pytest.fixture
def sign_in(page: Page, live_server: Any) -> Callable[[User], Page]:
    """Sign in as a person does; the page that follows is All Contacts."""

    def enter(user: User) -> Page:
        page.goto(f"{live_server.url}/login/")
        page.get_by_label("Email").fill(user.email)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name="All Contacts").wait_for()
        return page

    return enter


@pytest.fixture
def picture(page: Page, request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Keep a screenshot of the page as it stands."""

    def take(name: str) -> None:
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTIFACTS / f"{request.node.name}-{name}.png")

    return take
