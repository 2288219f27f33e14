"""Running an import's next step: the preview, the import itself, or its undo."""

import logging

from django.utils import timezone

from contacts.imports.committing import commit_plan
from contacts.imports.planning import make_plan
from contacts.imports.reading import UnreadableFile
from contacts.imports.undoing import undo
from contacts.leases import Lease, LeaseLost, claim
from contacts.models import Import

logger = logging.getLogger(__name__)


def run(import_id: int) -> None:
    """Do what the import waits for, if nobody else does. Safe to call any number of times."""
    lease = claim(Import, import_id)
    if lease is None:
        return
    batch = Import.objects.select_related("created_by", "undone_by").get(pk=import_id)
    try:
        if batch.state == Import.State.PLANNING:
            make_plan(batch, lease)
        elif batch.state == Import.State.UNDOING:
            undo(batch, lease)
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
        logger.info("import %s was stopped before it failed", lease.pk)


def forget_file(batch: Import) -> None:
    """Remove the uploaded file: after the commit the stored rows say all that is needed."""
    if batch.path:
        batch.file.unlink(missing_ok=True)
        Import.objects.filter(pk=batch.pk).update(path="")
