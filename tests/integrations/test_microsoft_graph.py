"""The connector for Microsoft Graph: what it asks, what it never changes, what the answers mean."""

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations import http
from integrations.connectors import base
from integrations.connectors.calendars import Attendee, NewEvent
from integrations.connectors.calling import Changed
from integrations.connectors.guests import GuestChange
from integrations.connectors.microsoft_graph import MicrosoftGraph, error_of
from integrations.sandbox.graph import ERRORS, GraphDouble
from tests.integrations.vendors import GRAPH, CheckedDouble, FixedSignIn, network
from tests.shared import SHARED, shared_json

HOST, OLD, NEW = "host@example.com", "old@example.com", "new@example.com"
START = datetime(2031, 1, 6, 10, tzinfo=UTC)
HALF = timedelta(minutes=30)
EXAMPLES = sorted(path.name for path in (SHARED / "contracts/examples").glob("graph_error_*"))
MEANS = {
    "400_ErrorOccurrenceCrossingBoundary": base.PermanentError,
    "404_ErrorItemNotFound": base.TargetGone,
    "412_ErrorIrresolvableConflict": Changed,
    "429_ApplicationThrottled": base.RetryableError,
}


@pytest.fixture
def double() -> GraphDouble:
    return GraphDouble()


@pytest.fixture
def calendar(double: GraphDouble) -> Iterator[MicrosoftGraph]:
    with network(CheckedDouble(double, GRAPH, "/v1.0")):
        yield MicrosoftGraph("https://graph.example/v1.0", FixedSignIn(double))


def an_event(key: str = "meeting 1", start: datetime = START, guest: str = OLD) -> NewEvent:
    guests = (Attendee(guest, "Ada"),)
    return NewEvent(key, "Tax review", start, start + HALF, guests, "Room 1", "Bring papers")


def guest(address: str, response: str = "accepted", kind: str = "required") -> dict[str, Any]:
    status = {"response": response, "time": "2026-11-01T10:00:00Z"}
    return {"type": kind, "status": status, "emailAddress": {"address": address, "name": address}}


@pytest.fixture
def event(double: GraphDouble, calendar: MicrosoftGraph) -> dict[str, Any]:
    """An online meeting of four: the host, the guest, a room, and one more."""
    made = calendar.create(an_event()).external_id
    event = double.calendars[HOST][made]
    event["attendees"] = [guest(HOST, "organizer"), guest(OLD), guest("room@example.com", "accepted", "resource"), guest("other@example.com", "declined", "optional")]  # fmt: skip
    event["isOnlineMeeting"] = True
    double.requests.clear()
    double.mails.clear()
    return event


def change(former: str = OLD, current: str = NEW) -> GuestChange:
    return GuestChange(frozenset({former}), current, "Ada Lovelace")


def test_a_booking_makes_an_event_with_its_guest_invited(
    calendar: MicrosoftGraph, double: GraphDouble
) -> None:
    done = calendar.create(an_event())
    made = double.calendars[HOST][done.external_id]
    assert done.version == made["@odata.etag"]
    assert [each["emailAddress"] for each in made["attendees"]] == [{"address": OLD, "name": "Ada"}]
    assert made["start"] == {"dateTime": "2031-01-06T10:00:00", "timeZone": "UTC"}


def test_making_it_again_makes_no_second_event(
    calendar: MicrosoftGraph, double: GraphDouble
) -> None:
    key = "it's 'ours'"
    first, again = calendar.create(an_event(key)), calendar.create(an_event(key))
    assert (again.external_id, again.changed) == (first.external_id, False)
    assert len(double.calendars[HOST]) == len(double.mails) == 1


def test_only_the_one_guest_of_the_list_changes(
    calendar: MicrosoftGraph, event: dict[str, Any]
) -> None:
    before = copy.deepcopy(event)
    done = calendar.replace_guest(event["id"], change())
    mail = {"address": NEW, "name": "Ada Lovelace"}
    before["attendees"][1] = {"type": "required", "emailAddress": mail, "status": {"response": "none"}}  # fmt: skip
    for name in ("@odata.etag", "changeKey"):
        before[name] = event[name]
    assert event == before and (done.version, done.guest) == (event["@odata.etag"], NEW)


def test_the_write_holds_the_guests_and_nothing_else_so_that_nobody_else_gets_a_mail(
    calendar: MicrosoftGraph, double: GraphDouble, event: dict[str, Any]
) -> None:
    etag = event["@odata.etag"]
    calendar.replace_guest(event["id"], change())
    read, patch, again = double.requests
    assert [read.method, patch.method, again.method] == ["GET", "PATCH", "GET"]
    assert set(patch.json()) == {"attendees"} and patch.headers["if-match"] == etag
    assert "ImmutableId" in patch.headers["prefer"]
    assert [(mail.to, mail.about) for mail in double.mails] == [(NEW, "invited"), (OLD, "canceled")]
    assert event["isOnlineMeeting"]


def test_answers_that_were_lost_are_a_matter_for_a_person(
    calendar: MicrosoftGraph, double: GraphDouble, event: dict[str, Any]
) -> None:
    double.loses_answers = True
    with pytest.raises(base.ConflictError, match="lost what other guests had answered"):
        calendar.replace_guest(event["id"], change())


def test_a_change_that_is_there_already_writes_nothing(
    calendar: MicrosoftGraph, double: GraphDouble, event: dict[str, Any]
) -> None:
    calendar.replace_guest(event["id"], change())
    double.requests.clear()
    assert not calendar.replace_guest(event["id"], change()).changed
    assert [request.method for request in double.requests] == ["GET"]


def test_a_guest_whom_the_host_took_off_is_not_added(
    calendar: MicrosoftGraph, event: dict[str, Any]
) -> None:
    del event["attendees"][1]
    with pytest.raises(base.SkippedByPolicy, match="no longer on the event"):
        calendar.replace_guest(event["id"], change())


def test_the_organizer_is_never_replaced(calendar: MicrosoftGraph, event: dict[str, Any]) -> None:
    with pytest.raises(base.SkippedByPolicy):
        calendar.replace_guest(event["id"], change(HOST))
    assert event["attendees"][0]["emailAddress"]["address"] == HOST


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ({"isCancelled": True}, base.TargetGone, "no longer exists"),
        ({"isOrganizer": False}, base.SkippedByPolicy, "somebody else"),
        ({"type": "seriesMaster"}, base.SkippedByPolicy, "series"),
        ({"end": {"dateTime": "2020-01-01T10:00:00.0000000", "timeZone": "UTC"}}, base.SkippedByPolicy, "is over"),
    ],
)  # fmt: skip
def test_what_must_not_be_written_is_not(
    calendar: MicrosoftGraph, double: GraphDouble, event: dict[str, Any],
    values: dict[str, Any], error: type[Exception], words: str,
) -> None:  # fmt: skip
    event.update(values)
    with pytest.raises(error, match=words):
        calendar.replace_guest(event["id"], change())
    assert {request.method for request in double.requests} == {"GET"}


def test_a_meeting_moves_once_and_keeps_its_guests(
    calendar: MicrosoftGraph, event: dict[str, Any]
) -> None:
    before = copy.deepcopy(event["attendees"])
    assert calendar.move(event["id"], START + HALF, START + 2 * HALF).changed
    assert not calendar.move(event["id"], START + HALF, START + 2 * HALF).changed
    assert event["start"]["dateTime"] == "2031-01-06T10:30:00" and event["attendees"] == before


def test_a_canceled_meeting_is_canceled_once(
    calendar: MicrosoftGraph, double: GraphDouble, event: dict[str, Any]
) -> None:
    assert calendar.cancel(event["id"]).changed and not calendar.cancel(event["id"]).changed
    assert {mail.about for mail in double.mails} == {"canceled"}


def test_busy_is_what_keeps_the_host_busy_and_is_not_ours(
    calendar: MicrosoftGraph, double: GraphDouble
) -> None:
    double.page_size = 2
    ours = calendar.create(an_event()).external_id
    made = calendar.create(an_event("x", START + HALF)).external_id
    others: dict[str, dict[str, Any]] = {"free": {"showAs": "free"}, "off": {"isCancelled": True}}
    for name, values in others.items():
        double.calendars[HOST][name] = {**double.calendars[HOST][made], "id": name, **values}
    away = {"id": "away", "showAs": "oof"}
    double.calendars[HOST]["away"] = {**double.calendars[HOST][made], **away}
    spans = calendar.busy(START, START + timedelta(days=3), besides=frozenset({ours}))
    assert spans == [(START + HALF, START + 2 * HALF)] * 2
    assert all(request.path.startswith("/v1.0/") for request in double.requests)


def test_more_than_four_requests_at_once_are_refused_for_a_moment(
    calendar: MicrosoftGraph, double: GraphDouble
) -> None:
    double.at_once = 4  # which somebody else has open
    with pytest.raises(base.RetryableError) as told:
        calendar.cancel("x")
    assert told.value.retry_after == 7
    double.at_once = 3
    assert not calendar.cancel("x").changed


@pytest.mark.parametrize("name", EXAMPLES or ["graph_error_404_ErrorItemNotFound.json"])
def test_each_error_of_the_examples_has_its_meaning(name: str) -> None:
    shown = shared_json(f"contracts/examples/{name}")
    body = json.dumps(shown["body"]).encode()
    waits = {k.lower(): v for k, v in shown.get("headers", {}).items()}
    told = error_of(http.Answer(shown["status"], waits, body))
    assert type(told) is MEANS[name.removeprefix("graph_error_").removesuffix(".json")]
    assert not waits or getattr(told, "retry_after", 0) == 10


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("400", base.PermanentError), ("401", base.ReconnectRequired), ("403", base.PermissionMissing),
        ("403 claims", base.ReconnectRequired), ("404 on premises", base.Misconfigured),
        ("409", Changed), ("500", base.RetryableError), ("503", base.RetryableError),
    ],
)  # fmt: skip
def test_other_errors_by_status_and_code(
    double: GraphDouble, name: str, kind: type[Exception]
) -> None:
    reply = double.failure(name)
    assert type(error_of(http.Answer(reply.status, {}, json.dumps(reply.body).encode()))) is kind


def test_an_inner_code_counts() -> None:
    inner = {"code": "", "innererror": {"code": "MailboxNotEnabledForRESTAPI"}}
    body = json.dumps({"error": {"code": "x", "message": "y", "innerError": inner}}).encode()
    assert type(error_of(http.Answer(404, {}, body))) is base.Misconfigured


@pytest.mark.parametrize("body", [b"", b"[1]", b'{"error": "x"}', b'{"error": {"message": [1]}}'])
def test_an_answer_without_graphs_envelope_goes_by_its_status(body: bytes) -> None:
    assert type(error_of(http.Answer(507, {}, body))) is base.RetryableError
    assert type(error_of(http.Answer(400, {}, body))) is base.PermanentError


def test_the_doubles_errors_are_the_examples(double: GraphDouble) -> None:
    documented = [shared_json(f"contracts/examples/{name}")["body"] for name in EXAMPLES]
    mine = {name: double.failure(name).body for name in ERRORS}
    assert [mine[name] in documented for name in ("404", "412", "429")] == [True] * 3
