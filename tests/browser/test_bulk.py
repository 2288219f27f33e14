"""Several contacts at once, in a browser: set an owner, undo it, delete, export; also without script."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from contacts.bulk_actions import starting
from contacts.models import BulkAction, Contact, User
from tests.browser.test_screens import fit_and_accessible
from tests.contacts.bulk.doing import begin, finish, people
from tests.contacts.imports.test_killed_worker import wait
from tests.factories import PASSWORD, make_user


@pytest.fixture
def tom(db: None) -> User:
    return make_user(first_name="Tom", last_name="Reyes")


@pytest.fixture
def chosen(sign_in: Callable[[User], Page], administrator: User, page: Page) -> Page:
    """The list with the first two of four contacts selected."""
    people(administrator, 4, email="")
    sign_in(administrator)
    page.goto(f"{page.url}?sort=name")
    for n in range(2):
        page.get_by_label(f"Select Person {n}").check()
    return page


def pick(page: Page, label: str, option: str) -> None:
    """Choose in the dialog, once htmx has made what it swapped in its own."""
    field = page.get_by_role("dialog").get_by_label(label)
    expect(field).to_be_visible()
    expect(page.locator(".htmx-added")).to_have_count(0)
    field.select_option(label=option)


def owners() -> list[str]:
    return list(Contact.objects.order_by("sort_name").values_list("owner__first_name", flat=True))


def test_an_owner_is_set_and_taken_back(chosen: Page, tom: User) -> None:
    chosen.get_by_role("button", name="Assign owner").click()
    dialog = chosen.get_by_role("dialog", name="Assign owner")
    expect(dialog).to_contain_text("2 contacts selected.")
    fit_and_accessible(chosen, "Assign owner")
    pick(chosen, "Owner", "Tom Reyes")
    expect(dialog).to_contain_text("Set owner to Tom Reyes on 2 contacts.")
    expect(dialog.get_by_label("Owner")).to_be_focused()
    dialog.get_by_role("button", name="Set owner on 2 contacts").click()
    toast = chosen.locator(".toast")
    expect(toast).to_contain_text("Owner set to Tom Reyes on 2 contacts")
    expect(dialog).to_be_hidden()
    expect(chosen.locator("tbody .c-owner").first).to_have_text("Tom Reyes")
    fit_and_accessible(chosen, "the list after a bulk action")
    assert owners() == ["Tom", "Tom", "Hanna", "Hanna"]
    toast.get_by_role("button", name="Undo").click()
    expect(toast).to_contain_text("Set back on 2 contacts")
    expect(chosen.locator("tbody .c-owner").first).to_have_text("Hanna")
    assert owners() == ["Hanna"] * 4


def test_cancel_returns_to_the_button_and_keeps_the_selection(chosen: Page, tom: User) -> None:
    chosen.get_by_role("button", name="Set status").click()
    pick(chosen, "Status", "Qualified")
    chosen.get_by_role("link", name="Cancel").click()
    expect(chosen.get_by_role("button", name="Set status", exact=True)).to_be_focused()
    expect(chosen.get_by_label("Select Person 1")).to_be_checked()


def test_selected_contacts_are_deleted_after_a_question(chosen: Page) -> None:
    chosen.get_by_role("button", name="Delete", exact=True).click()
    dialog = chosen.get_by_role("alertdialog", name="Delete 2 contacts?")
    expect(dialog.get_by_role("link", name="Cancel")).to_be_focused()
    fit_and_accessible(chosen, "Delete 2 contacts?")
    dialog.get_by_role("button", name="Delete 2 contacts").click()
    expect(chosen.locator(".toast")).to_have_text("2 contacts deleted")
    expect(chosen.locator(".rowlink")).to_have_text(["Person 2", "Person 3"])


def test_the_counts_of_the_tabs_follow_what_was_deleted(chosen: Page) -> None:
    mine = chosen.get_by_role("link", name="My contacts")
    expect(mine).to_contain_text("4")
    chosen.locator("#bulk-delete").click()
    chosen.get_by_role("button", name="Delete 2 contacts").click()
    expect(mine).to_contain_text("2")


def test_selected_contacts_are_exported(chosen: Page) -> None:
    chosen.locator("#bulk").get_by_role("button", name="Export").click()
    dialog = chosen.get_by_role("dialog", name="Export 2 contacts")
    fit_and_accessible(chosen, "Export 2 contacts")
    for label, ending in (("CSV", ".csv"), ("Excel workbook", ".xlsx")):
        dialog.get_by_label(label).check()
        with chosen.expect_download() as download:
            dialog.get_by_role("button", name="Export 2 contacts").click()
        name = download.value.suggested_filename
        assert name.startswith("contacts-selected-") and name.endswith(ending)


def test_with_nothing_selected_there_is_no_action_to_press(chosen: Page) -> None:
    expect(chosen.get_by_role("button", name="Delete", exact=True)).to_be_visible()
    for n in range(2):
        chosen.get_by_label(f"Select Person {n}").uncheck()
    expect(chosen.get_by_role("button", name="Delete", exact=True)).to_be_hidden()


@pytest.mark.usefixtures("worker")
def test_a_large_action_shows_its_progress_and_ends_with_its_result(
    sign_in: Callable[[User], Page], administrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "SMALL", 2)
    people(administrator, 5)
    page = sign_in(administrator)
    page.get_by_label("all 5").check()
    page.get_by_role("button", name="Set status").click()
    pick(page, "Status", "Qualified")
    page.get_by_role("button", name="Set status on 5 contacts").click()
    expect(page.get_by_role("heading", name="Set status to Qualified")).to_be_visible()
    wait(lambda: BulkAction.objects.get().state == "done")
    expect(page.locator("dl.counts")).to_contain_text("Changed", timeout=10_000)
    expect(page.locator("dl.counts dd").first).to_have_text("5")
    page.get_by_role("button", name="Undo").click()
    wait(lambda: not Contact.objects.filter(status="Qualified").exists())


@pytest.mark.skipif(bool(settings.DATABASE_URL), reason="looked at once, on the embedded database")
def test_every_page_of_bulk_actions_is_accessible(
    sign_in: Callable[[User], Page],
    administrator: User,
    picture: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    size: str,
    themed: User,
) -> None:
    monkeypatch.setattr(starting, "SMALL", 0)
    monkeypatch.setattr(starting, "hint_after_commit", lambda *_: None)
    contacts = people(administrator, 3)
    done = finish(begin(administrator, "status", "Qualified", *contacts))
    running = begin(administrator, "owner", administrator.pk, *contacts)
    page = sign_in(administrator)
    base = page.url.removesuffix("/contacts/")
    for path in (
        "/contacts/", "/contacts/bulk/", f"/contacts/bulk/{done.pk}/",
        f"/contacts/bulk/{running.pk}/", "/contacts/export/",
    ):  # fmt: skip
        page.goto(base + path)
        fit_and_accessible(page, path)
        picture(path.strip("/").replace("/", "-"))


# ------------------------------------------------------------------------ without script


@pytest.fixture
def plain(browser: Browser, live_server: Any, administrator: User) -> Iterator[Page]:
    people(administrator, 3)
    context = browser.new_context(java_script_enabled=False, accept_downloads=True)
    page = context.new_page()
    page.goto(f"{live_server.url}/login/")
    page.get_by_label("Email").fill(administrator.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    yield page
    context.close()


def tick_all(page: Page) -> None:
    for n in range(3):
        page.get_by_label(f"Select Person {n}").check()


def test_an_action_on_nothing_is_refused_without_script(plain: Page) -> None:
    plain.get_by_role("button", name="Delete", exact=True).click()
    expect(plain.get_by_text("Nothing is selected.")).to_be_visible()
    assert Contact.objects.count() == 3


def test_all_that_match_and_the_next_page_are_in_reach_without_script(
    plain: Page, administrator: User
) -> None:
    people(administrator, 22, company="Engines")
    plain.goto(f"{plain.url}?q=engines&rows=20")
    expect(plain.get_by_role("link", name="Next")).to_be_in_viewport(ratio=1)
    expect(plain.get_by_role("button", name="Select all")).to_have_count(0)
    plain.get_by_label("All 22 that match").check()
    expect(plain.get_by_role("button", name="Merge")).to_be_hidden()
    plain.get_by_role("button", name="Set status").click()
    expect(plain.get_by_text("22 contacts selected.")).to_be_visible()


def test_owner_and_undo_without_script(plain: Page, tom: User) -> None:
    plain.get_by_label("Select Person 0").check()
    plain.get_by_label("Select Person 1").check()
    plain.get_by_role("button", name="Assign owner").click()
    plain.get_by_label("Owner", exact=True).select_option(label="Tom Reyes")
    plain.get_by_role("button", name="Continue").click()
    expect(plain.get_by_text("Set owner to Tom Reyes on 2 contacts.")).to_be_visible()
    plain.get_by_role("button", name="Set owner on 2 contacts").click()
    expect(plain.get_by_text("Owner set to Tom Reyes on 2 contacts")).to_be_visible()
    assert tom.contacts.count() == 2
    plain.get_by_role("button", name="Undo").click()
    expect(plain.get_by_text("Set back on 2 contacts")).to_be_visible()
    assert tom.contacts.count() == 0


def test_another_choice_without_script_is_shown_before_it_is_done(plain: Page) -> None:
    tick_all(plain)
    plain.get_by_role("button", name="Set status").click()
    plain.get_by_label("Status", exact=True).select_option("Qualified")
    plain.get_by_role("button", name="Continue").click()
    plain.get_by_label("Status", exact=True).select_option("Disqualified")
    plain.get_by_role("button", name="Set status on 3 contacts").click()
    expect(plain.get_by_text("Set status to Disqualified on 3 contacts.")).to_be_visible()
    assert not Contact.objects.exclude(status="").exists()
    plain.get_by_role("button", name="Set status on 3 contacts").click()
    expect(plain.get_by_text("Status set to Disqualified on 3 contacts")).to_be_visible()


def test_delete_and_export_without_script(plain: Page) -> None:
    plain.get_by_role("link", name="Export").click()
    with plain.expect_download() as download:
        plain.get_by_role("button", name="Export 3 contacts").click()
    assert download.value.suggested_filename.startswith("contacts-all-")
    plain.get_by_role("link", name="Close", exact=True).click()
    tick_all(plain)
    plain.get_by_role("button", name="Delete", exact=True).click()
    plain.get_by_role("button", name="Delete 3 contacts").click()
    expect(plain.get_by_text("3 contacts deleted")).to_be_visible()
    assert not Contact.objects.exists()
