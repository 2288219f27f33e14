import pytest
from django.test import Client

from contacts.access import Role
from contacts.models import User
from tests.contacts.people.doubles import Clock
from tests.factories import make_user


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def owner(db: None) -> User:
    return make_user(Role.OWNER, email="owner@kith.test", first_name="Olga")


@pytest.fixture
def as_owner(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client
