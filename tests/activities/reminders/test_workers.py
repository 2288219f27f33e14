"""Several processes send at once, and some are killed: each reminder leaves once, and where that
cannot be known it is said and sent once more."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from activities.models import BookingCalendar, Meeting, Reminder
from activities.reminders import sending
from contacts.models import User
from tests.activities.bookings import make_calendar, make_meeting, soon
from tests.activities.reminders.posted import come_due, of
from tests.activities.reminders.smtp_double import Journal, mail_server
from tests.worker import ROOT, worker_environment

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        not os.environ.get("DATABASE_URL"), reason="several processes: set DATABASE_URL"
    ),
]
RUN = "from activities.reminders import sending; sending.run()"
CLAIM_AND_DIE = "import os; from activities.reminders import sending; sending.claim(25); os.kill(os.getpid(), 9)"
MANY = 120


@pytest.fixture
def server() -> Iterator[tuple[Journal, int]]:
    with mail_server() as running:
        yield running


@pytest.fixture
def calendar(member: User) -> BookingCalendar:
    return make_calendar(member)


@contextmanager
def process(code: str, port: int) -> "Iterator[subprocess.Popen[bytes]]":
    """Another process of Kith on this database, which sends through the double."""
    started = subprocess.Popen(
        [sys.executable, "-c", f"import django; django.setup(); {code}"],
        cwd=ROOT,
        env={
            **worker_environment(),
            "EMAIL_URL": f"smtp://127.0.0.1:{port}",
            "DEFAULT_FROM_EMAIL": "kith@example.com",
        },
    )
    try:
        yield started
    finally:
        started.kill()
        started.wait(timeout=20)


def wait(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)


def one_due(calendar: BookingCalendar) -> Reminder:
    meeting = make_meeting(calendar)
    Reminder.objects.exclude(kind="reminder").delete()
    return come_due(of(meeting))


def many_due(calendar: BookingCalendar) -> None:
    """A meeting with many reminders that are all due, each to an address of its own."""
    model = make_meeting(calendar)
    Reminder.objects.all().delete()
    for number in range(MANY):
        model.pk, model.public_id, model.tracking_id = None, f"BKNG-{number}", f"T{number}"
        model.guest_nonce = model.guest_token_hash = f"{number:064}"
        model.contact, model.guest_email = None, f"g{number}@example.com"
        model.starts_at, model.ends_at = soon(), soon() + timedelta(minutes=30)
        model.save(force_insert=True)
    due = timezone.now() - timedelta(seconds=1)
    Reminder.objects.bulk_create(
        Reminder(meeting=meeting, kind="reminder", channel="email", due_at=due, next_at=due)
        for meeting in Meeting.objects.filter(contact=None)
    )


def test_three_processes_send_each_reminder_once(
    calendar: BookingCalendar, server: tuple[Journal, int]
) -> None:
    many_due(calendar)
    journal, port = server
    with process(RUN, port) as first, process(RUN, port) as second, process(RUN, port) as third:
        for each in (first, second, third):
            assert each.wait(timeout=120) == 0
    assert Reminder.objects.filter(state="sent", attempts=1, resent=False).count() == MANY
    assert len(journal.taken) == len(set(journal.recipients())) == MANY
    assert journal.connections > 1


def test_killed_while_the_server_has_the_mail_it_is_unknown_and_sent_once_more(
    calendar: BookingCalendar, server: tuple[Journal, int]
) -> None:
    reminder = one_due(calendar)
    journal, port = server
    journal.answers = {"content": [None]}
    with process(RUN, port) as killed:
        assert journal.arrived.wait(60)
        killed.send_signal(signal.SIGKILL)
        killed.wait(timeout=30)
    reminder.refresh_from_db()
    assert (reminder.state, reminder.attempts) == ("sending", 1)
    come_due(reminder)  # its claim has run out
    with process(RUN, port) as other:
        assert other.wait(timeout=120) == 0
    reminder.refresh_from_db()
    assert (reminder.state, reminder.resent, reminder.attempts) == ("sent", True, 2)
    assert len(journal.taken) == 2  # at most
    assert len({mail.message["Message-ID"] for mail in journal.taken}) == 1


def test_killed_twice_in_that_moment_it_stays_unknown_for_a_person(
    calendar: BookingCalendar, server: tuple[Journal, int]
) -> None:
    reminder = one_due(calendar)
    journal, port = server
    journal.answers = {"content": [None, None]}
    for _ in range(2):
        come_due(reminder)
        journal.arrived.clear()
        with process(RUN, port):
            assert journal.arrived.wait(60)
    come_due(reminder)
    with process(RUN, port) as last:
        last.wait(timeout=120)
    reminder.refresh_from_db()
    assert (reminder.state, reminder.next_at) == ("unknown", None) and len(journal.taken) == 2
    assert list(Reminder.objects.need_attention()) == [reminder]


def test_killed_between_claim_and_sending_it_is_sent_once_and_nothing_is_doubtful(
    calendar: BookingCalendar, server: tuple[Journal, int]
) -> None:
    reminder = one_due(calendar)
    journal, port = server
    with process(CLAIM_AND_DIE, port) as killed:
        assert killed.wait(timeout=120) == -signal.SIGKILL
    assert sending.claim(25) == []  # the dead one still has it
    come_due(reminder)
    with process(RUN, port) as other:
        other.wait(timeout=120)
    reminder.refresh_from_db()
    assert (reminder.state, reminder.resent, len(journal.taken)) == ("sent", False, 1)


def test_clocks_that_are_wrong_send_nothing_early(
    calendar: BookingCalendar, server: tuple[Journal, int]
) -> None:
    """A process ten minutes ahead of the database takes nothing that is due in five."""
    reminder = one_due(calendar)
    Reminder.objects.update(next_at=timezone.now() + timedelta(minutes=5))
    ahead = (
        "from django.utils import timezone; real = timezone.now; "
        "timezone.now = lambda: real() + __import__('datetime').timedelta(minutes=10); "
    )
    with process(ahead + RUN, server[1]) as other:
        assert other.wait(timeout=120) == 0
    reminder.refresh_from_db()
    assert reminder.state == "scheduled" and server[0].taken == []
    assert connection.vendor == "postgresql"
