"""The connector for Google: what it asks, what it never changes, and what the answers mean."""

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
from integrations.connectors.google_calendar import GoogleCalendar, error_of, event_id
from integrations.connectors.guests import GuestChange
from integrations.sandbox.google import ERRORS, GoogleDouble
from tests.integrations.vendors import GOOGLE, CheckedDouble, FixedSignIn, network
from tests.shared import SHARED, shared_json

HOST, OLD, NEW = "host@example.com", "old@example.com", "new@example.com"
START = datetime(2031, 1, 6, 10, tzinfo=UTC)
HALF = timedelta(minutes=30)
EXAMPLES = sorted(path.name for path in (SHARED / "contracts/examples").glob("google_error_*"))
MEANS = {
    "400_timeRangeEmpty": base.PermanentError, "401_authError": base.ReconnectRequired,
    "403_forbiddenForNonOrganizer": base.SkippedByPolicy, "403_quotaExceeded": base.RetryableError,
    "403_rateLimitExceeded": base.RetryableError, "403_userRateLimitExceeded": base.RetryableError,
    "404_notFound": base.TargetGone, "409_conflict_batch": Changed, "409_duplicate": Changed,
    "410_deleted": base.TargetGone, "410_fullSyncRequired": base.PermanentError,
    "410_updatedMinTooLongAgo": base.PermanentError, "412_conditionNotMet": Changed,
    "429_rateLimitExceeded": base.RetryableError, "500_backendError": base.RetryableError,
}  # fmt: skip


@pytest.fixture
def double() -> GoogleDouble:
    return GoogleDouble()


@pytest.fixture
def checked(double: GoogleDouble) -> Iterator[CheckedDouble]:
    transport = CheckedDouble(double, GOOGLE, "/calendar/v3")
    with network(transport):
        yield transport


@pytest.fixture
def calendar(checked: CheckedDouble) -> GoogleCalendar:
    sign_in = FixedSignIn(checked.double)
    return GoogleCalendar("https://google.example/calendar/v3", sign_in)


def an_event(key: str = "meeting 1", start: datetime = START, *guests: str) -> NewEvent:
    invited = tuple(Attendee(guest) for guest in guests) or (Attendee(OLD, "Ada"),)
    return NewEvent(key, "Tax review", start, start + HALF, invited, "Room 1", "Bring papers")


@pytest.fixture
def event(double: GoogleDouble) -> dict[str, Any]:
    """The event of the contracts' example, in the calendar of the host."""
    event = copy.deepcopy(shared_json("contracts/examples/google_event_get.json")["body"])
    event["start"]["dateTime"], event["end"]["dateTime"] = "2031-01-06T10:00:00Z", "2031-01-06T10:30:00Z"  # fmt: skip
    double.calendars[HOST] = {event["id"]: event}
    return event


def change(former: str = OLD, current: str = NEW) -> GuestChange:
    return GuestChange(frozenset({former}), current, "Ada Lovelace")


def test_a_booking_makes_an_event_with_its_guest_invited(
    calendar: GoogleCalendar, double: GoogleDouble
) -> None:
    done = calendar.create(an_event())
    made = double.calendars[HOST][done.external_id]
    assert done.external_id == event_id("meeting 1") and done.version == made["etag"]
    assert [each["email"] for each in made["attendees"]] == [HOST, OLD]
    assert (made["summary"], made["location"]) == ("Tax review", "Room 1")
    assert double.requests[-1].query["sendUpdates"] == "externalOnly"


def test_making_it_again_makes_no_second_event_and_mails_nobody(
    calendar: GoogleCalendar, double: GoogleDouble
) -> None:
    first = calendar.create(an_event())
    mails = list(double.mails)
    again = calendar.create(an_event())
    assert (again.external_id, again.changed) == (first.external_id, False)
    assert len(double.calendars[HOST]) == 1 and double.mails == mails


def test_an_event_that_the_host_deleted_is_not_made_again(calendar: GoogleCalendar) -> None:
    calendar.cancel(calendar.create(an_event()).external_id)
    with pytest.raises(base.TargetGone):
        calendar.create(an_event())


def test_only_the_one_guest_of_the_list_changes(
    calendar: GoogleCalendar, double: GoogleDouble, event: dict[str, Any]
) -> None:
    before = copy.deepcopy(event)
    done = calendar.replace_guest("ev0001", change())
    expected = copy.deepcopy(before)
    expected["attendees"][1] = {
        "email": NEW, "displayName": "Ada Lovelace", "additionalGuests": 1,
        "responseStatus": "needsAction",
    }  # fmt: skip
    expected["etag"] = event["etag"]
    assert event == expected and done.version == event["etag"] and done.guest == NEW


def test_the_write_holds_the_guests_and_nothing_else_under_the_version_that_was_read(
    calendar: GoogleCalendar, double: GoogleDouble, event: dict[str, Any]
) -> None:
    etag = event["etag"]
    calendar.replace_guest("ev0001", change())
    read, patch, again = double.requests
    assert [read.method, patch.method, again.method] == ["GET", "PATCH", "GET"]
    assert set(patch.json()) == {"attendees"} and patch.headers["if-match"] == etag
    assert patch.query == {"sendUpdates": "externalOnly", "conferenceDataVersion": "1"}


@pytest.mark.parametrize("sets", [True, False])
def test_only_the_new_and_the_former_guest_get_a_mail_unless_google_mails_everybody(
    calendar: GoogleCalendar, double: GoogleDouble, event: dict[str, Any], sets: bool
) -> None:
    double.mails_unchanged = sets
    calendar.replace_guest("ev0001", change())
    told = {(mail.to, mail.about) for mail in double.mails}
    assert {(NEW, "invited"), (OLD, "canceled")} <= told
    assert ("other@example.com", "changed") in told if sets else len(told) == 2


def test_a_change_that_is_there_already_writes_nothing(
    calendar: GoogleCalendar, double: GoogleDouble, event: dict[str, Any]
) -> None:
    calendar.replace_guest("ev0001", change())
    double.requests.clear()
    assert not calendar.replace_guest("ev0001", change()).changed
    assert [request.method for request in double.requests] == ["GET"]


@pytest.mark.parametrize("former", ["OLD@Example.com", "old@EXAMPLE.COM"])
def test_the_former_address_is_found_in_any_case(
    calendar: GoogleCalendar, event: dict[str, Any], former: str
) -> None:
    assert calendar.replace_guest("ev0001", change(former)).changed


def test_another_spelling_of_the_same_address_is_no_change(
    calendar: GoogleCalendar, double: GoogleDouble, event: dict[str, Any]
) -> None:
    assert not calendar.replace_guest("ev0001", change(OLD, "OLD@example.com")).changed
    assert len(double.requests) == 1


def test_where_the_host_has_added_the_new_address_only_the_former_one_goes(
    calendar: GoogleCalendar, event: dict[str, Any]
) -> None:
    event["attendees"].append({"email": NEW, "responseStatus": "accepted"})
    calendar.replace_guest("ev0001", change())
    assert [(e["email"], e["responseStatus"]) for e in event["attendees"]][-1] == (NEW, "accepted")
    assert OLD not in {entry["email"] for entry in event["attendees"]}


def test_a_guest_whom_the_host_took_off_is_not_added(
    calendar: GoogleCalendar, double: GoogleDouble, event: dict[str, Any]
) -> None:
    del event["attendees"][1]
    with pytest.raises(base.SkippedByPolicy, match="no longer on the event"):
        calendar.replace_guest("ev0001", change())
    assert len(double.requests) == 1


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ({"status": "cancelled"}, base.TargetGone, "no longer exists"),
        ({"organizer": {"email": "boss@example.com"}}, base.SkippedByPolicy, "somebody else"),
        ({"end": {"dateTime": "2020-01-01T10:00:00Z"}}, base.SkippedByPolicy, "is over"),
        ({"recurrence": ["RRULE:FREQ=DAILY"]}, base.SkippedByPolicy, "series"),
        ({"locked": True}, base.SkippedByPolicy, "locked"),
        ({"eventType": "outOfOffice"}, base.SkippedByPolicy, "kind"),
        ({"attendeesOmitted": True}, base.SkippedByPolicy, "whole guest list"),
    ],
)
def test_what_must_not_be_written_is_not(
    calendar: GoogleCalendar, double: GoogleDouble, event: dict[str, Any],
    values: dict[str, Any], error: type[Exception], words: str,
) -> None:  # fmt: skip
    event.update(values)
    with pytest.raises(error, match=words):
        calendar.replace_guest("ev0001", change())
    assert {request.method for request in double.requests} == {"GET"}


def test_the_guests_of_somebody_elses_event_may_be_changed_where_its_guests_may(
    calendar: GoogleCalendar, event: dict[str, Any]
) -> None:
    event.update(organizer={"email": "boss@example.com"}, guestsCanModify=True)
    assert calendar.replace_guest("ev0001", change()).changed


def test_one_date_of_a_series_is_changed_by_itself(
    calendar: GoogleCalendar, event: dict[str, Any]
) -> None:
    event["recurringEventId"] = "master"
    assert calendar.replace_guest("ev0001", change()).changed


def test_an_alias_that_google_shows_as_another_address_is_the_guest_all_the_same(
    calendar: GoogleCalendar, double: GoogleDouble, event: dict[str, Any]
) -> None:
    double.aliases[NEW] = "ada.primary@example.com"
    assert calendar.replace_guest("ev0001", change()).guest == "ada.primary@example.com"


@pytest.mark.parametrize(
    "address",
    ["o'neil@example.com", '"quoted, name"@example.com', "jörg@münchen.example", "a" * 64 + "@" + "b" * 60 + "." + "c" * 60 + "." + "d" * 60 + ".com"],
)  # fmt: skip
def test_any_address_that_a_contact_can_have_is_written_as_it_is(
    calendar: GoogleCalendar, event: dict[str, Any], address: str
) -> None:
    calendar.replace_guest("ev0001", change(OLD, address))
    assert event["attendees"][1]["email"] == address
    assert calendar.replace_guest("ev0001", change(address, OLD)).changed


def test_three_hundred_guests_stay(calendar: GoogleCalendar, event: dict[str, Any]) -> None:
    event["attendees"] += [{"email": f"g{n}@example.com", "responseStatus": "declined"} for n in range(300)]  # fmt: skip
    before = copy.deepcopy(event["attendees"])
    calendar.replace_guest("ev0001", change())
    assert event["attendees"][2:] == before[2:]


def test_two_contacts_that_swap_addresses_end_up_on_each_others_events(
    calendar: GoogleCalendar, double: GoogleDouble
) -> None:
    a, b = "a@example.com", "b@example.com"
    first = calendar.create(an_event("1", START, a)).external_id
    second = calendar.create(an_event("2", START, b)).external_id
    calendar.replace_guest(first, change(a, b))
    calendar.replace_guest(second, change(b, a))
    shown = [[e["email"] for e in double.calendars[HOST][i]["attendees"]] for i in (first, second)]
    assert shown == [[HOST, b], [HOST, a]]


def test_a_meeting_moves_with_everything_else_on_its_event(
    calendar: GoogleCalendar, event: dict[str, Any]
) -> None:
    before = copy.deepcopy(event)
    calendar.move("ev0001", START + HALF, START + 2 * HALF)
    assert event["start"] == {"dateTime": "2031-01-06T10:30:00Z", "timeZone": "UTC"}
    same = set(event) - {"start", "end", "etag"}
    assert {name: event[name] for name in same} == {name: before[name] for name in same}
    assert not calendar.move("ev0001", START + HALF, START + 2 * HALF).changed


@pytest.mark.parametrize("forgets", [True, False])
def test_a_canceled_meeting_is_canceled_once(
    calendar: GoogleCalendar, double: GoogleDouble, forgets: bool
) -> None:
    made = calendar.create(an_event()).external_id
    double.forgets_deleted = forgets
    assert calendar.cancel(made).changed and not calendar.cancel(made).changed
    assert [mail.about for mail in double.mails] == ["invited", "canceled"]
    assert not calendar.cancel("never").changed


def test_busy_is_what_keeps_the_host_busy_and_is_not_ours(
    calendar: GoogleCalendar, double: GoogleDouble
) -> None:
    double.page_size = 2
    ours = calendar.create(an_event()).external_id
    other = calendar.create(an_event("x", START + HALF)).external_id
    shown = {"free": {"transparency": "transparent"}, "home": {"eventType": "workingLocation"}}
    shown["no"] = {"attendees": [{"email": HOST, "self": True, "responseStatus": "declined"}]}  # type: ignore[dict-item]
    for name, values in shown.items():
        double.calendars[HOST][name] = {**double.calendars[HOST][other], "id": name, **values}
    day = {"start": {"date": "2031-01-07"}, "end": {"date": "2031-01-08"}}
    double.calendars[HOST]["day"] = {**double.calendars[HOST][other], "id": "day", **day}
    spans = calendar.busy(START, START + timedelta(days=3), besides=frozenset({ours}))
    midnight = datetime(2031, 1, 7, tzinfo=UTC)
    assert spans == [(START + HALF, START + 2 * HALF), (midnight, midnight + timedelta(days=1))]


@pytest.mark.parametrize("name", EXAMPLES or ["google_error_404_notFound.json"])
def test_each_error_that_google_documents_has_its_meaning(name: str) -> None:
    shown = shared_json(f"contracts/examples/{name}")
    answer = http.Answer(shown["status"], {}, json.dumps(shown["body"]).encode())
    assert type(error_of(answer)) is MEANS[name.removeprefix("google_error_").removesuffix(".json")]


def test_what_google_says_is_kept_and_how_long_to_wait_is_obeyed() -> None:
    body = json.dumps({"error": {"message": "Slow down", "details": [{"reason": "x"}]}}).encode()
    told = error_of(http.Answer(429, {"retry-after": "90"}, body))
    assert isinstance(told, base.RetryableError) and told.retry_after == 90
    assert str(told) == "Slow down (Google Calendar)"


def test_used_up_limits_wait_for_hours() -> None:
    shown = shared_json("contracts/examples/google_error_403_quotaExceeded.json")
    told = error_of(http.Answer(403, {}, json.dumps(shown["body"]).encode()))
    assert isinstance(told, base.RetryableError) and told.retry_after >= 3600


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"error": "x"}', b'{"error": {"errors": 7, "message": [1]}}'])  # fmt: skip
@pytest.mark.parametrize(
    ("status", "kind"),
    [(302, base.RetryableError), (400, base.PermanentError), (403, base.PermissionMissing), (408, base.RetryableError), (504, base.RetryableError)],
)  # fmt: skip
def test_an_answer_without_googles_envelope_goes_by_its_status(
    body: bytes, status: int, kind: type[Exception]
) -> None:
    assert type(error_of(http.Answer(status, {}, body))) is kind


def test_the_doubles_errors_are_googles(double: GoogleDouble) -> None:
    documented = [shared_json(f"contracts/examples/{name}") for name in EXAMPLES]
    bodies = [each["body"] for each in documented]
    mine = {name: double.failure(name) for name in ERRORS}
    known = {"400", "403 scope", "403 not set up", "503"}  # from the guide, without an example
    assert [name for name in mine if name not in known and mine[name].body not in bodies] == []
