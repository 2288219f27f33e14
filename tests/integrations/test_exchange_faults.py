"""What may go wrong between Kith and an Exchange Server, from the edit to the event (connectors.md, 12.4)."""

import re
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from activities.models import Meeting
from contacts.deleting import delete_contact
from contacts.models import Contact, User
from contacts.services import release_identifier, update_contact
from integrations.calendars import busy
from integrations.models import Connection, Delivery, Gate
from integrations.outbox import running
from integrations.sandbox.exchange import ExchangeDouble
from tests.activities.bookings import make_calendar, make_meeting, soon
from tests.contacts.pages import text_of
from tests.factories import by
from tests.integrations.exchange import NEEDS_EXTRA, OWNER, exchange, guest
from tests.integrations.test_exchange_server import connect, turn_on

__all__ = ["exchange"]
pytestmark = [pytest.mark.django_db, NEEDS_EXTRA]
NEW = "new@example.com"
READ, WRITE = 0, 1  # which of the requests of an edit


@dataclass
class Booked:
    """Meetings of the host, each an event on the server with its guest."""

    double: ExchangeDouble
    connection: Connection
    meetings: list[Meeting]

    @property
    def events(self) -> list[dict[str, Any]]:
        return sorted(self.double.calendars[OWNER].values(), key=lambda event: str(event["start"]))

    @property
    def guests(self) -> list[list[str]]:
        return [[each["address"] for each in event["RequiredAttendees"]] for event in self.events]

    def edit(self, number: int = 0, email: str = NEW) -> Contact:
        contact = Contact.objects.get(pk=self.meetings[number].contact_id or 0)
        update_contact(contact_id=contact.pk, actor=by(), values={"email": email})
        for former in contact.identifiers.filter(current=False):
            release_identifier(contact_id=contact.pk, identifier_id=former.pk, actor=by())
        return contact

    def writes(self) -> int:
        return sum(b"UpdateItem" in request.body for request in self.double.requests)


@pytest.fixture
def booked(exchange: ExchangeDouble, member: User) -> Booked:
    turn_on(exchange.url)  # type: ignore[attr-defined]
    connection = connect(member)
    busy.read(connection.pk)
    calendar = make_calendar(member)
    meetings = [
        make_meeting(calendar, soon(n + 2), email=f"guest{n}@example.com") for n in range(2)
    ]
    running.run()
    Delivery.objects.all().delete()
    exchange.requests.clear()
    exchange.mails.clear()
    return Booked(exchange, connection, meetings)


def sent() -> list[str]:
    running.run()
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


def later() -> None:
    Delivery.objects.filter(next_at__isnull=False).update(next_at=timezone.now())
    Gate.objects.update(closed_until=None, asked_until=None, failures=0)


@pytest.mark.parametrize("fault", ["ErrorServerBusy", "ErrorMailboxStoreUnavailable", "500", "503", "malformed", "lost", "302"])  # fmt: skip
@pytest.mark.parametrize("at", [READ, WRITE])
def test_what_goes_wrong_for_now_is_put_right_at_the_next_try_and_mailed_once(
    booked: Booked, fault: str, at: int
) -> None:
    booked.edit()
    booked.double.faults = [*[""] * at, fault]
    assert sent()[-1] in {"retrying", "unknown"}
    later()
    assert sent()[-1] == "delivered"
    assert booked.guests[0] == [NEW] and booked.guests[1] == ["guest1@example.com"]
    assert [mail.to for mail in booked.double.mails].count(NEW) == 1


def test_a_write_that_cannot_be_read_back_is_in_doubt_and_found_done(booked: Booked) -> None:
    booked.edit()
    booked.double.faults = ["", "", "500"]
    assert sent()[-1] == "unknown"
    later()
    assert sent()[-1] == "delivered" and booked.writes() == 1


def test_a_worker_that_died_after_the_write_writes_nothing_twice(booked: Booked) -> None:
    booked.edit()
    sent()
    Delivery.objects.update(state="in_flight", next_at=timezone.now(), lease_token="dead")
    assert sent()[-1] == "delivered" and booked.writes() == 1


def test_a_second_edit_while_the_first_is_on_its_way_ends_with_the_last_address(
    booked: Booked,
) -> None:
    """The double answers in a thread of its own, so the second edit is made between its calls."""
    booked.edit(email="first@example.com")
    booked.double.faults = ["", "lost"]
    assert sent()[-1] == "unknown"
    booked.edit(email="second@example.com")
    later()
    sent()
    later()
    assert sent()[-1] == "delivered" and booked.guests[0] == ["second@example.com"]


def test_a_server_that_is_busy_is_left_alone_for_a_while(booked: Booked) -> None:
    """exchangelib reads the server's own figure from SOAP faults alone; of others it says ten seconds."""
    booked.edit()
    booked.double.faults = ["ErrorServerBusy"]
    sent()
    gate = Gate.objects.get(key=booked.connection.gate)
    assert gate.asked_until is not None
    assert 5 < (gate.asked_until - timezone.now()).total_seconds() <= 10


def test_of_a_storm_of_failures_only_a_probe_is_left(booked: Booked) -> None:
    booked.edit(), booked.edit(1, "other@example.com")
    for _ in range(3):
        booked.double.faults = ["500"] * 9
        running.run()
        Delivery.objects.filter(next_at__isnull=False).update(next_at=timezone.now())
    gate = Gate.objects.get(key=booked.connection.gate)
    assert gate.failures == 5 and gate.closed_until is not None
    assert len(booked.double.requests) == 5


@pytest.mark.parametrize("at", [READ, WRITE])
def test_a_refused_password_holds_everything_until_somebody_signs_in_again(
    booked: Booked, member: User, as_member: Client, at: int
) -> None:
    booked.edit()
    booked.double.faults = [*[""] * at, "401"]
    assert sent()[-1] == "needs_reconnect"
    assert "password" in text_of(as_member.get("/sync/"))
    booked.double.faults = []
    connect(member)
    assert sent()[-1] == "delivered" and booked.guests[0] == [NEW]


@pytest.mark.parametrize(
    ("fault", "state"), [("ErrorAccessDenied", "failed"), ("ErrorItemNotFound", "failed"), ("ErrorQuotaExceeded", "failed")]
)  # fmt: skip
def test_what_cannot_be_done_is_told_and_keeps_the_sign_in(
    booked: Booked, as_member: Client, fault: str, state: str
) -> None:
    booked.edit()
    booked.double.faults = [fault]
    assert sent()[-1] in {state, "skipped"} and booked.writes() == 0
    assert Connection.objects.get().state == "connected"
    assert Delivery.objects.latest("pk").words in text_of(as_member.get("/sync/"))


def test_of_hundreds_of_guests_one_is_replaced_and_the_others_keep_their_answers(
    booked: Booked,
) -> None:
    many = [guest(f"g{n}@example.com", "Accept") for n in range(400)]
    booked.events[0]["RequiredAttendees"] += many
    booked.edit()
    assert sent()[-1] == "delivered"
    assert booked.guests[0] == [NEW, *(each["address"] for each in many)]
    assert {e["answer"] for e in booked.events[0]["RequiredAttendees"][1:]} == {"Accept"}


@pytest.mark.parametrize(
    "address", ["o'neil@example.com", "a&b<c>@example.com", "dörte@bücher.example", f"{'a' * 64}@{'b' * 63}.{'c' * 63}.example"]
)  # fmt: skip
def test_any_address_arrives_as_it_is(booked: Booked, address: str) -> None:
    if "<" in address:
        address = '"a&b<c>"@example.com'
    booked.edit(email=address)
    assert sent()[-1] == "delivered" and booked.guests[0] == [address]


def test_a_change_of_case_alone_writes_nothing(booked: Booked) -> None:
    booked.edit(email="GUEST0@Example.com")
    assert set(sent()) <= {"delivered", "skipped"} and booked.writes() == 0


def test_guests_that_exchange_their_addresses_exchange_their_places(booked: Booked) -> None:
    booked.edit(0, "parked@example.com"), booked.edit(1, "guest0@example.com")
    booked.edit(0, "guest1@example.com")
    sent()
    later()
    assert set(sent()) <= {"delivered", "superseded"}
    assert booked.guests == [["guest1@example.com"], ["guest0@example.com"]]


def test_a_contact_that_is_deleted_before_its_update_has_left_keeps_its_meeting(
    booked: Booked,
) -> None:
    """The meeting stands: what was saved before the delete still arrives, and nothing else."""
    contact = booked.edit()
    booked.double.faults = ["500"]
    sent()
    delete_contact(contact_id=contact.pk, actor=by())
    later()
    assert sent() == ["delivered"] and booked.guests[0] == [NEW] and booked.writes() == 1


def test_no_address_of_a_guest_gets_into_words_or_log(
    booked: Booked, caplog: pytest.LogCaptureFixture
) -> None:
    for number, fault in enumerate(("ErrorServerBusy", "500", "malformed", "lost", "ErrorAccessDenied")):  # fmt: skip
        booked.double.faults = ["", fault]
        booked.edit(email=f"x{number}@example.com")
        sent()
        later()
    told = " ".join(Delivery.objects.values_list("words", flat=True))
    assert not re.search(r"x\d@|guest\d@", told + caplog.text)
