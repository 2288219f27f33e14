"""An index in the order of that list; apart, since PostgreSQL indexes no table just written to."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("activities", "0009_reminders_by_end")]

    operations = [
        migrations.AddIndex(
            model_name="reminder",
            index=models.Index(fields=["-ended_at", "-id"], name="reminders_by_end"),
        ),
    ]
