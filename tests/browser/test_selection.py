"""Selecting rows: one, a range, the page, all that match; and what keeps or drops a selection."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from contacts.deleting import delete_contact
from contacts.models import Contact, User
from contacts.services import update_contact
from tests.factories import by, make_contact


def box(page: Page, name: str) -> Locator:
    return page.get_by_role("checkbox", name=f"Select {name}", exact=True)


def selected(page: Page) -> list[str]:
    return page.locator("tr:has(:checked) .rowlink").all_text_contents()


def bar(page: Page) -> Locator:
    return page.get_by_role("form", name="Actions for selected contacts")


def test_the_bar_appears_in_the_footer_and_no_row_moves(six_contacts: Page) -> None:
    clear = six_contacts.get_by_role("button", name="Clear")
    expect(clear).to_be_hidden()
    expect(six_contacts.get_by_text("6 contacts on this page")).to_be_visible()
    table = six_contacts.locator("table").bounding_box()
    foot = six_contacts.locator(".list-foot").bounding_box()
    for name in ("Person 1", "Person 2", "Other"):
        box(six_contacts, name).check()
    expect(clear).to_be_visible()
    expect(bar(six_contacts).get_by_role("status")).to_have_text("3 selected")
    expect(six_contacts.get_by_text("6 contacts on this page")).to_be_hidden()
    assert six_contacts.locator("table").bounding_box() == table
    assert six_contacts.locator(".list-foot").bounding_box() == foot


def test_a_selected_row_looks_selected(six_contacts: Page) -> None:
    cell = six_contacts.locator("tr", has_text="Person 1").locator("td").nth(1)
    colour = "td => getComputedStyle(td).backgroundColor"
    plain = cell.evaluate(colour)
    box(six_contacts, "Person 1").check()
    six_contacts.mouse.move(5, 5)
    assert cell.evaluate(colour) != plain


def test_x_selects_the_focused_row_and_takes_it_back(six_contacts: Page) -> None:
    six_contacts.keyboard.press("j")
    six_contacts.keyboard.press("x")
    assert selected(six_contacts) == ["Other"]
    expect(six_contacts.locator(".rowlink:focus")).to_have_text("Other")
    six_contacts.keyboard.press("x")
    assert selected(six_contacts) == []


def test_x_selects_the_open_row_from_inside_the_pane(six_contacts: Page) -> None:
    six_contacts.get_by_role("link", name="Person 2").click()
    expect(six_contacts.locator("#pane")).to_be_focused()
    six_contacts.keyboard.press("x")
    assert selected(six_contacts) == ["Person 2"]


@pytest.mark.parametrize(("first", "then"), [("Person 0", "Person 3"), ("Person 3", "Person 0")])
def test_shift_click_selects_the_rows_between(six_contacts: Page, first: str, then: str) -> None:
    box(six_contacts, first).click()
    box(six_contacts, then).click(modifiers=["Shift"])
    assert selected(six_contacts) == ["Person 0", "Person 1", "Person 2", "Person 3"]


def test_shift_click_can_take_a_range_back(six_contacts: Page) -> None:
    six_contacts.get_by_label("Select all 6 contacts on this page").check()
    box(six_contacts, "Person 1").click()
    box(six_contacts, "Person 3").click(modifiers=["Shift"])
    assert selected(six_contacts) == ["Other", "Person 0", "Person 4"]


def test_shift_x_selects_up_to_the_focused_row(six_contacts: Page) -> None:
    six_contacts.keyboard.press("j")
    six_contacts.keyboard.press("x")
    for _ in range(3):
        six_contacts.keyboard.press("j")
    six_contacts.keyboard.press("Shift+X")
    assert selected(six_contacts) == ["Other", "Person 0", "Person 1", "Person 2"]


def test_the_box_in_the_head_selects_the_page_and_shows_when_it_is_some(
    six_contacts: Page,
) -> None:
    head = six_contacts.get_by_label("Select all 6 contacts on this page")
    head.check()
    expect(bar(six_contacts).get_by_role("status")).to_have_text("6 selected")
    box(six_contacts, "Person 1").uncheck()
    expect(head).to_be_checked(indeterminate=True)
    head.click()
    expect(head).to_be_checked()
    head.uncheck()
    assert selected(six_contacts) == []
    expect(head).not_to_be_checked()


def test_clear_empties_and_leads_back_to_the_head(six_contacts: Page) -> None:
    box(six_contacts, "Person 1").check()
    six_contacts.get_by_role("button", name="Clear").click()
    assert selected(six_contacts) == []
    head = six_contacts.get_by_label("Select all 6 contacts on this page")
    expect(head).to_be_focused()
    expect(head).not_to_be_checked()
    expect(six_contacts.get_by_role("button", name="Clear")).to_be_hidden()


def test_enter_on_a_box_sends_nothing(six_contacts: Page) -> None:
    posts: list[str] = []
    six_contacts.on("request", lambda r: posts.append(r.url) if r.method == "POST" else None)
    box(six_contacts, "Person 1").check()
    six_contacts.keyboard.press("Enter")
    six_contacts.wait_for_timeout(200)
    assert posts == [] and selected(six_contacts) == ["Person 1"]


# ------------------------------------------------------------------------- all that match


@pytest.fixture
def many(enter: Callable[[User, str], Page], administrator: User) -> Page:
    for n in range(23):
        make_contact(administrator, first_name=f"Person {n:02}")
    make_contact(administrator, first_name="Other")
    return enter(administrator, "/contacts/?sort=name&rows=20&q=person")


def test_all_that_match_are_offered_once_the_page_is_selected(many: Page) -> None:
    offer = many.get_by_role("button", name="Select all 23 that match")
    box(many, "Person 01").check()
    expect(offer).to_be_hidden()
    many.get_by_label("Select all 20 contacts on this page").check()
    offer.click()
    expect(bar(many).get_by_role("status")).to_have_text("All 23 selected")
    expect(many.locator("#select-all")).to_be_checked()
    expect(offer).to_be_hidden()


def test_taking_one_row_out_is_no_longer_all_that_match(many: Page) -> None:
    many.get_by_label("Select all 20 contacts on this page").check()
    many.get_by_role("button", name="Select all 23 that match").click()
    box(many, "Person 05").uncheck()
    expect(bar(many).get_by_role("status")).to_have_text("19 selected")
    expect(many.locator("#select-all")).not_to_be_checked()


def test_what_is_sent_is_what_is_selected(many: Page) -> None:
    box(many, "Person 01").check()
    box(many, "Person 03").check()
    ids = set(
        Contact.objects.filter(first_name__in=["Person 01", "Person 03"]).values_list(
            "public_id", flat=True
        )
    )
    sent = "new FormData(document.querySelector('#bulk'))"
    assert set(many.evaluate(f"{sent}.getAll('ids')")) == ids
    assert many.evaluate(f"{sent}.has('all')") is False
    many.get_by_label("Select all 20 contacts on this page").check()
    many.get_by_role("button", name="Select all 23 that match").click()
    assert many.evaluate(f"{sent}.get('all')") == "1"


# ------------------------------------------------------------------------- kept and dropped


def refetch(page: Page) -> None:
    with page.expect_response(lambda answer: "refresh=1" in answer.url):
        page.evaluate("htmx.trigger(document.body, 'contactsChanged')")


def test_a_list_that_fetches_itself_keeps_the_selection_of_rows_still_there(
    six_contacts: Page, administrator: User
) -> None:
    for name in ("Person 1", "Person 2", "Person 3"):
        box(six_contacts, name).check()
    contact = Contact.objects.get(first_name="Person 2")
    update_contact(contact_id=contact.pk, actor=by(administrator), values={"first_name": "Zoe"})
    gone = Contact.objects.get(first_name="Person 3")
    delete_contact(contact_id=gone.pk, actor=by(administrator))
    refetch(six_contacts)
    expect(six_contacts.locator(".rowlink").last).to_have_text("Zoe")
    assert selected(six_contacts) == ["Person 1", "Zoe"]
    expect(bar(six_contacts).get_by_role("status")).to_have_text("2 selected")


def test_all_that_match_stays_selected_when_the_list_fetches_itself(many: Page) -> None:
    many.get_by_label("Select all 20 contacts on this page").check()
    many.get_by_role("button", name="Select all 23 that match").click()
    refetch(many)
    expect(bar(many).get_by_role("status")).to_have_text("All 23 selected")
    expect(many.locator("#select-all")).to_be_checked()


def test_the_focus_stays_on_its_box_when_the_list_fetches_itself(six_contacts: Page) -> None:
    box(six_contacts, "Person 2").focus()
    refetch(six_contacts)
    expect(box(six_contacts, "Person 2")).to_be_focused()


WAYS: dict[str, Callable[[Page], object]] = {
    "paging": lambda page: page.get_by_role("link", name="Next").click(),
    "sorting": lambda page: page.get_by_role("link", name="Name", exact=True).click(),
    "searching": lambda page: page.get_by_role("searchbox").fill("person 0"),
}


@pytest.mark.parametrize("way", WAYS)
def test_another_view_drops_the_selection(many: Page, way: str) -> None:
    box(many, "Person 01").check()
    first = many.locator(".rowlink").first
    before = many.locator(".results").element_handle()
    WAYS[way](many)
    many.wait_for_function("old => !old.isConnected", arg=before)
    expect(first).to_be_visible()
    assert selected(many) == []
    expect(many.get_by_role("button", name="Clear")).to_be_hidden()


def test_on_a_phone_select_puts_checkboxes_and_their_actions_on_the_cards(
    six_contacts: Page,
) -> None:
    six_contacts.set_viewport_size({"width": 390, "height": 844})
    expect(box(six_contacts, "Person 1")).to_be_hidden()
    six_contacts.get_by_role("checkbox", name="Select", exact=True).check()
    box(six_contacts, "Person 1").check()
    box(six_contacts, "Person 3").check()
    expect(bar(six_contacts).get_by_role("status")).to_have_text("2 selected")
    bar(six_contacts).get_by_role("button", name="Set status").click()
    expect(six_contacts.get_by_role("dialog")).to_contain_text("2 contacts selected")


def test_on_a_phone_all_that_match_are_selected_from_the_first_one(
    enter: Callable[[User, str], Page], administrator: User
) -> None:
    for n in range(22):
        make_contact(administrator, first_name=f"Person {n:02}")
    page = enter(administrator, "/contacts/?sort=name&rows=20")
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("checkbox", name="Select", exact=True).check()
    box(page, "Person 01").check()
    page.get_by_role("button", name="Select all 22 contacts").click()
    bar(page).get_by_role("button", name="Export").click()
    expect(page.get_by_role("dialog", name="Export 22 contacts")).to_be_visible()


def test_on_a_phone_what_was_done_is_said_above_the_actions(six_contacts: Page) -> None:
    six_contacts.set_viewport_size({"width": 390, "height": 844})
    six_contacts.get_by_role("checkbox", name="Select", exact=True).check()
    box(six_contacts, "Person 1").check()
    six_contacts.evaluate(
        "document.body.dispatchEvent(new CustomEvent('toast', {detail: {text: 'Done'}, bubbles: true}))"
    )
    expect(six_contacts.locator(".toast")).to_have_text("Done")
    bar(six_contacts).get_by_role("button", name="Clear").click()  # nothing lies over it
    assert selected(six_contacts) == []
