"""A real worker is killed in the middle of an import; another one takes over."""

import os
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from contacts.background import hint
from contacts.imports.starting import start_committing
from contacts.models import Contact, FieldChange, Identifier, Import, User
from contacts.tasks import run_import
from tests.contacts.imports.engine import add_up, plan
from tests.worker import real_worker

pytestmark = [
    pytest.mark.worker,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not settings.REDIS_URL, reason="kills real workers: set REDIS_URL"),
]
ROWS = 6000
TEXT = "Email,First Name\n" + "".join(f"k{n}@example.com,K{n}\n" for n in range(ROWS))


def wait(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)


def state(batch: Import) -> str:
    return str(Import.objects.values_list("state", flat=True).get(pk=batch.pk))


def test_an_import_survives_kill_9_and_does_no_row_twice(admin_user: User, tmp_path: Path) -> None:
    batch = plan(TEXT, admin_user)
    with real_worker(tmp_path) as worker:
        start_committing(batch)
        wait(lambda: Contact.objects.count() >= 1000)
        os.killpg(worker.pid, signal.SIGKILL)
    done = Contact.objects.count()
    assert 0 < done < ROWS and done % 500 == 0 and state(batch) == "committing"

    Import.objects.update(lease_until=timezone.now() - timedelta(seconds=1))  # a minute later
    with real_worker(tmp_path):
        hint(run_import, batch.pk)  # as the relay does
        wait(lambda: state(batch) == "done")
    batch.refresh_from_db()
    assert (batch.new, Contact.objects.count(), Identifier.objects.count()) == (ROWS,) * 3
    assert FieldChange.objects.filter(field="email").count() == ROWS and add_up(batch)
