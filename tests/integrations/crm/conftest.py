"""HubSpot's and Salesforce's doubles in the place of the network, connected."""

from collections.abc import Iterator
from typing import Any

import pytest

from contacts.models import User
from integrations.models import Connection
from tests.integrations.crm.both import Far, served_by
from tests.integrations.crm.salesforce_world import Org, served_by_salesforce
from tests.integrations.crm.world import Crm, served


@pytest.fixture
def crm(settings: Any) -> Iterator[Crm]:
    yield from served(settings)


@pytest.fixture
def connection(crm: Crm, admin_user: User) -> Connection:
    return crm.connect(admin_user)


@pytest.fixture
def org(settings: Any) -> Iterator[Org]:
    yield from served_by_salesforce(settings)


@pytest.fixture
def salesforce(org: Org, admin_user: User) -> Connection:
    return org.connect(admin_user)


@pytest.fixture(params=["hubspot", "salesforce"])
def far(request: pytest.FixtureRequest, settings: Any) -> Iterator[Far]:
    """Each of the two in turn; nobody has signed in yet."""
    yield from served_by(request.param, settings)
