"""A double of the calendar of Microsoft Graph: events, and what they mail to whom.

What it does, and how that is known (connectors.md, section 4):

* every event has an @odata.etag; a stale If-Match is refused with 412 ErrorIrresolvableConflict [reported]
* PATCH replaces `attendees` whole, and mails whom it removes a cancellation [reported]
* a body with nothing but `attendees` mails only those who have changed, any other everybody [vendor]
* what others have answered stays when the list is sent as it was read [reported], or is lost with
  `loses_answers` [unknown]
* a `body` in a PATCH takes the online meeting off the event [vendor]
* more than four requests at once to a mailbox: 429 with Retry-After [vendor]
* a second event with the same transactionId: 409 [inferred]
* events are found by a single-value extended property [vendor]
* a deleted event is 404 ErrorItemNotFound [vendor]
* errors have Graph's own envelope, by code [vendor]

Not made: $batch, which Kith does not use.
"""

import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from integrations.sandbox.double import Double, Reply, Request
from integrations.sandbox.google import Mail
from integrations.sandbox.sign_in import SignInDouble

BASE = "/v1.0/me"
EVENTS, VIEW = f"{BASE}/events", f"{BASE}/calendarView"
AUTHORIZE, TOKEN = "/common/oauth2/v2.0/authorize", "/common/oauth2/v2.0/token"
AT_ONCE = 4
STALE = (
    "The send or update operation could not be performed because the change key passed in the "
    "request does not match the current change key for the item."
)
#: name of a fault or error -> status, code, message
ERRORS = {
    "400": (400, "ErrorInvalidRecipients", "At least one recipient isn't valid."),
    "401": (401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid."),
    "403": (403, "ErrorAccessDenied", "Access is denied. Check credentials and try again."),
    "403 claims": (403, "insufficient_claims", "The claims of the token are not sufficient."),
    "404": (404, "ErrorItemNotFound", "The specified object was not found in the store."),
    "404 on premises": (
        404, "MailboxNotEnabledForRESTAPI",
        "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
    ),
    "409": (409, "ErrorDuplicateTransactionId", "The transaction id was used before."),
    "412": (412, "ErrorIrresolvableConflict", STALE),
    "429": (429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit."),
    "429 after 7": (429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit."),
    "500": (500, "ErrorInternalServerError", "An internal server error occurred."),
    "503": (503, "ErrorServerBusy", "The server is busy."),
}  # fmt: skip

Event = dict[str, Any]


@dataclass
class GraphDouble(Double):
    """Calendars by the address of their owner."""

    vendor = "microsoft"
    sign_in: SignInDouble = field(
        default_factory=lambda: SignInDouble("Microsoft", renews_refresh_token=True)
    )
    calendars: dict[str, dict[str, Event]] = field(default_factory=dict)
    mails: list[Mail] = field(default_factory=list)
    loses_answers: bool = False
    page_size: int = 100
    number: int = 0
    at_once: int = 0
    counting: Any = field(default_factory=threading.Lock, repr=False)

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., object]
    ) -> Iterable[bytes]:
        with self.counting:
            self.at_once += 1
            if self.at_once > AT_ONCE:
                self.faults.insert(0, "429 after 7")
        try:
            return super().__call__(environ, start_response)
        finally:
            with self.counting:
                self.at_once -= 1

    def respond(self, request: Request) -> Reply:
        if request.path == AUTHORIZE:
            return self.sign_in.consent(request)
        if request.path == TOKEN and request.method == "POST":
            return self.sign_in.token(request)
        account = self.sign_in.account_of(request)
        if account is None:
            return self.failure("401")
        events = self.calendars.setdefault(account, {})
        if request.path == VIEW:
            return self._view(events, request)
        if request.path == EVENTS:
            if request.method == "POST":
                return self._create(account, events, request)
            return self._find(events, request)
        event = events.get(request.path.removeprefix(f"{EVENTS}/"))
        return self.failure("404") if event is None else self._one(events, event, request)

    def failure(self, name: str) -> Reply:
        status, code, message = ERRORS[name]
        inner = {
            "request-id": "00000000-0000-0000-0000-000000000000",
            "date": "2026-01-01T00:00:00",
        }
        body = {"error": {"code": code, "message": message, "innerError": inner}}
        return Reply(status, body, {"Retry-After": "7"} if name.endswith("after 7") else {})

    def _one(self, events: dict[str, Event], event: Event, request: Request) -> Reply:
        if request.method == "GET":
            return Reply(200, event)
        if request.headers.get("if-match", event["@odata.etag"]) != event["@odata.etag"]:
            return self.failure("412")
        if request.method == "PATCH":
            return self._patch(event, request)
        if request.method == "DELETE":
            self._mail(event, "canceled", _addresses(event))
            del events[event["id"]]
            return Reply(204)
        return self.failure("400")

    def _create(self, account: str, events: dict[str, Event], request: Request) -> Reply:
        body = request.json()
        if not isinstance(body, dict) or "start" not in body or "end" not in body:
            return self.failure("400")
        key = body.get("transactionId")
        if key and any(event.get("transactionId") == key for event in events.values()):
            return self.failure("409")
        self.number += 1
        event = {
            "id": f"AAMk{self.number:08}=", "isOrganizer": True, "isCancelled": False,
            "type": "singleInstance", "showAs": "busy", "isOnlineMeeting": False,
            "organizer": {"emailAddress": {"name": account, "address": account}}, **body,
            "attendees": [_answered(entry) for entry in body.get("attendees", [])],
        }  # fmt: skip
        events[event["id"]] = event
        self._touch(event)
        self._mail(event, "invited", _addresses(event))
        return Reply(201, event)

    def _patch(self, event: Event, request: Request) -> Reply:
        body = request.json()
        if not isinstance(body, dict):
            return self.failure("400")
        before = _addresses(event)
        if "attendees" in body:
            body["attendees"] = self._stored(event, body["attendees"])
        if "body" in body and event["isOnlineMeeting"]:
            event["isOnlineMeeting"] = False
        event.update(body)
        self._touch(event)
        after = _addresses(event)
        self._mail(event, "changed", before & after if set(body) - {"attendees"} else set())
        self._mail(event, "invited", after - before)
        self._mail(event, "canceled", before - after)
        return Reply(200, event)

    def _stored(self, event: Event, attendees: list[Event]) -> list[Event]:
        if not self.loses_answers:
            return [_answered(entry) for entry in attendees]
        return [_answered({**entry, "status": None}) for entry in attendees]

    def _find(self, events: dict[str, Event], request: Request) -> Reply:
        """Events by an extended property: the one filter that is understood."""
        asked = re.fullmatch(
            r"singleValueExtendedProperties/any\(ep: ep/id eq '(.+)' and ep/value eq '(.+)'\)",
            request.query.get("$filter", ""),
        )
        if asked is None:
            return self.failure("400")
        wanted = {"id": asked[1], "value": asked[2].replace("''", "'")}
        found = [e for e in events.values() if wanted in e.get("singleValueExtendedProperties", [])]
        return Reply(200, {"value": found})

    def _view(self, events: dict[str, Event], request: Request) -> Reply:
        query = dict(request.query)
        start, end = _moment(query["startDateTime"]), _moment(query["endDateTime"])
        found = [
            event
            for event in events.values()
            if _moment(event["start"]["dateTime"]) < end and _moment(event["end"]["dateTime"]) > start
        ]  # fmt: skip
        first = int(query.get("$skip") or 0)
        told: dict[str, Any] = {"value": found[first : first + self.page_size]}
        if len(found) > first + self.page_size:
            more = urlencode({**query, "$skip": first + self.page_size})
            host = request.headers.get("host", "")
            told["@odata.nextLink"] = f"https://{host}{VIEW}?{more}"
        return Reply(200, told)

    def _touch(self, event: Event) -> None:
        self.number += 1
        event["changeKey"] = f"key{self.number}"
        event["@odata.etag"] = f'W/"key{self.number}"'

    def _mail(self, event: Event, about: str, to: set[str]) -> None:
        self.mails += [Mail(event["id"], address, about) for address in sorted(to)]


def _answered(entry: Event) -> Event:
    """A guest who has not answered has answered `none`."""
    return {**entry, "status": entry.get("status") or {"response": "none"}}


def _addresses(event: Event) -> set[str]:
    """Whom a mail about the event would go to."""
    own = event["organizer"]["emailAddress"]["address"]
    guests = [e for e in event.get("attendees", []) if e.get("type") != "resource"]
    return {e["emailAddress"]["address"] for e in guests} - {own}


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
