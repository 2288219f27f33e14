"""Zapier's double in the place of the network, and a key with which Zaps subscribe."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from contacts.access import Role
from integrations import http
from integrations.sandbox.zapier import ZapierDouble
from tests.contacts.api.client import Api
from tests.factories import make_user

BASE = "http://127.0.0.1:9"


@pytest.fixture
def api(db: None) -> Api:
    return Api(make_user(Role.OWNER, email="owner@kith.test", first_name="Olga"), name="Zapier")


@pytest.fixture
def double(settings: Any) -> Iterator[ZapierDouble]:
    settings.WEBHOOKS_TO_LOOPBACK = True
    settings.ZAPIER_HOOKS_URL = BASE
    made = ZapierDouble(base=BASE, sleep=_nobody_waits)
    http.transport = httpx.WSGITransport(made)
    yield made
    http.transport = None


def _nobody_waits(seconds: float) -> None:
    if seconds > 60:
        raise httpx.ReadTimeout("slow")
