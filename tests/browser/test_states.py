"""Offline, no answer, signed out, busy; toasts, progress, storage, and other ways of looking."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import RequestFactory
from playwright.sync_api import Page, Route, expect

from contacts import planning
from contacts.access import Role
from contacts.models import Contact, Import, User
from contacts.signed_out import ask_to_sign_in
from tests.browser.menus import choose
from tests.contacts.imports.engine import plan
from tests.contacts.test_planning import Letters
from tests.factories import PASSWORD, make_contact, make_user

SHORT = 100  # milliseconds; nothing may show before 150


@pytest.fixture(autouse=True)
def clean_console() -> None:
    """Here the browser reports the failures that the tests make."""


@pytest.fixture
def letters() -> Iterator[Letters]:
    """A planner, so that the Edit pane has its panel."""
    planner = Letters()
    planning.register(planner)
    yield planner
    planning.unregister(planner)


@pytest.fixture
def typed(six_contacts: Page) -> Page:
    """Person 1 is being edited, with a company typed and not saved."""
    choose(six_contacts, "Person 1", "Edit")
    expect(six_contacts.get_by_label("First name")).to_be_focused()
    six_contacts.get_by_label("Company", exact=True).fill("Typed")
    return six_contacts


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()


def company() -> str:
    return Contact.objects.get(first_name="Person 1").company


# ------------------------------------------------------------------------- offline, errors


def test_offline_is_said_under_the_page_head_and_reading_goes_on(six_contacts: Page) -> None:
    six_contacts.get_by_role("link", name="Person 1").click()
    expect(six_contacts.locator("#pane")).to_be_focused()
    six_contacts.context.set_offline(True)
    notice = six_contacts.get_by_role("alert")
    expect(notice).to_contain_text("You are offline. You can read what is on screen.")
    assert notice.evaluate("notice => notice.previousElementSibling.matches('.page-head')")
    six_contacts.keyboard.press("j")
    expect(six_contacts.locator(".rowlink:focus")).to_have_text("Person 2")
    expect(six_contacts.locator("#pane")).to_contain_text("Person 1")
    six_contacts.context.set_offline(False)
    expect(notice).to_have_count(0)


def test_a_save_without_network_is_held_and_leaves_when_it_is_back(typed: Page) -> None:
    typed.context.set_offline(True)
    save(typed)
    expect(typed.get_by_role("alert")).to_contain_text("Saving is paused")
    expect(typed.get_by_label("Company", exact=True)).to_have_value("Typed")
    typed.get_by_label("Company", exact=True).fill("Typed on")
    typed.context.set_offline(False)
    expect(typed.get_by_text("Contact saved")).to_be_visible()
    expect(typed.get_by_role("alert")).to_have_count(0)
    assert company() == "Typed on"


def test_a_held_save_whose_form_was_left_is_not_sent(typed: Page) -> None:
    typed.context.set_offline(True)
    save(typed)
    typed.keyboard.press("Escape")
    typed.get_by_role("button", name="Discard").click()
    expect(typed.get_by_role("alert")).to_be_visible()
    typed.context.set_offline(False)
    expect(typed.get_by_role("heading", name="Person 1")).to_be_visible()
    assert company() == ""


def fail_once(page: Page, address: str, **answer: Any) -> None:
    def fail(route: Route) -> None:
        if answer:
            route.fulfill(**answer)
        else:
            route.abort()

    page.route(re.compile(address), fail, times=1)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"status": 503, "body": ""}, "That did not work. Nothing was saved."),
        ({"status": 400, "body": ""}, "The server refused that. Nothing was saved."),
        ({}, "Kith did not answer. Nothing was lost"),
    ],
)
def test_a_save_that_fails_says_so_in_the_pane_and_try_again_sends_what_is_typed(
    typed: Page, answer: dict[str, Any], words: str
) -> None:
    fail_once(typed, "/edit/", **answer)
    save(typed)
    alert = typed.locator("#pane").get_by_role("alert")
    expect(alert).to_contain_text(words)
    typed.get_by_label("Company", exact=True).fill("Typed on")
    alert.get_by_role("button", name="Try again").click()
    expect(typed.get_by_text("Contact saved")).to_be_visible()
    expect(alert).to_have_count(0)
    assert company() == "Typed on"


def test_a_delete_that_fails_says_so_in_its_dialog(six_contacts: Page) -> None:
    choose(six_contacts, "Person 1", "Delete")
    fail_once(six_contacts, "/delete/", status=500, body="")
    six_contacts.get_by_role("button", name="Delete contact").click()
    dialog = six_contacts.get_by_role("alertdialog")
    expect(dialog.get_by_role("alert")).to_contain_text("That did not work.")
    dialog.get_by_role("button", name="Try again").click()
    expect(dialog).to_have_count(0)
    expect(six_contacts.locator(".rowlink", has_text="Person 1")).to_have_count(0)


def test_a_preview_that_fails_says_that_one_can_still_save(
    six_contacts: Page, letters: Letters
) -> None:
    choose(six_contacts, "Person 1", "Edit")
    panel = six_contacts.locator("#impact")
    email = six_contacts.get_by_label("Email", exact=True)
    email.fill("new@example.com")
    expect(panel).to_contain_text("send 2 letters")
    panel.evaluate("region => { region.dataset.was = 'there' }")
    fail_once(six_contacts, "/impact/", status=500, body="")
    email.fill("newer@example.com")
    failed = panel.get_by_text("Could not check what this will update. You can still save.")
    expect(failed).to_be_visible()
    expect(panel.get_by_text("send 2 letters")).to_be_hidden()
    expect(six_contacts.get_by_role("alert")).to_have_count(0)
    email.fill("newest@example.com")
    expect(failed).to_be_hidden()
    expect(panel.get_by_text("send 2 letters")).to_be_visible()
    expect(panel).to_have_attribute("data-was", "there")  # a live region stays: its words change


def test_a_contact_that_does_not_open_can_be_tried_again(six_contacts: Page) -> None:
    fail_once(six_contacts, "/contacts/CTC", status=502, body="")
    six_contacts.get_by_role("link", name="Person 1").click()
    six_contacts.get_by_role("button", name="Try again").click()
    expect(six_contacts.get_by_role("heading", name="Person 1")).to_be_visible()


def test_back_without_an_answer_says_so(six_contacts: Page) -> None:
    six_contacts.get_by_role("link", name="Person 1").click()
    expect(six_contacts.locator("#pane")).to_be_focused()
    fail_once(six_contacts, "/contacts/")
    six_contacts.evaluate("history.back()")
    expect(six_contacts.get_by_role("alert")).to_contain_text("Kith did not answer.")
    six_contacts.get_by_role("button", name="Try again").click()
    expect(six_contacts.locator("#pane")).to_be_hidden()


# ------------------------------------------------------------------------- signed out


def end_session(page: Page) -> None:
    page.context.clear_cookies(name="sessionid")


def sign_in_again(page: Page, email: str = "admin@example.com", password: str = PASSWORD) -> None:
    dialog = page.get_by_role("dialog", name="Sign in to continue")
    dialog.get_by_label("Email").fill(email)
    dialog.get_by_label("Password").fill(password)
    dialog.get_by_role("button", name="Sign in").click()


def test_a_save_after_the_session_ended_asks_and_is_then_sent(typed: Page) -> None:
    end_session(typed)
    save(typed)
    dialog = typed.get_by_role("dialog", name="Sign in to continue")
    expect(dialog.get_by_label("Email")).to_be_focused()
    expect(typed.locator("#pane")).to_contain_text("Edit Contact")
    sign_in_again(typed, password="not it")
    expect(dialog.get_by_role("alert")).to_have_text(
        "Email or password is wrong. Check both and sign in again."
    )
    expect(dialog.get_by_label("Password")).to_be_focused()
    expect(dialog.get_by_label("Email")).to_have_value("admin@example.com")
    sign_in_again(typed)
    expect(typed.get_by_text("Contact saved")).to_be_visible()
    expect(dialog).to_have_count(0)
    assert company() == "Typed"


def test_after_signing_in_again_every_form_of_the_page_works(typed: Page) -> None:
    end_session(typed)
    save(typed)
    sign_in_again(typed)
    expect(typed.get_by_text("Contact saved")).to_be_visible()
    choose(typed, "Person 2", "Delete")
    typed.get_by_role("button", name="Delete contact").click()
    expect(typed.get_by_text("Person 2 deleted")).to_be_visible()
    typed.get_by_role("button", name="Sign out").first.click()
    expect(typed.get_by_role("heading", name="Sign in to Kith")).to_be_visible()


def test_a_search_after_the_session_ended_is_made_after_signing_in(six_contacts: Page) -> None:
    end_session(six_contacts)
    six_contacts.get_by_role("searchbox").fill("person 3")
    sign_in_again(six_contacts)
    expect(six_contacts.locator(".rowlink")).to_have_text(["Person 3"])


def test_a_confirmed_delete_waits_behind_the_sign_in(six_contacts: Page) -> None:
    choose(six_contacts, "Person 1", "Delete")
    expect(six_contacts.get_by_role("alertdialog")).to_be_visible()
    end_session(six_contacts)
    six_contacts.get_by_role("button", name="Delete contact").click()
    sign_in_again(six_contacts)
    expect(six_contacts.get_by_text("Person 1 deleted")).to_be_visible()
    expect(six_contacts.get_by_role("alertdialog")).to_have_count(0)


def test_somebody_elses_sign_in_sends_nothing_and_loads_their_own_page(typed: Page) -> None:
    mia = make_user(Role.MEMBER, email="mia@example.com", first_name="Mia")
    make_contact(mia, first_name="Hers")
    end_session(typed)
    save(typed)
    sign_in_again(typed, "mia@example.com")
    expect(typed.get_by_role("heading", name="There is nothing here")).to_be_visible()
    assert company() == ""


def test_not_now_sends_nothing_later(typed: Page) -> None:
    end_session(typed)
    save(typed)
    typed.get_by_role("dialog", name="Sign in to continue").get_by_text("Not now").click()
    expect(typed.get_by_label("Company", exact=True)).to_have_value("Typed")
    typed.get_by_role("searchbox").fill("person 1")
    sign_in_again(typed)
    expect(typed.locator(".rowlink")).to_have_text(["Person 1"])
    assert company() == ""
    save(typed)
    expect(typed.get_by_text("Contact saved")).to_be_visible()


def test_a_second_step_is_offered_in_a_new_tab_and_coming_back_goes_on(typed: Page) -> None:
    end_session(typed)
    save(typed)
    step = ask_to_sign_in(RequestFactory().get("/"), elsewhere="/login/").content.decode()
    fail_once(typed, "/login/$", body=step, headers={"HX-Retarget": "#sign-in"})
    sign_in_again(typed)
    link = typed.get_by_role("link", name="Open the sign-in page in a new tab")
    expect(link).to_be_focused()
    with typed.context.expect_page() as opened:
        link.click()
    sign_in_on(opened.value)
    opened.value.close()
    typed.bring_to_front()
    typed.evaluate("dispatchEvent(new Event('focus'))")
    expect(typed.get_by_text("Contact saved")).to_be_visible()
    assert company() == "Typed"


def sign_in_on(page: Page) -> None:
    """The sign-in page itself, in another tab."""
    page.get_by_label("Email").fill("admin@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="All Contacts")).to_be_visible()


def test_a_sign_in_in_another_tab_does_not_cost_what_was_typed(
    typed: Page, live_server: Any
) -> None:
    end_session(typed)
    other = typed.context.new_page()
    other.goto(f"{live_server.url}/login/")
    sign_in_on(other)
    save(typed)  # with the token of the ended session
    expect(typed.get_by_text("Contact saved")).to_be_visible()
    assert company() == "Typed"


def test_back_after_the_session_ended_leads_to_the_sign_in_page(six_contacts: Page) -> None:
    six_contacts.get_by_role("link", name="Person 1").click()
    expect(six_contacts.locator("#pane")).to_be_focused()
    end_session(six_contacts)
    six_contacts.evaluate("history.back()")
    expect(six_contacts.get_by_role("heading", name="Sign in to Kith")).to_be_visible()
    expect(six_contacts.get_by_text("Person 1")).to_have_count(0)


# ------------------------------------------------------------------------- toasts


def say(page: Page, **detail: object) -> None:
    page.evaluate(
        "detail => document.body.dispatchEvent(new CustomEvent('toast', { detail, bubbles: true }))",
        detail,
    )


def test_a_toast_goes_after_eight_seconds_and_a_failure_stays(six_contacts: Page) -> None:
    say(six_contacts, text="Done")
    say(six_contacts, text="Failed", alert=True)
    toasts = six_contacts.locator(".toast")
    expect(toasts).to_have_count(2)
    expect(toasts.nth(0)).to_have_role("status")
    expect(toasts.nth(1)).to_have_role("alert")
    seconds = "toast => toast.getAnimations().map(a => a.effect.getTiming().duration / 1000)"
    assert toasts.nth(0).evaluate(seconds) == [8]
    assert toasts.nth(1).evaluate(seconds) == []
    toasts.nth(0).evaluate("toast => toast.getAnimations().forEach(a => a.finish())")
    expect(toasts).to_have_text(["Failed"])
    toasts.get_by_role("button", name="Dismiss").click()
    expect(toasts).to_have_count(0)


def test_the_time_of_a_toast_stops_under_the_pointer_and_with_the_focus(
    six_contacts: Page,
) -> None:
    say(six_contacts, text="Done")
    toast = six_contacts.locator(".toast")
    running = "toast => toast.getAnimations()[0].playState"
    assert toast.evaluate(running) == "running"
    toast.hover()
    assert toast.evaluate(running) == "paused"
    six_contacts.mouse.move(5, 5)
    assert toast.evaluate(running) == "running"
    toast.get_by_role("button").focus()
    assert toast.evaluate(running) == "paused"


def test_three_toasts_show_at_most_the_newest_lowest(six_contacts: Page) -> None:
    for text in "abcde":
        say(six_contacts, text=text)
    seen = six_contacts.locator(".toast:visible")
    expect(seen).to_have_text(["c", "d", "e"])
    lines = [box["y"] for box in (toast.bounding_box() for toast in seen.all()) if box]
    assert lines == sorted(lines)


def test_undo_posts_once_shows_the_answer_and_uses_the_toast_up(six_contacts: Page) -> None:
    asked: list[str | None] = []

    def undo(route: Route) -> None:
        asked.append(route.request.post_data)
        route.fulfill(
            status=200,
            body='<section id="pane" tabindex="-1">Undone</section>',
            headers={"HX-Trigger": '{"toast": {"text": "Set back"}}'},
        )

    six_contacts.route("**/undo/x/", undo)
    say(six_contacts, text="Contact saved", undo="/undo/x/")
    six_contacts.get_by_role("button", name="Undo").dblclick()
    expect(six_contacts.locator("#pane")).to_have_text("Undone")
    expect(six_contacts.locator(".toast")).to_have_text(["Set back"])
    assert len(asked) == 1 and "csrfmiddlewaretoken=" in (asked[0] or "")


def test_undo_that_fails_can_be_pressed_again(six_contacts: Page) -> None:
    fail_once(six_contacts, "/undo/x/", status=503, body="")
    say(six_contacts, text="Contact saved", undo="/undo/x/")
    six_contacts.get_by_role("button", name="Undo").click()
    expect(six_contacts.get_by_role("alert")).to_contain_text("That did not work.")
    expect(six_contacts.get_by_role("button", name="Undo")).to_be_enabled()


def test_a_toast_without_undo_has_no_such_button(six_contacts: Page) -> None:
    say(six_contacts, text="Person 1 deleted. Activities kept")
    expect(six_contacts.locator(".toast").get_by_role("button")).to_have_count(1)


# ------------------------------------------------------------------------- loading, progress


def test_the_region_that_waits_is_busy_and_nothing_moves_at_once(six_contacts: Page) -> None:
    def slow(route: Route) -> None:
        six_contacts.wait_for_timeout(SHORT)
        looks.append(
            six_contacts.evaluate(
                """[document.querySelector('#results').ariaBusy,
                    getComputedStyle(document.querySelector('.results .scroll')).transitionDelay,
                    getComputedStyle(document.querySelector('#sort-name')).transitionDelay,
                    document.querySelectorAll('.rowlink').length]"""
            )
        )
        route.continue_()

    looks: list[list[object]] = []
    six_contacts.route("**/contacts/?sort=-name", slow)
    six_contacts.get_by_role("link", name="Name", exact=True).click()
    expect(six_contacts.locator(".rowlink").first).to_have_text("Person 4")
    # Busy, its rows still there; the fade waits. Its own clock is asked, not that of a loaded machine.
    assert looks == [["true", "0.15s", "0.15s", 6]]
    expect(six_contacts.locator("[aria-busy]")).to_have_count(0)


def test_save_stays_in_place_and_enabled_while_it_works(typed: Page) -> None:
    looks: list[list[object]] = []

    def slow(route: Route) -> None:
        looks.append(
            typed.evaluate(
                """[document.querySelector('#save').disabled, document.activeElement.id,
                    document.querySelector('#save').classList.contains('htmx-request')]"""
            )
        )
        route.continue_()

    typed.route("**/edit/**", slow)
    save(typed)
    expect(typed.get_by_text("Contact saved")).to_be_visible()
    assert looks == [[False, "save", True]]


def test_progress_that_gets_no_answer_says_so_once_and_takes_it_back(
    enter: Callable[[User, str], Page], administrator: User
) -> None:
    batch = plan("Email\np@example.com", administrator)
    Import.objects.filter(pk=batch.pk).update(state=Import.State.COMMITTING)
    page = enter(administrator, f"/imports/{batch.pk}/run/")
    page.route("**/progress/", lambda route: route.abort(), times=3)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Kith did not answer.")
    first = alert.element_handle()
    page.wait_for_timeout(1500)
    assert first and first.evaluate("alert => alert.isConnected")
    expect(alert).to_have_count(0)


def test_what_is_no_progress_is_not_told_as_progress(six_contacts: Page) -> None:
    six_contacts.get_by_role("link", name="Person 1").click()
    expect(six_contacts.locator("#pane")).to_be_focused()
    expect(six_contacts.locator("#live")).to_have_text("")


def test_progress_is_told_at_each_tenth_and_not_each_second(
    enter: Callable[[User, str], Page], administrator: User
) -> None:
    batch = plan("Email\n" + "\n".join(f"p{n}@example.com" for n in range(40)), administrator)
    running = Import.objects.filter(pk=batch.pk)
    running.update(state=Import.State.COMMITTING, done_rows=4)
    page = enter(administrator, f"/imports/{batch.pk}/run/")
    page.evaluate(
        """window.told = []; new MutationObserver(() => told.push(document.querySelector('#live')
           .textContent)).observe(document.querySelector('#live'), { childList: true })"""
    )
    for rows in (5, 7, 8, 11):
        running.update(done_rows=rows)
        expect(page.get_by_text(f"{rows} of 40 rows")).to_be_visible()
    assert page.evaluate("told") == ["10%", "20%"]


# ------------------------------------------------------------------------- storage


def test_no_contact_data_is_kept_by_the_browser(six_contacts: Page, live_server: Any) -> None:
    page = six_contacts
    page.get_by_role("searchbox").fill("person")
    expect(page.locator(".rowlink")).to_have_count(5)
    page.locator("summary", has_text="Captured on").click()
    page.get_by_label("Last 7 days").check()
    page.keyboard.press("Escape")
    expect(page.locator(".chip-on")).to_have_count(1)
    page.get_by_role("link", name="Person 1").click()
    expect(page.locator("#pane")).to_be_focused()
    page.keyboard.press("e")
    page.get_by_label("Company", exact=True).fill("Engines")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Contact saved")).to_be_visible()
    page.go_back()
    page.go_back()
    expect(page.locator("#pane")).to_be_hidden()
    choose(page, "Person 2", "Delete")
    page.get_by_role("button", name="Delete contact").click()
    expect(page.get_by_text("Person 2 deleted")).to_be_visible()
    page.get_by_role("link", name="New contact").click()
    expect(page.get_by_label("First name")).to_be_focused()
    kept = page.evaluate(
        """async () => [sessionStorage.length, localStorage.length,
           (await indexedDB.databases()).length,
           'caches' in window ? (await caches.keys()).length : 0,
           (await navigator.serviceWorker?.getRegistrations())?.length ?? 0]"""
    )
    assert kept == [0, 0, 0, 0, 0]
    page.goto(f"{live_server.url}/imports/")
    assert page.evaluate("[sessionStorage.length, localStorage.length]") == [0, 0]


def test_after_signing_out_back_shows_nothing(six_contacts: Page) -> None:
    six_contacts.get_by_role("button", name="Sign out").first.click()
    expect(six_contacts.get_by_role("heading", name="Sign in to Kith")).to_be_visible()
    six_contacts.go_back()
    expect(six_contacts.get_by_role("heading", name="Sign in to Kith")).to_be_visible()
    expect(six_contacts.get_by_text("Person 1")).to_have_count(0)


# ------------------------------------------------------------------------- ways of looking


def lost(page: Page) -> list[str]:
    """Controls and texts that are cut off: their content is larger than they are."""
    found: list[str] = page.evaluate(
        """[...document.querySelectorAll('.btn, .chip, h1, h2, label, .pane-bar, .list-foot')]
           .filter(x => x.checkVisibility() && x.offsetHeight > 1)
           .filter(x => x.scrollHeight > x.clientHeight + 3 || x.scrollWidth > x.clientWidth + 3)
           .map(x => x.outerHTML.slice(0, 80))"""
    )
    return found


def sideways(page: Page) -> bool:
    wide: bool = page.evaluate("document.documentElement.scrollWidth > innerWidth + 1")
    return wide


def test_at_400_percent_nothing_is_lost_and_the_work_can_be_done(six_contacts: Page) -> None:
    six_contacts.set_viewport_size({"width": 320, "height": 256})  # 1280 x 1024 at 400 %
    assert not sideways(six_contacts) and lost(six_contacts) == []
    choose(six_contacts, "Person 1", "Edit")
    expect(six_contacts.get_by_label("First name")).to_be_focused()
    assert not sideways(six_contacts) and lost(six_contacts) == []
    six_contacts.get_by_label("Company", exact=True).fill("Engines")
    save(six_contacts)
    expect(six_contacts.get_by_text("Contact saved")).to_be_visible()
    choose_delete = six_contacts.get_by_role("button", name="More actions for Person 1")
    choose_delete.click()
    six_contacts.get_by_role("menuitem", name="Delete").click()
    expect(six_contacts.get_by_role("button", name="Delete contact")).to_be_in_viewport()


def test_at_twice_the_text_size_nothing_is_cut_off(six_contacts: Page) -> None:
    client = six_contacts.context.new_cdp_session(six_contacts)
    client.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    six_contacts.reload()
    size = six_contacts.evaluate("getComputedStyle(document.documentElement).fontSize")
    assert size == "32px"
    assert not sideways(six_contacts) and lost(six_contacts) == []
    choose(six_contacts, "Person 1", "Edit")
    expect(six_contacts.get_by_label("First name")).to_be_focused()
    assert not sideways(six_contacts) and lost(six_contacts) == []


def test_in_forced_colours_selection_and_focus_can_be_seen(six_contacts: Page) -> None:
    six_contacts.emulate_media(forced_colors="active")
    row = six_contacts.locator("tr", has_text="Person 1")
    plain = row.locator("td").nth(1).evaluate("td => getComputedStyle(td).backgroundColor")
    row.get_by_role("checkbox").check()
    six_contacts.mouse.move(5, 5)
    marked = row.locator("td").nth(1).evaluate("td => getComputedStyle(td).backgroundColor")
    assert marked != plain
    six_contacts.keyboard.press("j")
    ring = six_contacts.locator(".rowlink:focus").evaluate(
        "x => getComputedStyle(x).outlineStyle + getComputedStyle(x).outlineWidth"
    )
    assert ring == "solid2px"


def test_with_reduced_motion_nothing_moves(six_contacts: Page) -> None:
    six_contacts.emulate_media(reduced_motion="reduce")
    six_contacts.get_by_role("button", name="Actions for Person 1").click()
    longest = six_contacts.evaluate(
        """Math.max(0, ...document.getAnimations().filter(a => !a.effect.target.matches('.toast'))
           .map(a => a.effect.getComputedTiming().activeDuration))"""
    )
    assert longest < 1


def test_print_shows_every_row_and_no_controls(
    enter: Callable[[User, str], Page], administrator: User
) -> None:
    for n in range(49):
        make_contact(administrator, first_name=f"Person {n:02}")
    page = enter(administrator, "/contacts/?sort=name")
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation", name="Main", exact=True)).to_be_hidden()
    expect(page.get_by_role("searchbox")).to_be_hidden()
    last = page.get_by_text("Person 48")
    expect(last).to_be_visible()
    fits = last.evaluate(
        """link => link.getBoundingClientRect().bottom <= document.documentElement.scrollHeight
           && !link.closest('.scroll').matches(':not(:has(thead))')
           && getComputedStyle(link.closest('.scroll')).overflowY === 'visible'"""
    )
    assert fits and len(re.findall(rb"/Type /Page\b", page.pdf())) >= 2
