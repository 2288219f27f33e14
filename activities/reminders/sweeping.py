"""The relay's part: it tells workers that messages are due, and sends them itself where none comes."""

import logging
import time

from activities.reminders import sending
from activities.tasks import send_reminders

logger = logging.getLogger(__name__)
EVERY = 1.0  # seconds
HINTS_AT_ONCE = 4  # so many workers send at the same time
HINT_LIVES = 5.0  # seconds; later ones say the same
ALONE_AFTER = 10.0  # seconds for which nothing that was due was taken on


class Sweep:
    """One look a second. Remembers since when it has been telling workers in vain."""

    def __init__(self) -> None:
        self.waiting_since: float | None = None
        self.oldest: int | None = None

    def look(self) -> None:
        """Hint the workers; without a broker, or without workers, send a few here."""
        oldest = sending.oldest_due()
        if oldest is None or oldest != self.oldest:
            self.waiting_since = time.monotonic()
        self.oldest = oldest
        if oldest is None:
            return
        waited = time.monotonic() - (self.waiting_since or 0.0)
        if not self._hint() or waited > ALONE_AFTER:
            sending.run(seconds=EVERY)

    def _hint(self) -> bool:
        """Whether the broker has taken the messages."""
        number = sending.due_count(HINTS_AT_ONCE * sending.BATCH)
        try:
            for _ in range(-(-number // sending.BATCH)):
                send_reminders.apply_async(expires=HINT_LIVES)
        except Exception:  # whatever the broker's client raises when the broker is away
            logger.warning("reminders are sent by the relay: the broker did not answer")
            return False
        return True


sweep = Sweep().look
