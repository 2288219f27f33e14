"""Exports and bulk actions in figures: rows a second and peak memory, beside a bare dump.

Part of `make benchmark`; EXPORT_ROWS sets the size. They never fail on time, only on memory that
grows with the rows.
"""

import csv
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from contacts.access import Role
from contacts.bulk_actions import running, starting
from contacts.models import BulkAction, Contact, FieldChange, Identifier, PublicId, User
from contacts.models.contact import new_public_id
from contacts.search import derive
from contacts.services import identifier_key
from tests.benchmarks.figures import say, seconds
from tests.contacts.bulk.doing import begin
from tests.factories import make_user
from tests.worker import ROOT

ROWS = int(os.environ.get("EXPORT_ROWS", "200000"))
FEW = 2000
ALLOWED = 60  # megabytes more for all rows than for a few: the size of a batch, not of the table

#: Run in a process of its own, whose peak is that of the export alone.
MEASURED = """
import resource, sys, time, django
django.setup()
from contacts.exporting.rows import columns_named, rows_of
from contacts.exporting.files import parts_of
from contacts.models import Contact
kind, limit = sys.argv[1], int(sys.argv[2])
columns = columns_named()
contacts = Contact.objects.order_by("pk")[:limit]
start = time.perf_counter()
size = sum(len(part) for part in parts_of(columns, rows_of(contacts, columns), kind))
took = time.perf_counter() - start
print(took, size, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def people(owner: User, first: int, number: int) -> Iterator[Contact]:
    for n in range(first, first + number):
        contact = Contact(
            public_id=new_public_id(), owner=owner, first_name=f"First{n}", last_name=f"Last{n}",
            email=f"person{n}@example.com", mobile_phone=f"+1202{n:07}", company=f"Company {n % 500}",
            job_title="Accountant", street_address=f"{n} High Street\nLondon", country="Utopia",
        )  # fmt: skip
        derive(contact)
        yield contact


def fill(owner: User, number: int) -> None:
    for first in range(0, number, 5000):
        contacts = list(people(owner, first, min(5000, number - first)))
        PublicId.objects.bulk_create([PublicId(value=c.public_id) for c in contacts])
        Contact.objects.bulk_create(contacts)
        Identifier.objects.bulk_create(
            Identifier(kind="email", key=identifier_key("email", c.email), value=c.email, contact=c)
            for c in contacts
        )


def measure(kind: str, limit: int) -> tuple[float, int, int]:
    """Seconds, bytes and peak megabytes of an export."""
    test = connection.settings_dict
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PYTHONPATH": str(ROOT),
    }
    if connection.vendor == "postgresql":
        account = f"{test['USER']}:{test['PASSWORD']}@{test['HOST']}:{test['PORT']}"
        environment["DATABASE_URL"] = f"postgresql://{account}/{test['NAME']}"
    script = MEASURED
    if connection.vendor == "sqlite":
        name = str(test["NAME"])
        script = f"from tests import settings\nsettings.DATABASES['default']['NAME'] = {name!r}\n{script}"
    done = subprocess.run(
        [sys.executable, "-c", script, kind, str(limit)],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    took, size, peak = done.stdout.split()
    return float(took), int(size), int(peak)


def bare_rows_per_second(folder: Path) -> float:
    """COPY of the whole table on PostgreSQL, SELECT into csv.writer on SQLite."""
    target = folder / "bare.csv"
    with connection.cursor() as cursor, seconds() as took:
        if connection.vendor == "postgresql":
            with cursor.copy("COPY contacts_contact TO STDOUT (FORMAT csv)") as copy, target.open("wb") as file:  # fmt: skip
                for data in copy:
                    file.write(data)
        else:
            cursor.execute("SELECT * FROM contacts_contact")
            with target.open("w", newline="") as text:
                csv.writer(text).writerows(cursor)
    return ROWS / took()


@pytest.mark.django_db(transaction=True)
def test_exports_and_bulk_actions_in_flat_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "SMALL", 0)
    monkeypatch.setattr(starting, "hint_after_commit", lambda *_: None)
    owner = make_user(Role.ADMINISTRATOR)
    fill(owner, ROWS)
    reference = f"{bare_rows_per_second(tmp_path):,.0f} rows/s bare dump"
    for kind in ("csv", "xlsx"):
        _, _, small = measure(kind, FEW)
        took, size, peak = measure(kind, ROWS)
        figure = f"{ROWS / took:,.0f} rows/s, {size / 1e6:,.0f} MB"
        say(f"{kind} of {ROWS:,} contacts, every field", figure, reference)
        say(f"{kind}: peak memory of the process", f"{peak} MB", f"{small} MB for {FEW:,}")
        assert peak < small + ALLOWED
    act(owner)


def act(owner: User) -> None:
    other = make_user(Role.ADMINISTRATOR)
    for kind, value in (("owner", other.pk), ("status", "Qualified")):
        with seconds() as froze:
            action = begin(owner, kind, value)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with seconds() as took:
            running.run(action.pk)
        action.refresh_from_db()
        assert (action.state, action.done) == (BulkAction.State.DONE, ROWS)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
        say(f"bulk {kind}, {ROWS:,} contacts", f"{ROWS / took():,.0f} rows/s", f"frozen in {froze():.1f} s, {grown} MB more")  # fmt: skip
        assert grown < ALLOWED
    with seconds() as took:
        undo = starting.start_undo(action_id=action.pk, user=owner)
        running.run(undo.pk)
    say(f"undo of it, {ROWS:,} contacts", f"{ROWS / took():,.0f} rows/s", "the same in chunks")
    assert FieldChange.objects.filter(bulk=undo).count() == ROWS
