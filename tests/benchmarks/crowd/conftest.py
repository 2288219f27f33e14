"""ROWS contacts and the people who see them, loaded once for every figure that is taken among them."""

import os
from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from contacts.access import Role
from contacts.models import Account, User
from contacts.sample.loading import load, settle
from tests.benchmarks.figures import raw_rows_per_second, say, seconds
from tests.factories import make_team, make_user

ROWS = int(os.environ.get("ROWS", "20000"))


@pytest.fixture(scope="package")
def people(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[dict[str, User]]:
    """One person of each role, and ROWS contacts that fifty people own."""
    with django_db_blocker.unblock():
        Account.load()  # made here: on SQLite the server cannot write while a test's transaction is open
        seen = {role.value: make_user(role) for role in Role}
        others = [make_user() for _ in range(46)]
        make_team(manager=seen[Role.MANAGER.value], members=others[10:20])
        owners = [user.pk for user in (*others[:10], *seen.values(), *others[10:])]
        reference = f"{raw_rows_per_second(20_000):,.0f} rows/s raw insert"
        with seconds() as took:
            load(ROWS, owners=owners, until=timezone.now())
        say(f"load {ROWS:,} contacts", f"{ROWS / took():,.0f} rows/s", reference)
        settle()
        yield seen
        call_command("flush", interactive=False, verbosity=0)
