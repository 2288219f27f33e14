"""The account that the API is asked about."""

import pytest

from contacts.access import Role
from contacts.models import User
from tests.contacts.api.client import Api
from tests.factories import make_user


@pytest.fixture
def owner(db: None) -> User:
    return make_user(Role.OWNER, email="owner@kith.test", first_name="Olga")


@pytest.fixture
def api(owner: User) -> Api:
    return Api(owner)
