"""A real worker is killed in the middle of a bulk action; another one takes over."""

import os
import signal
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from contacts.background import hint
from contacts.models import BulkAction, Contact, FieldChange, User
from contacts.tasks import run_bulk_action
from tests.contacts.bulk.doing import adds_up, begin
from tests.contacts.imports.engine import bring_in
from tests.contacts.imports.test_killed_worker import wait
from tests.worker import real_worker

pytestmark = [
    pytest.mark.worker,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not settings.REDIS_URL, reason="kills real workers: set REDIS_URL"),
]
ROWS = 8000
TEXT = "Email,First Name\n" + "".join(f"k{n}@example.com,K{n}\n" for n in range(ROWS))


def state(action: BulkAction) -> str:
    return str(BulkAction.objects.values_list("state", flat=True).get(pk=action.pk))


def done() -> int:
    return Contact.objects.filter(status="Qualified").count()


def test_a_bulk_action_survives_kill_9_and_does_no_row_twice(
    admin_user: User, tmp_path: Path
) -> None:
    bring_in(TEXT, admin_user)
    with real_worker(tmp_path) as worker:
        action = begin(admin_user, "status", "Qualified")
        wait(lambda: done() >= 1000)
        os.killpg(worker.pid, signal.SIGKILL)
    assert 0 < done() < ROWS and done() % 500 == 0 and state(action) == "running"

    BulkAction.objects.update(lease_until=timezone.now() - timedelta(seconds=1))  # a minute later
    with real_worker(tmp_path):
        hint(run_bulk_action, action.pk)  # as the relay does
        wait(lambda: state(action) == "done")
    action.refresh_from_db()
    assert (action.done, done(), adds_up(action)) == (ROWS, ROWS, True)
    assert FieldChange.objects.filter(bulk=action).count() == ROWS
    assert set(Contact.objects.values_list("version", flat=True)) == {2}
