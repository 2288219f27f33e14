"""`manage.py relay`: repeats what a broker may have lost, and proves that the worker lives.

While the broker is away it sends mails itself, so that nobody waits for a link to get in. It needs neither beat nor an intact broker: what there is to do stands in rows.
"""

import logging
import signal
import threading
import time
from datetime import date
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections
from django.utils import timezone

from contacts import duplicates, sealing
from contacts.background import hint, kinds
from contacts.bulk_actions.starting import forget_old_rows
from contacts.exporting.contents import withdraw_late
from contacts.exporting.files import remove_old_files
from contacts.leases import waiting
from contacts.leftovers import remove_leftovers
from contacts.models import Heartbeat
from contacts.people import attempts, letters, outbox
from contacts.periodic import Rounds
from contacts.tasks import heartbeat, search_duplicates, send_mail

logger = logging.getLogger(__name__)
EVERY = 1.0  # seconds between two looks
CANARY_EVERY = 5.0
SEARCH_EVERY = 30.0  # for possible duplicates
HINT_AGAIN_AFTER = 5.0
PRUNE_EVERY = 3600.0
TIDY_EVERY = 60.0
SEND_FOR = 5.0  # of one look, for mails that the relay sends itself

#: What is asked for: the task, and the id of the row.
Hint = tuple[str, int]


class Relay:
    """One look a second; what it has asked for is remembered only to not ask every second."""

    def __init__(self) -> None:
        self.asked: dict[Hint, float] = {}
        self.canary = 0.0
        self.searched = 0.0
        self.head_told: date | None = None
        self.pruned = 0.0
        self.tidied = 0.0
        self.trouble = ""
        self.rounds = Rounds()

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
        """Ask again for the work that waits, seal the audit, send the canary, and do what is due now
        and then."""
        self._ask_again(now)
        self.seal_audit()
        Heartbeat.objects.update_or_create(name="relay", defaults={"at": timezone.now()})
        self.rounds.run(now)
        self._tidy(now)
        # Last, as nothing else is to wait for a broker that is away.
        if now - self.canary >= CANARY_EVERY:
            # Expires, so that the canaries of an hour without a worker do not pile up.
            heartbeat.apply_async(expires=3 * CANARY_EVERY)
            self.canary = now
        if now - self.searched >= SEARCH_EVERY:
            self.searched = now
            if duplicates.due():
                search_duplicates.apply_async(expires=SEARCH_EVERY)

    def _tidy(self, now: float) -> None:
        if now - self.tidied >= TIDY_EVERY:
            self.tidied = now
            remove_old_files()
            withdraw_late()
            remove_leftovers()
            forget_old_rows()
        if now - self.pruned >= PRUNE_EVERY:
            self.pruned = now
            letters.prune()
            attempts.prune()

    def _ask_again(self, now: float) -> None:
        """Repeat the hints that are overdue: for background work, and for mails."""
        work = {(each.task.name, pk): each for each in kinds() for pk in waiting(each.model)}
        mails = [(send_mail.name, pk) for pk in letters.due()]
        overdue = self._overdue([*mails, *work], now)
        self._send_or_ask([pk for name, pk in mails if (name, pk) in overdue])
        for each, kind in work.items():
            if each in overdue:
                hint(kind.task, each[1])

    def _overdue(self, due: list[Hint], now: float) -> set[Hint]:
        """What nobody has taken though it was asked for a while ago; it counts as asked for now."""
        # Of a new one its own message is probably still on the way.
        self.asked = {each: self.asked.get(each, now) for each in due}
        overdue = {each for each, at in self.asked.items() if now - at >= HINT_AGAIN_AFTER}
        self.asked |= dict.fromkeys(overdue, now)
        return overdue

    @staticmethod
    def _send_or_ask(mails: list[int]) -> None:
        """Ask a worker for each; from the first that the broker does not take, send them here, as
        many as there is time for. The others are due again."""
        until = time.monotonic() + SEND_FOR
        answers = True
        for pk in mails:
            answers = answers and outbox.hint(pk)
            if not answers and time.monotonic() < until:
                letters.deliver(pk)

    def seal_audit(self) -> None:
        """Chain what was audited since the last look; once a day put the head into the log.

        The log is kept elsewhere, so that `verify_audit --head` can be told what it was.
        """
        while sealing.seal() == sealing.BATCH:
            pass
        today = timezone.now().date()
        if today != self.head_told:
            head = sealing.head()
            if head.position:
                logger.info("audit head %s", head)
            self.head_told = today


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
