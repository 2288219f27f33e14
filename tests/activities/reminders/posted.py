"""Short ways to let time pass and to look at what was planned and sent."""

from datetime import timedelta

from django.utils import timezone

from activities.models import Meeting, Reminder
from activities.reminders import sending


def rows(meeting: Meeting, **such: object) -> list[tuple[str, str, int, str]]:
    """(channel, kind, minutes before, state) of a meeting's messages."""
    its = meeting.reminders.filter(**such).order_by("channel", "due_at", "pk")
    return [(r.channel, r.kind, r.minutes_before, r.state) for r in its]


def of(meeting: Meeting, kind: str = "reminder", channel: str = "email") -> Reminder:
    return meeting.reminders.filter(kind=kind, channel=channel).latest("pk")


def only_reminder(meeting: Meeting) -> Reminder:
    """The meeting's reminder by mail, due now; what was to be sent before it is gone."""
    reminder = of(meeting)
    meeting.reminders.exclude(pk=reminder.pk).delete()
    return come_due(reminder)


def come_due(reminder: Reminder) -> Reminder:
    """It is time for it, or for its next attempt; its worker's claim is over as well."""
    Reminder.objects.filter(pk=reminder.pk).update(next_at=timezone.now() - timedelta(seconds=1))
    return reminder


def sent(reminder: Reminder) -> Reminder:
    """After a worker has sent what was due."""
    sending.run()
    reminder.refresh_from_db()
    return reminder
