"""The processes that faults happen to, each the leader of a group of its own, ended by its id."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.worker import ROOT, worker_environment

WORKER = ["-m", "celery", "-A", "config", "worker", "-c", "2", "-l", "info"]
RELAY = ["manage.py", "relay"]


def until(condition: Callable[[], bool], seconds: float, what: str) -> float:
    """Wait for it; how long it took. Fails with `what` after so many seconds."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.02)
    return time.monotonic() - began


@dataclass
class Cast:
    """Redis, workers and relays on the test database."""

    folder: Path
    running: "list[subprocess.Popen[bytes]]" = field(default_factory=list)
    redis: "subprocess.Popen[bytes] | None" = None
    environment: dict[str, str] = field(default_factory=dict)  # of what is started from now on

    def start_redis(self) -> None:
        port = os.environ["FAULTS_REDIS_PORT"]
        command = ["redis-server", "--port", port, "--save", "", "--appendonly", "no"]
        self.redis = self._start(command)
        until(lambda: _pings(int(port)), 10, "Redis")

    def kill_redis(self) -> None:
        assert self.redis is not None
        self.kill(self.redis)

    def worker(self) -> "subprocess.Popen[bytes]":
        log = self.folder / f"worker-{len(self.running)}.log"
        started = self._start([sys.executable, *WORKER, "-n", f"w{len(self.running)}@%h"], log)
        until(lambda: b" ready." in log.read_bytes(), 30, "worker")
        return started

    def relay(self) -> "subprocess.Popen[bytes]":
        return self._start([sys.executable, *RELAY])

    def kill(self, process: "subprocess.Popen[bytes]", sign: int = signal.SIGKILL) -> None:
        """The whole group at once, as a machine dies."""
        os.killpg(process.pid, sign)
        if sign == signal.SIGKILL:
            process.wait(timeout=20)
            self.running.remove(process)

    def end(self) -> None:
        for process in list(self.running):
            self.kill(process, signal.SIGCONT)
            self.kill(process)

    def _start(self, command: list[str], log: Path | None = None) -> "subprocess.Popen[bytes]":
        output = (log or self.folder / "other.log").open("ab")
        with output:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=worker_environment() | self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.running.append(process)
        return process


def _pings(port: int) -> bool:
    import redis

    try:
        return bool(redis.Redis(port=port, socket_connect_timeout=1).ping())
    except redis.ConnectionError:
        return False
