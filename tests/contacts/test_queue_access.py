"""Who reaches which of the queues: every address, every role, every method.

For whom a page is not there it answers exactly like an address that does not exist.
"""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from contacts.access import Role
from contacts.conflicts import file_request
from contacts.erasing import erase_contact
from contacts.models import ConflictRequest, Contact, PossibleDuplicate, User
from tests.contacts.pages import HTMX
from tests.contacts.test_access import answer
from tests.factories import by, make_contact, make_team, make_user

ADMINISTRATORS = {
    "audit_list": "GET HEAD",
    "audit_export": "GET",
    "request_list": "GET HEAD",
    "request_detail": "GET HEAD",
    "request_resolve": "POST",
    "erase_start": "GET HEAD",
    "erase_contact_data": "GET POST",
    "erase_receipt": "GET HEAD",
}
EVERYBODY = {
    "own_requests": "GET HEAD",
    "own_request_ask": "POST",
    "duplicate_list": "GET HEAD",
    "duplicate_dismiss": "POST",
    "duplicate_restore": "POST",
    "settings_home": "GET HEAD",
}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
ROLES: list[Role | None] = [None, Role.MEMBER, Role.MANAGER, Role.ADMINISTRATOR, Role.OWNER]


@pytest.fixture
def addresses(ada: Contact, member: User, stranger: User) -> dict[str, str]:
    """Each page by its URL name, about records of `member`, who is in nobody's team."""
    other = make_contact(member, first_name="Other")
    PossibleDuplicate.objects.create(first=ada, second=other, reason="Same landline")
    secret = make_contact(stranger, first_name="Secret")
    filed = file_request(user=member, contact=ada, typed={"city": "X"}, holders=[secret.pk])
    gone = make_contact(stranger)
    erase_contact(public_id=gone.public_id, actor=by())
    arguments: dict[str, list[str]] = {
        "request_detail": [filed.reference],
        "request_resolve": [filed.reference],
        "own_request_ask": [filed.reference],
        "erase_contact_data": [ada.public_id],
        "erase_receipt": [gone.public_id],
        "duplicate_dismiss": [ada.public_id, other.public_id],
        "duplicate_restore": [ada.public_id, other.public_id],
    }
    return {
        name: reverse(name, args=arguments.get(name)) for name in {**ADMINISTRATORS, **EVERYBODY}
    }


def as_role(role: Role | None) -> Client:
    client = Client(headers={"host": "localhost"})
    if role is not None:
        user = make_user(role)
        make_team(manager=user, members=[make_user()])
        client.force_login(user)
    return client


def expected(name: str, method: str, role: Role | None) -> set[int]:
    allowed = {**ADMINISTRATORS, **EVERYBODY}[name].split()
    may = role is not None and (name in EVERYBODY or role.administers)
    if role is None:
        return {302}
    if not may:
        return {404}
    if method not in allowed:
        return {405}
    if name == "own_request_ask" or (name.startswith("duplicate_") and name != "duplicate_list"):
        return {200, 302} if role.administers and name != "own_request_ask" else {404}
    return {422} if name == "erase_contact_data" and method == "POST" else {200, 302}


@pytest.mark.parametrize("role", ROLES, ids=str)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_every_page_every_method_every_role(
    addresses: dict[str, str], role: Role | None, headers: dict[str, str]
) -> None:
    client = as_role(role)
    wrong = {}
    for name, address in addresses.items():
        for method in METHODS:
            response: Any = client.generic(method, address, headers=headers)
            if role is None and headers:  # over the page that is open: sign in again
                assert (response.status_code, response["HX-Retarget"]) == (401, "#sign-in")
                continue
            if response.status_code not in expected(name, method, role):
                wrong[name, method] = response.status_code
            if role is None:
                assert "/login/" in response["Location"]
    assert wrong == {}


@pytest.mark.parametrize("role", [Role.MEMBER, Role.MANAGER])
def test_a_page_of_administrators_is_like_one_that_does_not_exist(
    addresses: dict[str, str], role: Role
) -> None:
    client = as_role(role)
    for name in ADMINISTRATORS:
        for headers in ({}, HTMX):
            hidden = client.get(addresses[name], headers=headers)
            absent = client.get("/settings/nothing-of-that-kind/", headers=headers)
            assert answer(hidden) == answer(absent), name


def test_refused_calls_change_nothing(addresses: dict[str, str], ada: Contact) -> None:
    for role in (None, Role.MEMBER, Role.MANAGER):
        client = as_role(role)
        for address in addresses.values():
            client.post(address, {"confirm": ada.public_id, "note": "x"})
    assert Contact.objects.filter(pk=ada.pk).exists()
    assert not PossibleDuplicate.objects.filter(dismissed_at__isnull=False).exists()
    assert not ConflictRequest.objects.exclude(state="open", asked_at=None).exists()


@pytest.mark.parametrize("role", [Role.MEMBER, Role.ADMINISTRATOR])
def test_settings_shows_the_tabs_that_one_may_open(addresses: dict[str, str], role: Role) -> None:
    page = as_role(role).get(addresses["own_requests"]).content.decode()
    for name in ("request_list", "erase_start", "audit_list"):
        assert (f'class="view" href="{addresses[name]}"' in page) is role.administers, name
    assert f'href="{addresses["own_requests"]}" aria-current="page"' in page


def test_a_deactivated_administrator_is_signed_out(addresses: dict[str, str]) -> None:
    client = as_role(Role.ADMINISTRATOR)
    User.objects.update(is_active=False)
    for name in ADMINISTRATORS:
        assert client.get(addresses[name]).status_code in {302, 405}


def test_forms_need_their_token(addresses: dict[str, str]) -> None:
    client = Client(enforce_csrf_checks=True, headers={"host": "localhost"})
    client.force_login(make_user(Role.ADMINISTRATOR))
    for name in ("request_resolve", "erase_contact_data", "duplicate_dismiss", "own_request_ask"):
        assert client.post(addresses[name]).status_code == 403, name
