"""What the search asks of each database, both halves side by side.

PostgreSQL: `contacts_search` is a table with a trigram index. It is narrow, since counting what a
frequent word finds looks at many rows, and it stands apart from the contacts, so that a new status
or a new activity writes nothing into the index. SQLite: `contacts_search` is an FTS5 table of
trigrams, with two blanks before each word: so one letter that begins a word makes a trigram, too.

Both are kept by triggers on the table of the contacts, whoever writes there.
"""

import json
from collections.abc import Sequence
from typing import Any

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Aggregate, BooleanField, F, Func
from django.db.models import Field as Column

from contacts.search import LETTERS, MARKS, Wanted

# ------------------------------------------------------------------------------- making and keeping

_POSTGRESQL = [
    "CREATE TABLE contacts_search"
    " (rowid bigint PRIMARY KEY, owner_id bigint NOT NULL, search_text text NOT NULL)",
    "INSERT INTO contacts_search SELECT id, owner_id, search_text FROM contacts_contact",
    "CREATE INDEX contacts_search_owner ON contacts_search (owner_id)",
    # A short list of what waits for the index: every search reads all of that list.
    "CREATE INDEX contacts_search_words ON contacts_search"
    " USING gin (search_text gin_trgm_ops) WITH (gin_pending_list_limit = 512)",
    # With the column itself beside what is made of it: else walking this order reads every row.
    "DROP INDEX contact_by_activity",
    "CREATE INDEX contact_by_activity ON contacts_contact"
    " (COALESCE(last_interacted_time, '1970-01-01 00:00:00+00'::timestamptz), id)"
    " INCLUDE (last_interacted_time)",
    """CREATE FUNCTION contacts_search_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO contacts_search SELECT id, owner_id, search_text FROM written;
        RETURN NULL; END $$""",
    """CREATE FUNCTION contacts_search_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE contacts_search SET owner_id = NEW.owner_id, search_text = NEW.search_text
        WHERE rowid = NEW.id; RETURN NULL; END $$""",
    """CREATE FUNCTION contacts_search_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        DELETE FROM contacts_search USING written WHERE rowid = written.id;
        RETURN NULL; END $$""",
    """CREATE FUNCTION contacts_search_truncate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        TRUNCATE contacts_search; RETURN NULL; END $$""",
    "CREATE TRIGGER contacts_search_insert AFTER INSERT ON contacts_contact REFERENCING NEW TABLE"
    " AS written FOR EACH STATEMENT EXECUTE FUNCTION contacts_search_insert()",
    "CREATE TRIGGER contacts_search_update AFTER UPDATE ON contacts_contact FOR EACH ROW"
    " WHEN (OLD.search_text <> NEW.search_text OR OLD.owner_id <> NEW.owner_id)"
    " EXECUTE FUNCTION contacts_search_update()",
    "CREATE TRIGGER contacts_search_delete AFTER DELETE ON contacts_contact REFERENCING OLD TABLE"
    " AS written FOR EACH STATEMENT EXECUTE FUNCTION contacts_search_delete()",
    "CREATE TRIGGER contacts_search_truncate AFTER TRUNCATE ON contacts_contact"
    " FOR EACH STATEMENT EXECUTE FUNCTION contacts_search_truncate()",
]
_SQLITE = [
    "CREATE VIRTUAL TABLE contacts_search USING fts5(search_text, owner_id UNINDEXED,"
    " content='contacts_contact', content_rowid='id', columnsize=0,"
    " tokenize='trigram case_sensitive 1')",
]
_ADD = (
    "INSERT INTO contacts_search(rowid, search_text)"
    " VALUES (new.id, replace(new.search_text, ' ', '  '));"
)
_TAKE_OUT = (
    "INSERT INTO contacts_search(contacts_search, rowid, search_text)"
    " VALUES ('delete', old.id, replace(old.search_text, ' ', '  '));"
)
_SQLITE_TRIGGERS = {
    "contacts_search_insert": f"AFTER INSERT ON contacts_contact BEGIN {_ADD} END",
    "contacts_search_update": "AFTER UPDATE OF search_text ON contacts_contact"
    f" WHEN old.search_text <> new.search_text BEGIN {_TAKE_OUT} {_ADD} END",
    "contacts_search_delete": f"AFTER DELETE ON contacts_contact BEGIN {_TAKE_OUT} END",
}
_SQLITE_FILL = [
    "INSERT INTO contacts_search(contacts_search) VALUES ('delete-all')",
    "INSERT INTO contacts_search(rowid, search_text)"
    " SELECT id, replace(search_text, ' ', '  ') FROM contacts_contact",
]


def create(connection: BaseDatabaseWrapper) -> None:
    """Make the index, and fill it from the contacts that are there."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for statement in _POSTGRESQL:
                cursor.execute(statement)
            return
        try:
            for statement in _SQLITE:
                cursor.execute(statement)
        except OperationalError as error:
            raise OperationalError(
                "This Python's SQLite has no full-text search by trigrams (FTS5 of SQLite 3.34 or "
                "newer), which the embedded database needs."
            ) from error
    keep(connection)


def drop(connection: BaseDatabaseWrapper) -> None:
    """Remove everything that `create` made."""
    with connection.cursor() as cursor:
        for what in ("insert", "update", "delete", "truncate"):
            if connection.vendor == "postgresql":
                cursor.execute(f"DROP FUNCTION contacts_search_{what} CASCADE")
            else:
                cursor.execute(f"DROP TRIGGER IF EXISTS contacts_search_{what}")
        cursor.execute("DROP TABLE contacts_search")


def keep(connection: BaseDatabaseWrapper) -> None:
    """On SQLite: put back triggers that are gone, and what they would have written.

    To change a table Django makes it anew there, and the triggers of the old one go with it. Called
    after every migrate.
    """
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE name LIKE 'contacts_search%%'", [])
        known = {name for (name,) in cursor.fetchall()}
        missing = {n: sql for n, sql in _SQLITE_TRIGGERS.items() if n not in known}
        if "contacts_search" not in known or not missing:
            return
        for name, sql in missing.items():
            cursor.execute(f"CREATE TRIGGER {name} {sql}")
        for statement in _SQLITE_FILL:
            cursor.execute(statement)


def respell(connection: BaseDatabaseWrapper, before: str = MARKS, after: str = LETTERS) -> None:
    """Write stored search texts with letters for marks, as `derive` does."""
    if connection.vendor == "sqlite":
        table = str.maketrans(before, after)
        connection.ensure_connection()
        connection.connection.create_function(
            "translate", 3, lambda text, *_: text.translate(table)
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE contacts_contact SET search_text = translate(search_text, %s, %s)",
            [before, after],
        )


# ----------------------------------------------------------------------------------------- searching


def may_be_read(connection: BaseDatabaseWrapper) -> bool:
    """Whether the entries hold their texts: then reading some costs less than reading contacts."""
    return connection.vendor == "postgresql"


class Matches(Func):
    """Whether an entry of the index has what is `wanted`.

    `by_reading` (where entries may be read) looks at every entry that the other conditions leave.
    """

    output_field = BooleanField()
    conditional = True

    def __init__(self, wanted: Wanted, *, by_reading: bool = False) -> None:
        super().__init__(F("search_text"))
        self.wanted = wanted
        self.by_reading = by_reading

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:
        """Each needle by LIKE: the trigram index narrows it down, the text decides."""
        column, params = compiler.compile(self.get_source_expressions()[0])
        text = f"({column} || '')" if self.by_reading else column  # not what is indexed
        values = list(params)

        def like(needle: str) -> str:
            values.append(f"%{connection.ops.prep_for_like_query(needle)}%")
            return f"{text} LIKE %s"

        return _spelled(self.wanted, like), values

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        """A phrase of trigrams is found where, and only where, its text stands."""
        column, params = compiler.compile(self.get_source_expressions()[0])

        def phrase(needle: str) -> str:
            letter = needle if len(needle) > 2 else f" {needle}"
            return '"' + letter.replace('"', '""') + '"'

        return f"{column} MATCH %s", (*params, _spelled(self.wanted, phrase))


def _spelled(wanted: Wanted, leaf: Any) -> str:
    ways = (
        " AND ".join(f"({' OR '.join(leaf(needle) for needle in word)})" for word in way)
        for way in wanted
    )
    return f"({' OR '.join(f'({way})' for way in ways)})"


def count_all(connection: BaseDatabaseWrapper, bound: int) -> int:
    """How many contacts there are; `bound` and one stands for more than that.

    Not counted where PostgreSQL noted four times as many when it last looked, which it does by
    itself within a minute of a tenth being changed.
    """
    counted = f"SELECT COUNT(*) FROM (SELECT 1 FROM contacts_contact LIMIT {bound + 1}) AS bounded"
    if connection.vendor == "postgresql":
        noted = "SELECT reltuples FROM pg_class WHERE oid = 'contacts_contact'::regclass"
        counted = f"SELECT CASE WHEN ({noted}) > {4 * bound} THEN {bound + 1} ELSE ({counted}) END"
    with connection.cursor() as cursor:
        cursor.execute(counted)
        return int(cursor.fetchone()[0])


class KeysIfFew(Aggregate):
    """The keys themselves where they are at most so many, else None (None also for no row)."""

    def __init__(self, expression: Any, at_most: int) -> None:
        super().__init__(expression, output_field=Column())
        self.at_most = at_most

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Any:
        return self._if_few("ARRAY_AGG", compiler, connection)

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> Any:
        return self._if_few("JSON_GROUP_ARRAY", compiler, connection)

    def _if_few(self, function: str, compiler: Any, connection: Any) -> Any:
        few = f"CASE WHEN COUNT(*) <= {self.at_most} THEN {function}(%(expressions)s) END"
        return super().as_sql(compiler, connection, template=few)

    def get_db_converters(self, connection: Any) -> list[Any]:
        return [lambda value, *_: json.loads(value) if isinstance(value, str) else value]


class Among(Func):
    """Whether a key is one of many given ones, which are sent as one value."""

    output_field = BooleanField()
    conditional = True

    def __init__(self, key: Any, keys: Sequence[int]) -> None:
        super().__init__(key)
        self.keys = tuple(keys)

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:
        column, params = compiler.compile(self.get_source_expressions()[0])
        return f"{column} = ANY(%s)", [*params, list(self.keys)]

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        column, params = compiler.compile(self.get_source_expressions()[0])
        return f"{column} IN (SELECT value FROM json_each(%s))", (*params, json.dumps(self.keys))
