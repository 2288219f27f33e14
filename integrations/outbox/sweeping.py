"""The relay's part: it tells workers what is due, and delivers itself where none comes."""

import logging
import time

from activities.reminders import clock
from integrations.outbox import claiming, gates, running

logger = logging.getLogger(__name__)
EVERY = 1.0  # seconds
HINTS_AT_ONCE = 4  # so many workers deliver at the same time
HINT_LIVES = 5.0  # seconds; later ones say the same
ALONE_AFTER = 10.0  # seconds for which nothing that was due was taken on


class Sweep:
    """One look a second. Remembers since when it has been telling workers in vain."""

    def __init__(self) -> None:
        self.waiting_since: float | None = None
        self.oldest: int | None = None

    def look(self) -> None:
        """Hint the workers; without a broker, or without workers, deliver for a while here."""
        oldest, number = _due()
        if oldest is None or oldest != self.oldest:
            self.waiting_since = time.monotonic()
        self.oldest = oldest
        if oldest is None:
            return
        waited = time.monotonic() - (self.waiting_since or 0.0)
        if not self._hint(number) or waited > ALONE_AFTER:
            running.run(seconds=EVERY)

    def _hint(self, number: int) -> bool:
        """Whether the broker has taken the messages."""
        from integrations.tasks import deliver_due

        try:
            for _ in range(min(HINTS_AT_ONCE, -(-number // claiming.BATCH))):
                deliver_due.apply_async(expires=HINT_LIVES)
        except Exception:  # whatever the broker's client raises when the broker is away
            logger.warning("the relay delivers: the broker did not answer")
            return False
        return True


def _due() -> tuple[int | None, int]:
    """What has waited longest of all that may leave, and how many wait, counted to a bound."""
    now = clock.now()
    rows = claiming.due(now).filter(gate__in=gates.open_gates(now)).order_by("next_at", "pk")
    ids = list(rows.values_list("pk", flat=True)[: HINTS_AT_ONCE * claiming.BATCH])
    return (ids[0] if ids else None), len(ids)


sweep = Sweep().look
