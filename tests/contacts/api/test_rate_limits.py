"""Rate limits: off by default, counted over all keys of the account, and by address."""

import time
from typing import Any

import pytest
from django.test import Client

from contacts.api_sweeping import forget_old
from contacts.models import ApiCount, User
from tests.contacts.api.client import Api

LIMITED = b'{"type":"rate_limit_error","message":"Request rate limit exceeded"}'


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it happens in one second."""
    now = float(int(time.time()))
    monkeypatch.setattr("contacts.api.limits.time.time", lambda: now)


def test_the_embedded_default_has_no_limit(api: Api) -> None:
    assert {api.get("test").status_code for _ in range(30)} == {200}
    assert not ApiCount.objects.exists()


@pytest.mark.usefixtures("frozen")
def test_the_sixth_request_of_a_second_is_refused_whatever_key_it_has(
    api: Api, owner: User, settings: Any
) -> None:
    settings.API_PER_SECOND = 5
    other = Api(owner, "Another")
    assert [each.get("test").status_code for each in (api, other, api, other, api)] == [200] * 5
    refused = other.get("test")
    assert (refused.status_code, refused.content) == (429, LIMITED)
    assert refused["Retry-After"] == "1"


@pytest.mark.usefixtures("frozen")
def test_an_address_is_limited_before_its_key_is_looked_at(api: Api, settings: Any) -> None:
    settings.API_PER_ADDRESS = 3
    codes = [Client().get("/v2/test", headers={"API-Key": "x"}).status_code for _ in range(4)]
    assert codes == [401, 401, 401, 429]
    refused = api.get("test")
    assert refused.status_code == 429 and 1 <= int(refused["Retry-After"]) <= 300
    assert "127.0.0.1" not in str(list(ApiCount.objects.values()))


def test_old_counts_are_forgotten(db: None) -> None:
    ApiCount.objects.create(asker="account", window=int(time.time()) - 3600, count=1)
    ApiCount.objects.create(asker="account", window=int(time.time()), count=1)
    forget_old()
    assert ApiCount.objects.count() == 1
