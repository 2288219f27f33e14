"""The demo's calendars: three doubles behind one address, with what they hold in a file.

The file outlives the demo, so that connections made in it go on, and a page of Kith reads it to show
the guests of each event.
"""

import base64
import binascii
import json
import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from contacts.sample import PASSWORD
from integrations.sandbox.double import Request
from integrations.sandbox.exchange import LISTS, PATH, ExchangeDouble
from integrations.sandbox.google import GoogleDouble, Mail
from integrations.sandbox.graph import GraphDouble
from integrations.sandbox.sign_in import SignInDouble

KEPT_MAILS = 200
EXCHANGE = "exchange"
EXCHANGE_VARIABLE = "DEMO_EXCHANGE_URL"
NAMES = {
    "google": "Google Calendar", "microsoft": "Microsoft Exchange", EXCHANGE: "Exchange Server",
}  # fmt: skip


def state_file() -> Path:
    return Path(settings.KITH_HOME) / "sandbox" / "calendars.json"


def environment(base: str) -> dict[str, str]:
    """What points Kith at doubles that answer at `base`."""
    client = SignInDouble("")
    google, microsoft = f"{base}/google", f"{base}/microsoft"
    return {
        "GOOGLE_CLIENT_ID": client.client_id,
        "GOOGLE_CLIENT_SECRET": client.client_secret,
        "GOOGLE_CALENDAR_API": f"{google}/calendar/v3",
        "GOOGLE_AUTHORIZE_URL": f"{google}/o/oauth2/v2/auth",
        "GOOGLE_TOKEN_URL": f"{google}/token",
        "MICROSOFT_CLIENT_ID": client.client_id,
        "MICROSOFT_CLIENT_SECRET": client.client_secret,
        "MICROSOFT_GRAPH_API": f"{microsoft}/v1.0",
        "MICROSOFT_LOGIN_URL": microsoft,
        EXCHANGE_VARIABLE: f"{base}/{EXCHANGE}{PATH}",
    }


def exchange_url() -> str:
    """Where the demo's Exchange Server is, for whoever turns it on; "" where there is none."""
    return os.environ.get(EXCHANGE_VARIABLE, "")


class DemoExchange(ExchangeDouble):
    """Everybody has a mailbox under their own address, and the password of the demo."""

    def _owner(self, request: Request) -> str | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            name, _, password = base64.b64decode(token).decode().partition(":")
        except (binascii.Error, UnicodeError):
            return None
        return name if scheme == "Basic" and "@" in name and password == PASSWORD else None


class CalendarSandbox:
    """A WSGI application: /google/…, /microsoft/…, /exchange/…; `other` answers everything else."""

    def __init__(self, other: Callable[..., Iterable[bytes]]) -> None:
        self.other = other
        self.doubles: dict[str, GoogleDouble | GraphDouble | ExchangeDouble] = {
            "google": GoogleDouble(),
            "microsoft": GraphDouble(),
            EXCHANGE: DemoExchange(),
        }
        self._load()
        one = threading.RLock()  # they stand in one file
        for double in self.doubles.values():
            double.lock = one
            double.changed = self._save

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., object]
    ) -> Iterable[bytes]:
        name, _, rest = environ["PATH_INFO"].removeprefix("/").partition("/")
        if name not in self.doubles:
            return self.other(environ, start_response)
        return self.doubles[name]({**environ, "PATH_INFO": f"/{rest}"}, start_response)

    def _load(self) -> None:
        for name, kept in _stored().items():
            double = self.doubles[name]
            double.calendars, double.number = kept["calendars"], kept["number"]
            double.mails = [Mail(**mail) for mail in kept["mails"]]
            if not isinstance(double, ExchangeDouble):
                double.sign_in.refresh = {t: tuple(known) for t, known in kept["refresh"].items()}

    def _save(self) -> None:
        """Whole or not at all, and for this user of the machine only."""
        state = {
            name: {
                "calendars": double.calendars,
                "number": double.number,
                "mails": [asdict(mail) for mail in double.mails[-KEPT_MAILS:]],
                "refresh": {} if isinstance(double, ExchangeDouble) else double.sign_in.refresh,
            }
            for name, double in self.doubles.items()
        }
        path = state_file()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(state, file)
        fresh.replace(path)


@dataclass(frozen=True)
class ShownEvent:
    """An event as its host's calendar shows it; guests with what they have answered."""

    vendor: str
    owner: str
    subject: str
    starts_at: datetime
    guests: tuple[tuple[str, str], ...]
    mails: tuple[tuple[str, str], ...]  # to whom, what about


def shown() -> list[ShownEvent]:
    """The events that are not canceled, the next one first."""
    events = [
        _shown(name, owner, event, kept["mails"])
        for name, kept in _stored().items()
        for owner, calendar in kept["calendars"].items()
        for event in calendar.values()
        if event.get("status") != "cancelled"
    ]
    return sorted(events, key=lambda event: event.starts_at)


def _stored() -> dict[str, Any]:
    try:
        stored: dict[str, Any] = json.loads(state_file().read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return stored


def _shown(name: str, owner: str, event: dict[str, Any], mails: list[Any]) -> ShownEvent:
    at = event["start"] if name == EXCHANGE else None
    start = datetime.fromisoformat(at or event["start"].get("dateTime") or event["start"]["date"])
    listed = [each for kind in LISTS for each in event[kind]] if at else event["attendees"]
    own = [mail for mail in mails if mail["event"] == event["id"]]
    return ShownEvent(
        vendor=NAMES[name],
        owner=owner,
        subject=event.get("summary") or event.get("subject") or "",
        starts_at=start if start.tzinfo else start.replace(tzinfo=UTC),
        guests=tuple(_guest(entry) for entry in listed if not entry.get("self")),
        mails=tuple((mail["to"], mail["about"]) for mail in own[-6:]),
    )


def _guest(entry: dict[str, Any]) -> tuple[str, str]:
    if "emailAddress" in entry:
        return entry["emailAddress"]["address"], (entry.get("status") or {}).get("response", "none")
    if "answer" in entry:
        return entry["address"], entry["answer"]
    return entry["email"], entry.get("responseStatus", "needsAction")
