"""`manage.py create_owner`: the first person of a new installation."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from contacts.access import Role
from contacts.models import User

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITH_OWNER_PASSWORD", PASSWORD)


def test_the_first_owner_can_sign_in_and_administer(client: Client) -> None:
    call_command("create_owner", "anna@example.com", first_name="Anna")
    assert User.objects.get().role is Role.OWNER
    client.post("/login/", {"username": "anna@example.com", "password": PASSWORD})
    assert client.get("/contacts/").status_code == 200
    assert client.get("/admin/contacts/user/").status_code == 200


def test_an_address_is_taken_once_in_whatever_case(client: Client) -> None:
    call_command("create_owner", "anna@example.com")
    with pytest.raises(CommandError, match="already a user"):
        call_command("create_owner", "ANNA@example.com")
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("email", "password", "told"),
    [
        ("anna@example.com", "short", "at least 10 characters"),
        ("anna@example.com", "password123", "too common"),
        ("anna", PASSWORD, "valid email"),
    ],
)
def test_what_would_not_do_is_refused(
    email: str, password: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KITH_OWNER_PASSWORD", password)
    with pytest.raises(CommandError, match=told):
        call_command("create_owner", email)
    assert not User.objects.exists()
