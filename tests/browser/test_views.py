"""Add filter, contact lists and columns in a browser: with script, without it, by keyboard."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from contacts.lists import create_list
from contacts.models import Property, User
from tests.browser.test_screens import fit_and_accessible
from tests.factories import PASSWORD, by, make_contact, make_property


@pytest.fixture
def crowd(administrator: User) -> None:
    make_property("Tier", "select", "Gold", "Silver")
    make_property("Fee", "number")
    for n in range(6):
        make_contact(
            administrator, first_name=f"Person {n}", city="Lyon" if n < 4 else "Rome",
            status="Qualified" if n % 2 else "", custom_tier="Gold" if n == 1 else "",
            custom_fee=str(n), email=f"p{n}@example.com",
        )  # fmt: skip


@pytest.fixture
def contacts_page(sign_in: Callable[[User], Page], administrator: User, crowd: None) -> Page:
    page = sign_in(administrator)
    page.goto(f"{page.url}?sort=name")
    return page


@pytest.fixture
def plain(browser: Browser, live_server: Any, administrator: User, crowd: None) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}/login/")
    page.get_by_label("Email").fill(administrator.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="All Contacts")).to_be_visible()
    yield page
    context.close()


def rows(page: Page) -> Any:
    return page.locator(".rowlink")


def save_view(page: Page, name: str) -> None:
    page.get_by_role("link", name="Save view").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(f"{name} saved")).to_be_visible()


def test_a_filter_is_added_by_keyboard_and_focus_stays_at_hand(contacts_page: Page) -> None:
    page = contacts_page
    page.evaluate("window.same = true")
    page.locator("#add-filter").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="City", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("How it compares")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("rom")
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_text(["Person 4", "Person 5"])
    expect(page.locator("#add-filter")).to_be_focused()
    expect(page.locator("#adding")).not_to_have_attribute("open", "")
    expect(page.locator("#match-count")).to_contain_text("2 match")
    expect(page).to_have_url(re.compile(r"/contacts/\?f\.city=contains:rom&sort=name$"))
    page.go_back()
    expect(rows(page)).to_have_count(6)
    page.go_forward()
    expect(rows(page)).to_have_text(["Person 4", "Person 5"])
    assert page.evaluate("window.same")


def test_search_and_quick_filters_keep_the_other_filters(contacts_page: Page) -> None:
    page = contacts_page
    page.goto(f"{page.url}&f.city=is:Lyon")
    page.get_by_role("searchbox").fill("person 1")
    expect(rows(page)).to_have_text(["Person 1"])
    page.get_by_role("searchbox").fill("person")
    expect(rows(page)).to_have_count(4)
    page.locator("summary", has_text="Status").click()
    page.get_by_label("Qualified", exact=True).check()
    expect(rows(page)).to_have_text(["Person 1", "Person 3"])
    page.locator("#add-filter").click()
    page.get_by_role("button", name="Tier", exact=True).click()
    page.get_by_label("Gold", exact=True).check()
    page.get_by_role("button", name="Apply", exact=True).last.click()
    expect(rows(page)).to_have_text(["Person 1"])
    page.get_by_role("link", name="Remove filter City: Lyon").click()
    expect(page.locator(".chip-on")).to_have_text(["Status: Qualified", "Tier: Gold"])
    expect(page.get_by_role("link", name="Remove filter Tier: Gold")).to_be_focused()
    wanted = "q=person&status=Qualified&f.custom_tier=is:Gold&sort=name"
    expect(page).to_have_url(re.compile(re.escape(wanted)))


def test_a_chip_is_changed_and_a_fault_keeps_what_was_typed(contacts_page: Page) -> None:
    page = contacts_page
    page.goto(f"{page.url}&f.custom_fee=at-least:4")
    page.get_by_role("link", name="Fee: at least 4", exact=True).click()
    expect(page.get_by_label("Value")).to_have_value("4")
    page.get_by_label("Value").fill("four")
    page.get_by_role("button", name="Apply", exact=True).last.click()
    expect(page.get_by_role("alert")).to_contain_text("Use a number such as")
    expect(page.get_by_label("Value")).to_have_value("four")
    expect(page.get_by_label("Value")).to_be_focused()
    expect(rows(page)).to_have_count(2)
    page.get_by_label("How it compares").select_option("Is between")
    page.get_by_label("Value").fill("1")
    page.get_by_label("and", exact=True).fill("2")
    page.keyboard.press("Enter")
    expect(page.locator(".chip-on")).to_have_text(["Fee: 1 to 2"])
    expect(rows(page)).to_have_text(["Person 1", "Person 2"])


def test_the_editor_shows_only_what_its_comparison_needs(contacts_page: Page) -> None:
    page = contacts_page
    page.goto(f"{page.url}&add=captured")
    visible = ["#add-v", "#add-to", "#add-days"]
    for way, shown in (
        ("today", []), ("last", ["#add-days"]), ("from", ["#add-v"]),
        ("between", ["#add-v", "#add-to"]),
    ):  # fmt: skip
        page.get_by_label("How it compares").select_option(way)
        assert [each for each in visible if page.locator(each).is_visible()] == shown


def test_a_view_is_saved_changed_and_updated(contacts_page: Page) -> None:
    page = contacts_page
    page.goto(f"{page.url}&f.city=is:Lyon&status=Qualified")
    save_view(page, "Qualified in Lyon")
    expect(page.locator("#views [aria-current]")).to_contain_text("Qualified in Lyon")
    expect(page.locator("#views [aria-current] .n")).to_have_text("2")
    expect(page.get_by_role("button", name="Update list")).to_have_count(0)
    page.locator("summary", has_text="Status").click()
    page.get_by_label("No status").check()
    expect(rows(page)).to_have_count(4)
    expect(page.locator("#pops details[open]")).to_have_count(1)  # to tick another one
    page.get_by_label("Qualified", exact=True).uncheck()
    expect(rows(page)).to_have_text(["Person 0", "Person 2"])
    page.get_by_label("No status").uncheck()
    expect(rows(page)).to_have_count(4)
    page.get_by_role("link", name="Undo changes").click()
    expect(page.locator(".chip-on")).to_have_text(["Status: Qualified", "City: Lyon"])
    expect(page.get_by_role("link", name="Save view")).to_be_focused()
    page.get_by_role("link", name="Remove filter Status: Qualified").click()
    page.get_by_role("button", name="Update list").click()
    expect(page.get_by_text("Qualified in Lyon updated")).to_be_visible()
    expect(page.locator(".chip-on")).to_have_text(["City: Lyon"])


def test_turning_to_another_tab_sets_the_filters_to_its_own(
    contacts_page: Page, administrator: User
) -> None:
    row = create_list(actor=by(administrator), name="Lyon", query="f.city=is:Lyon&status=none")
    page = contacts_page
    page.reload()
    page.evaluate("window.same = true")
    tab = page.locator("#views").get_by_role("link", name="Lyon")
    tab.click()
    expect(tab).to_be_focused()
    expect(rows(page)).to_have_text(["Person 2", "Person 0"])
    expect(page).to_have_title("Lyon · All Contacts · Fernhill Advisory")
    expect(page.locator("#nav-lists [aria-current]")).to_have_text("Lyon")
    page.locator("summary", has_text="Status").click()
    expect(page.get_by_label("No status")).to_be_checked()
    page.get_by_label("No status").uncheck()
    expect(rows(page)).to_have_count(4)
    expect(page).to_have_url(re.compile(rf"\?list={row.public_id}&f\.city=is:Lyon&status=$"))
    page.get_by_label("No status").check()
    expect(rows(page)).to_have_count(2)
    expect(page).to_have_url(re.compile(rf"\?list={row.public_id}$"))
    page.get_by_role("searchbox").fill("person")  # the filters are still those of the list
    expect(page.locator(".chip-on")).to_have_text(["Status: none", "City: Lyon"])
    page.locator("#view-all").click()
    expect(rows(page)).to_have_count(6)
    expect(page.get_by_role("searchbox")).to_have_value("")
    expect(page.locator("#nav-lists [aria-current]")).to_have_count(0)
    page.go_back()
    expect(page.locator("#views [aria-current]")).to_contain_text("Lyon")
    assert page.evaluate("window.same")


def test_columns_are_chosen_and_moved_in_the_dialog(contacts_page: Page) -> None:
    page = contacts_page
    page.get_by_role("link", name="Choose columns").click()
    dialog = page.get_by_role("dialog", name="Columns")
    for label in ("Company", "Status", "Owner", "Last activity", "Upcoming", "Sync"):
        dialog.get_by_label(label, exact=True).uncheck()
    dialog.get_by_label("Tier", exact=True).check()
    for place in (1, 2, 3):
        dialog.get_by_role("button", name="Move Email down").click()
        expect(dialog.get_by_role("listitem").nth(place)).to_have_text("Email")
        expect(dialog.get_by_role("button", name="Move Email down")).to_be_focused()
    dialog.get_by_role("button", name="Save columns").click()
    heads = page.locator("thead th:not(.c-menu, .c-check)")
    expect(heads).to_have_text(["Name", "Mobile phone", "Email", "Tier"])
    page.locator("#columns").click()
    page.get_by_role("button", name="Reset to default").click()
    expect(heads).to_have_count(8)


def test_a_wide_table_scrolls_within_itself(contacts_page: Page, administrator: User) -> None:
    page = contacts_page
    for n in range(12):
        make_property(f"Property {n}")
    names = [f"custom_property_{n}" for n in range(12)]
    User.objects.filter(pk=administrator.pk).update(columns=["email", *names])
    page.reload()
    wide = "e => e.scrollWidth > e.clientWidth"
    assert page.locator("#results .scroll").evaluate(wide)
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    heads = page.locator("thead th:not(.c-menu, .c-check)")
    assert heads.evaluate_all("all => Math.min(...all.map(e => e.offsetWidth))") >= 150


def test_everything_is_done_without_script(plain: Page) -> None:
    page = plain
    page.locator("#add-filter").click()
    page.get_by_role("button", name="Fee", exact=True).click()
    page.get_by_label("How it compares").select_option("At least")
    page.get_by_label("Value").fill("x")
    page.get_by_role("button", name="Apply", exact=True).last.click()
    expect(page.get_by_role("alert")).to_contain_text("Use a number such as")
    page.get_by_label("Value").fill("2")
    page.get_by_role("button", name="Apply", exact=True).last.click()
    expect(rows(page)).to_have_count(4)
    save_view(page, "Payers")
    page.get_by_role("searchbox").fill("person 2")
    page.get_by_role("searchbox").press("Enter")
    expect(rows(page)).to_have_text(["Person 2"])
    page.get_by_role("button", name="Update list").click()
    expect(page.get_by_text("Payers updated")).to_be_visible()
    page.get_by_role("link", name="Choose columns").click()
    page.get_by_label("Fee", exact=True).check()
    page.get_by_role("button", name="Move Fee up").click()
    expect(page.get_by_label("Fee", exact=True)).to_be_checked()
    page.get_by_role("button", name="Save columns").click()
    expect(page.locator("td.c-number")).to_have_text(["2"])
    page.get_by_role("link", name="Edit list").click()
    page.get_by_label("Everybody").check()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="All lists").first.click()
    expect(page.locator("tbody tr")).to_contain_text("Everybody")
    page.get_by_role("link", name="Delete Payers").click()
    page.get_by_role("button", name="Delete list").click()
    expect(page.get_by_role("heading", name="No lists yet")).to_be_visible()


def test_the_views_fit_and_are_accessible(
    size: str, themed: User, contacts_page: Page, picture: Callable[[str], None]
) -> None:
    page = contacts_page
    columns = ["custom_tier", "custom_fee", "email", "city", "has_consent", "captured"]
    User.objects.filter(pk=themed.pk).update(columns=columns)
    make = {"actor": by(themed), "query": "f.city=is:Lyon&f.custom_tier=blank"}
    row = create_list(name="A list with a name that is rather long", shared=True, **make)  # type: ignore[arg-type]
    create_list(name="Another", **make)  # type: ignore[arg-type]
    base = page.url.split("?")[0]
    screens = {
        "list": f"?list={row.public_id}&f.custom_fee=between:0..100",
        "properties": "?add=",
        "text": "?add=city&add.op=contains&add.v=",
        "dates": "?add=captured",
        "choices": "?add=custom_tier",
        "columns": f"columns/?list={row.public_id}",
        "save": "lists/new/?f.city=is:Lyon",
        "lists": "lists/",
        "delete": f"lists/{row.public_id}/delete/",
    }
    for name, path in screens.items():
        page.goto(base + path)
        picture(name)
        fit_and_accessible(page, name)
    page.goto(f"{base}?list={row.public_id}")
    page.locator("#columns").click()
    expect(page.get_by_role("dialog", name="Columns")).to_be_visible()
    fit_and_accessible(page, "columns dialog")


def test_a_list_that_lost_a_filter_asks_before_it_is_saved_again(
    contacts_page: Page, administrator: User
) -> None:
    page = contacts_page
    query = "f.city=is:Lyon&f.custom_tier=is:Gold"
    row = create_list(actor=by(administrator), name="Gold", query=query)
    Property.objects.filter(name="tier").update(archived_at="2026-01-01T00:00:00Z")
    page.goto(page.url.split("?")[0] + f"?list={row.public_id}&sort=name")
    expect(page.get_by_role("alert")).to_contain_text("“Tier” is archived")
    page.get_by_role("button", name="Update list").click()
    expect(page.get_by_role("alertdialog", name="Update Gold?")).to_be_visible()
    fit_and_accessible(page, "asking")
    page.get_by_role("link", name="Cancel").click()
    row.refresh_from_db()
    assert row.query == query
