"""Exchange Server: off until an administrator turns it on, then connected like any other calendar."""

import re
from typing import Any

import pytest
from django.test import Client

from config.exchange import exchange_networks
from contacts import vault
from contacts.models import AuditEntry, User
from contacts.sample import PASSWORD as OF_DEMO
from contacts.services import plan_update, update_contact
from integrations import addresses
from integrations.calendars import busy
from integrations.connectors.exchange_sign_in import is_installed
from integrations.exchange import server
from integrations.models import BusyTime, Connection, Delivery, ExchangeServer
from integrations.outbox import running
from integrations.sandbox.exchange import ExchangeDouble
from tests.activities.bookings import make_calendar, make_meeting
from tests.contacts.pages import text_of
from tests.factories import by
from tests.integrations.exchange import (
    NEEDS_EXTRA,
    OWNER,
    PASSWORD,
    USER,
    add_event,
    demo_exchange,
    exchange,
)

__all__ = ["demo_exchange", "exchange"]
pytestmark = pytest.mark.django_db
PAGE, SIGN_IN = "/integrations/exchange/", "/integrations/exchange/connect/"
URL = "https://mail.example.com/EWS/Exchange.asmx"
State = Connection.State


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the extra were there: its pages do not need it."""
    for module in ("integrations.exchange.server", "integrations.calendars.vendors",
                   "integrations.views.exchange"):  # fmt: skip
        monkeypatch.setattr(f"{module}.is_installed", lambda: True)


def turn_on(url: str = URL) -> None:
    server.change(url=url, sign_in="basic", active=True, actor=by())


def connect(user: User, password: str = PASSWORD) -> Connection:
    return server.sign_in(user=user, address=OWNER, user_name=USER, password=password)


def test_without_the_extra_the_page_says_what_to_install(
    as_admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("integrations.exchange.server", "integrations.views.exchange"):
        monkeypatch.setattr(f"{module}.is_installed", lambda: False)
    told = text_of(as_admin.get(PAGE))
    assert "pip install --require-hashes -r requirements-exchange.txt" in told
    answer = as_admin.post(PAGE, {"url": URL, "sign_in": "basic", "active": "1"})
    assert answer.status_code == 422 and URL in answer.content.decode()
    assert not ExchangeServer.load().active


def test_it_is_off_until_an_administrator_turns_it_on(
    as_admin: Client, member: User, installed: None
) -> None:
    as_member = Client()
    as_member.force_login(member)
    assert as_member.get(SIGN_IN).status_code == as_member.get(PAGE).status_code == 404
    as_admin.post(PAGE, {"url": URL, "sign_in": "ntlm", "active": "1"})
    assert as_member.get(SIGN_IN).status_code == 200 and "Exchange Server" in text_of(
        as_member.get("/integrations/")
    )
    assert AuditEntry.objects.latest("pk").action == "exchange.on"


@pytest.mark.parametrize(
    "url, words",
    [
        ("http://mail.example.com/EWS/Exchange.asmx", "must begin with https://"),
        ("https://10.1.2.3/EWS/Exchange.asmx", "EXCHANGE_NETWORKS"),
        ("https://169.254.169.254/EWS/Exchange.asmx", "EXCHANGE_NETWORKS"),
        ("https://mail.corp.local/EWS/Exchange.asmx", "EXCHANGE_NETWORKS"),
        ("https://mail.example.com:8443/EWS/Exchange.asmx", "only port 443"),
        ("https://mail.example.com/owa/", "/EWS/Exchange.asmx"),
        ("", "must begin with https://"), ("https://m.example/" + "a" * 400 + ".asmx", "at most 300"),
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_one_is_refused_and_kept(
    as_admin: Client, installed: None, url: str, words: str
) -> None:
    answer = as_admin.post(PAGE, {"url": url, "sign_in": "basic", "active": "1"})
    assert answer.status_code == 422 and words in text_of(answer)
    assert url in answer.content.decode() and not ExchangeServer.load().active


def test_a_network_of_ones_own_is_allowed_by_the_operator_only(
    settings: Any, monkeypatch: pytest.MonkeyPatch, installed: None
) -> None:
    monkeypatch.setenv("EXCHANGE_NETWORKS", "10.1.0.0/16, fd00::/8")
    settings.EXCHANGE_NETWORKS = exchange_networks()
    turn_on("https://10.1.2.3/EWS/Exchange.asmx")
    turn_on("https://mail.corp.local/EWS/Exchange.asmx")
    place = addresses.check_server("https://10.1.2.3/EWS/Exchange.asmx")
    assert addresses.resolve(place) == "10.1.2.3"
    for inside in ("10.2.0.1", "169.254.169.254", "127.0.0.1"):
        with pytest.raises(server.Bad):
            turn_on(f"https://{inside}/EWS/Exchange.asmx")
    with pytest.raises(addresses.Refused):  # a webhook leads to none of them
        addresses.check_url("https://10.1.2.3/")


@pytest.mark.parametrize("text", ["10.0.0.0/33", "corp", "169.254.0.0/16", "127.0.0.1/32", "0.0.0.0/0"])  # fmt: skip
def test_networks_that_cannot_be_stop_the_start(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("EXCHANGE_NETWORKS", text)
    with pytest.raises(Exception, match="EXCHANGE_NETWORKS holds"):
        exchange_networks()


def test_the_password_is_sealed_and_never_shown(
    as_member: Client, member: User, installed: None
) -> None:
    turn_on()
    typed = {"address": OWNER, "user_name": USER, "password": PASSWORD}
    assert as_member.post(SIGN_IN, typed).status_code == 302
    row = Connection.objects.get()
    assert PASSWORD not in row.access_token and PASSWORD not in str(row.options)
    assert vault.unseal(row.access_token, purpose=Connection.PURPOSE) == PASSWORD
    answer = as_member.post(SIGN_IN, {**typed, "user_name": "", "password": "another secret"})
    told = answer.content.decode()
    assert answer.status_code == 422 and OWNER in told and "another secret" not in told


def test_at_another_address_everybody_signs_in_again(member: User, installed: None) -> None:
    turn_on()
    row = connect(member)
    turn_on("https://other.example.com/EWS/Exchange.asmx")
    row.refresh_from_db()
    assert (row.state, row.access_token) == (State.NEEDS_RECONNECT, "")


@NEEDS_EXTRA
def test_an_edit_replaces_the_guest_on_the_server(member: User, exchange: ExchangeDouble) -> None:
    assert is_installed()
    turn_on(exchange.url)  # type: ignore[attr-defined]
    connection = connect(member)
    busy.read(connection.pk)
    meeting = make_meeting(make_calendar(member))
    running.run()
    [event] = exchange.calendars[OWNER].values()
    contact = meeting.contact
    assert contact is not None and meeting.guest_email in str(event["RequiredAttendees"])
    values = {"email": "new@example.com"}
    lines = plan_update(contact, actor=by(), values=values, base_version=None).lines
    assert "update the guest list on 1 Exchange Server event" in [line.text for line in lines]
    update_contact(contact_id=contact.pk, actor=by(), values=values)
    running.run()
    assert [each["address"] for each in event["RequiredAttendees"]] == ["new@example.com"]
    assert set(Delivery.objects.values_list("state", flat=True)) <= {"delivered"}


@NEEDS_EXTRA
def test_busy_times_are_read_and_a_refused_password_asks_its_owner(
    member: User, exchange: ExchangeDouble
) -> None:
    turn_on(exchange.url)  # type: ignore[attr-defined]
    add_event(exchange)
    connection = connect(member)
    assert busy.read(connection.pk) and BusyTime.objects.count() == 1
    connection = connect(member, "another")
    assert not busy.read(connection.pk)
    connection.refresh_from_db()
    assert connection.state == State.NEEDS_RECONNECT and "password" in connection.words


@NEEDS_EXTRA
def test_off_nothing_is_sent_and_what_waits_goes_on_when_it_is_on_again(
    member: User, exchange: ExchangeDouble
) -> None:
    url = exchange.url  # type: ignore[attr-defined]
    turn_on(url)
    busy.read(connect(member).pk)
    exchange.requests.clear()
    make_meeting(make_calendar(member))
    server.change(url=url, sign_in="basic", active=False, actor=by())
    running.run()
    delivery = Delivery.objects.get()
    assert delivery.state == "retrying" and re.search("turned off", delivery.words)
    assert exchange.requests == []


@NEEDS_EXTRA
def test_a_newcomer_tries_the_demos_exchange_server_and_sees_the_guest_change(
    as_admin: Client, member: User, demo_exchange: str
) -> None:
    assert demo_exchange in text_of(as_admin.get(PAGE))
    as_admin.post(PAGE, {"url": demo_exchange, "sign_in": "basic", "active": "1"})
    as_member = Client()
    as_member.force_login(member)
    assert "the password that of the demo" in text_of(as_member.get(SIGN_IN))
    typed = {"address": OWNER, "user_name": OWNER, "password": OF_DEMO}
    as_member.post(SIGN_IN, typed)
    assert busy.read(Connection.objects.get().pk)
    meeting = make_meeting(make_calendar(member))
    running.run()
    assert meeting.contact is not None
    update_contact(contact_id=meeting.contact.pk, actor=by(), values={"email": "ada@new.example"})
    running.run()
    told = text_of(as_admin.get("/settings/demo-calendars/"))
    assert f"Exchange Server of {OWNER}" in told and "ada@new.example Unknown" in told


@NEEDS_EXTRA
def test_the_demos_exchange_server_refuses_another_password(
    member: User, demo_exchange: str
) -> None:
    turn_on(demo_exchange)
    row = server.sign_in(user=member, address=OWNER, user_name=OWNER, password="another")
    assert not busy.read(row.pk)
    row.refresh_from_db()
    assert row.state == State.NEEDS_RECONNECT
