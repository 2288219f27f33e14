"""Merging selected contacts, and undoing merges and saves, as a person does it."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from contacts.models import Contact, User
from tests.browser.test_screens import fit_and_accessible
from tests.contacts.unmerge_tools import edit, fold
from tests.factories import PASSWORD, make_contact

SignIn = Callable[[User], Page]
Picture = Callable[[str], None]


@pytest.fixture
def cast(administrator: User) -> list[Contact]:
    return [
        make_contact(administrator, first_name="Ada", email="ada@example.com", city="London"),
        make_contact(
            administrator,
            first_name="Augusta",
            last_name="Lovelace",
            email="augusta@example.com",
            mobile_phone="+12025550101",
            company="Engines",
        ),
        make_contact(administrator, first_name="A.", last_name="King", city="Ockham"),
    ]


@pytest.fixture
def merged(cast: list[Contact], administrator: User) -> Contact:
    survivor = fold(cast[0], cast[1], choices={"email": cast[1].public_id})
    return edit(survivor, administrator, company="Analytical", job_title="Countess")


def select(page: Page, *contacts: Contact) -> None:
    """What the list will do with its checked rows."""
    ids = ",".join(contact.public_id for contact in contacts)
    page.evaluate("ids => htmx.ajax('GET', '/contacts/merge/?ids=' + ids, '#dialog')", ids)


def test_selected_contacts_are_merged_into_the_one_that_is_kept(
    sign_in: SignIn, administrator: User, cast: list[Contact], picture: Picture
) -> None:
    page = sign_in(administrator)
    select(page, *cast)
    dialog = page.get_by_role("dialog", name="Merge Contacts")
    expect(dialog.get_by_role("button", name="Merge contacts")).to_be_focused()
    row = dialog.get_by_role("row", name="First name")
    expect(row.get_by_role("cell").last).to_have_text("AdaKeep")
    dialog.get_by_role("radio", name="Augusta Lovelace").check()
    expect(row.get_by_role("cell").last).to_have_text("AugustaKeep")
    expect(dialog.get_by_role("radio", name="Augusta Lovelace")).to_be_focused()
    row.get_by_role("radio", name="First name: A.").check()
    expect(row.get_by_role("cell").last).to_have_text("A.Replace")
    picture("selected")
    fit_and_accessible(page, "merge selected")
    dialog.get_by_role("button", name="Merge contacts").click()
    expect(page.get_by_role("heading", name="A. Lovelace")).to_be_visible()
    expect(page.get_by_text("Contacts merged", exact=True)).to_be_visible()
    assert Contact.objects.get().pk == cast[1].pk


def test_a_merge_is_undone_from_the_activity_with_a_choice(
    page: Page,
    sign_in: SignIn,
    themed: User,
    merged: Contact,
    cast: list[Contact],
    picture: Picture,
    size: str,
) -> None:
    sign_in(themed)
    page.goto(f"{page.url}{merged.public_id}/")
    fit_and_accessible(page, "the pane with its activity")
    page.get_by_role("link", name="Undo merge").click()
    dialog = page.get_by_role("dialog", name="Undo merge")
    expect(dialog).to_contain_text("1 field was changed since the merge.")
    expect(dialog.get_by_role("radio", name="Analytical now, by Hanna")).to_be_checked()
    picture("unmerge")
    fit_and_accessible(page, "undo merge")
    dialog.get_by_role("radio", name="Empty before the merge").check()
    dialog.get_by_role("button", name="Undo merge").click()
    expect(page.get_by_text("Merge undone. Augusta Lovelace is a contact")).to_be_visible()
    survivor = Contact.objects.get(pk=merged.pk)
    assert (survivor.company, survivor.job_title, survivor.email) == (
        "",
        "Countess",
        "ada@example.com",
    )
    assert Contact.objects.get(pk=cast[1].pk).email == "augusta@example.com"
    fit_and_accessible(page, "after the undo")


def test_five_records_side_by_side_fit_and_can_be_used(
    page: Page, sign_in: SignIn, administrator: User, picture: Picture, size: str
) -> None:
    many = [make_contact(administrator, first_name=f"P{n}", city=f"City {n}") for n in range(5)]
    sign_in(administrator)
    select(page, *many)
    expect(page.get_by_role("dialog", name="Merge Contacts")).to_be_visible()
    picture("five")
    fit_and_accessible(page, "five records")
    page.get_by_role("radio", name="City: City 4").check()
    page.get_by_role("button", name="Merge contacts").click()
    expect(page.get_by_text("Contacts merged", exact=True)).to_be_visible()
    assert Contact.objects.get().city == "City 4"


def test_an_edit_is_undone_from_the_activity(
    page: Page, sign_in: SignIn, administrator: User, cast: list[Contact]
) -> None:
    edit(cast[0], administrator, city="Turin", company="Tidewell")
    sign_in(administrator)
    page.goto(f"{page.url}{cast[0].public_id}/")
    page.get_by_role("button", name="Undo this edit").click()
    expect(page.get_by_text("2 fields set back")).to_be_visible()
    expect(page.get_by_text("Hanna undid an edit of city, company")).to_be_visible()
    assert Contact.objects.get(pk=cast[0].pk).city == "London"


def test_the_toast_of_a_save_and_of_a_merge_has_the_undo(
    page: Page, sign_in: SignIn, administrator: User, cast: list[Contact]
) -> None:
    sign_in(administrator)
    page.goto(f"{page.url}{cast[0].public_id}/edit/")
    page.get_by_label("Company", exact=True).fill("Tidewell")
    page.get_by_role("button", name="Save", exact=True).click()
    toasts = page.get_by_role("region", name="Notifications")
    toasts.get_by_role("button", name="Undo").click()
    expect(toasts.get_by_text("1 field set back")).to_be_visible()
    assert Contact.objects.get(pk=cast[0].pk).company == ""
    select(page, *cast[:2])
    page.get_by_role("button", name="Merge contacts").click()
    merged = toasts.locator(".toast", has_text="Contacts merged")
    merged.get_by_role("button", name="Undo").click()
    expect(toasts.get_by_text("Merge undone. Augusta Lovelace is a contact")).to_be_visible()
    assert Contact.objects.count() == 3


def test_the_pages_work_by_their_addresses_with_script_too(
    page: Page, sign_in: SignIn, administrator: User, cast: list[Contact], live_server: Any
) -> None:
    """A dialog that is a page has no pane beside it to put its answer into."""
    sign_in(administrator)
    ids = f"{cast[0].public_id},{cast[2].public_id}"
    page.goto(f"{live_server.url}/contacts/merge/?ids={ids}")
    page.get_by_role("button", name="Merge contacts").click()
    expect(page.get_by_text("Contacts merged", exact=True)).to_be_visible()
    page.get_by_role("link", name="Undo merge").click()
    page.goto(
        f"{live_server.url}{page.get_by_role('link', name='Undo merge').get_attribute('href')}"
    )
    page.get_by_role("button", name="Undo merge").click()
    expect(page.get_by_text("Merge undone. A. King is a contact")).to_be_visible()
    page.goto(f"{live_server.url}/contacts/{cast[2].public_id}/delete/")
    page.get_by_role("button", name="Delete contact").click()
    expect(page.get_by_text("A. King deleted")).to_be_visible()


def test_without_script_the_message_has_the_undo(
    browser: Browser, administrator: User, cast: list[Contact], live_server: Any
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}/login/?next=/contacts/{cast[0].public_id}/edit/")
    page.get_by_label("Email").fill(administrator.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Company", exact=True).fill("Tidewell")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("region", name="Notifications").get_by_role("button", name="Undo").click()
    expect(page.get_by_text("1 field set back")).to_be_visible()
    assert Contact.objects.get(pk=cast[0].pk).company == ""
    context.close()
