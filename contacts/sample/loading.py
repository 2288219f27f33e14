"""Writing a crowd into the database: COPY on PostgreSQL, executemany on SQLite."""

import itertools
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.db.models import Max

from contacts.models import Contact, PublicId
from contacts.sample.crowd import crowd

CHUNK = 10_000  # contacts in one transaction, and in memory
SAY_EVERY = 100_000


def load(
    number: int, *, owners: Sequence[int], until: datetime, say: Callable[[str], Any] | None = None
) -> None:
    """Load `number` made-up contacts behind those that are there, with identifiers.

    They get no history, and nothing is announced. `say` is told how many there are, and how fast.
    """
    first = (Contact.objects.aggregate(last=Max("pk"))["last"] or 0) + 1
    people = crowd(first, number, owners=owners, until=until)
    start, done = time.perf_counter(), 0
    while chunk := list(itertools.islice(people, CHUNK)):
        with transaction.atomic():
            _insert([PublicId(value=contact.public_id) for contact, _ in chunk])
            _insert([contact for contact, _ in chunk])
            _insert([identifier for _, own in chunk for identifier in own])
            _count_on(Contact)
        done += len(chunk)
        if say and (done % SAY_EVERY == 0 or done == number):
            say(f"{done:,} contacts, {done / (time.perf_counter() - start):,.0f} rows/s")


def settle() -> None:
    """Let PostgreSQL note what it holds, as it will by itself in a while: its plans depend on it."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def _insert(instances: Sequence[models.Model]) -> None:
    """Insert unsaved instances of one model; keys that they do not have the database gives."""
    if not instances:
        return
    meta = instances[0]._meta
    fields = [f for f in meta.concrete_fields if not f.primary_key or instances[0].pk is not None]
    rows = [
        [f.get_db_prep_save(getattr(row, f.attname), connection) for f in fields]
        for row in instances
    ]
    quote = connection.ops.quote_name
    table, columns = quote(meta.db_table), ", ".join(quote(str(f.column)) for f in fields)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:  # fmt: skip
            for row in rows:
                copy.write_row(row)
    else:
        places = ", ".join(["%s"] * len(fields))
        with connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", rows)


def _count_on(model: type[models.Model]) -> None:
    """Let the database give keys behind those that were given here. SQLite does so by itself."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [model]):
            cursor.execute(statement)
