"""Figures of the import, each beside a reference of the same run: `make benchmark`.

On the embedded database, or on PostgreSQL with DATABASE_URL. IMPORT_ROWS sets the size.
"""

import os

import pytest

from contacts.models import Contact, Import, User
from tests.benchmarks.figures import raw_rows_per_second, say, seconds
from tests.contacts.imports.engine import commit, plan

ROWS = int(os.environ.get("IMPORT_ROWS", "20000"))


def people(rows: int) -> str:
    body = "".join(
        f"First{n},Last{n},person{n}@example.com,+1202{n:07},Company {n % 500}\n"
        for n in range(2_000_000, 2_000_000 + rows)
    )
    return "First Name,Last Name,Email,Mobile Phone,Company\n" + body


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
