"""What workers do. A message is a hint with ids only; the rows say what there is to do."""

from celery import shared_task
from django.utils import timezone

from contacts import duplicates
from contacts.background import register
from contacts.bulk_actions import running as bulk_actions
from contacts.exporting import files as export_files
from contacts.imports import running as imports
from contacts.models import BulkAction, ExportFile, Heartbeat, Import
from contacts.people import letters


@shared_task
def run_import(import_id: int) -> None:
    """Do an import's next step, if nobody else does."""
    imports.run(import_id)


@shared_task
def run_bulk_action(action_id: int) -> None:
    """Go on with a bulk action, if nobody else does."""
    bulk_actions.run(action_id)


@shared_task
def write_export(file_id: int) -> None:
    """Write the file of an export, if nobody else does."""
    export_files.run(file_id)


@shared_task
def search_duplicates() -> None:
    """Look for possible duplicates among contacts saved since the last look."""
    duplicates.find_possible_duplicates()


@shared_task
def send_mail(mail_id: int) -> None:
    """Send a mail of the outbox, if nobody else does."""
    letters.deliver(mail_id)


@shared_task
def heartbeat() -> None:
    """Prove that a worker takes messages and reaches the database (read by /readyz)."""
    Heartbeat.objects.update_or_create(name="worker", defaults={"at": timezone.now()})


register(Import, run_import)
register(BulkAction, run_bulk_action)
register(ExportFile, write_export)
