"""A real Celery worker on the test database, where there is a broker; else tasks run in place."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[1]
START_WITHIN = 60  # seconds


@pytest.fixture
def worker(transactional_db: None, tmp_path: Path) -> Iterator[None]:
    """Messages are taken by a worker process of its own (REDIS_URL), or in place without one."""
    if not settings.REDIS_URL:
        yield
        return
    with real_worker(tmp_path):
        yield


@contextmanager
def real_worker(folder: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """A worker process that leads a group of its own, ready to take messages."""
    log = folder / "worker.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "config", "worker", "-c", "1", "-l", "info"],
            cwd=ROOT,
            env=worker_environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait_until_ready(process, log)
            yield process
        finally:
            process.terminate()
            process.wait(timeout=60)


def worker_environment() -> dict[str, str]:
    """The worker sees the test database, not the one the tests were pointed at."""
    test = connection.settings_dict
    url = f"postgresql://{test['USER']}:{test['PASSWORD']}@{test['HOST']}:{test['PORT']}/{test['NAME']}"
    return {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "KITH_MODE": "test",
        "PYTHONPATH": str(ROOT),
    }


def _wait_until_ready(process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + START_WITHIN
    while time.monotonic() < end:
        text = log.read_text(errors="replace")
        if " ready." in text:
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    pytest.fail(f"the worker did not start:\n{log.read_text(errors='replace')[-2000:]}")
