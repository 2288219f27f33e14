"""Events in a person's own calendar at Microsoft 365 or outlook.com (Microsoft Graph v1.0).

Graph has no switch for mails: a body with nothing but `attendees` tells only those who have changed,
any other property in it tells everybody. So a change of guests never writes anything else, and
`body`, which carries an online meeting, is never written again at all.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

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
from integrations.connectors.calling import Changed
from integrations.connectors.guests import Entry, GuestChange, Shape, address_key

API = "https://graph.microsoft.com/v1.0"
EVENTS = "/me/events"
VIEW = "/me/calendarView"
READ = "id,changeKey,isOrganizer,isCancelled,type,start,end,attendees,organizer"
LISTED = "id,showAs,isCancelled,start,end"
PAGE = "100"
#: Ids that stay when an event goes to another calendar, and times in UTC.
PREFER = {"Prefer": 'IdType="ImmutableId", outlook.timezone="UTC"'}
#: The property under which our events are found again.
MARK = "String {6f0c9d1e-5a3b-4c55-9d0e-3f3c9b7f2a11} Name KithMeeting"

STALE = {"ErrorIrresolvableConflict", "resourceModified", "ErrorChangeKeyRequired"}
ON_PREMISES = {"extensionError", "MailboxNotEnabledForRESTAPI"}
CLAIMS = {"insufficient_claims", "InvalidAuthenticationToken"}
USED_UP = {507, 509}
HOUR = 60 * 60.0  # seconds
BUSY = {"busy", "oof", "tentative"}

SHAPE = Shape(
    address=lambda entry: _address(entry),
    answer=lambda entry: (entry.get("status") or {}).get("response") or "none",
    is_fixed=lambda entry: entry.get("type") == "resource",
    renewed=lambda entry, change: _renewed(entry, change),
)


class MicrosoftGraph(calendars.EventCaller):
    """A CalendarConnector."""

    vendor = "Microsoft Exchange"

    def error_of(self, answer: http.Answer) -> ConnectorError | Changed:
        return error_of(answer)

    def create(self, event: NewEvent) -> Done:
        """Looked for first; `transactionId` keeps two requests at the same time from making two."""
        found = self.find(event.key)
        if found:
            return Done(found, changed=False)
        try:
            answer = self.call("POST", EVENTS, headers=PREFER, json=event_body(event))
        except Changed:  # 409: another request with this key was faster
            raise RetryableError(calendars.BUSY_CHANGING) from None
        made = answer.json()
        if not isinstance(made, dict) or not isinstance(made.get("id"), str) or not made["id"]:
            raise self.unreadable("POST")
        return Done(made["id"], self.version(made))

    def move(self, external_id: str, starts_at: datetime, ends_at: datetime) -> Done:
        def step() -> Done:
            event = self.read(external_id)
            self.refuse(event, guests=False)
            if _times(event) == (starts_at, ends_at):
                return Done(external_id, self.version(event), changed=False)
            written = self.patch(event, {"start": _stamp(starts_at), "end": _stamp(ends_at)})
            if _times(written) != (starts_at, ends_at):
                raise ConflictError(calendars.NOT_CONFIRMED)
            return Done(external_id, self.version(written))

        return calendars.until_unchanged(step)

    def cancel(self, external_id: str) -> Done:
        try:
            event = self.read(external_id)
            if event.get("isCancelled"):
                return Done(external_id, changed=False)
            self.refuse(event, guests=False)
            self.call("DELETE", _path(external_id))
        except TargetGone:
            return Done(external_id, changed=False)
        return Done(external_id)

    def busy(
        self, start: datetime, end: datetime, *, besides: frozenset[str] = frozenset()
    ) -> list[Span]:
        query = {
            "startDateTime": _stamp(start)["dateTime"] + "Z",
            "endDateTime": _stamp(end)["dateTime"] + "Z",
            "$select": LISTED,
            "$top": PAGE,
        }
        found: list[Span] = []
        for _ in range(calendars.PAGES):
            told = self.call("GET", VIEW, query=query, headers=PREFER).json()
            if not isinstance(told, dict) or not isinstance(told.get("value"), list):
                raise self.unreadable("GET")
            found += busy_spans(told["value"], besides)
            more = told.get("@odata.nextLink")
            if not isinstance(more, str):
                return found
            query = dict(parse_qsl(urlsplit(more).query))  # of the address nothing else is used
        raise RetryableError("There are too many events to tell when the host is busy.")

    def find(self, key: str) -> str:
        value = key.replace("'", "''")
        wanted = (
            f"singleValueExtendedProperties/any(ep: ep/id eq '{MARK}' and ep/value eq '{value}')"
        )
        query = {"$filter": wanted, "$select": "id", "$top": "1"}
        told = self.call("GET", EVENTS, query=query, headers=PREFER).json()
        if not isinstance(told, dict) or not isinstance(told.get("value"), list):
            raise self.unreadable("GET")
        found = [event.get("id") for event in told["value"] if isinstance(event, dict)]
        return str(found[0]) if found and found[0] else ""

    def read(self, external_id: str) -> dict[str, Any]:
        answer = self.call("GET", _path(external_id), query={"$select": READ}, headers=PREFER)
        return self._usable("GET", answer, external_id)

    def patch(self, event: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        headers = {**PREFER, "If-Match": self.version(event)}
        answer = self.call("PATCH", _path(event["id"]), headers=headers, json=body)
        return self._usable("PATCH", answer, event["id"])

    def _usable(self, method: str, answer: http.Answer, external_id: str) -> dict[str, Any]:
        event = answer.json()
        if not isinstance(event, dict) or event.get("id") != external_id:
            raise self.unreadable(method)
        if not self.version(event):
            raise self.unreadable(method)
        return event

    def refuse(self, event: dict[str, Any], *, guests: bool = True) -> None:
        if event.get("isCancelled"):
            raise TargetGone(calendars.GONE)
        if event.get("isOrganizer") is not True:
            raise SkippedByPolicy(calendars.NOT_ORGANIZER)
        if event.get("type", "singleInstance") == "seriesMaster":
            raise SkippedByPolicy(calendars.REPEATS)
        ends = _times(event)[1]
        if guests and ends is not None and ends <= datetime.now(UTC):
            raise SkippedByPolicy(calendars.PAST)

    def version(self, event: dict[str, Any]) -> str:
        return str(event.get("@odata.etag") or "")

    def entries(self, event: dict[str, Any]) -> list[Entry]:
        listed = event.get("attendees")
        return (
            [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        )

    def shape(self, event: dict[str, Any]) -> Shape:
        """The organizer may be on the list like anybody else: known by the address."""
        organizer = event.get("organizer")
        own = address_key(_address(organizer)) if isinstance(organizer, dict) else ""
        return replace(
            SHAPE,
            is_fixed=lambda entry: SHAPE.is_fixed(entry) or address_key(_address(entry)) == own,
        )


def event_body(event: NewEvent) -> dict[str, Any]:
    """The body of a new event."""
    body = {
        "subject": event.subject,
        "start": _stamp(event.starts_at),
        "end": _stamp(event.ends_at),
        "attendees": [_invited(guest) for guest in event.guests],
        "transactionId": event.key,
        "singleValueExtendedProperties": [{"id": MARK, "value": event.key}],
    }
    if event.location:
        body["location"] = {"displayName": event.location}
    if event.description:
        body["body"] = {"contentType": "text", "content": event.description}
    return body


def error_of(answer: http.Answer) -> ConnectorError | Changed:
    """What an answer other than 2xx means. Pure: by status and code, never by the message."""
    codes, words = _told(answer)
    status = answer.status
    if codes & ON_PREMISES:
        return Misconfigured(
            "This mailbox is on an Exchange Server of your own, which Microsoft Graph does not reach."
        )
    if status in {409, 412}:
        return Changed()
    if status == 401 or codes & CLAIMS:
        return ReconnectRequired(words)
    if status == 403:
        return PermissionMissing(words)
    if status in {404, 410}:
        return TargetGone(calendars.GONE)
    if status in USED_UP:
        return RetryableError(words, max(answer.retry_after, HOUR))
    if status in {408, 425, 429} or status >= 500 or 300 <= status < 400:
        return RetryableError(words, answer.retry_after)
    return PermanentError(words)


def _told(answer: http.Answer) -> tuple[set[str], str]:
    """The codes of an error, inner ones included, and its words."""
    told = answer.json()
    error = told.get("error") if isinstance(told, dict) else None
    codes: set[str] = set()
    inner = error
    while isinstance(inner, dict) and len(codes) < 10:
        codes.add(str(inner.get("code") or ""))
        inner = inner.get("innerError") or inner.get("innererror")
    message = error.get("message") if isinstance(error, dict) else None
    words = message[:300] if isinstance(message, str) and message else f"HTTP {answer.status}"
    return codes, f"{words} (Microsoft Graph)"


def busy_spans(items: list[Any], besides: frozenset[str]) -> Iterator[Span]:
    """When these events keep the person busy. Pure."""
    for event in items:
        if not isinstance(event, dict) or event.get("id") in besides:
            continue
        start, end = _times(event)
        busy = event.get("showAs", "busy") in BUSY and not event.get("isCancelled")
        if busy and start is not None and end is not None and start < end:
            yield Span(start, end)


def _path(external_id: str) -> str:
    return f"{EVENTS}/{quote(external_id, safe='')}"


def _address(entry: Entry) -> str:
    mail = entry.get("emailAddress")
    return str(mail.get("address") or "") if isinstance(mail, dict) else ""


def _renewed(entry: Entry, change: GuestChange) -> Entry:
    """The new guest has answered nothing yet."""
    mail = entry.get("emailAddress")
    name = change.name or (mail.get("name") if isinstance(mail, dict) else "") or change.current
    kind = entry.get("type") or "required"
    return {"type": kind, "emailAddress": {"address": change.current, "name": name}}


def _invited(guest: Attendee) -> Entry:
    mail = {"address": guest.address, "name": guest.name or guest.address}
    return {"type": "required", "emailAddress": mail}


def _times(event: dict[str, Any]) -> tuple[datetime | None, datetime | None]:
    return _moment(event.get("start")), _moment(event.get("end"))


def _moment(stored: object) -> datetime | None:
    """A time as Graph tells it, in UTC since that is what we prefer."""
    if not isinstance(stored, dict):
        return None
    try:
        moment = datetime.fromisoformat(str(stored.get("dateTime")))
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _stamp(moment: datetime) -> dict[str, str]:
    """A time in UTC, whole seconds."""
    plain = moment.astimezone(UTC).replace(microsecond=0, tzinfo=None)
    return {"dateTime": plain.isoformat(), "timeZone": "UTC"}
