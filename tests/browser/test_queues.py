"""The queues in a real browser: requests, possible duplicates, the audit, erasing, and the limit."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from contacts import history
from contacts.access import Role
from contacts.conflicts import ask, file_request, resolve
from contacts.deleting import delete_contact
from contacts.duplicates import dismiss
from contacts.erasing import erase_contact
from contacts.models import (
    AuditEntry,
    ConflictRequest,
    Contact,
    HiddenHit,
    PossibleDuplicate,
    User,
)
from contacts.probing import LIMIT
from contacts.sealing import seal
from tests.browser.menus import choose
from tests.browser.test_screens import fit_and_accessible
from tests.factories import PASSWORD, by, make_contact, make_user

Picture = Callable[[str], None]
SignIn = Callable[[User], Page]


@pytest.fixture
def mia(administrator: User) -> User:
    return make_user(Role.MEMBER, email="mia@example.com", first_name="Mia", last_name="Lang")


@pytest.fixture
def holder(administrator: User) -> Contact:
    """A contact of somebody else, which Mia may not see."""
    return make_contact(
        administrator, first_name="Augusta", last_name="King", email="al@example.com", city="Turin"
    )


@pytest.fixture
def ada(mia: User) -> Contact:
    return make_contact(
        mia, first_name="Ada", last_name="Lovelace", email="ada@example.com", company="Engines",
        phone="+442079460000",
    )  # fmt: skip


@pytest.fixture
def queues(administrator: User, mia: User, ada: Contact, holder: Contact) -> dict[str, str]:
    """Something in every queue; the addresses of what is about one thing."""
    typed = {"email": "al@example.com", "job_title": "Countess", "company": ""}
    filed = file_request(user=mia, contact=ada, typed=typed, holders=[holder.pk])
    ask(filed)
    done = file_request(user=mia, contact=None, typed={"email": "x@example.com"}, holders=[])
    resolve(request=done, note="It is yours now.\nSave again.", actor=by(administrator))
    file_request(user=mia, contact=None, typed={"email": "y@example.com"}, holders=[])
    for n in range(3):
        twin = make_contact(
            mia, first_name="Ada", last_name="Lovelace", company="Engines and Mills of London",
            mobile_phone=f"+1202555011{n}",
        )  # fmt: skip
        pair = PossibleDuplicate.objects.create(
            first=ada, second=twin, reason="Same name and company. Same landline"
        )
        if n == 2:
            dismiss(pair=pair, actor=by(mia))
    history.audit(by(mia), "probing.limited", hits=20, minutes=60)
    gone = make_contact(mia, first_name="Gone")
    delete_contact(contact_id=gone.pk, actor=by(administrator))
    erased = make_contact(mia, email="e@example.com")
    erase_contact(public_id=erased.public_id, actor=by(administrator))
    seal()
    return {"request": filed.reference, "ada": ada.public_id, "erased": erased.public_id}


SCREENS = {
    "audit": "/settings/audit/",
    "audit-filtered": "/settings/audit/?what=contact.deleted&from=2020-01-01&to=nonsense",
    "requests": "/settings/requests/",
    "requests-resolved": "/settings/requests/?show=resolved",
    "request": "/settings/requests/{request}/",
    "request-unknown": "/settings/requests/?reference=CR-00000",
    "own-requests": "/settings/your-requests/",
    "duplicates": "/duplicates/",
    "duplicates-dismissed": "/duplicates/?show=dismissed",
    "duplicates-of": "/duplicates/?contact={ada}",
    "erase-start": "/settings/erase/?id=CTC-NEVER",
    "erase": "/settings/erase/{ada}/",
    "receipt": "/settings/erase/{erased}/receipt/",
    "delete": "/contacts/{ada}/delete/",
    "more": "/shortcuts/",
}


@pytest.mark.skipif(bool(settings.DATABASE_URL), reason="looked at on the embedded database")
def test_every_page_fits_and_is_accessible(
    page: Page, sign_in: SignIn, themed: User, queues: dict[str, str], size: str,
    picture: Picture,
) -> None:  # fmt: skip
    base = sign_in(themed).url.split("/contacts/")[0]
    ConflictRequest.objects.filter(resolved_at=None, asked_at=None).update(requested_by=themed)
    for name, path in SCREENS.items():
        page.goto(base + path.format(**queues))
        fit_and_accessible(page, f"{name} {size}")
        picture(name)


def test_a_refused_save_is_asked_about_merged_by_an_administrator_and_answered(
    page: Page, browser: Browser, live_server: Any, sign_in: SignIn, administrator: User, mia: User,
    ada: Contact, holder: Contact,
) -> None:  # fmt: skip
    sign_in(mia)
    page.goto(f"{live_server.url}/contacts/{ada.public_id}/edit/")
    page.get_by_label("Email", exact=True).fill("al@example.com")
    page.get_by_label("Job title").fill("Countess")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Ask administrator").click()
    expect(page.get_by_role("alertdialog", name="Request sent")).to_be_visible()
    reference = ConflictRequest.objects.get().reference
    admin = open_as(browser, live_server, administrator)
    admin.goto(f"{live_server.url}/settings/requests/")
    expect(admin.get_by_role("link", name="Requests 1 to do")).to_be_visible()
    admin.get_by_role("textbox", name="Reference").fill(reference.lower().removeprefix("cr-"))
    admin.get_by_role("button", name="Look up").click()
    expect(admin.get_by_role("heading", name=f"Request {reference}")).to_be_visible()
    admin.get_by_role("button", name="Open to merge").click()
    expect(admin.get_by_label("Job title")).to_have_value("Countess")
    admin.get_by_role("button", name="Save", exact=True).click()
    expect(admin.get_by_role("dialog", name="Merge Contacts")).to_contain_text("Augusta King")
    admin.get_by_role("button", name="Merge contacts").click()
    expect(admin.get_by_text("Contacts merged")).to_be_visible()
    admin.goto(f"{live_server.url}/settings/requests/{reference}/")
    expect(admin.get_by_text("The records were merged")).to_be_visible()
    admin.get_by_label("Note to Mia Lang").fill("Merged. Ask me about the rest.")
    admin.get_by_role("button", name="Resolve").click()
    expect(admin.get_by_role("heading", name="No open requests")).to_be_visible()
    page.goto(f"{live_server.url}/settings/your-requests/")
    row = page.get_by_role("row").filter(has_text=reference)
    expect(row).to_contain_text("Resolved")
    expect(row).to_contain_text("Merged. Ask me about the rest.")
    admin.context.close()


def open_as(browser: Browser, live_server: Any, user: User, *, script: bool = True) -> Page:
    page = browser.new_context(java_script_enabled=script).new_page()
    page.goto(f"{live_server.url}/login/")
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="All Contacts")).to_be_visible()
    return page


def test_a_pair_is_dismissed_in_place_and_taken_back(
    page: Page, live_server: Any, sign_in: SignIn, mia: User, queues: dict[str, str]
) -> None:
    sign_in(mia)
    page.get_by_role("link", name="Possible duplicates").click()
    pairs = page.get_by_role("article")
    expect(pairs).to_have_count(2)
    pairs.first.get_by_role("button", name="Not a duplicate").click()
    expect(pairs.first).to_contain_text("are not duplicates. They will not be found again.")
    expect(pairs).to_have_count(2)
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(pairs.first.get_by_role("button", name="Not a duplicate")).to_be_focused()
    pairs.first.get_by_role("radio").nth(1).check()
    kept = pairs.first.get_by_role("radio").nth(1).get_attribute("value")
    with page.expect_request("**/contacts/merge/**") as asked:
        pairs.first.get_by_role("button", name="Merge").click()
    assert kept and asked.value.url.endswith(f"/contacts/merge/?ids={kept.replace(',', '%2C')}")


def test_erasing_is_reached_from_delete_and_ends_with_a_receipt(
    page: Page, live_server: Any, sign_in: SignIn, administrator: User, ada: Contact
) -> None:
    sign_in(administrator)
    choose(page, "Ada Lovelace", "Delete")
    page.get_by_role("link", name="Erase personal data instead").click()
    expect(page.get_by_role("heading", name="Erase personal data of Ada")).to_be_visible()
    page.get_by_label("To confirm, type").fill("Ada")
    page.get_by_role("button", name="Erase personal data").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was erased.")
    page.get_by_label("To confirm, type").fill("ada lovelace")
    page.get_by_role("button", name="Erase personal data").click()
    expect(page.get_by_role("heading", name="Personal data erased")).to_be_visible()
    expect(page.get_by_role("row", name="Contact record")).to_contain_text("1")
    assert not Contact.objects.exists()


def test_over_the_limit_the_pane_says_so_and_keeps_what_was_typed(
    page: Page, live_server: Any, sign_in: SignIn, mia: User, ada: Contact
) -> None:
    HiddenHit.objects.bulk_create([HiddenHit(user=mia, confirmed=True) for _ in range(LIMIT)])
    sign_in(mia)
    page.goto(f"{live_server.url}/contacts/{ada.public_id}/edit/")
    page.get_by_label("Email", exact=True).fill("new@example.com")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("can be saved again at")
    expect(page.get_by_label("Email", exact=True)).to_have_value("new@example.com")
    page.get_by_label("Email", exact=True).fill("ada@example.com")
    page.get_by_label("Company", exact=True).fill("Mill")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#pane")).to_contain_text("Mill")


@pytest.fixture
def plain(browser: Browser, live_server: Any, administrator: User) -> Iterator[Page]:
    page = open_as(browser, live_server, administrator, script=False)
    yield page
    page.context.close()


def test_everything_works_without_script(
    plain: Page, live_server: Any, queues: dict[str, str], ada: Contact, administrator: User
) -> None:
    base = live_server.url
    plain.goto(f"{base}/duplicates/")
    plain.get_by_role("button", name="Not a duplicate").first.click()
    expect(plain.get_by_text("it will not be found again")).to_be_visible()
    plain.get_by_role("link", name="Dismissed").click()
    plain.get_by_role("button", name="Put back").first.click()
    expect(plain.get_by_text("Back among the pairs to review")).to_be_visible()
    plain.goto(f"{base}/settings/audit/")
    plain.get_by_label("What").select_option("Deleted a contact")
    plain.get_by_role("button", name="Show").click()
    expect(plain.get_by_role("row")).to_have_count(2)
    plain.goto(f"{base}/settings/requests/")
    plain.get_by_role("link", name=queues["request"]).click()
    plain.get_by_role("button", name="Open to merge").click()
    expect(plain.get_by_label("Email", exact=True)).to_have_value("al@example.com")
    plain.goto(f"{base}/settings/requests/{queues['request']}/")
    plain.get_by_label("Note to Mia Lang").fill("Done")
    plain.get_by_role("button", name="Resolve").click()
    expect(plain.get_by_text(f"{queues['request']} resolved")).to_be_visible()
    plain.goto(f"{base}/settings/erase/")
    plain.get_by_label("Contact ID").fill(ada.public_id)
    plain.get_by_role("button", name="Continue").click()
    plain.get_by_label("To confirm, type").fill(ada.public_id)
    plain.get_by_role("button", name="Erase personal data").click()
    expect(plain.get_by_role("heading", name="Personal data erased")).to_be_visible()
    assert AuditEntry.objects.filter(action="contact.erased", object_id=ada.public_id).exists()
