"""Running an import's next step in a worker, and asking a worker to.

The message to the worker is a hint: when it is lost, the relay asks again (see leases.waiting).
"""

import logging

from django.db import transaction
from django.utils import timezone

from contacts.imports.committing import commit_plan
from contacts.imports.leases import Lease, LeaseLost, claim
from contacts.imports.planning import make_plan
from contacts.imports.reading import UnreadableFile
from contacts.models import Import

logger = logging.getLogger(__name__)


def start_planning(batch: Import) -> None:
    """Ask for the preview: the row is changed now, a worker is told after the commit."""
    Import.objects.filter(pk=batch.pk).update(state=Import.State.PLANNING, error="")
    _hint_after_commit(batch.pk)


def start_committing(batch: Import) -> bool:
    """Ask for the import itself; False when it was not a finished preview (a second click)."""
    started = Import.objects.filter(pk=batch.pk, state=Import.State.PLANNED).update(
        state=Import.State.COMMITTING, started_at=timezone.now(), done_rows=0
    )
    if started:
        _hint_after_commit(batch.pk)
    return bool(started)


def run(import_id: int) -> None:
    """Do what the import waits for, if nobody else does. Safe to call any number of times."""
    lease = claim(import_id)
    if lease is None:
        return
    batch = Import.objects.select_related("created_by").get(pk=import_id)
    try:
        if batch.state == Import.State.PLANNING:
            make_plan(batch, lease)
        else:
            commit_plan(batch, lease)
            forget_file(batch)
    except LeaseLost:
        logger.info("import %s is no longer ours", import_id)
    except (UnreadableFile, OSError) as error:
        _fail(lease, error)


def _fail(lease: Lease, error: Exception) -> None:
    told = str(error) if isinstance(error, UnreadableFile) else "The uploaded file is not there."
    try:
        lease.settle(state=Import.State.FAILED, error=told, finished_at=timezone.now())
    except LeaseLost:
        logger.info("import %s was stopped before it failed", lease.import_id)


def forget_file(batch: Import) -> None:
    """Remove the uploaded file: after the commit the stored rows say all that is needed."""
    if batch.path:
        batch.file.unlink(missing_ok=True)
        Import.objects.filter(pk=batch.pk).update(path="")


def hint(import_id: int) -> None:
    """Tell a worker that an import waits. Never raises: the relay repeats a lost hint."""
    from contacts.tasks import run_import

    try:
        run_import.delay(import_id)
    except Exception:  # whatever the broker's client raises when the broker is away
        logger.warning("import %s waits for the relay: the broker did not answer", import_id)


def _hint_after_commit(import_id: int) -> None:
    transaction.on_commit(lambda: hint(import_id))
