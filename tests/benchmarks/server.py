"""A real web server on the tests' database, started as README.md says, and a browser of one page."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.test import Client

from contacts.models import User

ROOT = Path(__file__).resolve().parents[2]
STARTS_WITHIN = 60  # seconds
KEPT_FOR = 1  # seconds; gunicorn closes a connection that has been idle for two


class Browser:
    """Somebody who is signed in, over one connection that is kept."""

    def __init__(self, port: int, user: User) -> None:
        client = Client()
        client.force_login(user)
        self._cookie = (
            f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
        )
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._last = 0.0

    def close(self) -> None:
        self._connection.close()

    def get(self, path: str) -> float:
        """Milliseconds from asking to having all of the page."""
        start = time.perf_counter()
        if start - self._last > KEPT_FOR:
            self._connection.close()  # opened again by itself
        self._connection.request("GET", path, headers={"Cookie": self._cookie})
        answer = self._connection.getresponse()
        answer.read()
        self._last = time.perf_counter()
        assert answer.status == 200, (path, answer.status)
        return (self._last - start) * 1000


@contextmanager
def web_server(log: Path) -> Iterator[int]:
    """gunicorn with the product's processes and threads; gives its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["config.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *command],
            cwd=ROOT,
            env=_environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait_until_it_answers(port, process, log)
            yield port
        finally:
            process.terminate()
            process.wait(timeout=20)


def _environment() -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.benchmarks.settings",
        "KITH_BENCHMARK_DATABASE": str(connection.settings_dict["NAME"]),
        "PYTHONPATH": str(ROOT),
    }


def _wait_until_it_answers(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < end and process.poll() is None:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as asked:
            try:
                asked.request("GET", "/healthz")
                if asked.getresponse().status == 200:
                    return
            except OSError:
                time.sleep(0.1)
    raise AssertionError(
        f"the web server did not start:\n{log.read_text(errors='replace')[-2000:]}"
    )
