"""Activities in a browser: filters with and without script, a phone, and the pane's timeline."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from activities.models import Meeting
from activities.services import cancel, keep_up, reschedule
from contacts.deleting import delete_contact
from contacts.models import Contact, User
from tests.activities.bookings import HOST, make_calendar, make_meeting, past_meeting, soon
from tests.browser.test_screens import fit_and_accessible
from tests.factories import PASSWORD, by, make_user

Enter = Callable[[User, str], Page]


@pytest.fixture
def meetings(administrator: User) -> Meeting:
    """Six meetings of two hosts, one canceled, one of a contact that was deleted; the first."""
    mine, theirs = make_calendar(administrator), make_calendar(make_user(first_name="Otto"), name="Intro call")  # fmt: skip
    first = make_meeting(mine, name="Ada Lovelace", email="ada@example.com", company="Engines")
    reschedule(meeting_id=first.pk, starts_at=soon(4, 12), doer=HOST)
    bo = make_meeting(theirs, soon(5), name="Bo Ek", email="bo@example.com")
    cancel(meeting_id=bo.pk, doer=HOST)
    gone = make_meeting(theirs, soon(9), name="Rowan Ellery", email="r@example.com")
    delete_contact(contact_id=gone.contact_id or 0, actor=by(administrator))
    for hours in (3, 30, 24 * 20):
        past_meeting(mine, hours=hours)
    keep_up()
    return first


def guests(page: Page) -> Any:
    return page.locator("#rows th bdi")


def test_filters_change_the_list_and_the_address_in_place(
    enter: Enter, administrator: User, meetings: Meeting
) -> None:
    page = enter(administrator, "/activities/")
    expect(guests(page)).to_have_text(["Ada Lovelace", "Bo Ek", "Rowan Ellery"])
    page.locator("summary", has_text="Host").click()
    page.get_by_label("Otto").check()
    expect(guests(page)).to_have_text(["Bo Ek", "Rowan Ellery"])
    page.keyboard.press("Escape")
    page.locator("summary", has_text="Status").click()
    page.get_by_label("Canceled").check()
    expect(guests(page)).to_have_text(["Bo Ek"])
    expect(page.locator("#match-count")).to_contain_text("1 matches")
    expect(page).to_have_url(re.compile("host=.*status=canceled|status=canceled.*host="))
    page.reload()
    expect(guests(page)).to_have_text(["Bo Ek"])
    page.get_by_role("link", name="Remove filter Status: Canceled").click()
    expect(guests(page)).to_have_count(2)
    expect(page.locator("[name=status]:checked")).to_have_count(0)
    page.go_back()
    expect(guests(page)).to_have_text(["Bo Ek"])


def test_search_finds_as_it_is_typed_and_the_tabs_keep_it(
    enter: Enter, administrator: User, meetings: Meeting
) -> None:
    page = enter(administrator, "/activities/")
    page.keyboard.press("/")
    page.keyboard.type("lovelace")
    expect(guests(page)).to_have_text(["Ada Lovelace"])
    page.get_by_role("link", name="Past").click()
    expect(guests(page)).to_have_count(3)
    expect(page).to_have_url(re.compile("when=past.*q=lovelace|q=lovelace.*when=past"))
    page.locator("summary", has_text="When").click()
    page.get_by_label("Last 7 days").check()
    expect(guests(page)).to_have_count(2)
    expect(page.get_by_role("link", name="Past")).to_have_attribute("aria-current", "page")


def test_a_row_leads_to_the_pane_and_of_a_deleted_contact_to_none(
    enter: Enter, administrator: User, meetings: Meeting
) -> None:
    page = enter(administrator, "/activities/")
    gone = page.locator("#rows tr", has_text="Rowan Ellery")
    expect(gone).to_contain_text("Contact deleted")
    expect(gone.get_by_role("link")).to_have_count(1)  # the meeting
    page.get_by_role("link", name="Ada Lovelace").click()
    expect(page.get_by_role("heading", name="Ada Lovelace")).to_be_visible()


def test_j_and_enter_open_the_meeting(enter: Enter, administrator: User, meetings: Meeting) -> None:
    page = enter(administrator, "/activities/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Intro call")).to_be_visible()


def test_the_export_is_asked_for_in_a_dialog_and_downloaded(
    enter: Enter, administrator: User, meetings: Meeting
) -> None:
    page = enter(administrator, "/activities/?when=past")
    page.get_by_role("link", name="Export").click()
    dialog = page.get_by_role("dialog", name="Export 3 meetings")
    expect(dialog).to_be_visible()
    fit_and_accessible(page, "export of activities")
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Export 3 meetings").click()
    assert download.value.suggested_filename.startswith("activities-past-all-")


def test_the_timeline_is_narrowed_in_place(
    enter: Enter, administrator: User, meetings: Meeting, picture: Callable[[str], None]
) -> None:
    page = enter(administrator, f"/contacts/{meetings.contact_public_id}/")
    timeline = page.locator("#activity")
    expect(timeline).to_contain_text("Meeting rescheduled")
    picture("pane-timeline")
    timeline.get_by_role("link", name="Changes").click()
    expect(timeline.get_by_role("listitem")).to_have_count(1)
    expect(timeline.get_by_role("link", name="Changes")).to_be_focused()
    expect(page).to_have_url(re.compile("activity=changes"))
    fit_and_accessible(page, "pane with a timeline")
    page.go_back()
    expect(timeline).to_contain_text("Meeting completed")


def test_screens_of_activities(
    page: Page, size: str, themed: User, meetings: Meeting, enter: Enter, picture: Callable[[str], None]
) -> None:  # fmt: skip
    for name, path in (
        ("activities", "/activities/"),
        ("activities-past", "/activities/?when=past&days=7&status=completed"),
        ("activities-none", "/activities/?q=nobody&contact=deleted"),
        ("activities-wrong", "/activities/?status=lost"),
        ("pane-meetings", f"/contacts/{meetings.contact_public_id}/"),
        ("contacts-upcoming", "/contacts/?f.upcoming=at-least:1&sort=next"),
        ("delete-meetings", f"/contacts/{meetings.contact_public_id}/delete/"),
        ("activities-export", "/activities/export/?status=scheduled"),
    ):
        enter(themed, path)
        picture(name)
        fit_and_accessible(page, name)
    enter(themed, "/activities/")
    page.locator("summary", has_text="More filters").click()
    expect(page.get_by_label("Contact deleted")).to_be_visible()
    picture("activities-filter")
    fit_and_accessible(page, "filters of activities")


@pytest.fixture
def plain(browser: Browser, live_server: Any, administrator: User) -> Iterator[Page]:
    """A page without script, at Activities."""
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": 1440, "height": 900}
    )
    page = context.new_page()
    page.goto(f"{live_server.url}/login/?next=/activities/")
    page.get_by_label("Email").fill(administrator.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Activities")).to_be_visible()
    yield page
    context.close()


def test_without_script_it_is_a_form_and_links(
    meetings: Meeting, plain: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.listing.ROWS", 2)
    plain.get_by_role("link", name="Past").click()
    plain.get_by_role("link", name="Next").click()
    expect(guests(plain)).to_have_count(1)
    plain.get_by_role("link", name="Previous").click()
    expect(guests(plain)).to_have_count(2)
    plain.locator("summary", has_text="When").click()
    day = f"{timezone.now() - timedelta(days=4):%Y-%m-%d}"
    plain.get_by_label("To", exact=True).fill(day)
    plain.get_by_role("group", name="When").get_by_role("button", name="Apply").click()
    expect(guests(plain)).to_have_count(1)
    expect(plain.get_by_role("link", name="Past")).to_have_attribute("aria-current", "page")
    plain.get_by_role("link", name="Export").click()
    expect(plain.get_by_role("heading", name="Export 1 meeting")).to_be_visible()
    plain.get_by_role("link", name="Close", exact=True).click()
    plain.get_by_role("link", name="Ada Lovelace").click()
    plain.get_by_role("link", name="Meetings", exact=True).click()
    expect(plain.locator("#activity")).not_to_contain_text("created the contact")
    assert Contact.objects.filter(public_id=meetings.contact_public_id).exists()
