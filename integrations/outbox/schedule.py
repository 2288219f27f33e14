"""When something is tried again: for more than three days, ever more seldom, never all at once."""

import random
from datetime import timedelta

from django.conf import settings

MINUTE, HOUR = 60.0, 3600.0
#: Seconds after each failed attempt; together four days, three at the very least.
DELAYS = (
    5.0, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 12 * HOUR, 12 * HOUR, 12 * HOUR,
    12 * HOUR, 12 * HOUR, 12 * HOUR, 12 * HOUR,
)  # fmt: skip
JITTER = 0.2  # of the delay, either way
LONGEST_ASKED = 24 * HOUR  # what a Retry-After may ask for


def scaled(seconds: float) -> timedelta:
    """So long, shortened in tests (RETRY_SCALE)."""
    return timedelta(seconds=seconds * settings.RETRY_SCALE)


def delay_after(attempts: int, retry_after: float = 0.0) -> timedelta | None:
    """How long to wait after so many attempts; None where the schedule is over.

    `retry_after`, in seconds, is what the other side asked for; it wins where it is later.
    """
    if attempts > len(DELAYS):
        return None
    planned = scaled(DELAYS[attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER))
    return max(planned, scaled(min(retry_after, LONGEST_ASKED)))
