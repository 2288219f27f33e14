"""The main job on real input, as one person does it in one sitting."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from contacts.models import Contact, Merge, User
from tests.browser.menus import choose
from tests.factories import make_contact
from tests.shared import shared_file

Picture = Callable[[str], None]


@pytest.fixture
def existing(administrator: User) -> list[Contact]:
    """Who is there before: the record that holds Ada's other address, and one to delete."""
    return [
        make_contact(
            administrator,
            first_name="A.",
            last_name="Lovelace",
            email="ada.lovelace@engines.example",
            city="London",
        ),
        make_contact(administrator, first_name="Charles", email="charles@engines.example"),
    ]


def import_hubspot(page: Page, picture: Picture) -> None:
    page.get_by_role("link", name="Import CSV").click()
    page.locator("input[type=file]").set_input_files(
        shared_file("corpora/own/product_headers/hubspot.csv")
    )
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Match your columns")).to_be_visible()
    picture("2-map")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Import 1 contact").wait_for(timeout=15_000)
    picture("3-preview")
    page.get_by_role("button", name="Import 1 contact").click()
    expect(page.get_by_role("heading", name="Import finished")).to_be_visible(timeout=15_000)
    picture("4-result")


def find(page: Page, text: str, row: str) -> None:
    page.get_by_role("searchbox").fill(text)
    expect(page.get_by_role("status").filter(has_text="1 match")).to_be_visible()
    expect(page.get_by_role("link", name=row, exact=True)).to_be_visible()


@pytest.mark.usefixtures("worker")
def test_import_find_edit_merge_delete_and_export(
    sign_in: Callable[[User], Page],
    administrator: User,
    existing: list[Contact],
    picture: Picture,
) -> None:
    page = sign_in(administrator)
    picture("1-contacts")
    import_hubspot(page, picture)

    page.get_by_role("link", name="Contacts", exact=True).first.click()
    find(page, "lovel ada@", "Ada Lovelace")
    choose(page, "Ada Lovelace", "Edit")
    expect(page.get_by_role("heading", name="Edit Contact")).to_be_visible()
    page.get_by_label("Job title").fill("Countess")
    picture("5-edit")
    page.get_by_label("Email", exact=True).fill("ADA.Lovelace@engines.example")
    page.get_by_role("button", name="Save", exact=True).click()

    dialog = page.get_by_role("dialog", name="Merge Contacts")
    expect(dialog).to_contain_text("already belongs to another contact")
    picture("6-merge")
    dialog.get_by_role("button", name="Merge contacts", exact=True).click()
    expect(page.get_by_text("Contacts merged")).to_be_visible()
    picture("7-merged")
    survivor = Contact.objects.get(last_name="Lovelace")
    assert survivor.public_id == existing[0].public_id
    assert (survivor.first_name, survivor.city, survivor.job_title) == ("Ada", "London", "Countess")
    assert Merge.objects.count() == 1

    find(page, "charles", "Charles")
    choose(page, "Charles", "Delete")
    picture("8-delete")
    page.get_by_role("button", name="Delete contact").click()
    expect(page.get_by_text("Charles deleted")).to_be_visible()
    expect(page.get_by_role("heading", name="No contacts match")).to_be_visible()

    page.get_by_role("searchbox").fill("")
    expect(page.get_by_role("link", name="Ada Lovelace", exact=True)).to_be_visible()
    page.get_by_role("link", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export 1 contact").click()
    exported = download.value.path().read_text(encoding="utf-8-sig")
    assert "ADA.Lovelace@engines.example" in exported and "Charles" not in exported


def test_leaving_a_changed_form_asks_first_and_keeps_what_was_typed(
    sign_in: Callable[[User], Page], administrator: User, existing: list[Contact]
) -> None:
    page = sign_in(administrator)
    page.get_by_role("link", name="Charles", exact=True).click()
    expect(page.get_by_role("heading", name="Charles")).to_be_visible()
    page.keyboard.press("e")
    company = page.get_by_label("Company", exact=True)
    company.fill("Engines")
    expect(page.get_by_text("1 field changed")).to_be_visible()
    page.get_by_role("link", name="Cancel").click()
    page.get_by_role("button", name="Keep editing").click()
    expect(company).to_have_value("Engines")
    page.get_by_label("Email", exact=True).fill("nowhere")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="Fix 1 field")).to_be_focused()
    page.keyboard.press("Escape")  # nothing was typed since, but nothing was saved either
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_role("heading", name="Charles")).to_be_visible()
    assert Contact.objects.get(first_name="Charles").company == ""
