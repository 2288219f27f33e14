"""The demo's Twilio, calendars and Zapier: a server of its own, which keeps what it was given in files.

Messages are "delivered" a moment later, by signed callbacks to Kith, as the real one does it.
"""

import json
import os
import socket
import sys
import threading
import time
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.conf import settings

from contacts.demo_parts import Part
from contacts.supervisor import Child
from integrations import http
from integrations.sandbox import calendars, crms, switch, zapier
from integrations.sandbox.double import switches
from integrations.sandbox.twilio import Message, TwilioDouble

HOST = "127.0.0.1"
NUMBER = "+15005550006"  # a number that Twilio keeps for trying out
DELIVERED_AFTER = 1.0  # seconds
SHOWN = 50


def journal() -> Path:
    return Path(settings.KITH_HOME) / "sandbox" / "messages.jsonl"


def part() -> Part:
    """What `manage.py demo` starts, for all of which no real account is set up."""
    port = port_of_last_time()
    base = f"http://{HOST}:{port}"
    environment = {} if settings.TWILIO is not None else _twilio(base)
    if not any(settings.CALENDARS.values()):
        environment |= calendars.environment(base)
    if not any(config["client_id"] for config in settings.CRMS.values()):
        environment |= crms.environment(base)
    if "ZAPIER_HOOKS_URL" not in os.environ:
        environment |= zapier.environment(base)
    if not environment:
        return Part()
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "sandbox", str(port)]
    return Part([Child("sandbox", command)], environment)


def _twilio(base: str) -> dict[str, str]:
    double = TwilioDouble()
    return {
        "TWILIO_ACCOUNT_SID": double.account_sid,
        "TWILIO_AUTH_TOKEN": double.auth_token,
        "TWILIO_FROM": NUMBER,
        "TWILIO_API": base,
    }


def port_of_last_time() -> int:
    """The port on which it answered before, where that is still free: addresses on it stand in the
    database, of records and of the Salesforce org. Else any free one."""
    file = Path(settings.KITH_HOME) / "sandbox" / "port"
    found = _bound(_kept(file)) or _bound(0)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.write_text(str(found))
    return found


def _kept(file: Path) -> int:
    try:
        return int(file.read_text())
    except (FileNotFoundError, ValueError):
        return 0


def _bound(port: int) -> int:
    """A port that can be listened on; 0 where this one cannot."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does it
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            return 0
        return int(probe.getsockname()[1])


def serve(port: int) -> None:
    """Answer until the process is stopped."""
    switches.append(lambda vendor: switch.take(vendor) if vendor else "")
    double = TwilioDouble()
    double.taken = lambda message: _taken(double, message)
    others = zapier.mounted(double, f"http://{HOST}:{port}")
    sandbox = crms.CrmSandbox(calendars.CalendarSandbox(others))
    with make_server(HOST, port, sandbox, _Server, _Quiet) as server:
        server.serve_forever()


def _taken(double: TwilioDouble, message: Message) -> None:
    """Keep it for the page; report its delivery in a moment."""
    keep(message)
    threading.Thread(target=_report, args=(double, message["sid"]), daemon=True).start()


def keep(message: Message) -> None:
    """Append it to the journal, which only this user of the machine may read."""
    path = journal()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    line = {name: message[name] for name in ("sid", "to", "body", "date_created")}
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
        file.write(json.dumps(line) + "\n")


def _report(double: TwilioDouble, sid: str) -> None:
    for status in ("sent", "delivered"):
        time.sleep(DELIVERED_AFTER)
        url, form, signature = double.report(sid, status)
        try:
            http.call("POST", url, form=form, headers={"X-Twilio-Signature": signature})
        except (http.NotReached, http.AnswerLost):
            return  # Kith is being stopped


def sent() -> list[dict[str, Any]]:
    """The last messages, newest first."""
    try:
        lines = journal().read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in reversed(lines[-SHOWN:])]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """The lines would hold nothing that the journal does not."""
