"""A session that ends while a page is open: what htmx gets, and signing in over the page."""

import json
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.test import Client, RequestFactory
from django_htmx.middleware import HtmxMiddleware

from contacts.models import Contact, User
from contacts.signed_out import SignedOutMiddleware
from tests.contacts.pages import HTMX, read, text_of, typed_into, url_of
from tests.contacts.people.doubles import with_second_factor
from tests.factories import PASSWORD

BACK = {"HX-History-Restore-Request": "true"}


def sign_in(client: Client, email: str, password: str = PASSWORD, **more: str) -> Any:
    data = {"username": email, "password": password, **more}
    return client.post("/login/", data, headers=HTMX)


def told(response: Any) -> dict[str, str]:
    """What the open page is told after signing in."""
    return dict(json.loads(response.headers["HX-Trigger"])["signedIn"])


@pytest.mark.parametrize("path", ["/contacts/", "/contacts/new/", "/shortcuts/", "/settings/"])
def test_htmx_of_nobody_gets_the_dialog_and_no_page(client: Client, db: None, path: str) -> None:
    response = client.get(path, headers=HTMX)
    assert response.status_code == 401
    assert response.headers["HX-Retarget"] == "#sign-in"
    assert "Sign in to continue" in text_of(response) and b"<html" not in response.content
    assert response.headers["Cache-Control"] == "no-store, private"


def test_a_save_of_nobody_changes_nothing_and_carries_a_token(ada: Contact, member: User) -> None:
    client = Client()
    data = typed_into(ada, member, company="Typed")
    response = client.post(url_of("contact_edit", ada), data, headers=HTMX)
    assert response.status_code == 401
    assert read(response).values["csrfmiddlewaretoken"] and "csrftoken" in response.cookies
    assert Contact.objects.get().company == "Engines"


def test_what_is_checked_while_typing_brings_no_dialog_over_the_words(
    client: Client, ada: Contact, member: User
) -> None:
    headers = {**HTMX, "HX-Target": "impact"}
    answer = client.post(url_of("contact_impact", ada), typed_into(ada, member), headers=headers)
    assert (answer.status_code, answer.content) == (400, b"")


def test_a_plain_request_of_nobody_is_sent_to_the_sign_in_page(client: Client, db: None) -> None:
    response = client.get("/contacts/?q=ada")
    assert (response.status_code, response.headers["Location"][:7]) == (302, "/login/")


def test_back_of_nobody_is_no_page_to_put_into_the_open_one(client: Client, db: None) -> None:
    assert client.get("/contacts/", headers=BACK).status_code == 401


def test_signing_in_over_the_page_tells_who_it_is_and_a_token_that_works(
    member: User, ada: Contact
) -> None:
    client = Client(enforce_csrf_checks=True)
    asked = client.get("/contacts/", headers=HTMX)
    token = read(asked).values["csrfmiddlewaretoken"]
    response = sign_in(client, member.email, csrfmiddlewaretoken=token)
    assert (response.status_code, response.content) == (204, b"")
    assert told(response)["user"] == str(member.pk)
    data = typed_into(ada, member, company="Typed") | {
        "csrfmiddlewaretoken": told(response)["token"]
    }
    assert client.post(url_of("contact_edit", ada), data, headers=HTMX).status_code == 200
    assert Contact.objects.get().company == "Typed"


def test_a_wrong_password_keeps_the_dialog_and_the_email(client: Client, member: User) -> None:
    response = sign_in(client, member.email, "not it")
    assert response.status_code == 422
    assert "Email or password is wrong." in text_of(response) and b"<html" not in response.content
    assert read(response).values["username"] == member.email
    assert "not it" not in response.content.decode()


def test_an_empty_sign_in_says_what_is_missing(client: Client, db: None) -> None:
    assert "Enter your email and your password." in text_of(sign_in(client, "", ""))


def test_a_name_that_wants_to_be_markup_is_text(client: Client, db: None) -> None:
    response = sign_in(client, '"><script>alert(1)</script>')
    assert b"<script>" not in response.content


def test_coming_back_to_the_tab_asks_and_goes_on_only_when_signed_in(
    client: Client, member: User
) -> None:
    still = client.get("/login/", headers=HTMX)
    assert (still.status_code, still.has_header("HX-Trigger")) == (204, False)
    client.force_login(member)
    assert told(client.get("/login/", headers=HTMX))["user"] == str(member.pk)


def test_the_sign_in_page_itself_stays_a_page(client: Client, member: User) -> None:
    assert b"<html" in client.get("/login/").content
    wrong = client.post("/login/", {"username": member.email, "password": "not it"})
    assert wrong.status_code == 422 and b"<html" in wrong.content


def test_the_token_of_an_ended_session_is_renewed_for_who_is_signed_in(
    member: User, ada: Contact
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    client.get("/contacts/")
    data = typed_into(ada, member, company="Typed") | {"csrfmiddlewaretoken": "a" * 64}
    response = client.post(url_of("contact_edit", ada), data, headers=HTMX)
    assert (response.status_code, response.headers["HX-Reswap"]) == (401, "none")
    assert Contact.objects.get().company == "Engines"
    data["csrfmiddlewaretoken"] = told(response)["token"]
    assert client.post(url_of("contact_edit", ada), data, headers=HTMX).status_code == 200


def test_a_wrong_token_of_nobody_asks_to_sign_in(ada: Contact, member: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.get("/login/")
    data = {"csrfmiddlewaretoken": "a" * 64}
    response = client.post(url_of("contact_edit", ada), data, headers=HTMX)
    assert response.status_code == 401 and "Sign in to continue" in text_of(response)


def test_another_sites_request_gets_no_token(member: User, ada: Contact) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    client.get("/contacts/")
    response = client.post(
        url_of("contact_edit", ada), {}, headers={**HTMX, "Origin": "https://evil.example"}
    )
    assert response.status_code == 403 and "signedIn" not in response.headers["HX-Trigger"]


# ------------------------------------------------------------------ a second step


def answered(request: HttpRequest, answer: HttpResponse, user: User) -> Any:
    """What becomes of a view's answer on its way to an htmx request."""
    request.user = user
    outer = HtmxMiddleware(SignedOutMiddleware(lambda _: answer))
    return outer(request)


def test_a_redirect_to_a_second_step_is_offered_in_a_new_tab(
    rf: RequestFactory, member: User
) -> None:
    step = HttpResponseRedirect("/login/code/?next=/contacts/")
    response = answered(rf.post("/login/", headers=HTMX), step, member)
    assert response.status_code == 200 and "One more step is needed" in text_of(response)
    html = response.content.decode()
    assert 'href="/login/code/?next=/contacts/" target="_blank" rel="noopener"' in html
    assert "password" not in html


def test_a_second_factor_is_asked_for_in_a_new_tab(client: Client, member: User) -> None:
    with_second_factor(member)
    asked = sign_in(client, member.email)
    assert 'href="/login/code/" target="_blank"' in asked.content.decode()


def test_a_request_held_up_by_a_second_step_gets_the_dialog(
    rf: RequestFactory, member: User
) -> None:
    step = HttpResponseRedirect("/login/code/")
    response = answered(rf.post("/contacts/CTC-1/edit/", headers=HTMX), step, member)
    assert response.status_code == 401 and 'href="/login/code/"' in response.content.decode()


def test_cookies_of_the_sign_in_reach_the_browser(rf: RequestFactory, member: User) -> None:
    done = HttpResponseRedirect("/contacts/")
    done.set_cookie("device", "known")
    response = answered(rf.post("/login/", headers=HTMX), done, member)
    assert response.status_code == 204 and response.cookies["device"].value == "known"
