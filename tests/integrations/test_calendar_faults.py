"""What may go wrong between Kith and a calendar, the same table for both vendors."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from integrations.connectors import base
from integrations.connectors.calendars import Attendee, NewEvent
from integrations.connectors.google_calendar import GoogleCalendar
from integrations.connectors.guests import GuestChange
from integrations.connectors.microsoft_graph import MicrosoftGraph
from integrations.sandbox.double import Request
from integrations.sandbox.google import GoogleDouble
from integrations.sandbox.graph import GraphDouble
from tests.integrations.vendors import GOOGLE, GRAPH, CheckedDouble, FixedSignIn, network

HOST, OLD, NEW = "host@example.com", "old@example.com", "new@example.com"
OTHERS = ("b@example.com", "c@example.com")
START = datetime(2031, 1, 6, 10, tzinfo=UTC)
HALF = timedelta(minutes=30)


@dataclass
class World:
    """One vendor's connector, its double, and the event of a meeting with three guests."""

    calendar: Any
    double: Any
    transport: CheckedDouble
    sign_in: FixedSignIn
    event: str

    def guests(self) -> list[str]:
        entries = self.double.calendars[HOST][self.event]["attendees"]
        found = [e.get("email") or e["emailAddress"]["address"] for e in entries]
        return [address for address in found if address != HOST]

    def edit(self, former: str = OLD, current: str = NEW) -> base.Done:
        change = GuestChange(frozenset({former}), current, "Ada")
        done: base.Done = self.calendar.replace_guest(self.event, change)
        return done

    def before_next_write(self, act: Callable[[], object]) -> None:
        """Somebody else is faster, once."""
        respond = self.double.respond

        def respond_later(request: Request) -> Any:
            if request.method == "PATCH":
                self.double.respond = respond
                act()
            return respond(request)

        self.double.respond = respond_later


@pytest.fixture(params=["google", "graph"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    google = request.param == "google"
    double: Any = GoogleDouble() if google else GraphDouble()
    contract, prefix = (GOOGLE, "/calendar/v3") if google else (GRAPH, "/v1.0")
    transport, sign_in = CheckedDouble(double, contract, prefix), FixedSignIn(double)
    made: Any = GoogleCalendar if google else MicrosoftGraph
    calendar = made(f"https://vendor.example{prefix}", sign_in)
    guests = tuple(Attendee(address) for address in (OLD, *OTHERS))
    with network(transport):
        event = calendar.create(NewEvent("1", "Review", START, START + HALF, guests)).external_id
        double.mails.clear()
        double.requests.clear()
        yield World(calendar, double, transport, sign_in, event)


def test_success_and_its_repetition(world: World) -> None:
    assert world.edit().changed and not world.edit().changed
    assert world.guests() == [NEW, *OTHERS]
    assert len(world.double.mails) == 2  # the new guest and the former one, once each


@pytest.mark.parametrize(
    ("fault", "error", "wait"),
    [
        ("429", base.RetryableError, 0), ("429 after 7", base.RetryableError, 7),
        ("500", base.RetryableError, 0), ("503", base.RetryableError, 0),
        ("400", base.PermanentError, None), ("404", base.TargetGone, None),
        ("malformed", base.RetryableError, 0), ("huge", base.RetryableError, 0),
        ("lost", base.RetryableError, 0),
    ],
)  # fmt: skip
def test_a_reading_that_fails_writes_nothing_and_says_what_to_do(
    world: World, fault: str, error: type[base.ConnectorError], wait: float | None
) -> None:
    world.double.faults = [fault]
    with pytest.raises(error) as told:
        world.edit()
    assert type(told.value) is error and getattr(told.value, "retry_after", None) == wait
    assert world.guests() == [OLD, *OTHERS] and world.edit().changed


@pytest.mark.parametrize("fault", ["lost", "malformed", "huge"])
def test_a_write_whose_answer_is_lost_is_found_done_at_the_next_try(
    world: World, fault: str
) -> None:
    world.double.faults = ["", fault]
    with pytest.raises(base.AnswerLostError):
        world.edit()
    assert world.guests() == [NEW, *OTHERS]
    assert not world.edit().changed and len(world.double.mails) == 2


def test_a_write_that_cannot_be_read_back_is_found_done_at_the_next_try(world: World) -> None:
    world.double.faults = ["", "", "500"]
    with pytest.raises(base.AnswerLostError):
        world.edit()
    assert not world.edit().changed and len(world.double.mails) == 2


@pytest.mark.parametrize("fault", ["429", "500", "503"])
def test_a_write_that_was_refused_for_now_is_made_at_the_next_try(world: World, fault: str) -> None:
    world.double.faults = ["", fault]
    with pytest.raises(base.RetryableError):
        world.edit()
    assert world.guests() == [OLD, *OTHERS] and world.edit().changed


def test_an_event_that_was_made_before_the_answer_was_lost_is_made_once(world: World) -> None:
    event = NewEvent("2", "Review", START, START + HALF, (Attendee(OLD),))
    google = isinstance(world.double, GoogleDouble)
    world.double.faults = ["lost"] if google else ["", "lost"]
    with pytest.raises(base.AnswerLostError):
        world.calendar.create(event)
    assert not world.calendar.create(event).changed
    assert len(world.double.calendars[HOST]) == 2


def test_a_vendor_that_cannot_be_reached_has_got_nothing(world: World) -> None:
    world.transport.away = True
    with pytest.raises(base.RetryableError, match="could not be reached") as told:
        world.edit()
    assert type(told.value) is base.RetryableError


def test_a_vendor_that_hangs_is_not_waited_for(world: World) -> None:
    def give_up(_seconds: float) -> None:
        raise httpx.ReadTimeout("no answer")

    world.double.sleep, world.double.faults = give_up, ["", "hang"]
    with pytest.raises(base.AnswerLostError):
        world.edit()


def test_what_the_host_did_in_between_is_kept(world: World) -> None:
    google = isinstance(world.double, GoogleDouble)
    event = world.double.calendars[HOST][world.event]
    added = {"email": "boss@example.com", "responseStatus": "accepted"} if google else {"type": "optional", "status": {"response": "accepted"}, "emailAddress": {"address": "boss@example.com", "name": "Boss"}}  # fmt: skip

    def host_adds_somebody() -> None:
        event["attendees"].append(added)
        world.double._touch(event)

    world.before_next_write(host_adds_somebody)
    assert world.edit().changed
    assert world.guests() == [NEW, *OTHERS, "boss@example.com"]


def test_an_event_that_never_stops_changing_is_left_for_later(world: World) -> None:
    world.double.faults = ["", "412"] * 3
    with pytest.raises(base.RetryableError, match="kept changing"):
        world.edit()
    assert len(world.double.requests) == 6 and world.edit().changed


def test_a_second_edit_overtakes_the_first_and_the_last_address_stays(world: World) -> None:
    world.before_next_write(lambda: world.edit(OLD, "second@example.com"))
    with pytest.raises(base.SkippedByPolicy):
        world.edit(OLD, "first@example.com")
    assert world.guests() == ["second@example.com", *OTHERS]


def test_a_refused_token_is_renewed_once_and_the_request_repeated(world: World) -> None:
    world.double.sign_in.access.clear()
    assert world.edit().changed and world.sign_in.renewals == 1


def test_a_token_that_is_refused_twice_asks_for_a_person(world: World) -> None:
    world.double.faults = ["401", "401"]
    with pytest.raises(base.ReconnectRequired):
        world.edit()
    assert world.sign_in.renewals == 1


def test_a_lost_permission_asks_for_a_person_and_keeps_the_sign_in(world: World) -> None:
    world.double.faults = ["403 scope" if isinstance(world.double, GoogleDouble) else "403"]
    with pytest.raises(base.PermissionMissing):
        world.edit()
    assert world.sign_in.renewals == 0


def test_googles_reasons_for_403_are_told_apart() -> None:
    double = GoogleDouble()
    kinds = {
        "403 rate": base.RetryableError, "403 user rate": base.RetryableError,
        "403 quota": base.RetryableError, "403 organizer": base.SkippedByPolicy,
        "403 not set up": base.Misconfigured,
    }  # fmt: skip
    with network(CheckedDouble(double, GOOGLE, "/calendar/v3")):
        calendar = GoogleCalendar("https://vendor.example/calendar/v3", FixedSignIn(double))
        for fault, kind in kinds.items():
            double.faults = [fault]
            with pytest.raises(kind):
                calendar.cancel("x")


@pytest.mark.parametrize("answer", [[], {"id": "other", "etag": '"1"', "@odata.etag": "1"}, "x", {"id": None}])  # fmt: skip
def test_an_answer_about_something_else_is_not_believed(world: World, answer: object) -> None:
    with (
        network(httpx.MockTransport(lambda _request: httpx.Response(200, json=answer))),
        pytest.raises(base.RetryableError, match="cannot be read"),
    ):
        world.edit()


@pytest.mark.parametrize("attendees", [None, "x", [7, None, {"email": 7}, {"emailAddress": 7}], {}])
def test_a_guest_list_that_is_none_is_no_crash(world: World, attendees: object) -> None:
    world.double.calendars[HOST][world.event]["attendees"] = attendees
    event = {**world.double.calendars[HOST][world.event]}
    with (
        network(httpx.MockTransport(lambda _request: httpx.Response(200, json=event))),
        pytest.raises(base.SkippedByPolicy),
    ):
        world.edit()


def test_a_redirect_is_not_followed(world: World) -> None:
    asked: list[str] = []

    def elsewhere(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(307, headers={"Location": "http://169.254.169.254/"})

    with network(httpx.MockTransport(elsewhere)), pytest.raises(base.RetryableError):
        world.edit()
    assert len(asked) == 1


def test_no_address_of_a_guest_gets_into_words_or_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.edit()
    told = []
    for fault in ("400", "429", "404", "malformed"):
        world.double.faults = [fault]
        with pytest.raises(base.ConnectorError) as error:
            world.edit(NEW, OLD)
        told.append(str(error.value))
    assert "@" not in " ".join(told) + caplog.text


def test_the_contract_is_held_to() -> None:
    """The checks themselves: what a vendor would refuse fails a test."""
    double = GoogleDouble()
    sign_in = FixedSignIn(double)
    with network(CheckedDouble(double, GOOGLE, "/calendar/v3")):
        calendar = GoogleCalendar("https://vendor.example/calendar/v3", sign_in, send_updates="me")
        with pytest.raises(AssertionError):
            calendar.create(NewEvent("1", "Review", START, START + HALF, ()))
        with pytest.raises(AssertionError, match="in no contract"):
            calendar.call("GET", "/calendars/primary/nothing")
