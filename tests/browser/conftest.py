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
from django.conf import settings
from django.test import Client
from playwright.sync_api import ConsoleMessage, Page

from contacts.access import Role
from contacts.models import Account, User
from tests.factories import PASSWORD, make_contact, make_user

ROOT = Path(__file__).resolve().parents[2]
ARTIFACTS = ROOT / "test-artifacts"
#: The shell is the same browser without a window: half the processor time.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
#: How screens are looked at: each width and each theme once. Colours do not depend on the width.
LOOKS = (("desktop", "light"), ("phone", "dark"))
VIEWPORTS = {"desktop": (1440, 900), "phone": (390, 844)}
#: Answers that are part of the design (UI.md 5.3); the browser reports each in its console.
EXPECTED = (
    *(f"status of {status}" for status in (401, 403, 404, 409, 410, 412, 422, 429)),
    "htmx:historyCacheMissLoadError",  # Back to what is no longer there: the whole page says so
)

#: What .ci/run drives on PostgreSQL and Redis, too, with real workers: whole jobs of a person, and
#: those that a worker carries out. The pages are the same ones; `make test` there drives all.
ON_BOTH = {"test_main_job", "test_bulk", "test_without_script", "test_reminders"}

# Playwright's event loop runs in the test's thread; Django would refuse the database there.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here not in item.path.parents:
            continue
        item.add_marker(pytest.mark.browser)
        if item.path.stem in ON_BOTH:
            item.add_marker(pytest.mark.on_both)
        # A busy machine may miss a moment; what fails twice is a fault. The summary names each rerun.
        item.add_marker(pytest.mark.flaky(reruns=1))
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
        expected = any(words in message.text for words in EXPECTED)
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


@pytest.fixture(params=LOOKS, ids=" ".join)
def look(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The width and the theme of one look at a screen."""
    size, theme = request.param
    return size, theme


@pytest.fixture
def size(look: tuple[str, str], page: Page) -> str:
    width, height = VIEWPORTS[look[0]]
    page.set_viewport_size({"width": width, "height": height})
    return look[0]


@pytest.fixture
def themed(look: tuple[str, str], page: Page, administrator: User) -> User:
    """The administrator, who has chosen the theme; so has the system of whoever is signed out."""
    page.emulate_media(color_scheme="dark" if look[1] == "dark" else "light")
    administrator.theme = look[1]
    administrator.save(update_fields=["theme"])
    return administrator


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
def enter(page: Page, live_server: Any) -> Callable[[User, str], Page]:
    """Be signed in without the sign-in page, and go to an address."""

    def go(user: User, path: str) -> Page:
        client = Client()
        client.force_login(user)
        name, key = settings.SESSION_COOKIE_NAME, client.session.session_key or ""
        page.context.add_cookies([{"name": name, "value": key, "url": live_server.url}])
        page.goto(f"{live_server.url}{path}")
        return page

    return go


@pytest.fixture
def six_contacts(enter: Callable[[User, str], Page], administrator: User) -> Page:
    """All Contacts, by name: Person 0 to Person 4, and Other, who comes first."""
    for n in range(5):
        make_contact(administrator, first_name=f"Person {n}", email=f"p{n}@example.com")
    make_contact(administrator, first_name="Other")
    return enter(administrator, "/contacts/?sort=name")


@pytest.fixture
def picture(page: Page, request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Keep a screenshot of the page as it stands."""

    def take(name: str) -> None:
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTIFACTS / f"{request.node.name}-{name}.png")

    return take
