"""An Exchange Server's double on a port of this machine: NTLM and Basic need a real connection."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from wsgiref.simple_server import make_server

import pytest

from integrations.connectors.exchange_sign_in import Mailbox, is_installed
from integrations.sandbox.demo import _Quiet, _Server
from integrations.sandbox.exchange import PATH, ExchangeDouble

OWNER, USER, PASSWORD = "host@corp.example", "CORP\\host", "secret of the host"
NEEDS_EXTRA = pytest.mark.skipif(
    not is_installed(), reason="NOT RUN: needs the extra exchange (requirements-exchange.txt)"
)


@pytest.fixture
def exchange(settings: Any) -> Iterator[ExchangeDouble]:
    settings.WEBHOOKS_TO_LOOPBACK = True
    double = ExchangeDouble(users={USER: (PASSWORD, OWNER)}, sleep=lambda _: None)
    with make_server("127.0.0.1", 0, double, _Server, _Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        double.url = f"http://127.0.0.1:{server.server_port}{PATH}"  # type: ignore[attr-defined]
        yield double
        server.shutdown()


def mailbox(double: ExchangeDouble, password: str = PASSWORD) -> Mailbox:
    return Mailbox(double.url, "basic", OWNER, USER, password)  # type: ignore[attr-defined]


def guest(address: str, answer: str = "Unknown", kind: str = "Mailbox") -> dict[str, str]:
    return {"name": address, "address": address, "type": kind, "answer": answer}


def add_event(double: ExchangeDouble, **values: Any) -> dict[str, Any]:
    """An event of tomorrow in the owner's calendar."""
    tomorrow = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    event = {
        "id": f"AAMk-{len(double.calendars.get(OWNER, ())) + 100}", "change_key": 1,
        "type": "Single", "cancelled": False, "mine": "Organizer", "free_busy": "Busy",
        "subject": "Intro", "key": "", "start": stamp(tomorrow),
        "end": stamp(tomorrow + timedelta(hours=1)), "RequiredAttendees": [],
        "OptionalAttendees": [], "Resources": [], **values,
    }  # fmt: skip
    double.calendars.setdefault(OWNER, {})[event["id"]] = event
    return event


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
