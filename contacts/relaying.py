"""The relay's part of queued work: it tells workers what is due, and works itself where none comes."""

import logging
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)
EVERY = 1.0  # seconds
HINTS_AT_ONCE = 4  # so many workers work at the same time
HINT_LIVES = 5.0  # seconds; later ones say the same
ALONE_AFTER = 10.0  # seconds for which nothing that was due was taken on


class Sweep:
    """One look a second. Remembers since when it has been telling workers in vain.

    `due` gives the id of what has waited longest, if anything waits, and how many wait, counted no
    further than `HINTS_AT_ONCE` batches; `hint` publishes one message and may raise whatever the
    broker's client does; `work` works here for so many seconds.
    """

    def __init__(
        self,
        *,
        name: str,
        batch: int,
        due: Callable[[], tuple[int | None, int]],
        hint: Callable[[], object],
        work: Callable[[float], object],
    ) -> None:
        self.name, self.batch, self.due, self.hint, self.work = name, batch, due, hint, work
        self.waiting_since: float | None = None
        self.oldest: int | None = None

    def look(self) -> None:
        """Hint the workers; without a broker, or without workers, work for a while here."""
        oldest, number = self.due()
        if oldest is None or oldest != self.oldest:
            self.waiting_since = time.monotonic()
        self.oldest = oldest
        if oldest is None:
            return
        waited = time.monotonic() - (self.waiting_since or 0.0)
        if not self._hinted(number) or waited > ALONE_AFTER:
            self.work(EVERY)

    def _hinted(self, number: int) -> bool:
        """Whether the broker has taken the messages."""
        try:
            for _ in range(min(HINTS_AT_ONCE, -(-number // self.batch))):
                self.hint()
        except Exception:  # whatever the broker's client raises when the broker is away
            logger.warning("the relay works off %s: the broker did not answer", self.name)
            return False
        return True
