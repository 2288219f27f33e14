"""The keys of UI.md 5.1, and when they are not listened to."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from contacts.models import Contact, User
from tests.browser.menus import choose
from tests.factories import make_contact


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("link", name=name, exact=True)


def pane(page: Page) -> Locator:
    return page.locator("#pane:not([hidden])")


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def open_pane(page: Page, name: str) -> None:
    row(page, name).click()
    expect(pane(page).get_by_role("heading", name=name)).to_be_visible()


# ------------------------------------------------------------------------- single keys


def test_slash_goes_to_the_search(six_contacts: Page) -> None:
    press(six_contacts, "/")
    expect(six_contacts.get_by_role("searchbox")).to_be_focused()
    expect(six_contacts.get_by_role("searchbox")).to_have_value("")


def test_j_and_k_walk_the_rows_and_stop_at_the_ends(six_contacts: Page) -> None:
    press(six_contacts, "k", "j", "j", "j")
    expect(row(six_contacts, "Person 1")).to_be_focused()
    press(six_contacts, "k", "k", "k", "k")
    expect(row(six_contacts, "Other")).to_be_focused()
    press(six_contacts, *"jjjjjjjj")
    expect(row(six_contacts, "Person 4")).to_be_focused()
    expect(pane(six_contacts)).to_have_count(0)


def test_the_open_pane_follows_j_with_one_request_and_no_entry_in_the_history(
    six_contacts: Page,
) -> None:
    open_pane(six_contacts, "Other")
    asked: list[str] = []
    six_contacts.on("request", lambda r: asked.append(r.url) if "/contacts/" in r.url else None)
    before = six_contacts.evaluate("history.length")
    press(six_contacts, "j", "j", "j")
    expect(pane(six_contacts).get_by_role("heading", name="Person 2")).to_be_visible()
    expect(row(six_contacts, "Person 2")).to_be_focused()
    expect(row(six_contacts, "Person 2")).to_have_attribute("aria-current", "true")
    assert len(asked) == 1 and six_contacts.evaluate("history.length") == before
    assert six_contacts.url == asked[0]


def test_enter_opens_the_focused_contact(six_contacts: Page) -> None:
    press(six_contacts, "j", "j", "Enter")
    expect(pane(six_contacts).get_by_role("heading", name="Person 0")).to_be_visible()


def test_e_edits_the_focused_contact_and_else_the_open_one(six_contacts: Page) -> None:
    press(six_contacts, "j", "j", "e")
    expect(six_contacts.get_by_label("First name")).to_have_value("Person 0")
    press(six_contacts, "Escape")
    expect(pane(six_contacts).get_by_role("heading", name="Person 0")).to_be_visible()
    press(six_contacts, "e")  # the focus is in the pane
    expect(six_contacts.get_by_label("First name")).to_have_value("Person 0")


def test_question_mark_shows_the_shortcuts(six_contacts: Page) -> None:
    press(six_contacts, "?")
    expect(six_contacts.get_by_role("heading", name="Keyboard shortcuts")).to_be_visible()


@pytest.mark.parametrize("keys", ["Control+Enter", "Meta+Enter"])
def test_ctrl_enter_saves_the_form(six_contacts: Page, keys: str) -> None:
    press(six_contacts, "j", "e")
    six_contacts.get_by_label("Company", exact=True).fill("Engines")
    press(six_contacts, keys)
    expect(six_contacts.get_by_text("Contact saved")).to_be_visible()
    assert Contact.objects.get(first_name="Other").company == "Engines"


def test_pressing_save_twice_saves_once(six_contacts: Page) -> None:
    press(six_contacts, "j", "e")
    six_contacts.get_by_label("Company", exact=True).fill("Engines")
    posts: list[str] = []
    six_contacts.on("request", lambda r: posts.append(r.url) if r.method == "POST" else None)
    press(six_contacts, "Control+Enter", "Control+Enter")
    expect(six_contacts.get_by_text("Contact saved")).to_be_visible()
    assert len(posts) == 1


# ------------------------------------------------------------------------- not listened to


def test_single_keys_are_letters_while_typing(six_contacts: Page) -> None:
    search = six_contacts.get_by_role("searchbox")
    search.focus()
    press(six_contacts, *"jkex/?")
    expect(search).to_have_value("jkex/?")
    expect(six_contacts.get_by_role("heading", name="All Contacts")).to_be_visible()


@pytest.mark.parametrize("modifier", ["Control", "Alt", "Meta"])
def test_a_key_with_a_modifier_is_somebody_elses(six_contacts: Page, modifier: str) -> None:
    press(six_contacts, "j", f"{modifier}+j")
    expect(row(six_contacts, "Other")).to_be_focused()
    press(six_contacts, "Shift+J")
    expect(row(six_contacts, "Other")).to_be_focused()


def test_single_keys_rest_in_a_dialog(six_contacts: Page) -> None:
    choose(six_contacts, "Other", "Delete")
    cancel = six_contacts.get_by_role("alertdialog").get_by_role("link", name="Cancel")
    expect(cancel).to_be_focused()
    press(six_contacts, *"jex/?")
    expect(cancel).to_be_focused()
    expect(six_contacts.locator("[name=ids]:checked")).to_have_count(0)


def test_single_keys_rest_in_a_pop_up(six_contacts: Page) -> None:
    six_contacts.locator("summary", has_text="Status").click()
    six_contacts.get_by_label("Qualified", exact=True).focus()
    press(six_contacts, "j")
    expect(six_contacts.get_by_label("Qualified", exact=True)).to_be_focused()


def test_single_keys_can_be_turned_off(six_contacts: Page, administrator: User) -> None:
    administrator.single_keys = False
    administrator.save(update_fields=["single_keys"])
    six_contacts.reload()
    press(six_contacts, "j", "x", "e", "?", "/")
    expect(six_contacts.locator("body")).to_be_focused()
    open_pane(six_contacts, "Other")
    press(six_contacts, "Escape")  # what has a modifier or no letter still works
    expect(pane(six_contacts)).to_have_count(0)


def test_a_link_with_ctrl_opens_a_tab_and_not_the_pane(six_contacts: Page) -> None:
    with six_contacts.context.expect_page() as opened:
        row(six_contacts, "Other").click(modifiers=["ControlOrMeta"])
    expect(opened.value.get_by_role("heading", name="Other")).to_be_visible()
    expect(pane(six_contacts)).to_have_count(0)


# ------------------------------------------------------------------------- Esc


def test_esc_closes_one_thing_at_a_time(six_contacts: Page) -> None:
    page, search = six_contacts, six_contacts.get_by_role("searchbox")
    search.fill("person")
    expect(page.locator(".rowlink")).to_have_count(5)
    open_pane(page, "Person 1")
    choose(page, "Person 1", "Delete")
    expect(page.get_by_role("alertdialog")).to_be_visible()
    press(page, "Escape")
    expect(page.get_by_role("alertdialog")).to_have_count(0)
    page.get_by_role("button", name="Actions for Person 1", exact=True).click()
    expect(page.get_by_role("menuitem", name="Edit")).to_be_focused()
    press(page, "Escape")
    expect(page.get_by_role("menuitem")).to_have_count(0)
    expect(pane(page)).to_be_visible()
    press(page, "Escape")
    expect(pane(page)).to_have_count(0)
    expect(search).to_have_value("person")
    press(page, "Escape")
    expect(search).to_have_value("")
    expect(page.locator(".rowlink")).to_have_count(6)
    expect(page).to_have_url(re.compile(r"/contacts/\?sort=name$"))


def test_esc_in_the_search_closes_the_pane_first(six_contacts: Page) -> None:
    open_pane(six_contacts, "Other")
    search = six_contacts.get_by_role("searchbox")
    search.fill("other")
    press(six_contacts, "Escape")
    expect(pane(six_contacts)).to_have_count(0)
    expect(search).to_have_value("other")
    expect(row(six_contacts, "Other")).to_be_focused()


def test_esc_closes_a_pop_up_and_the_focus_goes_back_to_its_button(six_contacts: Page) -> None:
    open_pane(six_contacts, "Other")
    button = six_contacts.locator("summary", has_text="Add filter")
    button.click()
    first = six_contacts.locator(".pick").first
    first.focus()
    press(six_contacts, "Escape")
    expect(first).to_be_hidden()
    expect(button).to_be_focused()
    expect(pane(six_contacts)).to_be_visible()


def test_one_pop_up_is_open_at_a_time_and_a_click_elsewhere_closes_it(six_contacts: Page) -> None:
    six_contacts.locator("summary", has_text="Status").click()
    six_contacts.locator("summary", has_text="Captured on").click()
    expect(six_contacts.get_by_label("Qualified", exact=True)).to_be_hidden()
    expect(six_contacts.get_by_label("Last 7 days")).to_be_visible()
    six_contacts.get_by_role("heading", name="All Contacts").click()
    expect(six_contacts.get_by_label("Last 7 days")).to_be_hidden()


# ------------------------------------------------------------------------- menus


@pytest.fixture
def trigger(six_contacts: Page) -> Locator:
    button = six_contacts.get_by_role("button", name="Actions for Person 1")
    button.focus()
    return button


def item(page: Page, name: str) -> Locator:
    return page.get_by_role("menuitem", name=name)


def test_down_opens_the_menu_on_its_first_item(six_contacts: Page, trigger: Locator) -> None:
    expect(trigger).to_have_accessible_name("Actions for Person 1")
    press(six_contacts, "ArrowDown")
    expect(item(six_contacts, "Edit")).to_be_focused()


def test_arrows_wrap_and_home_and_end_go_to_the_ends(six_contacts: Page, trigger: Locator) -> None:
    press(six_contacts, "ArrowDown", "ArrowUp")
    expect(item(six_contacts, "Delete")).to_be_focused()
    press(six_contacts, "ArrowDown")
    expect(item(six_contacts, "Edit")).to_be_focused()
    press(six_contacts, "End")
    expect(item(six_contacts, "Delete")).to_be_focused()
    press(six_contacts, "Home")
    expect(item(six_contacts, "Edit")).to_be_focused()


def test_a_first_letter_goes_to_its_item(six_contacts: Page, trigger: Locator) -> None:
    press(six_contacts, "Enter", "d")
    expect(item(six_contacts, "Delete")).to_be_focused()
    press(six_contacts, "e")  # the letter of the item, not the shortcut
    expect(item(six_contacts, "Edit")).to_be_focused()


def test_tab_closes_the_menu_and_goes_on_from_its_button(
    six_contacts: Page, trigger: Locator
) -> None:
    press(six_contacts, "ArrowDown", "Tab")
    expect(six_contacts.get_by_role("menuitem")).to_have_count(0)
    expect(six_contacts.get_by_label("Select Person 2")).to_be_focused()


def test_the_menu_stays_open_when_the_list_is_fetched_anew(
    six_contacts: Page, trigger: Locator
) -> None:
    press(six_contacts, "ArrowDown")
    expect(item(six_contacts, "Edit")).to_be_focused()
    with six_contacts.expect_response("**refresh=1*"):
        six_contacts.evaluate("document.body.dispatchEvent(new Event('contactsChanged'))")
    expect(six_contacts.locator("#results[aria-busy]")).to_have_count(0)
    expect(item(six_contacts, "Edit")).to_be_focused()
    press(six_contacts, "Escape")
    expect(trigger).to_be_focused()


def test_the_button_tells_whether_its_menu_is_open(six_contacts: Page, trigger: Locator) -> None:
    client = six_contacts.context.new_cdp_session(six_contacts)

    def expanded() -> object:
        found = client.send(
            "Accessibility.queryAXTree",
            {
                "objectId": client.send(
                    "Runtime.evaluate",
                    {
                        "expression": "document.querySelector('[aria-label=\"Actions for Person 1\"]')"
                    },
                )["result"]["objectId"]
            },
        )
        properties = {p["name"]: p["value"].get("value") for p in found["nodes"][0]["properties"]}
        return properties.get("expanded")

    assert expanded() is False
    press(six_contacts, "ArrowDown")
    expect(item(six_contacts, "Edit")).to_be_focused()
    assert expanded() is True


def test_a_long_list_keeps_the_focused_row_clear_of_the_head(
    enter: Callable[[User, str], Page], administrator: User
) -> None:
    for n in range(45):
        make_contact(administrator, first_name=f"Person {n:02}")
    page = enter(administrator, "/contacts/?sort=name")
    head = page.locator("thead th").first
    foot = page.locator(".list-foot")
    press(page, *"j" * 40)
    assert _inside(row(page, "Person 39"), head, foot)
    press(page, *"k" * 30)
    assert _inside(row(page, "Person 09"), head, foot)


def test_on_a_phone_the_focused_row_is_clear_of_the_tabs(
    enter: Callable[[User, str], Page], administrator: User
) -> None:
    for n in range(25):
        make_contact(administrator, first_name=f"Person {n:02}")
    page = enter(administrator, "/contacts/?sort=name")
    page.set_viewport_size({"width": 390, "height": 844})
    tabs = page.get_by_role("navigation", name="Main, compact")
    for name in ("Person 10", "Person 20"):
        press(page, *"j" * (11 if name == "Person 10" else 10))
        expect(row(page, name)).to_be_focused()
        focused, below = row(page, name).bounding_box(), tabs.bounding_box()
        assert focused and below and focused["y"] + focused["height"] <= below["y"]


def _inside(link: Locator, head: Locator, foot: Locator) -> bool:
    expect(link).to_be_focused()
    focused, above, below = link.bounding_box(), head.bounding_box(), foot.bounding_box()
    assert focused and above and below
    return (
        focused["y"] >= above["y"] + above["height"]
        and focused["y"] + focused["height"] <= below["y"]
    )
