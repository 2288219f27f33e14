"""What workers deliver. A message is a hint with an id at most; the rows say what is due."""

from celery import shared_task

from integrations.calendars import busy
from integrations.crm import accounts
from integrations.outbox import running


@shared_task
def deliver_due() -> None:
    """Deliver what is due, whoever's it is."""
    running.run()


@shared_task
def deliver_of_contact(contact_id: int) -> None:
    """Deliver what is due of one contact: it was saved this moment."""
    running.run(contact_id)


@shared_task
def read_busy_times(connection_id: int) -> None:
    """Read when the host of this calendar is busy."""
    busy.read(connection_id)


@shared_task
def read_crm_fields(connection_id: int) -> None:
    """Read which fields this CRM account has."""
    accounts.read(connection_id)
