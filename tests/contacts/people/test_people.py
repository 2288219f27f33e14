"""Colleagues: the list, roles, teams, deactivating; who may do what to whom."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from contacts.access import Role
from contacts.models import AuditEntry, Contact, Team, User
from contacts.people import managing
from contacts.people.rules import LastOwner, NotAllowed
from contacts.signals import Actor
from tests.contacts.pages import read, text_of
from tests.factories import make_team, make_user


def url(person: User, *more: str) -> str:
    return "/".join(["/settings/people", str(person.pk), *more, ""])


def form_of(client: Client, person: User, **typed: Any) -> dict[str, Any]:
    """The person's form as it was opened, with some of it typed over."""
    values: dict[str, Any] = {**read(client.get(url(person))).values}
    shown = [str(team.pk) for team in person.teams.all()]
    return {**values, "teams": shown, "initial-teams": shown, **typed}


def role_of(person: User) -> Role:
    return User.objects.get(pk=person.pk).role


# ------------------------------------------------------------------ the list


def test_the_list_shows_role_teams_state_and_owned_contacts(
    as_admin: Client, member: User, ada: Contact
) -> None:
    make_team(manager=member, members=[member])
    page = text_of(as_admin.get("/settings/people/"))
    row = page.partition("member@kith.test")[2]
    assert row.startswith("Member") or "Member" in row[:60]
    assert "Active" in row and "Never" in row and "1 contacts of Mia" in row


def test_the_list_costs_the_same_for_three_and_for_fifty(
    as_admin: Client, member: User, django_assert_num_queries: Any
) -> None:
    as_admin.get("/settings/people/")  # makes the account's row
    for count in (3, 50):
        people = [make_user() for _ in range(count)]
        make_team(manager=member, members=people)
        with django_assert_num_queries(14):
            assert as_admin.get("/settings/people/").status_code == 200


def test_the_number_of_contacts_leads_to_the_list_of_them(as_admin: Client, ada: Contact) -> None:
    link = f"/contacts/?owner={ada.owner_id}"
    assert link in as_admin.get("/settings/people/").content.decode()
    assert "Ada Lovelace" in text_of(as_admin.get(link))


# ------------------------------------------------------------------ one person


def test_name_email_role_and_teams_are_saved_and_audited_by_id(
    as_admin: Client, admin_user: User, member: User
) -> None:
    old = make_team(manager=admin_user, members=[member])
    new = Team.objects.create(name="New")
    data = form_of(as_admin, member, first_name="Maria", email="maria@kith.test")
    data |= {"role": "Team Manager", "teams": [str(new.pk)]}
    assert as_admin.post(url(member), data).status_code == 302
    member = User.objects.get(pk=member.pk)
    assert (member.first_name, member.email, member.role) == (
        "Maria", "maria@kith.test", Role.MANAGER,
    )  # fmt: skip
    assert list(member.teams.all()) == [new]
    moved = AuditEntry.objects.get(action="person.teams_changed")
    assert (moved.object_id, moved.detail) == (
        str(member.pk), {"joined": [new.pk], "left": [old.pk]},
    )  # fmt: skip
    told = str(list(AuditEntry.objects.values_list("action", "object_id", "detail")))
    assert "Maria" not in told and "maria@" not in told


def test_two_administrators_at_once_both_have_their_way(as_admin: Client, member: User) -> None:
    opened = form_of(as_admin, member, first_name="Maria")
    as_admin.post(url(member), form_of(as_admin, member, role="Team Manager", last_name="Berg"))
    as_admin.post(url(member), opened)
    member = User.objects.get(pk=member.pk)
    assert (member.get_full_name(), member.role) == ("Maria Berg", Role.MANAGER)


@pytest.mark.parametrize(
    "email", ["nowhere", "", "a@b.co\r\nBcc: x@attacker.invalid", "a\x00@b.co"]
)
def test_a_bad_email_is_refused_at_its_field_and_what_was_typed_stays(
    as_admin: Client, member: User, email: str
) -> None:
    page = as_admin.post(url(member), form_of(as_admin, member, email=email, last_name="Typed"))
    assert page.status_code == 422 and "Fix 1 field" in text_of(page)
    assert read(page).values["last_name"] == "Typed"
    member.refresh_from_db()
    assert (member.email, member.last_name) == ("member@kith.test", "")


def test_an_email_of_somebody_else_is_refused_in_any_case(
    as_admin: Client, member: User, stranger: User
) -> None:
    page = as_admin.post(url(member), form_of(as_admin, member, email="STRANGER@kith.test"))
    assert page.status_code == 422 and "Another person has this email" in text_of(page)


@pytest.mark.parametrize("ids", [["999999"], ["x"], ["²"], ["9" * 30]])
def test_made_up_teams_change_nothing(as_admin: Client, member: User, ids: list[str]) -> None:
    data = form_of(as_admin, member, teams=ids)
    assert as_admin.post(url(member), {**data, "initial-teams": ids}).status_code == 422
    assert not member.teams.exists()


def test_a_role_that_does_not_exist_is_refused(as_admin: Client, member: User) -> None:
    Group.objects.create(name="Emperor")
    page = as_admin.post(url(member), form_of(as_admin, member, role="Emperor"))
    assert page.status_code == 422 and role_of(member) is Role.MEMBER


@pytest.mark.parametrize(("role", "staff"), [(Role.ADMINISTRATOR, True), (Role.MANAGER, False)])
def test_the_way_into_djangos_admin_follows_the_role(
    as_owner: Client, owner: User, role: Role, staff: bool
) -> None:
    person = make_user(Role.MEMBER if staff else Role.ADMINISTRATOR)
    as_owner.post(url(person), form_of(as_owner, person, role=role.value))
    person = User.objects.get(pk=person.pk)
    assert (person.is_staff, person.role) == (staff, role)


# ------------------------------------------------------------------ owners


def test_administrators_make_no_owners_and_do_not_raise_themselves(
    as_admin: Client, admin_user: User, member: User
) -> None:
    for person in (member, admin_user):
        page = as_admin.post(url(person), form_of(as_admin, person, role="Account Owner"))
        assert page.status_code == 422 and "not one of the available choices" in text_of(page)
    assert (role_of(member), role_of(admin_user)) == (Role.MEMBER, Role.ADMINISTRATOR)
    with pytest.raises(NotAllowed):
        managing.change_person(actor=Actor(admin_user), person_id=member.pk, role=Role.OWNER)


def test_administrators_do_not_change_an_owner(
    as_admin: Client, admin_user: User, owner: User
) -> None:
    make_user(Role.OWNER)
    page = as_admin.get(url(owner))
    assert "Only an Account Owner can change an Account Owner" in text_of(page)
    data = {"email": "taken@over.test", "role": "Member", "initial-role": "Account Owner"}
    assert as_admin.post(url(owner), data).status_code == 422
    for action in ("deactivate", "second-factor"):
        assert as_admin.post(url(owner, action)).status_code in {403, 404}
    owner.refresh_from_db()
    assert (owner.email, owner.is_active, role_of(owner)) == ("owner@kith.test", True, Role.OWNER)


def test_an_owner_makes_and_unmakes_owners(as_owner: Client, member: User) -> None:
    as_owner.post(url(member), form_of(as_owner, member, role="Account Owner"))
    assert role_of(member) is Role.OWNER
    as_owner.post(url(member), form_of(as_owner, member, role="Member"))
    assert role_of(member) is Role.MEMBER


def test_the_last_owner_keeps_the_role_and_stays_active(as_owner: Client, owner: User) -> None:
    make_user(Role.OWNER, is_active=False)
    page = as_owner.post(url(owner), form_of(as_owner, owner, role="Member"))
    assert page.status_code == 422 and "last active Account Owner" in text_of(page)
    with pytest.raises(LastOwner):
        managing.deactivate(actor=Actor(None), person_id=owner.pk)
    assert role_of(owner) is Role.OWNER


def test_an_owner_by_djangos_command_can_lose_the_role_too(as_owner: Client) -> None:
    root = User.objects.create_superuser("root@kith.test", "a long password")
    as_owner.post(url(root), form_of(as_owner, root, role="Member"))
    root = User.objects.get(pk=root.pk)
    assert (root.role, root.is_superuser, root.is_staff) == (Role.MEMBER, False, False)


def test_a_role_taken_meanwhile_allows_nothing_more(admin_user: User, member: User) -> None:
    actor = Actor(User.objects.get(pk=admin_user.pk))
    assert actor.user and actor.user.role is Role.ADMINISTRATOR
    managing.change_person(actor=Actor(None), person_id=admin_user.pk, role=Role.MEMBER)
    with pytest.raises(NotAllowed):
        managing.deactivate(actor=actor, person_id=member.pk)


# ------------------------------------------------------------------ deactivating


def test_who_is_deactivated_is_out_at_the_next_request_and_keeps_their_contacts(
    as_member: Client, member: User, admin_user: User, ada: Contact
) -> None:
    administrator = Client()
    administrator.force_login(admin_user)
    asked = text_of(administrator.get(url(member, "deactivate")))
    assert "Deactivate Mia?" in asked and "signed out at once" in asked
    after = administrator.post(url(member, "deactivate"), follow=True)
    assert as_member.get("/contacts/").status_code == 302
    ada.refresh_from_db()
    assert ada.owner == member
    assert "1 contact still belongs to them" in text_of(after)
    assert f"/contacts/?owner={member.pk}" in after.content.decode()


def test_who_comes_back_signs_in_anew_with_role_and_teams_as_before(
    as_member: Client, member: User, admin_user: User
) -> None:
    team = make_team(manager=admin_user, members=[member])
    administrator = Client()
    administrator.force_login(admin_user)
    administrator.post(url(member, "deactivate"))
    administrator.post(url(member, "reactivate"))
    assert as_member.get("/contacts/").status_code == 302  # the old session stays over
    data = {"username": member.email, "password": "kith-demo"}
    assert as_member.post("/login/", data).headers["Location"] == "/contacts/"
    assert list(User.objects.get(pk=member.pk).teams.all()) == [team]


def test_nobody_deactivates_themselves(as_admin: Client, admin_user: User) -> None:
    page = as_admin.post(url(admin_user, "deactivate"))
    assert page.status_code == 409 and "You cannot do this to your own access" in text_of(page)
    admin_user.refresh_from_db()
    assert admin_user.is_active


def test_looking_at_the_question_changes_nothing(as_admin: Client, member: User) -> None:
    as_admin.get(url(member, "deactivate"))
    member.refresh_from_db()
    assert member.is_active and not AuditEntry.objects.exists()


def test_what_does_not_fit_the_state_is_not_there(as_admin: Client, member: User) -> None:
    for action in ("reactivate", "invitation", "withdraw", "second-factor"):
        assert as_admin.post(url(member, action)).status_code == 404
    assert as_admin.get("/settings/people/999999/").status_code == 404
