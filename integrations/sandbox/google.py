"""A double of Google Calendar: events, and what they mail to whom.

What it does, and how that is known (connectors.md, section 3):

* every event has an etag; a stale If-Match is refused with 412 [vendor]
* PATCH merges fields and replaces `attendees` whole [vendor]; one that comes without a
  responseStatus has not answered [reported]
* an id that exists is refused with 409 duplicate, also that of a deleted event [vendor]
* a deleted event reads as `cancelled` [vendor], or is 410 with `forgets_deleted`; deleting it again 410
* shared properties of somebody else's event: 403 forbiddenForNonOrganizer [vendor]
* with `maxAttendees`, or where `hides_guests` says so, only the caller is shown, and
  attendeesOmitted is true [vendor]
* mails: by sendUpdates; left out counts as `all` [reported]. Whether `all` mails guests that a change
  of the list did not touch is not documented: `mails_unchanged`
* an alias may be shown as the account's primary address: `aliases` [unknown]
* errors have Google's own envelope, by reason [vendor]
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from integrations.sandbox.double import Double, Reply, Request
from integrations.sandbox.sign_in import SignInDouble

BASE = "/calendar/v3/calendars/primary/events"
AUTHORIZE, TOKEN = "/o/oauth2/v2/auth", "/token"
#: name of a fault or error -> status, domain, reason, message
ERRORS = {
    "400": (400, "global", "badRequest", "Bad Request"),
    "401": (401, "global", "authError", "Invalid Credentials"),
    "403 rate": (403, "usageLimits", "rateLimitExceeded", "Rate Limit Exceeded"),
    "403 user rate": (403, "usageLimits", "userRateLimitExceeded", "User Rate Limit Exceeded"),
    "403 quota": (403, "usageLimits", "quotaExceeded", "Calendar usage limits exceeded."),
    "403 organizer": (
        403, "calendar", "forbiddenForNonOrganizer",
        "Shared properties can only be changed by the organizer of the event.",
    ),
    "403 scope": (403, "global", "insufficientPermissions", "Insufficient Permission"),
    "403 not set up": (403, "usageLimits", "accessNotConfigured", "Access Not Configured."),
    "404": (404, "global", "notFound", "Not Found"),
    "409": (409, "global", "duplicate", "The requested identifier already exists."),
    "410": (410, "global", "deleted", "Resource has been deleted"),
    "412": (412, "global", "conditionNotMet", "Precondition Failed"),
    "429": (429, "usageLimits", "rateLimitExceeded", "Rate Limit Exceeded"),
    "429 after 7": (429, "usageLimits", "rateLimitExceeded", "Rate Limit Exceeded"),
    "500": (500, "global", "backendError", "Backend Error"),
    "503": (503, "global", "backendError", "Backend Error"),
}  # fmt: skip
PLACES = {401: ("header", "Authorization"), 412: ("header", "If-Match")}
SHARED = {"attendees", "start", "end", "summary", "location", "description"}

Event = dict[str, Any]


@dataclass
class Mail:
    """One mail that Google would send: about which event, to whom, and what about."""

    event: str
    to: str
    about: str


@dataclass
class GoogleDouble(Double):
    """Calendars by the address of their owner."""

    vendor = "google"
    sign_in: SignInDouble = field(default_factory=lambda: SignInDouble("Google"))
    calendars: dict[str, dict[str, Event]] = field(default_factory=dict)
    mails: list[Mail] = field(default_factory=list)
    on_google: set[str] = field(default_factory=set)  # guests whose calendars are Google's
    aliases: dict[str, str] = field(default_factory=dict)
    hides_guests: bool = False
    forgets_deleted: bool = False
    mails_unchanged: bool = False
    page_size: int = 250
    number: int = 3540000000000000

    def respond(self, request: Request) -> Reply:
        if request.path == AUTHORIZE:
            return self.sign_in.consent(request)
        if request.path == TOKEN and request.method == "POST":
            return self.sign_in.token(request)
        account = self.sign_in.account_of(request)
        if account is None:
            return self.failure("401")
        events = self.calendars.setdefault(account, {})
        if request.path == BASE:
            if request.method == "POST":
                return self._insert(account, events, request)
            return self._list(account, events, request)
        if request.path.startswith(BASE + "/"):
            return self._one(account, events, request.path.removeprefix(BASE + "/"), request)
        return self.failure("404")

    def failure(self, name: str) -> Reply:
        status, domain, reason, message = ERRORS[name]
        told = {"domain": domain, "reason": reason, "message": message}
        if status in PLACES:
            told["locationType"], told["location"] = PLACES[status]
        body = {"error": {"errors": [told], "code": status, "message": message}}
        return Reply(status, body, {"Retry-After": "7"} if name.endswith("after 7") else {})

    def _one(self, account: str, events: dict[str, Event], pk: str, request: Request) -> Reply:
        event = events.get(pk)
        if event is None:
            return self.failure("404")
        if event["status"] == "cancelled" and (request.method != "GET" or self.forgets_deleted):
            return self.failure("410")
        if request.method == "GET":
            return self._shown(event, account, request)
        if request.headers.get("if-match", event["etag"]) != event["etag"]:
            return self.failure("412")
        if request.method == "PATCH":
            return self._patch(account, event, request)
        if request.method == "DELETE":
            self._mail(event, request, "canceled", _addresses(event))
            event["status"] = "cancelled"
            self._touch(event)
            return Reply(204)
        return self.failure("400")

    def _insert(self, account: str, events: dict[str, Event], request: Request) -> Reply:
        body = request.json()
        if not isinstance(body, dict) or "start" not in body or "end" not in body:
            return self.failure("400")
        pk = body.get("id") or f"made{len(events)}"
        if pk in events:
            return self.failure("409")
        owner = {"email": account, "self": True}
        event = {
            "kind": "calendar#event", "id": pk, "status": "confirmed", "iCalUID": f"{pk}@google.com",
            "creator": owner, "organizer": owner, "eventType": "default", "guestsCanModify": False,
            "reminders": {"useDefault": True}, "sequence": 0, **body,
        }  # fmt: skip
        event["attendees"] = [
            {"email": account, "organizer": True, "self": True, "responseStatus": "accepted"},
            *self._stored(body.get("attendees", [])),
        ]
        events[pk] = event
        self._touch(event)
        self._mail(event, request, "invited", _addresses(event))
        return self._shown(event, account, request)

    def _patch(self, account: str, event: Event, request: Request) -> Reply:
        body = request.json()
        if not isinstance(body, dict):
            return self.failure("400")
        owns = event["organizer"].get("self") or event.get("guestsCanModify")
        if SHARED & set(body) and not owns:
            return self.failure("403 organizer")
        before = _addresses(event)
        if "attendees" in body:
            body["attendees"] = self._stored(body["attendees"])
        for name, value in body.items():
            both = isinstance(value, dict) and isinstance(event.get(name), dict)
            merged = {**event[name], **value} if both else value
            event[name] = _without_nulls(merged) if isinstance(merged, dict) else merged
        self._touch(event)
        after = _addresses(event)
        same = before & after
        told = same if set(body) - {"attendees"} or self.mails_unchanged else set()
        self._mail(event, request, "changed", told)
        self._mail(event, request, "invited", after - before)
        self._mail(event, request, "canceled", before - after)
        return self._shown(event, account, request)

    def _list(self, account: str, events: dict[str, Event], request: Request) -> Reply:
        start = _moment(request.query.get("timeMin", "1970-01-01T00:00:00Z"))
        end = _moment(request.query.get("timeMax", "9999-01-01T00:00:00Z"))
        found = [
            event
            for event in events.values()
            if event["status"] != "cancelled"
            and _moment(_at(event, "start")) < end
            and _moment(_at(event, "end")) > start
        ]
        first = int(request.query.get("pageToken") or 0)
        size = min(int(request.query.get("maxResults") or 250), self.page_size)
        more = {"nextPageToken": str(first + size)} if len(found) > first + size else {}
        items = [self._as_shown(event, False) for event in found[first : first + size]]
        body = {"kind": "calendar#events", "timeZone": "UTC", "items": items, **more}
        return Reply(200, body)

    def _shown(self, event: Event, account: str, request: Request) -> Reply:
        hidden = self.hides_guests or "maxAttendees" in request.query
        return Reply(200, self._as_shown(event, hidden), {"ETag": event["etag"]})

    def _as_shown(self, event: Event, hidden: bool) -> Event:
        if not hidden:
            return event
        own = [entry for entry in event["attendees"] if entry.get("self")]
        return {**event, "attendees": own, "attendeesOmitted": True}

    def _stored(self, attendees: list[Event]) -> list[Event]:
        return [
            {
                "responseStatus": "needsAction",
                **entry,
                "email": self.aliases.get(entry["email"], entry["email"]),
            }
            for entry in attendees
        ]

    def _touch(self, event: Event) -> None:
        self.number += 1
        event["etag"] = f'"{self.number}"'

    def _mail(self, event: Event, request: Request, about: str, to: set[str]) -> None:
        who = request.query.get("sendUpdates", "all")
        to = {address for address in to if who != "externalOnly" or address not in self.on_google}
        if who != "none":
            self.mails += [Mail(event["id"], address, about) for address in sorted(to)]


def _addresses(event: Event) -> set[str]:
    """Whom a mail about the event would go to."""
    entries = event.get("attendees", [])
    return {e["email"] for e in entries if not (e.get("self") or e.get("resource"))}


def _at(event: Event, name: str) -> str:
    stored = event[name]
    return str(stored.get("dateTime") or f"{stored['date']}T00:00:00Z")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _without_nulls(value: Event) -> Event:
    return {name: each for name, each in value.items() if each is not None}
