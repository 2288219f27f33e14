"""A PostgreSQL of the faults' own, in a folder of its own: one that may be killed and started again."""

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PLACES = ("usr/lib/postgresql/*/bin", "opt/homebrew/opt/postgresql*/bin", "usr/local/pgsql/bin")


@dataclass
class Cluster:
    """Runs as the user `postgres` where the tests are root's, as it refuses to be root's."""

    programs: Path
    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def make(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self._run("initdb", "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8")
        self._control("start")
        atexit.register(self.end)

    def restart(self, mode: str) -> None:
        """`fast` cuts every connection, `immediate` is a crash: it recovers from its log."""
        self._control("restart", "-m", mode)

    def end(self) -> None:
        self._control("stop", "-m", "immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _control(self, *what: str) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        self._run("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", options, *what)

    def _run(self, program: str, *arguments: str) -> None:
        own: dict[str, Any] = {}
        if os.geteuid() == 0:
            own = {"user": "postgres", "group": "postgres", "extra_groups": []}
        command = [str(self.programs / program), "-D", str(self.folder / "data"), *arguments]
        subprocess.run(
            command, check=True, cwd=self.folder, env={"PATH": os.environ["PATH"]},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **own,
        )  # fmt: skip


def started() -> Cluster | None:
    """A running one; None where PostgreSQL's own programs are not installed."""
    found = shutil.which("initdb")
    places = [Path(found).parent] if found else []
    places += [path for place in PLACES for path in sorted(Path("/").glob(place), reverse=True)]
    programs = next((p for p in places if (p / "initdb").exists()), None)
    if programs is None:
        return None
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    cluster = Cluster(programs, Path(tempfile.mkdtemp(prefix="kith-faults-")), port)
    cluster.make()
    return cluster
