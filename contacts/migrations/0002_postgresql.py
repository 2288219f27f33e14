"""What only PostgreSQL needs: byte order for the sort keys, and trigrams for the search.

SQLite compares text by bytes anyway, which is what keyset paging relies on (blanks are stored as
the last code point), and its substring search reads the table.
"""

from django.db import migrations

FORWARDS = [
    'ALTER TABLE contacts_contact ALTER COLUMN sort_name TYPE varchar(120) COLLATE "C"',
    'ALTER TABLE contacts_contact ALTER COLUMN sort_email TYPE varchar(120) COLLATE "C"',
    'ALTER TABLE contacts_contact ALTER COLUMN sort_company TYPE varchar(120) COLLATE "C"',
    'ALTER TABLE contacts_contact ALTER COLUMN sort_status TYPE varchar(20) COLLATE "C"',
    'ALTER TABLE contacts_identifier ALTER COLUMN key TYPE varchar(320) COLLATE "C"',
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX contact_search ON contacts_contact USING gin (search_text gin_trgm_ops)",
]
BACKWARDS = ["DROP INDEX contact_search"]


def run(statements):
    def apply(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            for statement in statements:
                schema_editor.execute(statement)

    return apply


class Migration(migrations.Migration):
    dependencies = [("contacts", "0001_initial")]

    operations = [migrations.RunPython(run(FORWARDS), run(BACKWARDS))]
