"""Forgotten passwords and changed ones, and the sessions that end with them."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from contacts.models import AuditEntry, OutgoingMail, User
from contacts.people import links
from tests.contacts.pages import text_of
from tests.contacts.people.doubles import Clock, mail_goes_out, path_in, sign_in, with_second_factor
from tests.factories import PASSWORD

FORGOT, CHANGE = "/login/forgot/", "/settings/profile/password/"
NEW = {"new": "sturdy-horse-9", "again": "sturdy-horse-9"}


def ask(client: Client, email: str, **more: Any) -> Any:
    return client.post(FORGOT, {"email": email}, **more)


def path_of(person: User) -> str:
    return "/login/reset/" + links.reset_link(person).partition("/login/reset/")[2]


# ------------------------------------------------------------------ forgotten


def test_a_forgotten_password_is_set_by_the_mailed_link(client: Client, member: User) -> None:
    assert "a link to set a new password is on its way" in text_of(ask(client, "MEMBER@kith.test"))
    (letter,) = mail_goes_out()
    assert letter.to == [member.email]
    path = path_in(letter)
    assert member.email in text_of(client.get(path))
    assert client.post(path, NEW).headers["Location"] == "/contacts/"
    assert client.get("/contacts/").status_code == 200
    client.logout()
    assert sign_in(client, member.email, NEW["new"]).status_code == 302


def test_an_unknown_email_is_told_the_same_and_gets_nothing(client: Client, member: User) -> None:
    member.is_active = False
    member.save()
    told = set()
    for email in ("nobody@kith.test", member.email):
        told.add(text_of(ask(client, email)).replace(email, ""))
    assert len(told) == 1
    assert mail_goes_out() == [] and not OutgoingMail.objects.exists()


def test_known_and_unknown_cost_the_same_queries(client: Client, member: User) -> None:
    ask(client, "first@kith.test")
    counts = []
    for email in (member.email, "nobody@kith.test"):
        with CaptureQueriesContext(connection) as queries:
            ask(client, email)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_reset_ends_every_other_session(as_member: Client, member: User) -> None:
    visitor = Client()
    visitor.post(path_of(member), NEW)
    assert as_member.get("/contacts/").status_code == 302
    assert visitor.get("/contacts/").status_code == 200


def test_a_link_works_once_and_not_beside_a_newer_password(client: Client, member: User) -> None:
    first, second = path_of(member), path_of(member)
    client.post(first, NEW)
    for path in (first, second):
        page = Client().post(path, NEW)
        assert page.status_code == 410 and "Your password is as it was" in text_of(page)


def test_a_link_works_for_an_hour(client: Client, member: User, clock: Clock) -> None:
    path = path_of(member)
    clock.forward(minutes=59)
    assert client.get(path).status_code == 200
    clock.forward(minutes=2)
    assert client.get(path).status_code == 410


def test_signing_in_voids_a_link_that_is_on_its_way(client: Client, member: User) -> None:
    path = path_of(member)
    sign_in(client, member.email)
    assert Client().get(path).status_code == 410


def test_a_link_of_somebody_who_left_is_void(client: Client, member: User) -> None:
    path = path_of(member)
    User.objects.filter(pk=member.pk).update(is_active=False)
    assert client.get(path).status_code == 410


def test_the_link_is_no_way_round_the_second_factor(
    client: Client, member: User, clock: Clock
) -> None:
    app, _ = with_second_factor(member)
    clock.forward(seconds=60)
    assert client.post(path_of(member), NEW).headers["Location"] == "/login/code/"
    assert client.get("/contacts/").status_code == 302
    client.post("/login/code/", {"code": app.code})
    assert client.get("/contacts/").status_code == 200


def test_a_reset_frees_the_true_user_from_what_others_tried(
    client: Client, member: User, clock: Clock
) -> None:
    for number in range(40):
        sign_in(client, member.email, "wrong", REMOTE_ADDR=f"198.51.100.{number % 25}")
        sign_in(client, member.email, "wrong")
    client.post(path_of(member), NEW)
    client.logout()
    assert sign_in(client, member.email, NEW["new"]).status_code == 302


def test_no_more_than_five_mails_an_hour_go_to_one_person(
    client: Client, member: User, clock: Clock
) -> None:
    told = {text_of(ask(client, member.email)) for _ in range(8)}
    assert len(told) == 1
    assert OutgoingMail.objects.filter(user=member).count() == 5
    clock.forward(hours=1, seconds=1)
    ask(client, member.email)
    assert OutgoingMail.objects.filter(user=member).count() == 6


def test_one_address_asks_for_thirty_people_and_then_waits(client: Client, db: None) -> None:
    answers = [ask(client, f"user{n}@kith.test") for n in range(31)]
    assert {a.status_code for a in answers[:30]} == {200}
    assert (answers[30].status_code, "Retry-After" in answers[30].headers) == (429, True)


@pytest.mark.parametrize("email", ["", "nowhere", "a@b.co\r\nBcc: x@attacker.invalid"])
def test_what_is_no_email_is_refused_at_its_field(client: Client, db: None, email: str) -> None:
    page = ask(client, email)
    assert page.status_code == 422 and not OutgoingMail.objects.exists()


def test_a_spoofed_host_does_not_reach_the_mail(client: Client, member: User) -> None:
    assert ask(client, member.email, headers={"host": "attacker.invalid"}).status_code == 400
    ask(client, member.email, headers={"X-Forwarded-Host": "attacker.invalid"})
    (letter,) = mail_goes_out()
    assert "attacker" not in letter.body


# ------------------------------------------------------------------ changed


def test_a_changed_password_ends_the_other_sessions_and_is_told_by_mail(
    as_member: Client, member: User
) -> None:
    elsewhere = Client()
    elsewhere.force_login(member)
    before = as_member.cookies["sessionid"].value
    answer = as_member.post(CHANGE, {"present": PASSWORD, **NEW})
    assert answer.headers["Location"] == "/settings/profile/"
    assert as_member.cookies["sessionid"].value != before
    assert as_member.get("/contacts/").status_code == 200
    assert elsewhere.get("/contacts/").status_code == 302
    assert OutgoingMail.objects.get().kind == OutgoingMail.Kind.PASSWORD_CHANGED
    assert AuditEntry.objects.get().action == "person.password_changed"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"present": "not it", **NEW}, "This is not your present password."),
        ({"present": PASSWORD, "new": "short", "again": "short"}, "at least 10 characters"),
        ({"present": PASSWORD, "new": "member@kith.test", "again": "member@kith.test"}, "similar"),
        ({"present": PASSWORD, "new": NEW["new"], "again": ""}, "Enter the new password again."),
        ({}, "Fix 3 fields"),
    ],
)
def test_what_is_wrong_with_a_new_password_is_said_and_nothing_changes(
    as_member: Client, member: User, typed: dict[str, str], told: str
) -> None:
    page = as_member.post(CHANGE, typed)
    assert page.status_code == 422 and told in text_of(page)
    member.refresh_from_db()
    assert member.check_password(PASSWORD)


def test_the_present_password_cannot_be_guessed_there(as_member: Client, clock: Clock) -> None:
    answers = [as_member.post(CHANGE, {"present": f"guess {n}", **NEW}) for n in range(12)]
    assert [a.status_code for a in answers[4:6]] == [422, 429]
    assert "Try again in 15 minutes" in text_of(answers[-1])


def test_signing_out_everywhere_else_leaves_this_session(as_member: Client, member: User) -> None:
    elsewhere = Client()
    elsewhere.force_login(member)
    as_member.post("/settings/profile/sessions/end/")
    assert as_member.get("/contacts/").status_code == 200
    assert elsewhere.get("/contacts/").status_code == 302


def test_password_fields_let_a_password_be_pasted_and_managed(as_member: Client) -> None:
    page = as_member.get(CHANGE).content.decode()
    assert 'autocomplete="current-password"' in page and 'autocomplete="new-password"' in page
    assert "maxlength" not in page and "onpaste" not in page


# ------------------------------------------------------------------ sessions


def test_signing_in_gives_a_new_session_and_kills_the_old_one(client: Client, member: User) -> None:
    client.force_login(member)
    client.logout()
    session = client.session
    session["planted"] = True
    session.save()
    planted = str(session.session_key)
    client.cookies["sessionid"] = planted
    sign_in(client, member.email)
    assert client.cookies["sessionid"].value != planted
    thief = Client()
    thief.cookies["sessionid"] = planted
    assert thief.get("/contacts/").status_code == 302


def test_signing_out_kills_the_session_on_the_server(as_member: Client) -> None:
    stolen = as_member.cookies["sessionid"].value
    as_member.post("/logout/")
    thief = Client()
    thief.cookies["sessionid"] = stolen
    assert thief.get("/contacts/").status_code == 302
