"""Bookings and contact resolutions per second, each beside a bare INSERT of the same run.

`make benchmark ARGS="-k bookings"`; ROWS sets how many contacts there are.
"""

import statistics
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from activities.models import BookingCalendar, Meeting
from contacts.access import Role
from contacts.models import Contact, Source, User
from contacts.resolving import Visitor, resolve
from contacts.signals import Actor
from tests.activities.bookings import details_url, filled_in, make_calendar, soon
from tests.benchmarks.crowd.conftest import ROWS
from tests.benchmarks.figures import say, seconds

BOOKINGS = 200
RESOLUTIONS = 500


def known_emails(number: int) -> list[str]:
    """Addresses of contacts from all over the table."""
    emails = Contact.objects.exclude(email="").order_by("pk").values_list("email", flat=True)
    step = max(1, ROWS // (2 * number))
    return list(emails[: step * number : step])


def bare_inserts_per_second(count: int) -> float:
    """One row a transaction into a table with nothing on it."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bare (a text, b text, c text)")
        with seconds() as took:
            for n in range(count):
                cursor.execute(
                    "INSERT INTO bare VALUES (%s, %s, %s)", [f"First{n}", f"{n}@x.example", "C"]
                )
        cursor.execute("DROP TABLE bare")
    return count / took()


def timed(calls: list[Callable[[], Any]]) -> list[float]:
    times = []
    for call in calls:
        with seconds() as took:
            call()
        times.append(took() * 1000)
    return times


def booking(client: Client, calendar: BookingCalendar, n: int, email: str) -> Callable[[], Any]:
    form = filled_in(soon(days=2) + timedelta(minutes=30 * n), email=email, company="Other Ltd")

    def send() -> None:
        assert client.post(details_url(calendar), form).status_code == 302

    return send


@pytest.mark.django_db(transaction=True)
def test_bookings_and_resolutions_per_second(people: dict[str, User]) -> None:
    host = people[Role.ADMINISTRATOR.value]
    reference = f"{bare_inserts_per_second(1000):,.0f} bare INSERTs/s"
    client = Client(headers={"host": "localhost"})
    calendar = make_calendar(host, horizon_days=365)
    booking(client, calendar, 0, "warm@example.com")()
    emails = known_emails(RESOLUTIONS)
    known = timed([booking(client, calendar, n, emails[n]) for n in range(1, BOOKINGS, 2)])
    fresh = timed(
        [booking(client, calendar, n, f"new{n}@example.com") for n in range(2, BOOKINGS, 2)]
    )
    assert Meeting.objects.count() == 1 + len(known) + len(fresh)
    per_second = 1000 * len(known + fresh) / sum(known + fresh)
    say(f"bookings by the page, {ROWS:,} contacts", f"{per_second:,.0f}/s", reference)
    for what, times in (("known", known), ("new", fresh)):
        say(f"one booking, {what} address", f"{statistics.median(times):.1f} ms p50", reference)
    others = [f"other{n}@example.com" for n in range(RESOLUTIONS)]
    for what, addresses in (("known", emails), ("new", others)):
        times = timed([resolving(host, address) for address in addresses])
        per_second = 1000 * len(addresses) / sum(times)
        say(f"resolutions, {what} addresses, {ROWS:,} contacts", f"{per_second:,.0f}/s", reference)


def resolving(owner: User, email: str) -> Callable[[], None]:
    visitor = Visitor(
        values={"first_name": "Ada", "last_name": "Lovelace", "email": email, "city": "Turin"},
        actor=Actor(None, Source.BOOKING, "benchmark"),
        owner_id=owner.pk,
        at=timezone.now(),
    )

    def once() -> None:
        with transaction.atomic():
            resolve(visitor)

    return once
