"""Signing in and out, the theme, and the pages for what went wrong."""

from typing import Any

import pytest
from django.test import Client, RequestFactory

from contacts.models import User
from contacts.views import errors
from tests.contacts.pages import text_of
from tests.factories import PASSWORD

WRONG = "Email or password is wrong. Check both and sign in again."


def sign_in(client: Client, email: str, password: str = PASSWORD, **more: str) -> Any:
    return client.post("/login/", {"username": email, "password": password, **more})


@pytest.mark.parametrize("email", ["member@kith.test", "MEMBER@Kith.Test", " member@kith.test "])
def test_signing_in_leads_to_all_contacts_however_the_email_is_written(
    client: Client, member: User, email: str
) -> None:
    response = sign_in(client, email)
    assert (response.status_code, response.headers["Location"]) == (302, "/contacts/")


def test_an_unknown_email_answers_like_a_wrong_password(client: Client, member: User) -> None:
    wrong = text_of(sign_in(client, "member@kith.test", "not it"))
    unknown = text_of(sign_in(client, "nobody@kith.test"))
    assert WRONG in wrong and wrong == unknown


def test_a_colleague_who_left_is_told_no_more_than_a_stranger(client: Client, member: User) -> None:
    User.objects.update(is_active=False)
    assert WRONG in text_of(sign_in(client, "member@kith.test"))


def test_after_signing_in_people_are_where_they_wanted_to_be(client: Client, member: User) -> None:
    asked = client.get("/contacts/?q=ada")
    assert asked.headers["Location"] == "/login/?next=/contacts/%3Fq%3Dada"
    response = sign_in(client, member.email, next="/contacts/?q=ada")
    assert response.headers["Location"] == "/contacts/?q=ada"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:x"])
def test_nobody_is_sent_elsewhere_by_a_made_up_link(
    client: Client, member: User, target: str
) -> None:
    assert sign_in(client, member.email, next=target).headers["Location"] == "/contacts/"
    assert client.post("/theme/", {"next": target}).headers["Location"] == "/contacts/"


def test_signing_out_takes_a_button_and_then_pages_ask_again(as_member: Client) -> None:
    assert as_member.get("/logout/").status_code == 405
    as_member.post("/logout/")
    assert as_member.get("/contacts/").status_code == 302


def test_the_theme_is_kept_and_written_by_the_server(as_member: Client) -> None:
    assert '<html lang="en">' in as_member.get("/contacts/").content.decode()
    back = as_member.post("/theme/", {"theme": "dark", "next": "/contacts/?q=a"})
    assert back.headers["Location"] == "/contacts/?q=a"
    assert '<html lang="en" data-theme="dark">' in as_member.get("/contacts/").content.decode()


def test_a_theme_that_does_not_exist_changes_nothing(as_member: Client, member: User) -> None:
    as_member.post("/theme/", {"theme": '"><script>'})
    member.refresh_from_db()
    assert member.theme == ""


def test_the_navigation_has_what_the_person_may_open_and_marks_where_they_are(
    as_member: Client, admin_user: User
) -> None:
    mine = as_member.get("/contacts/").content.decode()
    assert 'href="/contacts/" aria-current="page"' in mine
    assert "/imports/" not in mine and "/admin/" not in mine
    as_member.force_login(admin_user)
    theirs = as_member.get("/imports/").content.decode()
    assert 'href="/imports/" aria-current="page"' in theirs and 'href="/admin/"' in theirs


def test_pages_load_nothing_from_elsewhere_and_run_nothing_inline(as_member: Client) -> None:
    response = as_member.get("/contacts/")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy
    html = response.content.decode()
    assert "<script>" not in html and "style=" not in html and "https://" not in html


# ------------------------------------------------------------------ what went wrong


def test_a_form_of_another_sign_in_says_that_nothing_was_saved(member: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    response: Any = client.post("/theme/", {"theme": "dark"})
    assert response.status_code == 403
    assert "The form has expired" in text_of(response) and "Nothing was saved" in text_of(response)


def test_for_htmx_trouble_is_a_notice_and_the_page_stays(member: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    response = client.post("/theme/", {"theme": "dark"}, headers={"HX-Request": "true"})
    assert response.headers["HX-Reswap"] == "none"
    assert "The form has expired" in response.headers["HX-Trigger"]


def test_a_page_that_is_not_there_says_so_in_the_persons_theme(
    as_member: Client, member: User
) -> None:
    as_member.post("/theme/", {"theme": "dark"})
    response = as_member.get("/nothing/")
    assert response.status_code == 404
    assert "There is nothing here" in text_of(response)
    assert 'data-theme="dark"' in response.content.decode()


def test_a_failure_of_ours_is_told_without_the_database(
    rf: RequestFactory, django_assert_num_queries: Any, db: None
) -> None:
    with django_assert_num_queries(0):
        response = errors.server_error(rf.get("/contacts/"))
    assert response.status_code == 500
    assert "Something failed on our side" in response.content.decode()
