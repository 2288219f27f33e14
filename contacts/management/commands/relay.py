"""`manage.py relay`: repeats what a broker may have lost, and proves that the worker lives.

It needs neither beat nor an intact broker: what there is to do stands in rows.
"""

import logging
import signal
import threading
import time
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections
from django.utils import timezone

from contacts.imports.leases import waiting
from contacts.imports.starting import hint
from contacts.models import Heartbeat
from contacts.tasks import heartbeat

logger = logging.getLogger(__name__)
EVERY = 1.0  # seconds between two looks
CANARY_EVERY = 5.0
HINT_AGAIN_AFTER = 5.0


class Relay:
    """One look a second; what it has asked for is remembered only to not ask every second."""

    def __init__(self) -> None:
        self.asked: dict[int, float] = {}
        self.canary = 0.0
        self.trouble = ""

    def step(self, now: float) -> None:
        """One look that survives a database or a broker that is away; tells when that changes."""
        try:
            self.look(now)
            trouble = ""
        except Exception as error:  # of the database's driver or the broker's client
            trouble = type(error).__name__
        finally:
            close_old_connections()
        if trouble and trouble != self.trouble:
            logger.warning("relay could not look, and goes on trying: %s", trouble)
        elif self.trouble and not trouble:
            logger.info("relay looks again")
        self.trouble = trouble

    def look(self, now: float) -> None:
        """Ask again for imports that wait, and send the canary when it is time."""
        due = waiting()
        self.asked = {pk: at for pk, at in self.asked.items() if pk in due}
        for pk in due:
            if pk not in self.asked:
                self.asked[pk] = now  # its own message is probably still on the way
            elif now - self.asked[pk] >= HINT_AGAIN_AFTER:
                self.asked[pk] = now
                hint(pk)
        Heartbeat.objects.update_or_create(name="relay", defaults={"at": timezone.now()})
        if now - self.canary >= CANARY_EVERY:
            # Expires, so that the canaries of an hour without a worker do not pile up.
            heartbeat.apply_async(expires=3 * CANARY_EVERY)
            self.canary = now


class Command(BaseCommand):
    help = "Sweep for work that no worker was told of; run one of these beside the workers."

    def handle(self, *args: Any, **options: Any) -> None:
        stopping = threading.Event()

        def stop(_signal: int, _frame: FrameType | None) -> None:
            stopping.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        relay = Relay()
        while not stopping.is_set():
            relay.step(time.monotonic())
            stopping.wait(EVERY)
