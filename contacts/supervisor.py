"""Starting a few processes, watching them, and stopping all of them, whatever happens.

Each child leads a process group of its own and the whole group is stopped: a worker that was
killed leaves its pool processes behind otherwise.
"""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

GRACE = 1.2  # seconds between asking and killing; everything is gone within 2
LAST_LINES = 15
LONGEST_LINE = 500  # a JSON line with a traceback is much longer; its message comes first


class ChildDied(Exception):
    """A child ended by itself; the message says which and shows its last words."""


@dataclass(frozen=True)
class Child:
    """One process to run. Its output goes to a log file of its name."""

    name: str
    command: Sequence[str]


class Supervisor:
    """Runs children with the same environment; use as a context manager."""

    def __init__(self, *, environment: dict[str, str], folder: Path, logs: Path) -> None:
        self.environment = environment
        self.folder = folder
        self.logs = logs
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Supervisor":
        self.logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, child: Child) -> None:
        with self._log(child.name).open("wb") as log:
            self.running[child.name] = subprocess.Popen(
                child.command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def check(self) -> None:
        """Raise ChildDied when one of them has ended."""
        for name, process in self.running.items():
            code = process.poll()
            if code is not None:
                lines = self._log(name).read_text(errors="replace").splitlines()[-LAST_LINES:]
                told = "\n".join(f"  {line[:LONGEST_LINE]}" for line in lines)
                raise ChildDied(
                    f"The {name} process ended with code {code}. Its last lines, "
                    f"from {self._log(name)}:\n{told}"
                )

    def stop(self) -> None:
        """Ask every group to end, then end it."""
        for process in self.running.values():
            _signal(process, signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        while time.monotonic() < deadline and any(p.poll() is None for p in self.running.values()):
            time.sleep(0.05)
        for process in self.running.values():
            _signal(process, signal.SIGKILL)  # the group, also when its leader is gone already
            process.wait()
        self.running.clear()

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.log"


def _signal(process: "subprocess.Popen[bytes]", number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return
