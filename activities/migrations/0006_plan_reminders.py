"""Meetings that were booked before there were reminders get the ones that every calendar begins
with: an hour before the start, by mail, and by text message where the guest agreed to those."""

from datetime import timedelta

from django.db import migrations
from django.utils import timezone

BEFORE = 60  # minutes
ACTIVE = ("requested", "scheduled", "rescheduled")


def plan(apps, schema_editor):
    meeting_model = apps.get_model("activities", "Meeting")
    reminder_model = apps.get_model("activities", "Reminder")
    first = timezone.now() + timedelta(minutes=BEFORE)
    ahead = meeting_model.objects.filter(status__in=ACTIVE, starts_at__gt=first, in_trash=False)
    rows = (
        reminder_model(
            meeting=meeting, kind="reminder", channel=channel, minutes_before=BEFORE,
            sequence=meeting.sequence, due_at=due, next_at=due,
        )
        for meeting in ahead.iterator()
        for due in [meeting.starts_at - timedelta(minutes=BEFORE)]
        for channel in ("email", *(("sms",) if meeting.sms_consent else ()))
    )
    reminder_model.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)


class Migration(migrations.Migration):

    dependencies = [("activities", "0005_reminders")]

    operations = [migrations.RunPython(plan, migrations.RunPython.noop)]
