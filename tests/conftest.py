"""The people most tests need: an administrator and two members who see only what they own."""

import gc
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections
from django.test import Client
from pytest_django import DjangoDbBlocker
from pytest_django.plugin import blocking_manager_key
from whitenoise.middleware import WhiteNoiseMiddleware

from contacts import search_index
from contacts.access import Role
from contacts.fields import forget_fields
from contacts.models import Contact, User
from tests.activities.senders import sms_offered
from tests.factories import make_contact, make_user
from tests.migrated import Migrated
from tests.once import ON_EMBEDDED, ON_SERVER
from tests.worker import worker

__all__ = ["sms_offered", "worker"]  # fixtures, for every test
MIGRATED = pytest.StashKey[Migrated]()
#: What each database has from its migration on, and no test changes: making it anew took ten times
#: as long as emptying everything else.
KEPT = {"auth_group", "auth_group_permissions", "auth_permission", "django_content_type"}


#: Files of tests that take long, above all by waiting: begun last, they would keep one process busy
#: when the others have ended.
LONG = {"test_demo", "test_workers", "test_killed_worker", "test_killed_worker_of_bulk"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.stem not in LONG)
    for item in items:
        where = item.path.relative_to(Path(__file__).parent).as_posix()
        for name, places in (("on_embedded", ON_EMBEDDED), ("on_server", ON_SERVER)):
            if where.startswith(places):
                item.add_marker(name)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """The processes of `pytest -n` copy one database, which is made while they collect."""
    if MIGRATED not in node.config.stash:
        node.config.stash[MIGRATED] = Migrated(Path(settings.KITH_HOME) / "migrated")
        node.config.stash[MIGRATED].begin()
    node.workerinput["migrated"] = str(node.config.stash[MIGRATED].folder)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if MIGRATED in session.config.stash:
        with session.config.stash[blocking_manager_key].unblock():
            session.config.stash[MIGRATED].end()


def pytest_collection_finish() -> None:
    """What is there now stays: thousands of tests, which Python need not look through for garbage
    every few moments. That took a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(scope="session", autouse=True)
def static_files_listed_once() -> None:
    """Each client of a test has middleware of its own, which would go through the folders again."""
    listed: dict[str, Any] = {}
    list_them = WhiteNoiseMiddleware.add_files_from_finders

    def add_files_from_finders(self: WhiteNoiseMiddleware) -> None:
        if not listed:
            list_them(self)
            listed.update(self.files)
        self.files.update(listed)

    WhiteNoiseMiddleware.add_files_from_finders = add_files_from_finders


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    request: pytest.FixtureRequest, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    folder = getattr(request.config, "workerinput", {}).get("migrated")
    if folder and Migrated(folder).is_there():
        Migrated(folder).copied(connection.creation)


@pytest.fixture(scope="session", autouse=True)
def no_session_outlives_the_tests(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """A worker that a test has killed may leave its session for a moment, and PostgreSQL drops no
    database that somebody is in."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture(autouse=True)
def no_property_outlives_its_test() -> None:
    """A test's thread would go on knowing them after the database has been rolled back."""
    forget_fields()


@pytest.fixture(autouse=True)
def no_silence_outlives_its_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test whose broker is away would keep the next one from asking it."""
    monkeypatch.setattr("contacts.background._Silence.until", 0.0)


@pytest.fixture(scope="session", autouse=True)
def emptied_between_tests(django_db_setup: None) -> None:
    """The audit refuses to be emptied, which is what happens after a test with transactions: there
    its triggers are taken away, and made again at once.

    PostgreSQL deletes the few rows instead of making the files of some eighty tables anew, with
    triggers and foreign keys asleep for the transaction that empties them.
    """
    flushing = import_module("django.core.management.commands.flush")
    flushing.__dict__["emit_post_migrate_signal"] = lambda _verbosity, _interactive, db: (
        search_index.keep(connections[db])
    )
    guard = import_module("contacts.migrations.0005_queues")
    operations = type(connection.ops)
    flush = operations.sql_flush

    def sql_flush(self: Any, style: Any, tables: list[str], **options: Any) -> list[str]:
        tables = [table for table in tables if table not in KEPT]
        if connection.vendor == "postgresql" and not options.get("reset_sequences"):
            # The rows of the search go by a trigger, too.
            all_tables = [*tables, "contacts_search"]
            rows = [f"DELETE FROM {self.quote_name(table)}" for table in all_tables]
            asleep = "SET LOCAL session_replication_role = "
            return [f"{asleep}replica", *rows, f"{asleep}origin"]
        emptying = flush(self, style, tables, **options)
        return [*guard.OFF[connection.vendor], *emptying, *guard.ON[connection.vendor]]

    operations.sql_flush = sql_flush  # type: ignore[method-assign,assignment]


@pytest.fixture
def admin_user(db: None) -> User:
    return make_user(Role.ADMINISTRATOR, email="admin@kith.test", first_name="Hanna")


@pytest.fixture
def member(db: None) -> User:
    return make_user(Role.MEMBER, email="member@kith.test", first_name="Mia")


@pytest.fixture
def stranger(db: None) -> User:
    """A member who shares no contact with `member`."""
    return make_user(Role.MEMBER, email="stranger@kith.test", first_name="Sten")


@pytest.fixture
def ada(member: User) -> Contact:
    return make_contact(
        member, first_name="Ada", last_name="Lovelace", email="ada@example.com", company="Engines"
    )


@pytest.fixture
def as_member(client: Client, member: User) -> Client:
    client.force_login(member)
    return client


@pytest.fixture
def as_admin(client: Client, admin_user: User) -> Client:
    client.force_login(admin_user)
    return client
