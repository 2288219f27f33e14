"""Everything that is kept: every table of every app as the database has it, and every file."""

from pathlib import Path

from django.conf import settings
from django.db import connection

from contacts.models import SearchEntry

#: SQLite's search index: its tables hold pieces of words, so it is asked instead (found_by_search).
INDEX = "contacts_search"
FOLDERS = ("exports", "mail", "uploads")


def everything_stored() -> str:
    """Every value of every row of every table, models or not."""
    rows: list[str] = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if connection.vendor == "postgresql" or not table.startswith(INDEX):
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
                rows += (repr(row) for row in cursor.fetchall())
    return "\n".join(rows)


def found_by_search(word: str) -> bool:
    """Whether the search index knows the word, for whatever contact."""
    return SearchEntry.objects.search(word, region="US").values("pk").exists()


def every_file() -> bytes:
    """What lies in the folders where files of contacts may be."""
    places = [Path(settings.KITH_HOME) / folder for folder in FOLDERS]
    places.append(Path(settings.MEDIA_ROOT))
    return b"\n".join(
        path.read_bytes() for place in places for path in sorted(place.rglob("*")) if path.is_file()
    )
