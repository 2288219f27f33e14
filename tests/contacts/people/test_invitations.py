"""Inviting a colleague by mail, and coming in by the link."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from contacts.access import Role
from contacts.models import Account, AuditEntry, OutgoingMail, Team, User
from contacts.people import invitations, links
from contacts.signals import Actor
from tests.contacts.pages import read, text_of
from tests.contacts.people.doubles import Clock, mail_goes_out, path_in, token_of

NEW = {"new": "sturdy-horse-9", "again": "sturdy-horse-9"}


@pytest.fixture
def invited(admin_user: User) -> User:
    return invitations.invite(
        actor=Actor(admin_user), email="nina@kith.test", role=Role.MANAGER, first_name="Nina"
    )


def path_of(person: User) -> str:
    return f"/invitation/{token_of(person)}/"


def test_an_invitation_is_mailed_with_a_link_that_lets_in(as_admin: Client) -> None:
    team = Team.objects.create(name="Sales")
    data = {
        "email": "nina@kith.test",
        "role": "Team Manager",
        "first_name": "Nina",
        "teams": team.pk,
    }
    answer = as_admin.post("/settings/people/invite/", data)
    (letter,) = mail_goes_out()
    page = as_admin.get(answer.headers["Location"])
    assert letter.to == ["nina@kith.test"]
    path = path_in(letter)
    assert "Invited" in text_of(page) and "Mail sent: Today" in text_of(page)
    newcomer = Client()
    assert "Welcome to Kith" in text_of(newcomer.get(path))
    assert newcomer.post(path, NEW).headers["Location"] == "/contacts/"
    assert newcomer.get("/contacts/").status_code == 200
    nina = User.objects.get(email="nina@kith.test")
    assert (nina.state, nina.role, list(nina.teams.all())) == ("active", Role.MANAGER, [team])


def test_a_link_works_once(client: Client, invited: User) -> None:
    path = path_of(invited)
    client.post(path, NEW)
    for answer in (Client().get(path), Client().post(path, NEW)):
        assert answer.status_code == 410 and "no longer works" in text_of(answer)


def test_opening_a_link_uses_nothing_up(client: Client, invited: User) -> None:
    for _ in range(3):
        assert client.get(path_of(invited)).status_code == 200


def test_a_link_works_for_seven_days_however_often_it_was_shown(
    client: Client, invited: User, clock: Clock
) -> None:
    clock.forward(days=6, hours=23)
    path = path_of(invited)
    assert client.get(path).status_code == 200
    clock.forward(hours=2)
    assert client.get(path).status_code == 410


def test_sending_again_voids_the_earlier_link(
    as_admin: Client, admin_user: User, invited: User, clock: Clock
) -> None:
    earlier = path_of(invited)
    clock.forward(days=6)
    as_admin.force_login(admin_user)  # the session has expired
    as_admin.post(f"/settings/people/{invited.pk}/invitation/")
    invited.refresh_from_db()
    visitor = Client()
    assert visitor.get(earlier).status_code == 410
    clock.forward(days=6)
    assert visitor.get(path_of(invited)).status_code == 200
    assert OutgoingMail.objects.filter(kind="invitation").count() == 2


def test_one_address_gets_no_more_than_a_handful_of_mails_an_hour(
    as_admin: Client, invited: User, clock: Clock
) -> None:
    answers = [as_admin.post(f"/settings/people/{invited.pk}/invitation/") for _ in range(7)]
    assert [a.status_code for a in answers] == [302] * 5 + [429] * 2
    assert "Copy the link, or send it again in 60 minutes" in text_of(answers[-1])


def test_withdrawing_removes_the_person_and_the_link(as_admin: Client, invited: User) -> None:
    path = path_of(invited)
    url = f"/settings/people/{invited.pk}/withdraw/"
    assert "no longer works" in text_of(as_admin.get(url))
    as_admin.post(url)
    assert Client().get(path).status_code == 410
    assert not User.objects.filter(email="nina@kith.test").exists()


@pytest.mark.parametrize(
    ("new", "told"),
    [
        ("short-1", "at least 10 characters"),
        ("1234567890", "too common"),
        ("nina@kith.test", "too similar"),
        ("x" * 1001, "may have 1000 characters"),
    ],
)
def test_a_bad_password_is_refused_with_the_reason(
    client: Client, invited: User, new: str, told: str
) -> None:
    page = client.post(path_of(invited), {"new": new, "again": new})
    assert page.status_code == 422 and told in text_of(page)
    invited.refresh_from_db()
    assert invited.state == "invited"


def test_a_password_of_200_characters_is_accepted(client: Client, invited: User) -> None:
    long = "correct horse " * 14 + "batt"
    assert len(long) == 200
    assert client.post(path_of(invited), {"new": long, "again": long}).status_code == 302
    client.logout()
    data = {"username": invited.email, "password": long}
    assert client.post("/login/", data).status_code == 302


def test_two_different_passwords_are_refused(client: Client, invited: User) -> None:
    page = client.post(path_of(invited), {"new": "sturdy-horse-9", "again": "sturdy-horse-8"})
    assert page.status_code == 422 and "The two passwords differ" in text_of(page)


def test_an_invited_person_can_neither_sign_in_nor_own_contacts(
    as_admin: Client, invited: User
) -> None:
    answer = Client().post("/login/", {"username": invited.email, "password": "anything"})
    assert "Email or password is wrong" in text_of(answer)
    assert f'<option value="{invited.pk}"' not in as_admin.get("/contacts/new/").content.decode()


def test_who_is_there_already_is_not_invited_again(as_admin: Client, member: User) -> None:
    member.is_active = False
    member.save()
    data = {"email": "MEMBER@kith.test", "role": "Member", "first_name": "Typed"}
    page = as_admin.post("/settings/people/invite/", data)
    assert page.status_code == 422 and read(page).values["first_name"] == "Typed"
    assert "Another person has this email. That person is deactivated" in text_of(page)


def test_administrators_invite_no_owners_and_see_no_link_of_theirs(
    as_admin: Client, owner: User
) -> None:
    data = {"email": "boss@kith.test", "role": "Account Owner"}
    assert as_admin.post("/settings/people/invite/", data).status_code == 422
    boss = invitations.invite(actor=Actor(owner), email="boss@kith.test", role=Role.OWNER)
    page = as_admin.get(f"/settings/people/{boss.pk}/").content.decode()
    assert "/invitation/" not in page
    for action in ("invitation", "withdraw"):
        assert as_admin.post(f"/settings/people/{boss.pk}/{action}/").status_code == 403


@pytest.mark.parametrize("token", ["x", "a:b:c", "WzEsIngiXQ:1abc:sig", "%00", "é" * 50])
def test_a_made_up_link_is_told_the_same(client: Client, db: None, token: str) -> None:
    for kind in ("invitation", "login/reset"):
        page: Any = client.get(f"/{kind}/{token}/")
        assert page.status_code == 410 and "This link no longer works" in text_of(page)


def test_a_link_of_one_kind_is_none_of_the_other(
    client: Client, member: User, invited: User
) -> None:
    reset = links.reset_link(member).rpartition("/reset/")[2]
    assert client.get(f"/invitation/{reset}").status_code == 410
    assert client.get(f"/login/reset/{path_of(invited)[12:]}").status_code == 410


def test_links_begin_with_the_public_address_whatever_the_request_says(
    as_admin: Client, invited: User, settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://contacts.example.com"
    page = as_admin.get(f"/settings/people/{invited.pk}/", headers={"host": "localhost"})
    assert 'value="https://contacts.example.com/invitation/' in page.content.decode()


def test_an_account_name_breaks_no_header(admin_user: User) -> None:
    Account.load()
    Account.objects.update(name="Kith\r\nBcc: x@attacker.invalid")
    invitations.invite(actor=Actor(admin_user), email="n@kith.test", role=Role.MEMBER)
    (letter,) = mail_goes_out()
    assert letter.subject == "Your invitation to Kith Bcc: x@attacker.invalid"
    assert letter.recipients() == ["n@kith.test"]


def test_an_administrator_who_must_have_a_second_factor_sets_it_up_first(
    client: Client, admin_user: User
) -> None:
    Account.load()
    Account.objects.update(require_second_factor=True)
    person = invitations.invite(
        actor=Actor(admin_user), email="n@kith.test", role=Role.ADMINISTRATOR
    )
    answer = client.post(path_of(person), NEW, follow=True)
    assert answer.redirect_chain[-1][0] == "/settings/profile/second-factor/"


def test_everything_is_audited_by_ids(as_admin: Client, invited: User) -> None:
    Client().post(path_of(invited), NEW)
    rows = AuditEntry.objects.order_by("pk").values_list("action", "object_id")
    assert list(rows) == [
        ("person.invited", str(invited.pk)),
        ("person.joined", str(invited.pk)),
    ]
    assert "nina" not in str(list(AuditEntry.objects.values_list("detail", flat=True)))


def test_a_link_that_somebody_else_opens_while_signed_in_begins_their_session(
    as_member: Client, invited: User
) -> None:
    as_member.post(path_of(invited), NEW)
    assert int(as_member.session["_auth_user_id"]) == invited.pk
