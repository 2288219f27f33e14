"""Starting, stopping and watching Kith."""

import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import django
import pytest
from django.core.checks import run_checks
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from contacts import background, leases
from contacts.duplicates import find_possible_duplicates
from contacts.management.commands import relay as relay_module
from contacts.management.commands.relay import Relay
from contacts.models import BulkAction, ExportFile, Heartbeat, Import, User
from contacts.tasks import heartbeat, search_duplicates
from contacts.views import health
from tests.contacts.imports.engine import plan

ROOT = Path(__file__).resolve().parents[1]
SERVER = {"DATABASE_URL": "postgresql://localhost/kith", "REDIS_URL": "redis://localhost/0"}
LONG = "x" * 50


def start(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`manage.py check`, or another command, with nothing of our environment but the path."""
    return subprocess.run(
        [sys.executable, *(command or ("manage.py", "check"))],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        (SERVER, "SECRET_KEY is not set"),
        ({**SERVER, "SECRET_KEY": "short"}, "SECRET_KEY has 5 characters"),
        ({**SERVER, "SECRET_KEY": LONG, "REDIS_URL": ""}, "REDIS_URL is not set"),
        ({**SERVER, "SECRET_KEY": LONG, "DATABASE_URL": "mysql://h/k"}, "postgresql://"),
        ({**SERVER, "SECRET_KEY": LONG, "KITH_URL": "http://kith.example.com"}, "KITH_URL"),
        ({"PORT": "eighty", "KITH_HOME": "/tmp/kith-port-test"}, "PORT is 'eighty'"),
    ],
)
def test_production_refuses_to_start_and_names_what_is_wrong(
    environment: dict[str, str], named: str
) -> None:
    run = start(**environment)
    assert run.returncode != 0 and named in run.stderr


def test_the_web_server_refuses_to_start_without_its_static_files(tmp_path: Path) -> None:
    run = start("-c", "import config.wsgi", **SERVER, SECRET_KEY=LONG, KITH_HOME=str(tmp_path))
    assert run.returncode != 0 and "manage.py collectstatic" in run.stderr


def test_a_django_without_its_security_fixes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(django, "VERSION", (5, 2, 17, "final", 0))
    assert [fault.id for fault in run_checks()] == ["kith.E001"]


def test_production_starts_with_its_secrets() -> None:
    run = start(**SERVER, SECRET_KEY=LONG, KITH_URL="https://kith.example.com")
    assert run.returncode == 0, run.stderr


def test_healthz_is_well_when_database_and_migrations_are(client: Client, db: None) -> None:
    answer = client.get("/healthz", headers={"host": "localhost"})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_healthz_says_that_a_migration_waits(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health._Schema, "current", False)
    MigrationRecorder.Migration.objects.filter(app="contacts").delete()
    for path in ("/healthz", "/readyz"):
        answer = client.get(path)
        assert answer.status_code == 503 and "manage.py migrate" in answer.json()["problem"]


def test_healthz_says_that_the_database_is_away(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> None:
        raise OperationalError("connection to server at 10.0.0.5 refused")

    with monkeypatch.context() as away:
        away.setattr(connection, "cursor", refused)
        answers = [client.get(path) for path in ("/healthz", "/readyz")]
    for answer in answers:
        problem = {"status": "error", "problem": "the database does not answer"}
        assert (answer.status_code, answer.json()) == (503, problem)


def test_readyz_needs_a_worker_that_took_a_message_lately(client: Client, db: None) -> None:
    assert client.get("/readyz").status_code == 503
    beat = Heartbeat.objects.create(name="worker", at=timezone.now())
    assert client.get("/readyz").status_code == 200
    beat.at -= timedelta(seconds=31)
    beat.save()
    assert "worker" in client.get("/readyz").json()["problem"]


def test_the_relay_asks_again_for_an_import_whose_message_was_lost(
    admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = plan("Email\na@example.com\n", admin_user)
    Import.objects.filter(pk=batch.pk).update(state=Import.State.COMMITTING)
    asked: list[int] = []
    monkeypatch.setattr(relay_module, "hint", lambda _task, pk: asked.append(pk))
    relay = Relay()
    for second in (0, 1, 4, 6, 7):
        relay.look(1000.0 + second)
    assert asked == [batch.pk]


def test_the_relay_sweeps_for_every_kind_of_work(admin_user: User) -> None:
    swept = {work.model for work in background.kinds()}
    assert {Import, BulkAction, ExportFile} <= swept
    owner = BulkAction.objects.create(kind="status", value="Qualified", started_by=admin_user)
    assert leases.waiting(BulkAction) == [owner.pk] and leases.waiting(ExportFile) == []


def test_the_relay_leaves_an_import_alone_that_a_worker_has(admin_user: User) -> None:
    batch = plan("Email\na@example.com\n", admin_user)
    Import.objects.filter(pk=batch.pk).update(state=Import.State.COMMITTING)
    assert leases.waiting(Import) == [batch.pk]
    assert leases.claim(Import, batch.pk) is not None
    assert leases.waiting(Import) == [] and leases.claim(Import, batch.pk) is None


def test_the_relay_hints_at_a_search_for_duplicates_when_there_is_something_to_look_at(
    admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    second = 0
    monkeypatch.setattr(search_duplicates, "apply_async", lambda **_: asked.append(second))
    relay = Relay()
    for second in (0, 1, 29, 30, 31):
        relay.look(1000.0 + second)
    assert asked == [0, 30]
    find_possible_duplicates()
    for second in (60, 90):
        relay.look(1000.0 + second)
    assert asked == [0, 30]


@pytest.mark.django_db(transaction=True)  # it closes old connections, as outside a test
def test_the_relay_goes_on_while_the_broker_is_away_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(**_: Any) -> None:
        raise ConnectionError("the broker is away")

    relay = Relay()
    with monkeypatch.context() as away:
        away.setattr(heartbeat, "apply_async", refused)
        for second in range(3):
            relay.step(1000.0 + second)
    assert Heartbeat.objects.filter(name="relay").exists()
    assert [r.message.rpartition(": ")[2] for r in caplog.records] == ["ConnectionError"]
    asked: list[Any] = []
    monkeypatch.setattr(heartbeat, "apply_async", lambda **_: asked.append(1))
    relay.step(1003.0)
    assert asked == [1]  # at once, not five seconds later


@pytest.mark.django_db(transaction=True)  # it closes old connections, as outside a test
def test_the_relay_survives_a_database_that_is_away(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(*_: Any) -> list[int]:
        raise OperationalError("connection refused")

    monkeypatch.setattr(relay_module, "waiting", refused)
    relay = Relay()
    relay.step(1000.0)
    relay.step(1001.0)
    assert len(caplog.records) == 1


@pytest.mark.usefixtures("worker")
@pytest.mark.django_db(transaction=True)
def test_a_worker_takes_the_canary() -> None:
    Relay().look(time.monotonic())
    end = time.monotonic() + 60
    while not Heartbeat.objects.filter(name="worker").exists():
        assert time.monotonic() < end, "no heartbeat of the worker"
        time.sleep(0.1)


def test_a_dead_broker_does_not_fail_a_save(monkeypatch: pytest.MonkeyPatch) -> None:
    from contacts.tasks import run_import

    def refused(*_: Any) -> None:
        raise ConnectionError("the broker is away")

    monkeypatch.setattr(run_import, "delay", refused)
    background.hint(run_import, 1)
