"""When a reminder ended, for the list of those that are over."""

from django.db import migrations, models
from django.db.models.functions import Coalesce, Least, Now


def fill_in(apps, schema_editor):
    """The nearest that is known: when it was sent or tried, else when it was due, never ahead."""
    ended = apps.get_model("activities", "Reminder").objects.filter(next_at=None)
    ended.update(ended_at=Least(Coalesce("sent_at", "begun_at", "due_at"), Now()))


class Migration(migrations.Migration):
    dependencies = [("activities", "0008_forms")]

    operations = [
        migrations.AddField(
            model_name="reminder",
            name="ended_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.RunPython(fill_in, migrations.RunPython.noop),
    ]
