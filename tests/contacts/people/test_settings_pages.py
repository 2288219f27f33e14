"""The pages under Settings: profile, account, teams; and who may open which."""

from typing import Any

import pytest
from django.test import Client

from contacts.access import Role
from contacts.models import Account, AuditEntry, Contact, Team, User
from contacts.people import invitations, links
from contacts.people.urls import urlpatterns
from contacts.regions import region_choices
from contacts.signals import Actor
from tests.contacts.pages import read, text_of
from tests.contacts.people.doubles import Clock, with_second_factor
from tests.factories import make_team, make_user
from tests.shared import shared_json

PROFILE, ACCOUNT, TEAMS = "/settings/profile/", "/settings/account/", "/settings/teams/"


def form_of(client: Client, url: str, **typed: Any) -> dict[str, Any]:
    return {**read(client.get(url)).values, **typed}


# ------------------------------------------------------------------ profile


def test_a_person_saves_name_zone_theme_and_shortcuts(as_member: Client, member: User) -> None:
    data = form_of(as_member, PROFILE, last_name="Berg", time_zone="europe/stockholm", theme="dark")
    del data["single_keys"]
    assert as_member.post(PROFILE, data).headers["Location"] == PROFILE
    page = as_member.get("/contacts/").content.decode()
    assert '<html lang="en" data-theme="dark" data-keys="off">' in page
    member.refresh_from_db()
    assert (member.get_full_name(), member.time_zone) == ("Mia Berg", "Europe/Stockholm")
    entry = AuditEntry.objects.get()
    assert entry.detail == {"fields": ["last_name", "single_keys", "theme", "time_zone"]}


def test_shortcuts_are_on_until_turned_off(as_member: Client) -> None:
    assert "data-keys" not in as_member.get("/contacts/").content.decode()


def test_a_time_zone_that_does_not_exist_is_refused_and_stays_typed(
    as_member: Client, member: User
) -> None:
    page = as_member.post(PROFILE, form_of(as_member, PROFILE, time_zone="Mars/Base"))
    assert page.status_code == 422 and "Use a time zone such as" in text_of(page)
    assert read(page).values["time_zone"] == "Mars/Base"
    member.refresh_from_db()
    assert member.time_zone == ""


def test_a_name_is_one_line_of_at_most_150_characters(as_member: Client, member: User) -> None:
    as_member.post(PROFILE, form_of(as_member, PROFILE, first_name="  Mia\r\nBcc:\u2028 x "))
    member.refresh_from_db()
    assert member.first_name == "Mia Bcc: x"
    page = as_member.post(PROFILE, form_of(as_member, PROFILE, first_name="x" * 151))
    assert page.status_code == 422


def test_the_role_cannot_be_posted_along(as_member: Client, member: User) -> None:
    data = form_of(as_member, PROFILE, role="Account Owner", is_staff="on", is_superuser="1")
    as_member.post(PROFILE, {**data, "groups": "1", "email": "other@kith.test"})
    member = User.objects.get(pk=member.pk)
    assert (member.role, member.is_staff, member.email) == (Role.MEMBER, False, "member@kith.test")


def test_settings_open_on_the_first_page_of_the_person(as_member: Client) -> None:
    assert as_member.get("/settings/").headers["Location"] == PROFILE
    tabs = text_of(as_member.get(PROFILE))
    assert "Teams" not in tabs and "People" not in tabs


# ------------------------------------------------------------------ account


def test_the_account_is_saved_and_shown_everywhere(as_admin: Client) -> None:
    data = form_of(as_admin, ACCOUNT, name="Fernhill", default_region="GB", time_zone="Asia/Tokyo")
    del data["members_may_delete"]
    as_admin.post(ACCOUNT, data)
    account = Account.load()
    assert (account.name, account.default_region, account.time_zone) == (
        "Fernhill", "GB", "Asia/Tokyo",
    )  # fmt: skip
    assert not account.members_may_delete and not account.require_second_factor
    assert "Fernhill" in text_of(as_admin.get("/contacts/"))
    assert AuditEntry.objects.get().action == "account.changed"


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("name", "   ", "Enter a name for the account."),
        ("default_region", "ZZ", "Choose a country from the list."),
        ("time_zone", "Mars/Base", "Use a time zone such as"),
        ("time_zone", "", "Enter a time zone"),
    ],
)
def test_a_bad_setting_is_refused_at_its_field_and_the_rest_stays_typed(
    as_admin: Client, field: str, value: str, told: str
) -> None:
    data = form_of(as_admin, ACCOUNT, name="Typed") | {field: value}
    page = as_admin.post(ACCOUNT, data)
    assert page.status_code == 422 and told in text_of(page)
    assert read(page).values["name"] == data["name"].strip() or field == "name"
    assert Account.load().name == "Kith"


def test_two_administrators_who_change_different_settings_both_have_their_way(
    as_admin: Client,
) -> None:
    opened = form_of(as_admin, ACCOUNT, name="Fernhill")
    as_admin.post(ACCOUNT, form_of(as_admin, ACCOUNT, default_region="GB"))
    as_admin.post(ACCOUNT, opened)
    account = Account.load()
    assert (account.name, account.default_region) == ("Fernhill", "GB")


def test_countries_are_named_with_their_calling_code() -> None:
    choices = dict(region_choices())
    assert choices["GB"] == "United Kingdom (+44)" and choices["SE"] == "Sweden (+46)"
    assert not [label for code, label in choices.items() if label.startswith(f"{code} ")]


# ------------------------------------------------------------------ teams


def test_a_team_is_made_renamed_and_filled(as_admin: Client, member: User, stranger: User) -> None:
    as_admin.post(f"{TEAMS}new/", {"name": "Sales", "members": [member.pk], "managers": []})
    team = Team.objects.get()
    url = f"{TEAMS}{team.pk}/"
    data = {"name": "Sales north", "initial-name": "Sales", "initial-members": [member.pk]}
    as_admin.post(url, {**data, "members": [stranger.pk], "managers": [member.pk]})
    team.refresh_from_db()
    assert team.name == "Sales north"
    assert list(team.members.all()) == [stranger] and list(team.managers.all()) == [member]
    told = text_of(as_admin.get(url))
    assert "Mia manages this team but has the role Member" in told
    assert "A Member sees only their own, also when chosen here" in told


def test_a_new_manager_sees_the_contacts_of_the_members_and_a_former_one_does_not(
    as_admin: Client, ada: Contact, member: User
) -> None:
    manager, team = make_user(Role.MANAGER), Team.objects.create(name="Sales")
    url = f"{TEAMS}{team.pk}/"
    both = {"name": "Sales", "initial-name": "Sales", "members": [member.pk]}
    as_admin.post(url, {**both, "managers": [manager.pk]})
    assert ada in Contact.objects.visible_to(User.objects.get(pk=manager.pk))
    as_admin.post(url, {**both, "initial-members": [member.pk], "initial-managers": [manager.pk]})
    assert ada not in Contact.objects.visible_to(User.objects.get(pk=manager.pk))


def test_a_name_is_needed_and_used_once_in_any_case(as_admin: Client) -> None:
    Team.objects.create(name="Sales")
    for name, told in (("SALES", "Another team has this name."), (" ", "Enter a name")):
        page = as_admin.post(f"{TEAMS}new/", {"name": name})
        assert page.status_code == 422 and told in text_of(page)
    assert Team.objects.count() == 1


def test_deleting_a_team_leaves_people_and_contacts(
    as_admin: Client, ada: Contact, member: User
) -> None:
    team = make_team(manager=member, members=[member])
    url = f"{TEAMS}{team.pk}/delete/"
    assert "The people, their roles and their contacts stay" in text_of(as_admin.get(url))
    assert Team.objects.exists()
    as_admin.post(url)
    assert not Team.objects.exists()
    assert Contact.objects.get().owner == member


@pytest.mark.parametrize("ids", [["999999"], ["x"], ["9" * 30]])
def test_made_up_people_are_refused(as_admin: Client, ids: list[str]) -> None:
    page = as_admin.post(f"{TEAMS}new/", {"name": "Sales", "members": ids, "initial-members": ids})
    assert page.status_code == 422 and not Team.objects.exists()


def test_the_teams_cost_the_same_for_two_and_for_thirty(
    as_admin: Client, member: User, django_assert_num_queries: Any
) -> None:
    as_admin.get(TEAMS)
    for count in (2, 28):
        for _ in range(count):
            make_team(manager=member, members=[member])
        with django_assert_num_queries(11):
            assert as_admin.get(TEAMS).status_code == 200


# ------------------------------------------------------------------ where links lead


def test_links_in_next_stay_on_this_site(client: Client, member: User) -> None:
    for target in shared_json("corpora/own/payloads/open_redirect.json"):
        data = {"username": member.email, "password": "kith-demo", "next": target}
        location = client.post("/login/", data).headers["Location"]
        assert location.startswith("/") and not location.startswith(("//", "/\\", "/\t")), target
        assert client.get("/login/", {"next": target}).headers["Location"] == location
        assert client.post("/theme/", {"next": target}).headers["Location"] == location
        client.logout()


# ------------------------------------------------------------------ who may open what

EVERYBODY, SIGNED_IN, ADMINISTRATORS = "everybody", "signed in", "administrators"
RULES = {
    "login": EVERYBODY,
    "sign_in_code": EVERYBODY,
    "password_forgot": EVERYBODY,
    "password_reset": EVERYBODY,
    "invitation": EVERYBODY,
    "logout": EVERYBODY,
    "theme": SIGNED_IN,
    "shortcuts": SIGNED_IN,
    "settings_home": SIGNED_IN,
    "profile": SIGNED_IN,
    "password_change": SIGNED_IN,
    "sessions_end": SIGNED_IN,
    "second_factor": SIGNED_IN,
    "recovery_codes": SIGNED_IN,
    "second_factor_off": SIGNED_IN,
    "account": ADMINISTRATORS,
    "people_list": ADMINISTRATORS,
    "person_invite": ADMINISTRATORS,
    "person": ADMINISTRATORS,
    "person_deactivate": ADMINISTRATORS,
    "person_reactivate": ADMINISTRATORS,
    "person_reset_factor": ADMINISTRATORS,
    "person_invite_again": ADMINISTRATORS,
    "person_withdraw": ADMINISTRATORS,
    "team_list": ADMINISTRATORS,
    "team_new": ADMINISTRATORS,
    "team": ADMINISTRATORS,
    "team_delete": ADMINISTRATORS,
}
ALLOWED = {
    EVERYBODY: {"anonymous", *Role},
    SIGNED_IN: set(Role),
    ADMINISTRATORS: {Role.OWNER, Role.ADMINISTRATOR},
}


@pytest.fixture
def addresses(db: None, clock: Clock) -> dict[str, str]:
    """An address for every name in RULES, of somebody or something that is really there."""
    boss = Actor(make_user(Role.OWNER))
    team = Team.objects.create(name="Sales")
    active, left, factored = make_user(), make_user(is_active=False), make_user()
    with_second_factor(factored)
    invited = invitations.invite(actor=boss, email="n@kith.test", role=Role.MEMBER)
    whose = {
        "person_reactivate": left.pk,
        "person_reset_factor": factored.pk,
        "person_invite_again": invited.pk,
        "person_withdraw": invited.pk,
        "team": team.pk,
        "team_delete": team.pk,
        "password_reset": links.reset_link(active).rpartition("/reset/")[2][:-1],
        "invitation": links.invitation_link(invited).rpartition("/invitation/")[2][:-1],
    }
    found = {"settings_home": "/settings/"}
    for pattern in urlpatterns:
        name, route = str(pattern.name), str(pattern.pattern)
        route = route.replace("<int:pk>", "{0}").replace("<str:token>", "{0}")
        found[name] = "/" + route.format(whose.get(name, active.pk))
    return found


def test_every_new_address_has_a_rule() -> None:
    assert {pattern.name for pattern in urlpatterns} | {"settings_home"} == set(RULES)


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "head"])
@pytest.mark.parametrize("who", ["anonymous", *Role], ids=str)
def test_pages_open_for_who_may_and_for_nobody_else(
    client: Client, addresses: dict[str, str], who: Any, method: str
) -> None:
    for name, rule in RULES.items():
        client.logout()
        if who != "anonymous":
            client.force_login(make_user(who))
        answer = getattr(client, method)(addresses[name])
        if who in ALLOWED[rule]:
            assert answer.status_code in {200, 302, 404, 405, 409, 422}, (name, who)
            if method in {"get", "head"} and answer.status_code == 302:
                assert not answer.headers["Location"].startswith("/login/?next"), (name, who)
        elif who == "anonymous":
            assert answer.headers["Location"].startswith("/login/?next="), (name, method)
        else:
            assert answer.status_code == 404, (name, who)
            nowhere = getattr(client, method)("/settings/nowhere/")
            assert answer.content == nowhere.content


def test_what_is_refused_has_changed_nothing(client: Client, addresses: dict[str, str]) -> None:
    def everything() -> list[Any]:
        models = (User, Team, Account, AuditEntry)
        return [list(m.objects.order_by("pk").values()) for m in models]

    person = make_user(Role.MANAGER)
    client.force_login(person)
    before = everything()
    for name, rule in RULES.items():
        if rule == ADMINISTRATORS:
            client.post(addresses[name], {"role": "Account Owner", "name": "x", "email": "x@y.zz"})
    assert everything() == before


def test_opening_pages_changes_nothing(client: Client, addresses: dict[str, str]) -> None:
    def everything() -> list[Any]:
        models = (User, Team, Account, AuditEntry)
        return [list(m.objects.order_by("pk").values()) for m in models]

    client.force_login(make_user(Role.OWNER))
    before = everything()
    for url in addresses.values():
        client.get(url)
        client.head(url)
    assert everything() == before


def test_forms_are_protected(addresses: dict[str, str]) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user(Role.OWNER))
    for name, url in addresses.items():
        if name not in {"settings_home", "people_list", "team_list", "shortcuts"}:
            assert client.post(url).status_code == 403, name


@pytest.mark.parametrize("page", ["/settings/people/", TEAMS])
def test_on_a_phone_each_value_of_a_card_has_its_name(as_admin: Client, page: str) -> None:
    make_team(manager=make_user(), members=[])
    row = as_admin.get(page).content.decode().split("<tbody>")[1].split("</tr>")[0]
    unnamed = [cell for cell in row.split("<td")[1:] if not cell.split(">")[0].count("data-l=")]
    assert all("pill" in cell for cell in unnamed)  # a state says itself what it is
    assert row.count("data-l=") >= 2
