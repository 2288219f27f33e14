"""Meetings can be searched: by a stored text, and on PostgreSQL by its trigrams."""

from django.db import migrations, models

from contacts.search import spelled

BATCH = 1000
INDEX = "CREATE INDEX meeting_search ON activities_meeting USING gin (search_text gin_trgm_ops)"


def forwards(apps, schema_editor):
    Meeting = apps.get_model("activities", "Meeting")
    last = 0
    while rows := list(Meeting.objects.filter(pk__gt=last).order_by("pk")[:BATCH]):
        for row in rows:
            guest = f"{row.guest_name} {row.guest_email} {row.guest_company}"
            row.search_text = spelled(f"{guest} {row.subject} {row.tracking_id} {row.public_id}")
        Meeting.objects.bulk_update(rows, ["search_text"])
        last = rows[-1].pk


def index(statement):
    def apply(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(statement)

    return apply


class Migration(migrations.Migration):
    dependencies = [("activities", "0001_initial"), ("contacts", "0002_postgresql")]

    operations = [
        migrations.AddField(
            model_name="meeting",
            name="search_text",
            field=models.TextField(blank=True, default="", editable=False),
        ),
        migrations.RunPython(forwards, migrations.RunPython.noop),
        migrations.RunPython(index(INDEX), index("DROP INDEX meeting_search")),
    ]
