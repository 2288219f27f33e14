"""The same work with script switched off: plain pages, links and forms."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from contacts.models import Contact, User
from tests.factories import PASSWORD, make_contact


@pytest.fixture
def plain(browser: Browser, live_server: Any, administrator: User) -> Iterator[Page]:
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": 1440, "height": 900}
    )
    page = context.new_page()
    page.goto(f"{live_server.url}/login/")
    page.get_by_label("Email").fill(administrator.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="All Contacts")).to_be_visible()
    yield page
    context.close()


def test_search_filter_sort_and_page(plain: Page, administrator: User) -> None:
    for n in range(25):
        make_contact(administrator, first_name=f"Person {n:02}", status="Qualified")
    make_contact(administrator, first_name="Other")
    plain.reload()
    plain.get_by_role("searchbox").fill("person")
    plain.get_by_role("searchbox").press("Enter")
    expect(plain.get_by_role("status").first).to_contain_text("25 match")
    plain.locator("summary", has_text="Status").click()
    plain.get_by_label("Qualified", exact=True).check()
    plain.get_by_role("group", name="Status").get_by_role("button", name="Apply").click()
    plain.get_by_role("link", name="Name", exact=True).click()
    plain.goto(plain.url + "&rows=20")
    plain.get_by_role("link", name="Next").click()
    expect(plain.locator(".rowlink")).to_have_text([f"Person {n}" for n in range(20, 25)])
    plain.get_by_role("link", name="Previous").click()
    expect(plain.locator(".rowlink").first).to_have_text("Person 00")


def test_new_contact_merges_into_the_one_that_has_the_address(
    plain: Page, administrator: User
) -> None:
    holder = make_contact(administrator, first_name="A.", email="ada@example.com", city="London")
    plain.get_by_role("link", name="New contact").first.click()
    plain.get_by_label("First name").fill("Ada")
    plain.get_by_label("Email", exact=True).fill("ada@nowhere")
    plain.get_by_role("button", name="Save", exact=True).click()
    expect(plain.get_by_role("alert")).to_contain_text("Fix 1 field")
    expect(plain.get_by_label("First name")).to_have_value("Ada")
    plain.get_by_label("Email", exact=True).fill("ada@example.com")
    plain.get_by_role("button", name="Save", exact=True).click()
    expect(plain.get_by_role("dialog", name="Merge Contacts")).to_be_visible()
    plain.get_by_label("First name: A.").check()
    plain.get_by_role("button", name="Update result").click()
    expect(plain.locator("tr", has_text="First name").locator("[data-out]")).to_have_text("Keep")
    plain.get_by_role("button", name="Merge contacts", exact=True).click()
    expect(plain.get_by_text("Contacts merged")).to_be_visible()
    holder.refresh_from_db()
    assert (holder.first_name, holder.city, Contact.objects.count()) == ("A.", "London", 1)


def test_cancel_of_the_merge_leads_back_to_what_was_typed(plain: Page, administrator: User) -> None:
    make_contact(administrator, first_name="A.", email="ada@example.com")
    plain.get_by_role("link", name="New contact").first.click()
    plain.get_by_label("Last name").fill("Lovelace")
    plain.get_by_label("Email", exact=True).fill("ada@example.com")
    plain.get_by_role("button", name="Save", exact=True).click()
    plain.get_by_role("button", name="Cancel").click()
    expect(plain.get_by_label("Last name")).to_have_value("Lovelace")
    assert Contact.objects.count() == 1


def test_edit_and_delete(plain: Page, administrator: User) -> None:
    contact = make_contact(administrator, first_name="Ada")
    plain.reload()
    plain.get_by_role("link", name="Ada", exact=True).click()
    plain.get_by_role("link", name="Edit").first.click()
    plain.get_by_label("Company", exact=True).fill("Engines")
    plain.get_by_role("button", name="Save", exact=True).click()
    expect(plain.get_by_text("Contact saved")).to_be_visible()
    plain.goto(plain.url + "delete/")
    plain.get_by_role("button", name="Delete contact").click()
    expect(plain.get_by_text("Ada deleted")).to_be_visible()
    assert not Contact.objects.filter(pk=contact.pk).exists()


def test_rows_can_be_ticked_and_the_bar_is_always_there(plain: Page, administrator: User) -> None:
    make_contact(administrator, first_name="Ada")
    plain.reload()
    expect(plain.get_by_role("form", name="Actions for selected contacts")).to_be_visible()
    expect(plain.locator("#select-page")).to_be_hidden()  # it would tick nothing
    box = plain.get_by_role("checkbox", name="Select Ada")
    box.check()
    plain.get_by_role("button", name="Clear").click()
    expect(box).not_to_be_checked()


def test_a_menu_opens_and_leads_to_plain_pages(plain: Page, administrator: User) -> None:
    make_contact(administrator, first_name="Ada")
    plain.reload()
    plain.get_by_role("button", name="Actions for Ada").click()
    plain.get_by_role("menuitem", name="Edit").click()
    expect(plain.get_by_label("First name")).to_have_value("Ada")
    plain.get_by_role("link", name="Close without saving").click()
    plain.get_by_role("link", name="Close contact").click()
    expect(plain.get_by_role("link", name="Ada", exact=True)).to_be_visible()
