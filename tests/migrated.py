"""One migrated database for all the test processes of a run (pytest -n); each takes a copy of it.

The controller has it made by a process of its own (`python -m tests.migrated FOLDER`) while the
others still collect their tests. That process holds a lock until it ends, however it ends, and
leaves a file if it could finish; without that file each test process migrates its own, as always.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection

ROOT = Path(__file__).resolve().parents[1]


class Migrated:
    """The database to copy: a file in `folder`, on PostgreSQL a database beside those of the tests."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.lock, self.finished = self.folder / "lock", self.folder / "finished"
        on_server = connection.vendor == "postgresql"
        kept = f"migrated_{settings.DATABASES['default']['NAME']}"
        self.name = kept if on_server else str(self.folder / "migrated.sqlite3")
        self.process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Have it made, from now on."""
        self.folder.mkdir()
        with self.lock.open("w") as held, (self.folder / "log").open("wb") as log:
            fcntl.flock(held, fcntl.LOCK_EX)
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.migrated", str(self.folder)],
                cwd=ROOT,
                env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[held.fileno()],
            )

    def is_there(self) -> bool:
        """Whether it could be made, as soon as that is known."""
        with self.lock.open() as held:
            fcntl.flock(held, fcntl.LOCK_SH)
        return self.finished.exists()

    def make(self) -> None:
        """Migrate it, in a process that uses no other database."""
        if connection.vendor == "postgresql":
            self.drop()
            self._on_server(f'CREATE DATABASE "{self.name}"')
        connection.settings_dict["NAME"] = self.name
        call_command("migrate", interactive=False, verbosity=0)
        connection.close()
        self.finished.touch()

    def copied(self, creation: Any) -> None:
        """Let the database that Django is about to create be a copy."""
        if connection.vendor == "postgresql":
            connection.settings_dict["TEST"]["TEMPLATE"] = self.name
            return
        create = creation._create_test_db

        def create_copy(*args: Any, **options: Any) -> Any:
            name = create(*args, **options)
            shutil.copyfile(self.name, name)
            return name

        creation._create_test_db = create_copy

    def end(self) -> None:
        """Remove what `begin` has made."""
        if self.process is not None:
            self.process.wait()
        self.drop()

    def drop(self) -> None:
        if connection.vendor == "postgresql":
            self._on_server(f'DROP DATABASE IF EXISTS "{self.name}"')

    def _on_server(self, command: str) -> None:
        with connection._nodb_cursor() as cursor:
            cursor.execute(command)


if __name__ == "__main__":
    django.setup()
    Migrated(sys.argv[1]).make()
