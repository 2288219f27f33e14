"""The people most tests need: an administrator and two members who see only what they own."""

import pytest
from django.test import Client

from contacts.access import Role
from contacts.models import Contact, User
from tests.factories import make_contact, make_user
from tests.worker import worker

__all__ = ["worker"]  # a fixture, for every test


@pytest.fixture
def admin_user(db: None) -> User:
    return make_user(Role.ADMINISTRATOR, email="admin@kith.test", first_name="Hanna")


@pytest.fixture
def member(db: None) -> User:
    return make_user(Role.MEMBER, email="member@kith.test", first_name="Mia")


@pytest.fixture
def stranger(db: None) -> User:
    """A member who shares no contact with `member`."""
    return make_user(Role.MEMBER, email="stranger@kith.test", first_name="Sten")


@pytest.fixture
def ada(member: User) -> Contact:
    return make_contact(
        member, first_name="Ada", last_name="Lovelace", email="ada@example.com", company="Engines"
    )


@pytest.fixture
def as_member(client: Client, member: User) -> Client:
    client.force_login(member)
    return client


@pytest.fixture
def as_admin(client: Client, admin_user: User) -> Client:
    client.force_login(admin_user)
    return client
