"""When the server or the network fails: what is said, what stays, and trying again."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from contacts.models import User
from tests.factories import make_contact


@pytest.fixture(autouse=True)
def clean_console() -> None:
    """Here the browser reports the failures that the tests make."""


@pytest.fixture
def contacts_page(sign_in: Callable[[User], Page], administrator: User) -> Page:
    for name in ("Ada", "Other"):
        make_contact(administrator, first_name=name)
    page = sign_in(administrator)
    page.reload()
    return page


def test_try_again_sends_the_search_that_failed(contacts_page: Page) -> None:
    def fail(route: Route) -> None:
        route.fulfill(status=503, body="")

    contacts_page.route("**/contacts/?*q=other*", fail, times=1)
    contacts_page.get_by_role("searchbox").fill("other")
    alert = contacts_page.get_by_role("alert")
    expect(alert).to_contain_text("That did not work.")
    expect(contacts_page.locator(".rowlink")).to_have_count(2)  # what was there stays
    alert.get_by_role("button", name="Try again").click()
    expect(contacts_page.locator(".rowlink")).to_have_text(["Other"])
    expect(alert).to_have_count(0)


def test_being_offline_is_said_and_taken_back(contacts_page: Page) -> None:
    contacts_page.wait_for_load_state("networkidle")  # an answer takes the notice back
    contacts_page.context.set_offline(True)
    expect(contacts_page.get_by_role("alert")).to_contain_text("You are offline.")
    contacts_page.context.set_offline(False)
    expect(contacts_page.get_by_role("alert")).to_have_count(0)
