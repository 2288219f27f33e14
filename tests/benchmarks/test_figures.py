"""Figures, each beside a reference of the same run: `make benchmark`. They never fail on time.

On the embedded database, or on PostgreSQL with DATABASE_URL. ROWS sets the size.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test import Client

from contacts.models import Contact, Import, User
from tests.contacts.imports.engine import commit, plan

ROWS = int(os.environ.get("ROWS", "20000"))
VISITS = 30


def say(what: str, figure: str, reference: str) -> None:
    print(f"\n{connection.vendor:<11} {what:<44} {figure:<24} beside {reference}", end="")


def people(rows: int) -> str:
    body = "".join(
        f"First{n},Last{n},person{n}@example.com,+1202{n:07},Company {n % 500}\n"
        for n in range(2_000_000, 2_000_000 + rows)
    )
    return "First Name,Last Name,Email,Mobile Phone,Company\n" + body


@contextmanager
def seconds() -> Iterator[Callable[[], float]]:
    start = time.perf_counter()
    end: list[float] = []
    yield lambda: (end[0] if end else time.perf_counter()) - start
    end.append(time.perf_counter())


def raw_rows_per_second(rows: int) -> float:
    """Five texts a row into a bare table: COPY on PostgreSQL, executemany on SQLite."""
    values = [
        (f"First{n}", f"Last{n}", f"p{n}@x.example", f"+1202{n:07}", "C") for n in range(rows)
    ]
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE bare (a text, b text, c text, d text, e text)")
        with seconds() as took:
            if connection.vendor == "postgresql":
                with cursor.copy("COPY bare FROM STDIN") as copy:
                    for value in values:
                        copy.write_row(value)
            else:
                cursor.executemany("INSERT INTO bare VALUES (%s, %s, %s, %s, %s)", values)
        figure = rows / took()
        cursor.execute("DROP TABLE bare")
    return figure


@pytest.mark.django_db(transaction=True)
def test_import_rows_per_second(admin_user: User) -> None:
    reference = f"{raw_rows_per_second(ROWS):,.0f} rows/s raw insert"
    text = people(ROWS)
    with seconds() as took:
        batch = plan(text, admin_user)
    say(f"preview of {ROWS:,} new rows", f"{ROWS / took():,.0f} rows/s", reference)
    with seconds() as took:
        commit(batch)
    say(f"import of {ROWS:,} new rows", f"{ROWS / took():,.0f} rows/s", reference)
    with seconds() as took:
        again = plan(text, admin_user)
    say(f"preview of {ROWS:,} unchanged rows", f"{ROWS / took():,.0f} rows/s", reference)
    assert (Contact.objects.count(), again.unchanged) == (ROWS, ROWS)
    assert Import.objects.count() == 2
    visit_list(admin_user)


def visit_list(user: User) -> None:
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    bare = median_ms(client, "/healthz")
    for what, url in (
        ("first page of the list", "/contacts/"),
        ("first page by name", "/contacts/?sort=name"),
        ("search of one word", "/contacts/?q=last2010"),
        ("search of a phone fragment", "/contacts/?q=2005"),
    ):
        say(
            f"{what}, {ROWS:,} contacts",
            f"{median_ms(client, url):.1f} ms p50",
            f"{bare:.1f} ms SELECT 1",
        )


def median_ms(client: Client, url: str) -> float:
    times = []
    for _ in range(VISITS):
        with seconds() as took:
            assert client.get(url).status_code == 200
        times.append(took() * 1000)
    return statistics.median(times)
