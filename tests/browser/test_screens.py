"""Every screen, on a desktop and on a phone: axe finds nothing, nothing scrolls sideways."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Page, expect

from contacts.models import Contact, Import, User
from contacts.services import update_contact
from tests.contacts.imports.engine import bring_in, plan
from tests.factories import by, make_contact, make_property, make_user

pytestmark = pytest.mark.skipif(
    bool(settings.DATABASE_URL), reason="the screens are looked at on the embedded database"
)
SIGNS = (
    "Email,First Name,Company\nada@example.com,Augusta,Analytical\nnew@example.com,New,\nbad,Bad,\n"
)


@pytest.fixture
def cast(administrator: User) -> dict[str, Contact]:
    """A contact with a past, one that holds an address, and some more for the list."""
    ada = make_contact(
        administrator, first_name="Ada", last_name="Lovelace", email="ada@example.com",
        mobile_phone="+12025550101", company="Engines", status="Qualified",
    )  # fmt: skip
    update_contact(contact_id=ada.pk, actor=by(administrator), values={"email": "a@example.org"})
    update_contact(contact_id=ada.pk, actor=by(administrator), values={"email": "ada@example.com"})
    holder = make_contact(administrator, first_name="A.", email="holder@example.com", city="Turin")
    make_property("Tier", "multi_select", "Gold", "Silver")
    for n in range(25):
        make_contact(administrator, first_name=f"Person {n}", status="Disqualified")
    return {"ada": ada, "holder": holder}


def fit_and_accessible(page: Page, what: str) -> None:
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth + 1")
    assert not wide, f"{what} scrolls sideways"
    found = Axe().run(page)
    problems = [
        f"{what}: {v['id']} {v['help']} {[node['html'][:140] for node in v['nodes'][:2]]}"
        for v in found.response["violations"]
    ]
    assert problems == []


Step = Callable[[Page, dict[str, Contact]], None]


def open_menu(page: Page, cast: dict[str, Contact]) -> None:
    page.goto(page.url.split("/contacts/")[0] + "/contacts/?q=ada")
    page.get_by_role("button", name="Actions for Ada Lovelace").click()
    expect(page.get_by_role("menuitem")).to_have_text(["EditE", "Delete"])


def open_merge(page: Page, cast: dict[str, Contact]) -> None:
    open_edit(page, cast)
    page.get_by_label("Email", exact=True).fill("holder@example.com")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("dialog", name="Merge Contacts")).to_be_visible()


def open_edit(page: Page, cast: dict[str, Contact]) -> None:
    base = page.url.split("/contacts/")[0]
    page.goto(f"{base}/contacts/{cast['ada'].public_id}/edit/")
    expect(page.get_by_role("heading", name="Edit Contact")).to_be_visible()


def open_errors(page: Page, cast: dict[str, Contact]) -> None:
    open_edit(page, cast)
    page.get_by_label("Email", exact=True).fill("ada@nowhere")
    page.get_by_label("Mobile phone", exact=True).fill("12")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="Fix 2 fields")).to_be_focused()


def open_conflict(page: Page, cast: dict[str, Contact]) -> None:
    open_edit(page, cast)
    update_contact(contact_id=cast["ada"].pk, actor=by(), values={"company": "Theirs"})
    page.get_by_label("Company", exact=True).fill("Mine")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Keep theirs: Theirs")).to_be_visible()


def open_delete(page: Page, cast: dict[str, Contact]) -> None:
    open_menu(page, cast)
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.get_by_role("alertdialog")).to_contain_text("Delete Ada Lovelace?")
    expect(page.get_by_role("link", name="Cancel")).to_be_focused()


def select_rows(page: Page, cast: dict[str, Contact]) -> None:
    mode = page.get_by_role("checkbox", name="Select", exact=True)  # on a phone
    if mode.is_visible():
        mode.check()
    page.locator("[name=ids]").first.check()
    expect(page.locator("#bulk-count")).to_have_text("1 selected")


def ask_to_discard(page: Page, cast: dict[str, Contact]) -> None:
    open_edit(page, cast)
    page.get_by_label("Company", exact=True).fill("Typed")
    page.keyboard.press("Escape")
    expect(page.get_by_role("alertdialog", name="Discard your changes?")).to_be_visible()


def sign_out_elsewhere(page: Page, cast: dict[str, Contact]) -> None:
    open_edit(page, cast)
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("dialog", name="Sign in to continue")).to_be_visible()


def be_in_trouble(page: Page, cast: dict[str, Contact]) -> None:
    page.wait_for_load_state("networkidle")  # an answer would take the notice away again
    page.evaluate(
        """for (const detail of [{ text: 'Contact saved', undo: '/undo/x/' }, { text: 'No', alert: 1 }])
           document.body.dispatchEvent(new CustomEvent('toast', { detail, bubbles: true }))"""
    )
    page.context.set_offline(True)
    expect(page.locator(".toast")).to_have_count(2)
    expect(page.locator("#trouble")).to_be_visible()


def open_filter(page: Page, cast: dict[str, Contact]) -> None:
    captured = page.locator("summary", has_text="Captured on")
    if captured.is_visible():
        captured.click()
        expect(page.get_by_label("From")).to_be_visible()
    else:  # a phone has room for one filter button
        page.locator("#add-filter").click()
        expect(page.get_by_role("group", name="Add filter")).to_be_visible()


def visit(path: str) -> Step:
    def go(page: Page, cast: dict[str, Contact]) -> None:
        base = page.url.split("/contacts/")[0]
        page.goto(base + path.format(**{name: c.public_id for name, c in cast.items()}))

    return go


SCREENS: dict[str, Step] = {
    "list": visit("/contacts/?status=Disqualified&captured=30&rows=20"),
    "no-match": visit("/contacts/?q=nobody&status=Qualified"),
    "menu": open_menu,
    "filter": open_filter,
    "selected": select_rows,
    "discard": ask_to_discard,
    "signed-out": sign_out_elsewhere,
    "trouble": be_in_trouble,
    "pane": visit("/contacts/{ada}/"),
    "new": visit("/contacts/new/"),
    "edit": open_edit,
    "errors": open_errors,
    "conflict": open_conflict,
    "merge": open_merge,
    "delete": open_delete,
    "shortcuts": visit("/shortcuts/"),
    "overview": visit("/overview/"),
    "properties": visit("/settings/properties/"),
    "property": visit("/settings/properties/tier/"),
    "new-property": visit("/settings/properties/new/"),
    "imports": visit("/imports/"),
    "upload": visit("/imports/new/"),
}


@pytest.mark.parametrize("screen", SCREENS)
def test_contact_screens(
    screen: str,
    page: Page,
    size: str,
    themed: User,
    cast: dict[str, Contact],
    sign_in: Callable[[User], Page],
    picture: Callable[[str], None],
) -> None:
    sign_in(themed)
    SCREENS[screen](page, cast)
    picture(screen)
    fit_and_accessible(page, screen)


def test_import_screens(
    page: Page,
    size: str,
    themed: User,
    cast: dict[str, Contact],
    live_server: Any,
    sign_in: Callable[[User], Page],
    picture: Callable[[str], None],
) -> None:
    planned, done, mapped = (plan(SIGNS, themed), bring_in(SIGNS, themed), plan(SIGNS, themed))
    Import.objects.filter(pk=mapped.pk).update(state=Import.State.UPLOADED)
    running = plan(SIGNS, themed)
    Import.objects.filter(pk=running.pk).update(state=Import.State.COMMITTING, done_rows=1)
    sign_in(themed)
    for step, batch in (
        ("map", mapped),
        ("preview", planned),
        ("result", done),
        ("run", running),
    ):
        page.goto(f"{live_server.url}/imports/{batch.pk}/{step}/")
        picture(step)
        fit_and_accessible(page, step)


def test_cannot_save_says_nothing_about_the_other_contact(
    page: Page,
    size: str,
    sign_in: Callable[[User], Page],
    administrator: User,
    picture: Callable[[str], None],
) -> None:
    member = make_user(email="m@example.com", first_name="Mia")
    mine = make_contact(member, first_name="Mine", company="Old")
    make_contact(administrator, first_name="Hidden", email="taken@example.com", company="Secret")
    sign_in(member)
    page.goto(page.url + f"{mine.public_id}/edit/")
    page.get_by_label("Company", exact=True).fill("Typed")
    page.get_by_label("Email", exact=True).fill("taken@example.com")
    page.get_by_role("button", name="Save", exact=True).click()
    dialog = page.get_by_role("alertdialog", name="Cannot Save Contact")
    expect(dialog).to_contain_text("Contact record conflict")
    picture("cannot-save")
    fit_and_accessible(page, "cannot save")
    assert "Hidden" not in page.content() and "Secret" not in page.content()
    dialog.get_by_role("button", name="Ask administrator").click()
    expect(page.get_by_role("alertdialog", name="Request sent")).to_contain_text("Hanna")
    page.get_by_role("button", name="Back to editing").click()
    expect(page.get_by_label("Company", exact=True)).to_have_value("Typed")


def test_sign_in_page(
    page: Page, size: str, live_server: Any, picture: Callable[[str], None]
) -> None:
    page.goto(f"{live_server.url}/login/")
    picture("login")
    fit_and_accessible(page, "sign in")


def test_an_empty_account_says_what_to_do(
    page: Page,
    size: str,
    administrator: User,
    sign_in: Callable[[User], Page],
    picture: Callable[[str], None],
) -> None:
    sign_in(administrator)
    picture("empty")
    fit_and_accessible(page, "empty")


@pytest.mark.parametrize("path", ["", "contacts/contact/", "contacts/contact/import/"])
def test_the_admin_works_under_the_same_policy(
    path: str, page: Page, administrator: User, live_server: Any, sign_in: Callable[[User], Page]
) -> None:
    sign_in(administrator)  # the console, which must stay empty, would show a refused script
    page.goto(f"{live_server.url}/admin/{path}")
    expect(page.get_by_role("link", name="Kith administration")).to_be_visible()
