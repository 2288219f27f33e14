"""All Contacts with script on: what stays in place, and where focus goes."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from contacts.models import User
from tests.factories import make_contact


@pytest.fixture
def contacts_page(sign_in: Callable[[User], Page], administrator: User, page: Page) -> Page:
    for n in range(4):
        make_contact(administrator, first_name=f"Person {n}", status="Qualified")
    make_contact(administrator, first_name="Other", status="Disqualified")
    sign_in(administrator)
    page.goto(f"{page.url}?sort=name&q=person")
    return page


def test_keys_walk_the_list_and_the_pane_follows(contacts_page: Page) -> None:
    contacts_page.keyboard.press("j")
    contacts_page.keyboard.press("j")
    contacts_page.keyboard.press("Enter")
    expect(contacts_page.locator("#pane")).to_be_focused()
    expect(contacts_page.get_by_role("heading", name="Person 1")).to_be_visible()
    contacts_page.keyboard.press("j")
    expect(contacts_page.get_by_role("heading", name="Person 2")).to_be_visible()
    expect(contacts_page.locator(".rowlink", has_text="Person 2")).to_be_focused()
    contacts_page.keyboard.press("/")
    expect(contacts_page.get_by_role("searchbox")).to_be_focused()


def test_closing_the_pane_leads_back_to_its_row_and_back_opens_it_again(
    contacts_page: Page,
) -> None:
    contacts_page.evaluate("window.same = true")
    contacts_page.locator(".rowlink", has_text="Person 2").click()
    expect(contacts_page.locator("#pane")).to_be_focused()
    contacts_page.keyboard.press("Escape")
    expect(contacts_page.locator(".rowlink", has_text="Person 2")).to_be_focused()
    expect(contacts_page).to_have_url(re.compile(r"/contacts/\?q=person&sort=name$"))
    contacts_page.go_back()
    expect(contacts_page.get_by_role("heading", name="Person 2")).to_be_visible()
    contacts_page.go_back()
    expect(contacts_page.get_by_role("heading", name="Person 2")).to_be_hidden()
    expect(contacts_page.locator(".rowlink", has_text="Person 2")).to_be_focused()
    assert contacts_page.evaluate("window.same")  # never a new page


def test_a_removed_filter_stays_removed_while_the_pane_stays_open(contacts_page: Page) -> None:
    contacts_page.locator("summary", has_text="Status").click()
    contacts_page.get_by_label("Qualified", exact=True).check()
    expect(contacts_page.locator(".chip-on")).to_have_text(["Status: Qualified"])
    contacts_page.keyboard.press("Escape")
    contacts_page.locator(".rowlink", has_text="Person 0").click()
    expect(contacts_page.locator("#pane")).to_be_focused()
    contacts_page.get_by_role("link", name="Remove filter Status: Qualified").click()
    expect(contacts_page.locator(".chip-on")).to_have_count(0)
    expect(contacts_page.get_by_role("heading", name="Person 0")).to_be_visible()
    contacts_page.get_by_role("searchbox").fill("other")
    expect(contacts_page.locator(".rowlink")).to_have_text(["Other"])


def test_the_first_contact_brings_the_search_with_it(
    sign_in: Callable[[User], Page], administrator: User
) -> None:
    page = sign_in(administrator)
    expect(page.get_by_role("searchbox")).to_be_hidden()
    page.get_by_role("link", name="Add a contact").click()
    page.get_by_label("First name").fill("Ada")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("searchbox")).to_be_visible()
    expect(page.locator(".rowlink")).to_have_text(["Ada"])
