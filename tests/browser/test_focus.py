"""Where the focus is, and that nothing typed is left without being asked (UI.md 5.2 and 5.3)."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Dialog, Locator, Page, expect

from contacts.models import Contact, User
from contacts.services import update_contact
from tests.browser.menus import choose
from tests.factories import by, make_contact, make_user


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("link", name=name, exact=True)


def pane(page: Page) -> Locator:
    return page.locator("#pane:not([hidden])")


def open_pane(page: Page, name: str) -> None:
    row(page, name).click()
    expect(pane(page).get_by_role("heading", name=name)).to_be_visible()
    expect(page.locator("#pane")).to_be_focused()


def delete(page: Page) -> None:
    page.get_by_role("button", name="Delete contact").click()
    expect(page.get_by_role("alertdialog")).to_have_count(0)
    expect(page.get_by_text("deleted", exact=False).first).to_be_visible()


# ------------------------------------------------------------------------- pane


def test_the_pane_takes_the_focus_and_says_whose_it_is(six_contacts: Page) -> None:
    open_pane(six_contacts, "Person 2")
    expect(six_contacts.locator("#pane")).to_have_accessible_name("Person 2")


def test_a_page_that_begins_with_a_pane_has_the_focus_there(
    six_contacts: Page, live_server: Any
) -> None:
    contact = Contact.objects.get(first_name="Person 2")
    six_contacts.goto(f"{live_server.url}/contacts/{contact.public_id}/")
    expect(six_contacts.locator("#pane")).to_be_focused()


def test_on_a_phone_the_pane_begins_at_its_top_and_closing_leads_back_into_the_list(
    enter: Callable[[User, str], Page], administrator: User
) -> None:
    for n in range(40):
        make_contact(administrator, first_name=f"Person {n:02}")
    page = enter(administrator, "/contacts/?sort=name")
    page.set_viewport_size({"width": 390, "height": 844})
    row(page, "Person 30").click()
    expect(page.locator("#pane")).to_be_focused()
    expect(pane(page).get_by_role("heading", name="Person 30")).to_be_in_viewport()
    page.get_by_role("link", name="Back to All Contacts").click()
    expect(row(page, "Person 30")).to_be_focused()
    expect(row(page, "Person 30")).to_be_in_viewport()


def test_closing_the_pane_leads_back_to_the_name_of_its_row(six_contacts: Page) -> None:
    open_pane(six_contacts, "Person 2")
    six_contacts.get_by_role("link", name="Close contact").click()
    expect(row(six_contacts, "Person 2")).to_be_focused()
    expect(row(six_contacts, "Person 2")).not_to_have_attribute("aria-current", "true")


def test_closing_the_pane_of_a_row_that_went_leads_to_the_next_row(six_contacts: Page) -> None:
    open_pane(six_contacts, "Person 2")
    six_contacts.keyboard.press("e")
    six_contacts.get_by_label("First name").fill("Zoe")
    six_contacts.keyboard.press("Control+Enter")
    expect(pane(six_contacts).get_by_role("heading", name="Zoe")).to_be_visible()
    six_contacts.get_by_role("searchbox").fill("person")
    expect(six_contacts.locator(".rowlink")).to_have_count(4)
    six_contacts.locator("#pane").focus()
    six_contacts.keyboard.press("Escape")
    expect(six_contacts.locator(".rowlink:focus")).to_have_text("Person 4")
    expect(six_contacts).to_have_url(re.compile("q=person"))  # what is on screen, not what was


def test_closing_the_only_pane_of_an_empty_list_leads_to_the_results(six_contacts: Page) -> None:
    open_pane(six_contacts, "Person 2")
    six_contacts.get_by_role("searchbox").fill("nobody")
    expect(six_contacts.get_by_role("heading", name="No contacts match")).to_be_visible()
    six_contacts.locator("#pane").focus()
    six_contacts.keyboard.press("Escape")
    expect(six_contacts.locator("#results")).to_be_focused()


def test_edit_begins_on_the_first_field(six_contacts: Page, live_server: Any) -> None:
    choose(six_contacts, "Person 1", "Edit")
    expect(six_contacts.get_by_label("First name")).to_be_focused()
    six_contacts.goto(six_contacts.url)
    expect(six_contacts.get_by_label("First name")).to_be_focused()


def test_a_failed_save_focuses_the_summary_whose_links_go_to_the_fields(
    six_contacts: Page,
) -> None:
    choose(six_contacts, "Person 1", "Edit")
    six_contacts.get_by_label("Email", exact=True).fill("nowhere")
    six_contacts.get_by_role("button", name="Save", exact=True).click()
    summary = six_contacts.get_by_role("alert").filter(has_text="Fix 1 field")
    expect(summary).to_be_focused()
    before = six_contacts.evaluate("history.length")
    summary.get_by_role("link").click()
    expect(six_contacts.get_by_label("Email", exact=True)).to_be_focused()
    assert six_contacts.evaluate("history.length") == before


def test_a_save_leads_to_the_pane_and_the_list_keeps_its_rows(six_contacts: Page) -> None:
    choose(six_contacts, "Person 1", "Edit")
    six_contacts.get_by_label("Company", exact=True).fill("Engines")
    six_contacts.get_by_role("button", name="Save", exact=True).click()
    expect(six_contacts.locator("#pane")).to_be_focused()
    expect(six_contacts.locator("tr", has_text="Engines")).to_have_count(1)
    expect(six_contacts.locator("#pane")).to_be_focused()  # also after the list fetched itself


# ------------------------------------------------------------------------- dialogs


def test_delete_begins_on_cancel_and_gives_the_focus_back(six_contacts: Page) -> None:
    choose(six_contacts, "Person 1", "Delete")
    dialog = six_contacts.get_by_role("alertdialog")
    expect(dialog.get_by_role("link", name="Cancel")).to_be_focused()
    dialog.get_by_role("link", name="Cancel").click()
    expect(six_contacts.get_by_role("button", name="Actions for Person 1")).to_be_focused()


def test_merge_begins_on_merge_contacts_and_survives_a_click_beside_it(
    six_contacts: Page,
) -> None:
    choose(six_contacts, "Person 1", "Edit")
    six_contacts.get_by_label("Email", exact=True).fill("p3@example.com")
    save = six_contacts.get_by_role("button", name="Save", exact=True)
    save.click()
    dialog = six_contacts.get_by_role("dialog", name="Merge Contacts")
    expect(dialog.get_by_role("button", name="Merge contacts", exact=True)).to_be_focused()
    six_contacts.mouse.click(5, 5)
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Cancel").click()
    expect(save).to_be_focused()
    expect(six_contacts.get_by_label("Email", exact=True)).to_have_value("p3@example.com")


def test_cannot_save_begins_on_back_to_editing(
    enter: Callable[[User, str], Page], administrator: User
) -> None:
    member = make_user(email="m@example.com")
    mine = make_contact(member, first_name="Mine")
    make_contact(administrator, email="taken@example.com")
    page = enter(member, f"/contacts/{mine.public_id}/edit/")
    page.get_by_label("Email", exact=True).fill("taken@example.com")
    page.get_by_role("button", name="Save", exact=True).click()
    back = page.get_by_role("button", name="Back to editing")
    expect(back).to_be_focused()
    back.click()
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_focused()


def test_a_refused_save_that_was_sent_to_an_administrator_leads_back_to_save(
    enter: Callable[[User, str], Page], administrator: User
) -> None:
    member = make_user(email="m@example.com")
    mine = make_contact(member, first_name="Mine")
    make_contact(administrator, email="taken@example.com")
    page = enter(member, f"/contacts/{mine.public_id}/edit/")
    page.get_by_label("Email", exact=True).fill("taken@example.com")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Ask administrator").click()
    expect(page.get_by_role("alertdialog", name="Request sent")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_focused()


def test_a_dialog_that_was_fetched_again_gives_the_focus_back(six_contacts: Page) -> None:
    opener = six_contacts.get_by_role("link", name="Columns")
    opener.click()
    expect(six_contacts.get_by_role("dialog").get_by_role("listitem").first).to_contain_text(
        "Email"
    )
    six_contacts.get_by_role("button", name="Move Email down").click()
    expect(six_contacts.get_by_role("dialog").get_by_role("listitem").nth(1)).to_contain_text(
        "Email"
    )
    six_contacts.keyboard.press("Escape")
    expect(opener).to_be_focused()


def test_a_list_that_could_not_be_saved_gives_the_focus_back(six_contacts: Page) -> None:
    six_contacts.get_by_role("searchbox").fill("person")
    opener = six_contacts.get_by_role("link", name="Save view")
    opener.click()
    six_contacts.get_by_role("button", name="Save", exact=True).click()
    expect(six_contacts.get_by_label("Name", exact=True)).to_have_attribute("aria-invalid", "true")
    six_contacts.keyboard.press("Escape")
    expect(opener).to_be_focused()


def test_a_dialog_whose_opener_came_anew_meanwhile_gives_the_focus_back(six_contacts: Page) -> None:
    opener = six_contacts.get_by_role("link", name="Save view")
    six_contacts.get_by_role("searchbox").fill("person")
    expect(six_contacts).to_have_url(re.compile("q=person"))  # what was typed has been searched for
    opener.click()
    expect(six_contacts.get_by_role("dialog")).to_be_visible()
    six_contacts.evaluate("htmx.ajax('GET', '/contacts/?q=person%201', '#results')")
    expect(six_contacts.get_by_role("row")).to_have_count(2)
    six_contacts.keyboard.press("Escape")
    expect(opener).to_be_focused()


def test_a_choice_in_the_merge_rewrites_its_row_and_the_tally_and_keeps_the_focus(
    six_contacts: Page,
) -> None:
    choose(six_contacts, "Person 1", "Edit")
    six_contacts.get_by_label("Email", exact=True).fill("p3@example.com")
    six_contacts.get_by_role("button", name="Save", exact=True).click()
    line = six_contacts.locator("tr", has_text="First name")
    expect(line.locator("[data-out]")).to_have_text("Replace")
    tally = six_contacts.locator("#tally")
    handle = tally.element_handle()
    expect(tally).to_contain_text("Replace 1 existing value")
    line.get_by_role("radio").first.check()
    expect(line.locator("[data-out]")).to_have_text("Keep")
    expect(line.locator("[data-res]")).to_have_text("Person 3")
    expect(line.get_by_role("radio").first).to_be_focused()
    expect(tally).to_contain_text("Replace 0 existing values")
    assert handle and handle.evaluate("tally => tally.isConnected")  # a live region stays
    six_contacts.get_by_role("button", name="Merge contacts", exact=True).click()
    expect(six_contacts.get_by_text("Contacts merged")).to_be_visible()
    assert Contact.objects.get(email="p3@example.com").first_name == "Person 3"


# ------------------------------------------------------------------------- lists


def test_after_a_delete_the_next_row_has_the_focus(six_contacts: Page) -> None:
    choose(six_contacts, "Person 1", "Delete")
    delete(six_contacts)
    expect(row(six_contacts, "Person 1")).to_have_count(0)
    expect(row(six_contacts, "Person 2")).to_be_focused()


def test_after_deleting_the_last_row_the_one_before_has_the_focus(six_contacts: Page) -> None:
    choose(six_contacts, "Person 4", "Delete")
    delete(six_contacts)
    expect(row(six_contacts, "Person 3")).to_be_focused()


def test_after_a_delete_from_the_pane_the_next_row_has_the_focus(six_contacts: Page) -> None:
    open_pane(six_contacts, "Person 1")
    six_contacts.get_by_role("button", name="More actions for Person 1").click()
    six_contacts.get_by_role("menuitem", name="Delete").click()
    delete(six_contacts)
    expect(pane(six_contacts)).to_have_count(0)
    expect(row(six_contacts, "Person 2")).to_be_focused()


def test_deleting_another_contact_than_the_open_one_leads_to_its_neighbour(
    six_contacts: Page,
) -> None:
    open_pane(six_contacts, "Other")
    choose(six_contacts, "Person 3", "Delete")
    delete(six_contacts)
    expect(row(six_contacts, "Person 4")).to_be_focused()


@pytest.fixture
def long_list(enter: Callable[[User, str], Page], administrator: User) -> Page:
    for n in range(45):
        make_contact(administrator, first_name=f"Person {n:02}", status="Qualified")
    make_contact(administrator, first_name="Zed")
    return enter(administrator, "/contacts/?sort=name&rows=20")


def test_paging_keeps_the_focus_on_the_control_and_says_what_came(long_list: Page) -> None:
    said = long_list.locator("#match-count")
    handle = said.element_handle()
    long_list.get_by_role("link", name="Next").click()
    expect(long_list.locator(".rowlink").first).to_have_text("Person 20")
    expect(long_list.locator("#next")).to_be_focused()
    expect(said).to_have_text("20 on this page, from Person 20")
    long_list.keyboard.press("Enter")
    expect(long_list.locator(".rowlink").first).to_have_text("Person 40")
    expect(long_list.locator("#next")).to_be_focused()  # though there is no next page
    assert handle and handle.evaluate("region => region.isConnected")


def test_sorting_keeps_the_focus_on_the_head(long_list: Page) -> None:
    long_list.get_by_role("link", name="Name", exact=True).click()
    expect(long_list.locator(".rowlink").first).to_have_text("Zed")
    expect(long_list.locator("#sort-name")).to_be_focused()
    expect(long_list.locator("#match-count")).to_contain_text("from Zed")


def test_the_number_of_rows_is_changed_in_place(long_list: Page) -> None:
    long_list.evaluate("window.same = true")
    long_list.get_by_label("Rows").focus()
    long_list.get_by_label("Rows").select_option("50")
    expect(long_list.locator(".rowlink")).to_have_count(46)
    expect(long_list.get_by_label("Rows")).to_be_focused()
    assert (
        long_list.evaluate("window.same") and "rows=" not in long_list.url
    )  # 50 is what there is without saying


def test_filtering_keeps_the_focus_and_says_how_many_match(long_list: Page) -> None:
    long_list.locator("summary", has_text="Status").click()
    choice = long_list.get_by_label("Qualified", exact=True)
    choice.check()
    expect(long_list.locator("#match-count")).to_contain_text("45 match")
    expect(choice).to_be_focused()


def test_removing_a_filter_leads_to_the_results(long_list: Page) -> None:
    long_list.locator("summary", has_text="Status").click()
    long_list.get_by_label("Qualified", exact=True).check()
    long_list.keyboard.press("Escape")
    long_list.get_by_role("link", name="Remove filter Status: Qualified").click()
    expect(long_list.locator("#results")).to_be_focused()
    expect(long_list.get_by_label("Qualified", exact=True)).not_to_be_checked()


def test_typing_in_the_search_is_never_interrupted(long_list: Page) -> None:
    search = long_list.get_by_role("searchbox")
    search.press_sequentially("person 3", delay=120)
    expect(long_list.locator("#match-count")).to_contain_text("10 match")
    expect(search).to_be_focused()
    expect(search).to_have_value("person 3")


def test_the_focus_ring_is_two_pixels_wide(six_contacts: Page) -> None:
    six_contacts.keyboard.press("j")
    ring = row(six_contacts, "Other").evaluate(
        "link => { const s = getComputedStyle(link); return [s.outlineStyle, s.outlineWidth]; }"
    )
    assert ring == ["solid", "2px"]


# ------------------------------------------------------------------------- Back


def test_back_from_edit_leads_to_the_contact_and_then_to_the_row(six_contacts: Page) -> None:
    open_pane(six_contacts, "Person 3")
    six_contacts.keyboard.press("e")
    expect(six_contacts.get_by_label("First name")).to_be_focused()
    six_contacts.go_back()
    expect(pane(six_contacts).get_by_role("heading", name="Person 3")).to_be_visible()
    expect(six_contacts.locator("#pane")).to_be_focused()
    six_contacts.go_back()
    expect(pane(six_contacts)).to_have_count(0)
    expect(row(six_contacts, "Person 3")).to_be_focused()


def test_back_asks_the_server(six_contacts: Page, administrator: User) -> None:
    open_pane(six_contacts, "Person 3")
    open_pane(six_contacts, "Person 4")
    contact = Contact.objects.get(first_name="Person 3")
    update_contact(contact_id=contact.pk, actor=by(administrator), values={"company": "New here"})
    six_contacts.go_back()
    expect(pane(six_contacts).get_by_text("New here").first).to_be_visible()


def test_back_to_a_contact_that_was_deleted_says_so(
    six_contacts: Page, administrator: User
) -> None:
    open_pane(six_contacts, "Person 3")
    six_contacts.keyboard.press("Escape")
    expect(pane(six_contacts)).to_have_count(0)
    choose(six_contacts, "Person 3", "Delete")
    delete(six_contacts)
    six_contacts.go_back()
    expect(six_contacts.get_by_role("heading", name="There is nothing here")).to_be_visible()


# ------------------------------------------------------------------------- unsaved changes


@pytest.fixture
def changed_form(six_contacts: Page) -> Page:
    """Person 1 is being edited, with a company typed and not saved."""
    open_pane(six_contacts, "Person 1")
    six_contacts.keyboard.press("e")
    six_contacts.get_by_label("Company", exact=True).fill("Typed")
    return six_contacts


LEAVING: dict[str, Callable[[Page], object]] = {
    "Esc": lambda page: page.keyboard.press("Escape"),
    "close": lambda page: page.get_by_role("link", name="Close without saving").click(),
    "Cancel": lambda page: page.get_by_role("link", name="Cancel").click(),
    "another row": lambda page: row(page, "Person 3").click(),
    "another edit": lambda page: choose(page, "Person 3", "Edit"),
    "new contact": lambda page: page.get_by_role("link", name="New contact").click(),
    "back": lambda page: page.evaluate("history.back()"),
}


@pytest.mark.parametrize("way", LEAVING)
def test_leaving_a_changed_form_asks_and_keeping_keeps_everything(
    changed_form: Page, way: str
) -> None:
    address = changed_form.url
    LEAVING[way](changed_form)
    question = changed_form.get_by_role("alertdialog", name="Discard your changes?")
    expect(question.get_by_role("button", name="Keep editing")).to_be_focused()
    changed_form.keyboard.press("Enter")
    expect(question).to_have_count(0)
    expect(changed_form.get_by_label("Company", exact=True)).to_have_value("Typed")
    expect(changed_form).to_have_url(address)
    changed_form.get_by_role("button", name="Save", exact=True).click()
    expect(changed_form.get_by_text("Contact saved")).to_be_visible()
    assert Contact.objects.get(first_name="Person 1").company == "Typed"


@pytest.mark.parametrize(
    ("way", "heading"),
    [("Esc", "Person 1"), ("another row", "Person 3"), ("back", "Person 1")],
)
def test_discarding_goes_where_one_wanted_to_go(changed_form: Page, way: str, heading: str) -> None:
    LEAVING[way](changed_form)
    changed_form.get_by_role("button", name="Discard").click()
    expect(pane(changed_form).get_by_role("heading", name=heading)).to_be_visible()
    assert Contact.objects.get(first_name="Person 1").company == ""


def test_esc_in_the_question_keeps_editing(changed_form: Page) -> None:
    changed_form.keyboard.press("Escape")
    changed_form.keyboard.press("Escape")
    expect(changed_form.get_by_role("alertdialog")).to_have_count(0)
    expect(changed_form.get_by_label("Company", exact=True)).to_have_value("Typed")
    expect(changed_form.get_by_label("Company", exact=True)).to_be_focused()


def test_back_can_be_refused_again_and_again(changed_form: Page) -> None:
    address = changed_form.url
    for _ in range(3):
        changed_form.evaluate("history.back()")
        changed_form.get_by_role("button", name="Keep editing").click()
        expect(changed_form.get_by_role("alertdialog")).to_have_count(0)
    expect(changed_form).to_have_url(address)
    changed_form.evaluate("history.back()")
    changed_form.get_by_role("button", name="Discard").click()
    expect(pane(changed_form).get_by_role("heading", name="Person 1")).to_be_visible()
    expect(changed_form).to_have_url(re.compile(r"/contacts/CTC-\w+/\?sort=name$"))


def test_leaving_the_page_asks_in_the_browsers_own_words(changed_form: Page) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    changed_form.on("dialog", stay)
    changed_form.get_by_role("link", name="Imports").first.click()
    changed_form.wait_for_timeout(200)
    assert asked == ["beforeunload"]
    expect(changed_form.get_by_label("Company", exact=True)).to_have_value("Typed")


def test_a_form_is_changed_also_after_a_refused_save(changed_form: Page) -> None:
    changed_form.get_by_label("Email", exact=True).fill("nowhere")
    changed_form.get_by_role("button", name="Save", exact=True).click()
    expect(changed_form.get_by_role("alert").filter(has_text="Fix 1 field")).to_be_focused()
    changed_form.keyboard.press("Escape")
    expect(changed_form.get_by_role("button", name="Keep editing")).to_be_focused()


def test_a_form_that_reads_as_it_did_is_left_without_a_question(changed_form: Page) -> None:
    company = changed_form.get_by_label("Company", exact=True)
    pane(changed_form).get_by_label("Status").select_option("Qualified")
    expect(changed_form.get_by_text("2 fields changed")).to_be_visible()
    pane(changed_form).get_by_label("Status").select_option("")
    company.fill("")
    expect(changed_form.get_by_text("fields changed")).to_have_count(0)
    changed_form.keyboard.press("Escape")
    expect(pane(changed_form).get_by_role("heading", name="Person 1")).to_be_visible()


def test_deleting_another_contact_asks_about_the_form_first(changed_form: Page) -> None:
    choose(changed_form, "Person 3", "Delete")
    changed_form.get_by_role("button", name="Delete contact").click()
    changed_form.get_by_role("button", name="Keep editing").click()
    changed_form.get_by_role("alertdialog").get_by_role("link", name="Cancel").click()
    expect(changed_form.get_by_label("Company", exact=True)).to_have_value("Typed")
    assert Contact.objects.filter(first_name="Person 3").exists()


def test_j_and_k_move_on_while_a_changed_form_stays(changed_form: Page) -> None:
    row(changed_form, "Person 1").focus()
    changed_form.keyboard.press("j")
    changed_form.wait_for_timeout(300)
    expect(row(changed_form, "Person 2")).to_be_focused()
    expect(changed_form.get_by_label("Company", exact=True)).to_have_value("Typed")


def test_a_new_contact_that_was_begun_is_asked_about(six_contacts: Page) -> None:
    six_contacts.get_by_role("link", name="New contact").click()
    six_contacts.get_by_label("First name").fill("Ada")
    six_contacts.keyboard.press("Escape")
    six_contacts.get_by_role("button", name="Discard").click()
    expect(pane(six_contacts)).to_have_count(0)
    expect(six_contacts).to_have_url(re.compile(r"/contacts/\?sort=name$"))
