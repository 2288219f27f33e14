"""A small real mail server on a socket: it keeps what it takes, and fails where it is told to."""

import email
import email.policy
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage

import pytest


@dataclass(frozen=True)
class Taken:
    """One mail as the server was given it."""

    sender: str
    recipients: list[str]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        parsed = email.message_from_bytes(self.raw, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed


#: What the server says at one step instead of yes; "" hangs up, None says nothing for a while.
Answer = str | None


@dataclass
class Journal:
    """What the server has taken, and how it is to answer from now on."""

    taken: list[Taken] = field(default_factory=list)
    #: step ("RCPT", "DATA", "content" of a mail) -> answers, used up one by one
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    silence: float = 30.0  # seconds
    connections: int = 0
    arrived: threading.Event = field(default_factory=threading.Event)  # content of any mail
    greeting: str = "220 double ESMTP"

    def next(self, step: str) -> Answer:
        waiting = self.answers.get(step, [])
        return waiting.pop(0) if waiting else "yes"

    def recipients(self) -> list[str]:
        return [address for mail in self.taken for address in mail.recipients]


class _Conversation(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        self.journal: Journal = self.server.journal  # type: ignore[attr-defined]
        self.journal.connections += 1
        self._say(self.journal.greeting)
        sender = ""
        recipients: list[str] = []
        for line in self.rfile:
            verb, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
            match verb.upper():
                case "EHLO" | "HELO":
                    self._say("250 double")
                case "MAIL":
                    sender, recipients = _address(rest), []
                    if not self._answer("MAIL", "250 ok"):
                        return
                case "RCPT":
                    recipients.append(_address(rest))
                    if not self._answer("RCPT", "250 ok"):
                        return
                case "DATA":
                    if not self._take(sender, recipients):
                        return
                case "RSET" | "NOOP":
                    self._say("250 ok")
                case "QUIT":
                    self._say("221 bye")
                    return

    def _take(self, sender: str, recipients: list[str]) -> bool:
        answer = self.journal.next("DATA")
        if answer != "yes":
            return self._give(answer)
        self._say("354 go on")
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        answer = self.journal.next("content")
        if answer in ("yes", "", None):  # with no answer, too: it has the mail
            self.journal.taken.append(Taken(sender, recipients, b"".join(lines)))
        self.journal.arrived.set()
        return self._give("250 taken" if answer == "yes" else answer)

    def _answer(self, step: str, usual: str) -> bool:
        answer = self.journal.next(step)
        return self._give(usual if answer == "yes" else answer)

    def _give(self, answer: Answer) -> bool:
        """Whether the conversation goes on."""
        if answer is None:
            time.sleep(self.journal.silence)
            return False
        if answer:
            self._say(answer)
        return bool(answer) and not answer.startswith("421")

    def _say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")


def _address(rest: str) -> str:
    return rest.partition("<")[2].partition(">")[0]


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """A killed client is no fault of the server's."""


@contextmanager
def mail_server() -> Iterator[tuple[Journal, int]]:
    """The running server's journal, and its port on 127.0.0.1."""
    with _Server(("127.0.0.1", 0), _Conversation) as server:
        journal = Journal()
        server.journal = journal  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield journal, server.server_address[1]
        server.shutdown()


def send_through(set_to: Callable[[str, object], None], port: int) -> None:
    """Point Django at the server."""
    for name, value in {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": port,
        "EMAIL_TIMEOUT": 0.5,
        "DEFAULT_FROM_EMAIL": "Kith <kith@example.com>",
    }.items():
        set_to(name, value)


@pytest.fixture
def smtp(settings: object) -> Iterator[Journal]:
    """A mail server, and Django pointed at it."""
    with mail_server() as (journal, port):
        send_through(lambda name, value: setattr(settings, name, value), port)
        yield journal
