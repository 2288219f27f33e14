"""What workers do for meetings. A message is a hint with an id at most; the rows say what is due."""

from celery import shared_task

from activities.reminders import sending


@shared_task
def send_reminders() -> None:
    """Send what is due, whoever's it is."""
    sending.run()


@shared_task
def send_reminders_of(meeting_id: int) -> None:
    """Send what is due of one meeting: it was booked, moved or canceled this moment."""
    sending.run(meeting_id)
