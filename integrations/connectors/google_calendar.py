"""Events in a person's own Google calendar (Calendar API v3): their primary one, and no other.

`sendUpdates` stands in every write: left out, Google has mailed guests although it says it would
not. Events are never written whole (PUT): absent properties would be set to their defaults.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from activities.ics import zone_named
from activities.scheduling import Span
from integrations import http
from integrations.connectors import calendars
from integrations.connectors.base import (
    ConflictError,
    ConnectorError,
    Done,
    Misconfigured,
    PermanentError,
    PermissionMissing,
    ReconnectRequired,
    RetryableError,
    SkippedByPolicy,
    TargetGone,
)
from integrations.connectors.calendars import Attendee, NewEvent
from integrations.connectors.calling import Changed, SignIn
from integrations.connectors.guests import Entry, GuestChange, Shape

API = "https://www.googleapis.com/calendar/v3"
EVENTS = "/calendars/primary/events"
READ = "id,etag,status,organizer,start,end,recurrence,eventType,locked,attendees,attendeesOmitted,guestsCanModify"
LISTED = "nextPageToken,timeZone,items(id,status,start,end,transparency,eventType,attendees)"
PAGE = "250"
MARK = "kithMeeting"  # the private property that our events carry

THROTTLED = {"rateLimitExceeded", "userRateLimitExceeded"}
USED_UP = {"quotaExceeded", "dailyLimitExceeded"}
HOURS = 2 * 60 * 60.0  # seconds; what "usage limits exceeded" lasts, which Google does not say
NOT_SET_UP = {"accessNotConfigured", "SERVICE_DISABLED"}
#: Kinds of events that say where somebody is, not that they are busy.
NOT_BUSY = {"workingLocation", "birthday"}

SHAPE = Shape(
    address=lambda entry: str(entry.get("email") or ""),
    answer=lambda entry: entry.get("responseStatus"),
    is_fixed=lambda entry: any(entry.get(name) for name in ("organizer", "self", "resource")),
    renewed=lambda entry, change: _renewed(entry, change),
)


class GoogleCalendar(calendars.EventCaller):
    """A CalendarConnector. `send_updates` is all, externalOnly or none."""

    vendor = "Google Calendar"

    def __init__(self, api: str, sign_in: SignIn, *, send_updates: str = "externalOnly") -> None:
        super().__init__(api, sign_in)
        self.send_updates = send_updates

    def error_of(self, answer: http.Answer) -> ConnectorError | Changed:
        return error_of(answer)

    def create(self, event: NewEvent) -> Done:
        """The id is made from our key, so that a second insert is refused and the first one read."""
        body = event_body(event)
        try:
            made = self._write("POST", EVENTS, body, body["id"])
        except Changed:  # 409: it is there already
            made = self.read(body["id"])
            if made.get("status") == "cancelled":
                raise TargetGone(calendars.GONE) from None
            return Done(body["id"], str(made.get("etag", "")), changed=False)
        return Done(body["id"], str(made.get("etag", "")))

    def find(self, key: str) -> str:
        return event_id(key)

    def move(self, external_id: str, starts_at: datetime, ends_at: datetime) -> Done:
        def step() -> Done:
            event = self.read(external_id)
            self.refuse(event, guests=False)
            if _times(event) == (starts_at, ends_at):
                return Done(external_id, str(event["etag"]), changed=False)
            body = {
                "start": _moved(event.get("start"), starts_at),
                "end": _moved(event.get("end"), ends_at),
            }
            written = self.patch(event, body)
            if _times(written) != (starts_at, ends_at):
                raise ConflictError(calendars.NOT_CONFIRMED)
            return Done(external_id, str(written["etag"]))

        return calendars.until_unchanged(step)

    def cancel(self, external_id: str) -> Done:
        try:
            event = self.read(external_id)
            if event.get("status") == "cancelled":
                return Done(external_id, changed=False)
            self.refuse(event, guests=False)
            path = f"{EVENTS}/{quote(external_id, safe='')}"
            self.call("DELETE", path, query={"sendUpdates": self.send_updates})
        except TargetGone:
            return Done(external_id, changed=False)
        return Done(external_id)

    def busy(
        self, start: datetime, end: datetime, *, besides: frozenset[str] = frozenset()
    ) -> list[Span]:
        query = {
            "singleEvents": "true",
            "timeMin": _stamp(start),
            "timeMax": _stamp(end),
            "maxResults": PAGE,
            "fields": LISTED,
        }
        found: list[Span] = []
        for _ in range(calendars.PAGES):
            told = self.call("GET", EVENTS, query=query).json()
            if not isinstance(told, dict) or not isinstance(told.get("items", []), list):
                raise self.unreadable("GET")
            zone = zone_named(str(told.get("timeZone") or "UTC"))
            found += busy_spans(told.get("items", []), zone, besides)
            if not told.get("nextPageToken"):
                return found
            query = {**query, "pageToken": str(told["nextPageToken"])}
        raise RetryableError("There are too many events to tell when the host is busy.")

    def read(self, external_id: str) -> dict[str, Any]:
        path = f"{EVENTS}/{quote(external_id, safe='')}"
        return self._usable("GET", self.call("GET", path, query={"fields": READ}), external_id)

    def patch(self, event: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        path = f"{EVENTS}/{quote(event['id'], safe='')}"
        headers = {"If-Match": str(event["etag"])}
        return self._write("PATCH", path, body, event["id"], headers)

    def _write(
        self,
        method: str,
        path: str,
        body: dict[str, Any],
        external_id: str,
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        query = {"sendUpdates": self.send_updates, "conferenceDataVersion": "1"}
        answer = self.call(method, path, query=query, headers=headers, json=body)
        return self._usable(method, answer, external_id)

    def _usable(self, method: str, answer: http.Answer, external_id: str) -> dict[str, Any]:
        event = answer.json()
        if not isinstance(event, dict) or event.get("id") != external_id or not event.get("etag"):
            raise self.unreadable(method)
        return event

    def refuse(self, event: dict[str, Any], *, guests: bool = True) -> None:
        if event.get("status") == "cancelled":
            raise TargetGone(calendars.GONE)
        organizer = event.get("organizer")
        own = isinstance(organizer, dict) and organizer.get("self") is True
        if not own and event.get("guestsCanModify") is not True:
            raise SkippedByPolicy(calendars.NOT_ORGANIZER)
        if event.get("recurrence"):
            raise SkippedByPolicy(calendars.REPEATS)
        if event.get("locked") or event.get("eventType", "default") != "default":
            raise SkippedByPolicy("The event is of a kind that has no guests, or is locked.")
        if not guests:
            return
        ends = _times(event)[1]
        if ends is not None and ends <= datetime.now(UTC):
            raise SkippedByPolicy(calendars.PAST)
        if event.get("attendeesOmitted"):
            raise SkippedByPolicy(calendars.HIDDEN)

    def version(self, event: dict[str, Any]) -> str:
        return str(event["etag"])

    def entries(self, event: dict[str, Any]) -> list[Entry]:
        return _entries(event)

    def shape(self, event: dict[str, Any]) -> Shape:
        return SHAPE


def event_id(key: str) -> str:
    """An event id of ours: Google takes digits and the letters a to v."""
    return "kith" + hashlib.sha256(key.encode()).hexdigest()[:40]


def event_body(event: NewEvent) -> dict[str, Any]:
    """The body of an insert."""
    body = {
        "id": event_id(event.key),
        "summary": event.subject,
        "start": {"dateTime": _stamp(event.starts_at), "timeZone": "UTC"},
        "end": {"dateTime": _stamp(event.ends_at), "timeZone": "UTC"},
        "attendees": [_invited(guest) for guest in event.guests],
        "extendedProperties": {"private": {MARK: event.key}},
    }
    texts = {"location": event.location, "description": event.description}
    return {**body, **{name: text for name, text in texts.items() if text}}


def error_of(answer: http.Answer) -> ConnectorError | Changed:
    """What an answer other than 2xx means. Pure. 403 alone has six meanings, told by its reason."""
    reason, words = _told(answer)
    status = answer.status
    if status == 412 or (status == 409 and reason in {"duplicate", "conflict"}):
        return Changed()
    if status == 429 or (status == 403 and reason in THROTTLED):
        return RetryableError(words, answer.retry_after)
    if status == 403 and reason in USED_UP:
        return RetryableError(words, max(answer.retry_after, HOURS))
    if status == 403 and reason == "forbiddenForNonOrganizer":
        return SkippedByPolicy(calendars.NOT_ORGANIZER)
    if status == 403 and reason in NOT_SET_UP:
        return Misconfigured(words)
    if status == 403:
        return PermissionMissing(words)
    if status == 401:
        return ReconnectRequired(words)
    if status == 404 or (status == 410 and reason in {"deleted", ""}):
        return TargetGone(calendars.GONE)
    if status in {408, 425} or status >= 500 or 300 <= status < 400:
        return RetryableError(words, answer.retry_after)
    return PermanentError(words)


def _told(answer: http.Answer) -> tuple[str, str]:
    """Reason and words of an error; Google has more than one envelope for them."""
    told = answer.json()
    error = told.get("error") if isinstance(told, dict) else None
    error = error if isinstance(error, dict) else {}
    listed = [each for each in _items(error.get("errors")) if isinstance(each, dict)]
    details = [each for each in _items(error.get("details")) if isinstance(each, dict)]
    reasons = [str(each["reason"]) for each in (*details, *listed) if each.get("reason")]
    message = error.get("message")
    words = message[:300] if isinstance(message, str) and message else f"HTTP {answer.status}"
    return (reasons[0] if reasons else ""), f"{words} (Google Calendar)"


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def busy_spans(items: list[Any], zone: ZoneInfo, besides: frozenset[str]) -> Iterator[Span]:
    """When these events keep the person busy; all-day ones in the calendar's own zone. Pure."""
    for event in items:
        if isinstance(event, dict) and _keeps_busy(event) and event.get("id") not in besides:
            start = _moment(event.get("start"), zone)
            end = _moment(event.get("end"), zone)
            if start is not None and end is not None and start < end:
                yield Span(start, end)


def _keeps_busy(event: dict[str, Any]) -> bool:
    if event.get("status") == "cancelled" or event.get("transparency") == "transparent":
        return False
    if event.get("eventType") in NOT_BUSY:
        return False
    own = [entry for entry in _entries(event) if entry.get("self")]
    return not any(entry.get("responseStatus") == "declined" for entry in own)


def _entries(event: dict[str, Any]) -> list[Entry]:
    return [entry for entry in _items(event.get("attendees")) if isinstance(entry, dict)]


def _renewed(entry: Entry, change: GuestChange) -> Entry:
    """The new guest has answered nothing yet; the comment was the former one's, and so was the id."""
    kept: Entry = {n: entry[n] for n in ("optional", "additionalGuests") if n in entry}
    name = change.name or entry.get("displayName")
    named = {"displayName": name} if name else {}
    return {"email": change.current, **named, **kept, "responseStatus": "needsAction"}


def _invited(guest: Attendee) -> Entry:
    named = {"displayName": guest.name} if guest.name else {}
    return {"email": guest.address, **named, "responseStatus": "needsAction"}


def _times(event: dict[str, Any]) -> tuple[datetime | None, datetime | None]:
    utc = ZoneInfo("UTC")
    return _moment(event.get("start"), utc), _moment(event.get("end"), utc)


def _moment(stored: object, zone: ZoneInfo) -> datetime | None:
    """The moment of a start or end; a whole day begins with its midnight in `zone`."""
    if not isinstance(stored, dict):
        return None
    text = stored.get("dateTime") or stored.get("date")
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return moment.astimezone(UTC)


def _moved(stored: object, moment: datetime) -> dict[str, Any]:
    """The new time, in the zone that the event has; a whole day is made an hour of it."""
    stored = stored if isinstance(stored, dict) else {}
    whole_day = {"date": None} if stored.get("date") else {}
    return {"dateTime": _stamp(moment), "timeZone": stored.get("timeZone") or "UTC", **whole_day}


def _stamp(moment: datetime) -> str:
    """RFC 3339 in UTC, whole seconds."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
