"""Asking a worker for an import's next step: the row is changed first, then somebody is told."""

from django.utils import timezone

from contacts.background import hint_after_commit
from contacts.models import Import
from contacts.tasks import run_import


def start_planning(batch: Import) -> None:
    """Ask for the preview: the row is changed now, a worker is told after the commit."""
    Import.objects.filter(pk=batch.pk).update(state=Import.State.PLANNING, error="")
    hint_after_commit(run_import, batch.pk)


def start_committing(batch: Import) -> bool:
    """Ask for the import itself; False when it was not a finished preview (a second click)."""
    started = Import.objects.filter(pk=batch.pk, state=Import.State.PLANNED).update(
        state=Import.State.COMMITTING, started_at=timezone.now(), done_rows=0
    )
    if started:
        hint_after_commit(run_import, batch.pk)
    return bool(started)
