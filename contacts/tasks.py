"""What workers do. A message is a hint with ids only; the rows say what there is to do."""

from celery import shared_task
from django.utils import timezone

from contacts.imports import running
from contacts.models import Heartbeat


@shared_task
def run_import(import_id: int) -> None:
    """Do an import's next step, if nobody else does."""
    running.run(import_id)


@shared_task
def heartbeat() -> None:
    """Prove that a worker takes messages and reaches the database (read by /readyz)."""
    Heartbeat.objects.update_or_create(name="worker", defaults={"at": timezone.now()})
