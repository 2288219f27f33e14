"""The pages of people and settings: light and dark, desktop and phone, and used without a script."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from contacts.access import Role
from contacts.models import Account, Team, User
from contacts.people import invitations, links
from contacts.signals import Actor
from tests.browser.test_screens import fit_and_accessible
from tests.contacts.people.doubles import App, with_second_factor
from tests.factories import PASSWORD, make_contact, make_team, make_user

pytestmark = pytest.mark.skipif(
    bool(settings.DATABASE_URL), reason="the screens are looked at on the embedded database"
)
NEW = "sturdy-horse-9"


@pytest.fixture
def people(administrator: User) -> dict[str, Any]:
    """A few colleagues in every state, and two teams."""
    owner = make_user(Role.OWNER, email="owner@example.com", first_name="Olga")
    mia = make_user(Role.MANAGER, email="mia@example.com", first_name="Mia", last_name="Berg")
    left = make_user(email="left@example.com", first_name="Lee", is_active=False)
    make_contact(left, first_name="Ada")
    team = make_team(manager=mia, members=[mia, left])
    make_team(manager=make_user(first_name="Tom"), members=[administrator])
    actor = Actor(administrator)
    invited = invitations.invite(
        actor=actor, email="nina@example.com", role=Role.MEMBER, first_name="Nina", teams=[team]
    )
    return {"owner": owner, "mia": mia, "left": left, "team": team, "invited": invited}


SCREENS = {
    "profile": "/settings/profile/",
    "password": "/settings/profile/password/",
    "second-factor": "/settings/profile/second-factor/",
    "account": "/settings/account/",
    "people": "/settings/people/",
    "invite": "/settings/people/invite/",
    "person": "/settings/people/{mia}/",
    "person-invited": "/settings/people/{invited}/",
    "person-left": "/settings/people/{left}/",
    "person-owner": "/settings/people/{owner}/",
    "deactivate": "/settings/people/{mia}/deactivate/",
    "teams": "/settings/teams/",
    "team": "/settings/teams/{team}/",
    "team-delete": "/settings/teams/{team}/delete/",
}


def test_settings_screens(
    page: Page,
    size: str,
    themed: User,
    people: dict[str, Any],
    live_server: Any,
    sign_in: Callable[[User], Page],
    picture: Callable[[str], None],
) -> None:
    sign_in(themed)
    ids = {name: row.pk for name, row in people.items()}
    for screen, path in SCREENS.items():
        page.goto(live_server.url + path.format(**ids))
        picture(screen)
        fit_and_accessible(page, screen)


def test_faults_stand_at_their_fields_and_take_the_focus(
    page: Page,
    size: str,
    themed: User,
    live_server: Any,
    sign_in: Callable[[User], Page],
    picture: Callable[[str], None],
) -> None:
    sign_in(themed)
    page.goto(f"{live_server.url}/settings/account/")
    page.get_by_label("Account name").fill("")
    page.get_by_label("Time zone").fill("Mars/Base")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("alert")).to_contain_text("Fix 2 fields")
    expect(page.get_by_label("Time zone")).to_have_value("Mars/Base")
    picture("faults")
    fit_and_accessible(page, "faults")
    page.get_by_role("link", name="Time zone").click()
    expect(page.get_by_label("Time zone")).to_be_focused()


def test_pages_before_the_sign_in(
    page: Page,
    size: str,
    people: dict[str, Any],
    live_server: Any,
    picture: Callable[[str], None],
) -> None:
    paths = {
        "forgot": "/login/forgot/",
        "reset": urlsplit(links.reset_link(people["mia"])).path,
        "invitation": urlsplit(links.invitation_link(people["invited"])).path,
        "link-over": "/invitation/made-up/",
    }
    for name, path in paths.items():
        page.goto(live_server.url + path)
        picture(name)
        fit_and_accessible(page, name)
    page.goto(live_server.url + "/login/forgot/")
    page.get_by_label("Email").fill("mia@example.com")
    page.get_by_role("button", name="Send link").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    fit_and_accessible(page, "link sent")


def test_the_second_step(
    page: Page,
    size: str,
    administrator: User,
    live_server: Any,
    picture: Callable[[str], None],
) -> None:
    _, codes = with_second_factor(administrator)
    page.goto(f"{live_server.url}/login/")
    page.get_by_label("Email").fill(administrator.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("This code is wrong")
    picture("code")
    fit_and_accessible(page, "code")
    page.get_by_label("Code").fill(codes[0])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("9 of 10 are left")).to_be_visible()
    page.goto(f"{live_server.url}/settings/profile/second-factor/off/")
    fit_and_accessible(page, "turn off")


def test_single_keys_do_nothing_once_they_are_turned_off(
    page: Page, administrator: User, live_server: Any, sign_in: Callable[[User], Page]
) -> None:
    make_contact(administrator, first_name="Ada")
    sign_in(administrator)
    page.goto(f"{live_server.url}/settings/profile/")
    page.get_by_label("Single-key shortcuts").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Profile saved")).to_be_visible()
    page.goto(f"{live_server.url}/contacts/")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Ada", exact=True)).not_to_be_focused()
    page.keyboard.press("?")
    assert page.url.endswith("/contacts/")


# ------------------------------------------------------------------ with script switched off


@pytest.fixture
def plain(browser: Browser) -> Iterator[Callable[[], Page]]:
    contexts = []

    def another() -> Page:
        contexts.append(browser.new_context(java_script_enabled=False))
        return contexts[-1].new_page()

    yield another
    for context in contexts:
        context.close()


def enter(page: Page, url: str, email: str, password: str = PASSWORD) -> None:
    page.goto(f"{url}/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_invite_accept_and_set_up_a_second_factor_without_script(
    plain: Callable[[], Page], administrator: User, live_server: Any
) -> None:
    Team.objects.create(name="Sales")
    Account.objects.update(require_second_factor=False)
    admin, newcomer = plain(), plain()
    enter(admin, live_server.url, administrator.email)
    admin.goto(f"{live_server.url}/settings/people/")
    admin.get_by_role("link", name="Invite").click()
    admin.get_by_label("Email", exact=True).fill("nina@example.com")
    admin.get_by_label("Sales").check()
    admin.get_by_role("button", name="Invite").click()
    link = admin.get_by_label("Invitation link").input_value()
    newcomer.goto(live_server.url + urlsplit(link).path)
    newcomer.get_by_label("New password", exact=True).fill(NEW)
    newcomer.get_by_label("New password again").fill(NEW)
    newcomer.get_by_role("button", name="Set password").click()
    expect(newcomer.get_by_role("heading", name="All Contacts")).to_be_visible()
    newcomer.goto(f"{live_server.url}/settings/profile/")
    newcomer.get_by_role("link", name="Set up").click()
    app = App(newcomer.locator(".secret").inner_text())
    newcomer.get_by_label("Enter the code").fill(app.code)
    newcomer.get_by_role("button", name="Turn on").click()
    expect(newcomer.locator(".codes li")).to_have_count(10)
    admin.reload()
    admin.get_by_role("link", name="Deactivate").click()
    admin.get_by_role("button", name="Deactivate").click()
    newcomer.goto(f"{live_server.url}/contacts/")
    expect(newcomer.get_by_role("heading", name="Sign in to Kith")).to_be_visible()


def test_teams_and_account_without_script(
    plain: Callable[[], Page], administrator: User, live_server: Any
) -> None:
    make_user(Role.MANAGER, first_name="Mia")
    page = plain()
    enter(page, live_server.url, administrator.email)
    page.goto(f"{live_server.url}/settings/teams/")
    page.get_by_role("link", name="New team").first.click()
    page.get_by_label("Name").fill("Sales")
    page.get_by_role("group", name="Managers").get_by_label("Mia").check()
    page.get_by_role("button", name="Create team").click()
    expect(page.get_by_text("Sales created")).to_be_visible()
    page.get_by_role("link", name="Delete team").click()
    page.get_by_role("button", name="Delete team").click()
    expect(page.get_by_text("No teams yet")).to_be_visible()
    page.get_by_role("link", name="Account").click()
    page.get_by_label("Default country").select_option("Sweden (+46)")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Account saved")).to_be_visible()


def test_on_a_phone_the_current_page_of_the_settings_is_in_sight(
    page: Page, enter: Callable[[User, str], Page], administrator: User
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    enter(administrator, "/settings/audit/")
    current = page.get_by_role("navigation", name="Settings").locator("[aria-current]")
    expect(current).to_have_text("Audit")
    expect(current).to_be_in_viewport(ratio=0.8)
    fit_and_accessible(page, "the audit on a phone")
