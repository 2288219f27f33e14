"""The switch of the demo's doubles: what is asked for on a page befalls the next requests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from contacts.models import User
from integrations.sandbox import mailbox, switch
from integrations.sandbox.double import Double, Request
from integrations.sandbox.exchange import ExchangeDouble
from integrations.sandbox.google import GoogleDouble
from integrations.sandbox.graph import GraphDouble
from integrations.sandbox.hubspot import HubSpotDouble
from integrations.sandbox.salesforce import SalesforceDouble
from tests.contacts.pages import text_of

pytestmark = pytest.mark.django_db
PAGE = "/settings/demo-faults/"


@pytest.fixture(autouse=True)
def demo(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.KITH_HOME = tmp_path
    settings.EMAIL_BACKEND = mailbox.FILES
    settings.EMAIL_FILE_PATH = str(tmp_path / "mails")
    monkeypatch.setattr("integrations.sandbox.double.switches", [switch.take])
    yield


def statuses(double: GoogleDouble, number: int) -> list[str]:
    """Of so many signed requests to the double, as its server passes them on."""
    found: list[str] = []
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": "/calendar/v3/x", "HTTP_AUTHORIZATION": "Bearer t",
        "wsgi.input": None,
    }  # fmt: skip
    for _ in range(number):
        body = type("Body", (), {"read": staticmethod(lambda _: b"")})
        double({**environ, "wsgi.input": body}, lambda status, _: found.append(status[:3]))
    return found


def test_what_was_asked_for_befalls_so_many_requests_and_no_more(as_admin: Client) -> None:
    asked = {"vendor": "google", "fault": "503", "times": "3"}
    assert "3 still to come" in text_of(as_admin.post(PAGE, asked, follow=True))
    assert statuses(GoogleDouble(), 4) == ["503", "503", "503", "401"]
    assert "still to come" not in text_of(as_admin.get(PAGE))


def test_it_is_taken_back(as_admin: Client) -> None:
    as_admin.post(PAGE, {"vendor": "google", "fault": "503", "times": "3"})
    as_admin.post(PAGE, {"vendor": "google", "fault": ""})
    assert statuses(GoogleDouble(), 1) == ["401"]


@pytest.mark.parametrize("wrong", [{"fault": "99"}, {"times": "9999"}, {"times": "\u0663"}])
def test_what_cannot_be_is_said_and_changes_nothing(
    as_admin: Client, wrong: dict[str, str]
) -> None:
    asked = {"vendor": "google", "fault": "503", "times": "1", **wrong}
    answer = as_admin.post(PAGE, asked)
    assert answer.status_code == 422 and "Choose one of the answers" in text_of(answer)
    assert switch.waiting("google") == 0


def test_it_is_for_administrators_of_a_demo(
    client: Client, admin_user: User, member: User, settings: Any
) -> None:
    client.force_login(member)
    assert client.get(PAGE).status_code in {403, 404}
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    client.force_login(admin_user)
    assert client.get(PAGE).status_code == 404


DOUBLES: dict[str, type[Double]] = {
    "google": GoogleDouble, "microsoft": GraphDouble, "exchange": ExchangeDouble,
    "hubspot": HubSpotDouble, "salesforce": SalesforceDouble,
}  # fmt: skip
ASKED = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><m:GetItem xmlns:m='
    b'"http://schemas.microsoft.com/exchange/services/2006/messages"/></s:Body></s:Envelope>'
)


@pytest.mark.parametrize("vendor", switch.VENDORS)
def test_every_choice_is_an_answer_that_the_double_knows(vendor: str) -> None:
    double = DOUBLES[vendor](requests=[Request("POST", "/", body=ASKED)])
    assert double.vendor == vendor
    for fault, _ in switch.choices(vendor):
        if fault not in switch.COMMON:
            reply = double.failure(fault)  # Exchange's errors come with 200 [vendor]
            assert reply.status >= 400 or 'ResponseClass="Error"' in str(reply.body)


def test_every_system_of_the_demo_can_be_told_to_fail(as_admin: Client) -> None:
    page = as_admin.get(PAGE).content.decode()
    assert set(switch.VENDORS) == {"google", "microsoft", "exchange", "hubspot", "salesforce"}
    assert all(f'value="{vendor}"' in page for vendor in switch.VENDORS)
