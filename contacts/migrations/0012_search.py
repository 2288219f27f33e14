"""The search gets an index of its own beside the contacts, on both databases."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from contacts import search_index
from contacts.search import LETTERS, MARKS

OLD_INDEX = "CREATE INDEX contact_search ON contacts_contact USING gin (search_text gin_trgm_ops)"


def forwards(apps, schema_editor):
    connection = schema_editor.connection
    if connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX contact_search")
    search_index.respell(connection)
    search_index.create(connection)


def backwards(apps, schema_editor):
    connection = schema_editor.connection
    search_index.drop(connection)
    search_index.respell(connection, LETTERS, MARKS)
    if connection.vendor == "postgresql":
        schema_editor.execute(OLD_INDEX)


class Migration(migrations.Migration):
    dependencies = [("contacts", "0011_bulk")]

    operations = [
        migrations.CreateModel(
            name="SearchEntry",
            fields=[
                (
                    "contact_id",
                    models.BigIntegerField(db_column="rowid", primary_key=True, serialize=False),
                ),
                ("search_text", models.TextField()),
                (
                    "owner",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"db_table": "contacts_search", "default_permissions": (), "managed": False},
        ),
        migrations.RunPython(forwards, backwards),
    ]
