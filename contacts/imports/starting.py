"""Asking a worker for an import's next step.

The row is changed first and says what there is to do; the message is only a hint. When it is lost,
the relay asks again (see leases.waiting).
"""

import logging

from django.db import transaction
from django.utils import timezone

from contacts.models import Import
from contacts.tasks import run_import

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


def hint(import_id: int) -> None:
    """Tell a worker that an import waits. Never raises: the relay repeats a lost hint."""
    try:
        run_import.delay(import_id)
    except Exception:  # whatever the broker's client raises when the broker is away
        logger.warning("import %s waits for the relay: the broker did not answer", import_id)


def _hint_after_commit(import_id: int) -> None:
    transaction.on_commit(lambda: hint(import_id))
