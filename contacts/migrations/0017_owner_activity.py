"""One's own contacts by their last activity are one range of an index.

The plain index on the owner goes: two others begin with it. It goes by its name and not by altering
the field, because on SQLite that makes the table anew, without its triggers.
"""

import datetime

import django.db.models.deletion
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models

NEVER = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
PLAIN = "contacts_contact_owner_id_0103c1ee"


class Migration(migrations.Migration):
    dependencies = [("contacts", "0016_mails_of_connections")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    f"DROP INDEX IF EXISTS {PLAIN}",
                    f"CREATE INDEX {PLAIN} ON contacts_contact (owner_id)",
                )
            ],
            state_operations=[
                migrations.AlterField(
                    "contact",
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="contacts",
                        to=settings.AUTH_USER_MODEL,
                    ),
                )
            ],
        ),
        migrations.AddIndex(
            "contact",
            models.Index(
                models.F("owner"),
                django.db.models.functions.comparison.Coalesce(
                    "last_interacted_time", models.Value(NEVER)
                ),
                models.F("id"),
                name="contact_by_owner_activity",
            ),
        ),
    ]
