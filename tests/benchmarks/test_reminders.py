"""10,000 reminders due in one minute: sent, once, in how long; beside a raw loop of the same mails.

`make benchmark ARGS=tests/benchmarks/test_reminders.py`; REMINDERS sets how many. On PostgreSQL two
processes send, as two workers do; on the embedded database one.
"""

import os
import smtplib
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from email.message import EmailMessage

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from activities import guest_links
from activities.models import BookingCalendar, Meeting, Reminder
from activities.models.ids import new_meeting_id, new_nonce, new_tracking_id
from activities.reminders import sending
from contacts.models import Contact, PublicId, User
from contacts.search import derive
from tests.activities.bookings import make_calendar
from tests.activities.reminders.smtp_double import Journal, mail_server, send_through
from tests.benchmarks.figures import say, seconds
from tests.worker import ROOT, worker_environment

REMINDERS = int(os.environ.get("REMINDERS", "10000"))
BATCH = 2000
WORKERS = 2
RUN = (
    "import django; django.setup(); from activities.reminders import sending\n"
    "while sending.run(): pass"
)


def due_within_a_minute(calendar: BookingCalendar, count: int) -> None:
    """As many meetings an hour from now, each of a contact of its own, with a reminder that is due."""
    now = timezone.now()
    for start in range(0, count, BATCH):
        numbers = range(start, min(start + BATCH, count))
        contacts = [_contact(n, calendar.host) for n in numbers]
        PublicId.objects.bulk_create(PublicId(value=c.public_id) for c in contacts)
        Contact.objects.bulk_create(contacts)
        meetings = Meeting.objects.bulk_create(_meeting(calendar, c) for c in contacts)
        Reminder.objects.bulk_create(
            Reminder(meeting=m, kind="reminder", channel="email", minutes_before=60, due_at=due, next_at=due)
            for n, m in zip(numbers, meetings, strict=True)
            for due in [now - timedelta(seconds=60 * n / count)]
        )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _contact(number: int, owner: User) -> Contact:
    contact = Contact(
        public_id=f"CTC-{number:012}", first_name=f"First{number}", owner=owner,
        email=f"person{number}@example.com",
    )  # fmt: skip
    derive(contact)
    return contact


def _meeting(calendar: BookingCalendar, contact: Contact) -> Meeting:
    nonce = new_nonce()
    start = timezone.now() + timedelta(minutes=59)
    return Meeting(
        public_id=new_meeting_id(), tracking_id=new_tracking_id() + new_tracking_id(),
        subject=calendar.name, host=calendar.host, calendar=calendar, contact=contact,
        starts_at=start, ends_at=start + timedelta(minutes=30), duration_minutes=30,
        guest_name=contact.first_name, guest_email=contact.email, guest_nonce=nonce,
        guest_token_hash=guest_links.digest(guest_links.token_for(nonce)),
    )  # fmt: skip


def raw_loop(port: int, count: int) -> float:
    """Seconds for handing the same number of like mails to the server over one connection."""
    with smtplib.SMTP("127.0.0.1", port) as server, seconds() as took:
        for number in range(count):
            mail = EmailMessage()
            mail["Subject"], mail["From"] = "Reminder: Tax review with Hanna", "kith@example.com"
            mail["To"] = f"person{number}@example.com"
            mail.set_content("Hello,\n\n" + "When: some day\n" * 12)
            server.send_message(mail)
    return took()


def send_all(port: int) -> None:
    """By two processes on PostgreSQL; in this one on the embedded database."""
    if connection.vendor != "postgresql":
        while sending.run():
            pass
        return
    environment = {
        **worker_environment(),
        "EMAIL_URL": f"smtp://127.0.0.1:{port}",
        "DEFAULT_FROM_EMAIL": "kith@example.com",
    }
    workers = [
        subprocess.Popen([sys.executable, "-c", RUN], cwd=ROOT, env=environment)
        for _ in range(WORKERS)
    ]
    assert [worker.wait() for worker in workers] == [0] * WORKERS


@pytest.mark.django_db(transaction=True)
def test_ten_thousand_reminders_in_a_minute(
    admin_user: User, settings: pytest.FixtureRequest
) -> None:
    calendar = make_calendar(admin_user)
    due_within_a_minute(calendar, REMINDERS)
    with mail_server() as (journal, port):
        send_through(lambda name, value: setattr(django_settings, name, value), port)
        raw = raw_loop(port, REMINDERS)
        journal.taken.clear()
        with seconds() as took:
            send_all(port)
        once = _each_once(journal)
    processes = WORKERS if connection.vendor == "postgresql" else 1
    say(
        f"{REMINDERS:,} reminders due in one minute, {processes} process{'es' if processes > 1 else ''}",
        f"{took():.1f} s, {REMINDERS / took():,.0f}/s, {once:,} of them once",
        f"{raw:.1f} s for a raw loop of smtplib",
    )
    assert once == REMINDERS == Reminder.objects.filter(state="sent", attempts=1).count()


def _each_once(journal: Journal) -> int:
    return sum(number == 1 for number in Counter(journal.recipients()).values())
