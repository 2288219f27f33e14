"""Starting, stopping and watching Kith."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from contacts.imports import leases
from contacts.management.commands import relay as relay_module
from contacts.management.commands.relay import Relay
from contacts.models import Heartbeat, Import, User
from tests.contacts.imports.engine import plan

ROOT = Path(__file__).resolve().parents[1]
SERVER = {"DATABASE_URL": "postgresql://localhost/kith", "REDIS_URL": "redis://localhost/0"}
LONG = "x" * 50


def start(**environment: str) -> subprocess.CompletedProcess[str]:
    """`manage.py check` with nothing of our environment but the path."""
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
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


def test_production_starts_with_its_secrets() -> None:
    run = start(**SERVER, SECRET_KEY=LONG, KITH_URL="https://kith.example.com")
    assert run.returncode == 0, run.stderr


def test_healthz_is_well_when_database_and_migrations_are(client: Client, db: None) -> None:
    answer = client.get("/healthz", headers={"host": "localhost"})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


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
    monkeypatch.setattr(relay_module, "hint", asked.append)
    relay = Relay()
    for second in (0, 1, 4, 6, 7):
        relay.look(1000.0 + second)
    assert asked == [batch.pk]


def test_the_relay_leaves_an_import_alone_that_a_worker_has(admin_user: User) -> None:
    batch = plan("Email\na@example.com\n", admin_user)
    Import.objects.filter(pk=batch.pk).update(state=Import.State.COMMITTING)
    assert leases.waiting() == [batch.pk]
    assert leases.claim(batch.pk) is not None
    assert leases.waiting() == [] and leases.claim(batch.pk) is None


@pytest.mark.usefixtures("worker")
@pytest.mark.django_db(transaction=True)
def test_a_worker_takes_the_canary() -> None:
    Relay().look(time.monotonic())
    end = time.monotonic() + 15
    while not Heartbeat.objects.filter(name="worker").exists():
        assert time.monotonic() < end, "no heartbeat of the worker"
        time.sleep(0.1)


def test_a_dead_broker_does_not_fail_a_save(monkeypatch: pytest.MonkeyPatch) -> None:
    from contacts.imports import starting
    from contacts.tasks import run_import

    def refused(*_: Any) -> None:
        raise ConnectionError("the broker is away")

    monkeypatch.setattr(run_import, "delay", refused)
    starting.hint(1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def demo(home: Path, port: int) -> "subprocess.Popen[str]":
    environment = {"PATH": os.environ["PATH"], "KITH_HOME": str(home), "PORT": str(port)}
    return subprocess.Popen(
        [sys.executable, "manage.py", "demo"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@contextmanager
def stopped_by(process: "subprocess.Popen[str]", number: signal.Signals) -> Iterator[None]:
    """End the demo as a person or a system does, and give it the time it promises."""
    try:
        yield
    finally:
        process.send_signal(number)
        process.wait(timeout=10)


def read_until(process: "subprocess.Popen[str]", text: str) -> str:
    assert process.stdout is not None
    told = ""
    for line in process.stdout:
        told += line
        if text in line:
            return told
    raise AssertionError(told)


def children_of(home: Path) -> list[str]:
    """Processes whose environment names this folder: everything the demo has started."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"KITH_HOME={home}".encode() in entry.read_bytes():
                found.append(entry.parent.name)
        except OSError:
            continue
    return found


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
@pytest.mark.skipif(bool(settings.DATABASE_URL), reason="the demo on the embedded database")
def test_the_demo_starts_everything_stops_everything_and_keeps_its_data(tmp_path: Path) -> None:
    port = free_port()
    with demo(tmp_path, port) as process, stopped_by(process, signal.SIGINT):
        told = read_until(process, "Ctrl-C")
        assert f"http://127.0.0.1:{port}" in told and "member2@example.com" in told
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
            assert json.load(answer) == {"status": "ok"}
        assert len(children_of(tmp_path)) >= 5
    assert children_of(tmp_path) == []

    with demo(tmp_path, port) as again, stopped_by(again, signal.SIGTERM):
        assert "Making the sample account" not in read_until(again, "Ctrl-C")
    assert children_of(tmp_path) == []


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        with demo(tmp_path, port) as process:
            told, _ = process.communicate(timeout=60)
    assert process.returncode != 0 and f"Port {port} is taken" in told
