"""What dies is not ours: the database under us, the permission of a calendar, the other relay."""

import functools
import threading
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.conf import settings as django_settings
from django.db import Error, connection

from activities.models import Meeting, Reminder
from config.calendars import calendar_settings
from contacts.models import Contact, OutgoingMail, User
from contacts.services import update_contact
from integrations.calendars.connecting import connect
from integrations.calendars.vendors import GOOGLE
from integrations.models import Connection, Delivery
from integrations.sandbox.google import GoogleDouble
from tests.activities.bookings import make_calendar, make_meeting, soon
from tests.factories import by
from tests.faults import settings as faults
from tests.faults.cast import Cast, until
from tests.faults.test_faults import Told, contacts, converge, edit, hook, stream
from tests.faults.verdict import Edits, Verdict, judge
from tests.integrations.calendars import CLIENT, read_busy_times
from tests.integrations.outbox.target import Target
from tests.integrations.test_oauth import grant

__all__ = ["contacts", "hook"]
ACCOUNT = "mia@kith.test"


def try_to_edit(edits: Edits, contact: Contact, city: str) -> bool:
    """Somebody who saves while the database may be away; whether they were told that it is done."""
    try:
        edit(edits, contact, city)
    except Error:
        connection.close()
        return False
    return True


@pytest.mark.skipif(faults.CLUSTER is None, reason="NOT RUN: PostgreSQL's initdb is not installed")
def test_postgresql_is_restarted(
    cast: Cast, contacts: list[Contact], hook: Any, targets: list[Target], told: Told
) -> None:
    assert faults.CLUSTER is not None
    cast.worker(), cast.relay()
    edits, refused, number = Edits(), 0, 0
    for mode in ("fast", "immediate", "immediate"):
        stream(edits, contacts, 60)
        restart = threading.Thread(target=faults.CLUSTER.restart, args=(mode,))
        restart.start()
        while restart.is_alive():
            number += 1
            contact = contacts[number % len(contacts)]
            refused += not try_to_edit(edits, contact, f"during {number}")
        restart.join()
        after = f"after {mode} {number}"
        until(functools.partial(try_to_edit, edits, contacts[0], after), 20, "a save")
    verdict = judge("3 x PostgreSQL restarted, twice by a crash", edits, targets[:1], converge())
    verdict.note = f"{refused} saves were refused meanwhile; no worker was started again"
    told(verdict)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def google(cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[GoogleDouble]:
    """Google's double over a real socket, for this process and the workers."""
    double = GoogleDouble()
    with make_server("127.0.0.1", 0, double, _Server, _Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        cast.environment = {
            "GOOGLE_CLIENT_ID": CLIENT["client_id"],
            "GOOGLE_CLIENT_SECRET": CLIENT["client_secret"],
            "GOOGLE_CALENDAR_API": f"{base}/calendar/v3",
            "GOOGLE_AUTHORIZE_URL": f"{base}/o/oauth2/v2/auth",
            "GOOGLE_TOKEN_URL": f"{base}/token",
        }
        for name, value in cast.environment.items():
            monkeypatch.setenv(name, value)
        settings.CALENDARS = calendar_settings()
        yield double
        server.shutdown()


def sign_in(double: GoogleDouble, user: User) -> None:
    assert GOOGLE.provider is not None
    connect(user=user, vendor=GOOGLE, grant=grant(double, GOOGLE.provider))
    read_busy_times()


def guests(double: GoogleDouble) -> list[str]:
    """Of each event, in the order of their times."""
    events = sorted(
        double.calendars[ACCOUNT].values(), key=lambda event: event["start"]["dateTime"]
    )
    lists = [[entry["email"] for entry in event["attendees"]] for event in events]
    return [" ".join(address for address in each if address != ACCOUNT) for each in lists]


def test_the_permission_of_a_calendar_is_revoked(
    cast: Cast, google: GoogleDouble, member: User, told: Told
) -> None:
    sign_in(google, member)
    calendar = make_calendar(member)
    meetings = [
        make_meeting(calendar, soon(n + 2), email=f"guest{n}@example.com", name=f"Guest {n}")
        for n in range(20)
    ]
    cast.worker(), cast.relay()
    converge()
    google.sign_in.revoke(ACCOUNT)
    for number, meeting in enumerate(meetings * 2):
        values = {"email": f"new{number}@example.com"}
        update_contact(contact_id=meeting.contact_id or 0, actor=by(), values=values)
    until(lambda: Connection.objects.get().state == "needs_reconnect", 30, "the notice")
    mails = OutgoingMail.objects.filter(kind=OutgoingMail.Kind.RECONNECT).count()
    sign_in(google, member)
    seconds = until(_nothing_is_open, 60, "convergence")
    verdict = Verdict("a calendar's permission revoked, 40 edits meanwhile", 40, seconds=seconds)
    wanted, found = [f"new{n + 20}@example.com" for n in range(20)], guests(google)
    verdict.lost = sum(a != b for a, b in zip(wanted, found, strict=False))
    verdict.repeated = len(found) - len(wanted) + mails - 1
    verdict.note = f"its owner was told {mails} time"
    told(verdict)


def _nothing_is_open() -> bool:
    return not Delivery.objects.exclude(state__in=["delivered", "superseded"]).exists()


def test_two_relays_and_two_groups_of_workers_do_everything_once(
    cast: Cast, contacts: list[Contact], member: User, hook: Any, targets: list[Target], told: Told
) -> None:
    cast.relay(), cast.relay(), cast.worker(), cast.worker()
    calendar, edits = make_calendar(member), Edits()
    for number in range(20):
        make_meeting(calendar, soon(number + 2), email=f"guest{number}@example.com", name="Guest")
        stream(edits, contacts, 10)
    seconds = converge()
    waiting = Reminder.objects.filter(kind="confirmation").exclude(state="sent")
    seconds += until(lambda: not waiting.exists(), 60, "the confirmations")
    verdict = judge("two relays, which are our beats, two groups of workers", edits, targets[:1], seconds)  # fmt: skip
    sent = _confirmations()
    verdict.lost += Meeting.objects.count() - len(set(sent))
    verdict.repeated += len(sent) - len(set(sent))
    verdict.note = f"{len(sent)} confirmations of {Meeting.objects.count()} meetings"
    told(verdict)


def _confirmations() -> list[str]:
    """Which meeting each confirmation is of that has left; the mails of a test run are files."""
    files = Path(django_settings.EMAIL_FILE_PATH).glob("*.log")
    parts = [part for file in files for part in file.read_bytes().split(b"-" * 79 + b"\n")]
    mails = [message_from_bytes(part.strip()) for part in parts if part.strip()]
    booked = [str(m["Message-ID"]) for m in mails if str(m["Subject"]).startswith("Booked")]
    meetings = Meeting.objects.values_list("public_id", flat=True)
    return [pk for pk in meetings for message_id in booked if message_id.startswith(f"<{pk}.")]
