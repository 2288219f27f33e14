"""An Exchange Server's double on a port of this machine: NTLM and Basic need a real connection."""

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import BaseServer
from typing import Any
from wsgiref.simple_server import make_server

import pytest

from integrations.connectors.exchange_sign_in import Mailbox, is_installed
from integrations.sandbox import calendars
from integrations.sandbox import mailbox as mailbox_of_demo
from integrations.sandbox.demo import _Quiet, _Server
from integrations.sandbox.double import Request
from integrations.sandbox.exchange import PATH, ExchangeDouble

OWNER, USER, PASSWORD = "host@corp.example", "CORP\\host", "secret of the host"
NEEDS_EXTRA = pytest.mark.skipif(
    not is_installed(), reason="NOT RUN: needs the extra exchange (requirements-exchange.txt)"
)


@pytest.fixture
def exchange(settings: Any) -> Iterator[ExchangeDouble]:
    settings.WEBHOOKS_TO_LOOPBACK = True
    double = ExchangeDouble(users={USER: (PASSWORD, OWNER)}, sleep=lambda _: None)
    server = make_server("127.0.0.1", 0, double, _Server, _Quiet)
    with answering(server, double, server.server_port):
        yield double


@pytest.fixture
def by_ntlm(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ExchangeDouble]:
    """The same, whose sign-in is NTLM: pyspnego's server side checks the password."""
    settings.WEBHOOKS_TO_LOOPBACK = True
    known = tmp_path / "ntlm"
    known.write_text(f"{USER.replace(chr(92), ':')}:{PASSWORD}")
    monkeypatch.setenv("NTLM_USER_FILE", str(known))
    double = ExchangeDouble(users={USER: (PASSWORD, OWNER)}, sleep=lambda _: None)
    handler = type("Handler", (_Ntlm,), {"double": double})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    with answering(server, double, server.server_port):
        yield double


@pytest.fixture
def demo_exchange(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The demo's calendars on a port, as the demo starts them; where its Exchange Server is."""
    settings.WEBHOOKS_TO_LOOPBACK, settings.KITH_HOME = True, tmp_path
    settings.EMAIL_BACKEND = mailbox_of_demo.FILES
    sandbox = calendars.CalendarSandbox(lambda *_: [])
    with make_server("127.0.0.1", 0, sandbox, _Server, _Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        told = calendars.environment(f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv(calendars.EXCHANGE_VARIABLE, told[calendars.EXCHANGE_VARIABLE])
        yield calendars.exchange_url()
        server.shutdown()


@contextmanager
def answering(server: BaseServer, double: ExchangeDouble, port: int) -> Iterator[None]:
    double.url = f"http://127.0.0.1:{port}{PATH}"  # type: ignore[attr-defined]
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


class _Ntlm(BaseHTTPRequestHandler):
    """Signs in a connection, not a request: asks, challenges, checks, and then lets through."""

    double: ExchangeDouble
    protocol_version = "HTTP/1.1"
    context: Any = None  # one handler is one connection

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.context is None or not self.context.complete:
            scheme, _, token = self.headers.get("Authorization", "").partition(" ")
            challenge = self._step(token) if scheme == "NTLM" else b""
            if self.context is None or not self.context.complete:
                asks = " ".join(("NTLM", base64.b64encode(challenge).decode())).strip()
                return self._answer(401, {"WWW-Authenticate": asks})
        signed = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        request = Request("POST", self.path, {}, {"authorization": f"Basic {signed}"}, body)
        self.double.requests.append(request)
        reply = self.double.respond(request)
        return self._answer(reply.status, dict(reply.headers), str(reply.body))

    def _step(self, token: str) -> bytes:
        import spnego
        from spnego.exceptions import SpnegoError

        if self.context is None:
            options = spnego.NegotiateOptions.use_ntlm
            self.context = spnego.server(protocol="ntlm", options=options)
        try:
            return bytes(self.context.step(base64.b64decode(token)) or b"")
        except SpnegoError:  # another password
            self.context = None
            return b""

    def _answer(self, status: int, headers: dict[str, str], body: str = "") -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body.encode()))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the test says what it saw."""


def mailbox(double: ExchangeDouble, password: str = PASSWORD, sign_in: str = "basic") -> Mailbox:
    return Mailbox(double.url, sign_in, OWNER, USER, password)  # type: ignore[attr-defined]


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
