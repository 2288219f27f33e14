"""Steps that the relay repeats; later apps register theirs from `AppConfig.ready`.

A step reads from rows what there is to do. It may run in several relays at once and may be cut off
at any point, so it guards its updates and does a bounded amount of work.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """What to do, and after how many seconds again."""

    name: str
    every: float
    run: Callable[[], None]


_steps: list[Step] = []


def register(step: Step) -> None:
    _steps.append(step)


class Rounds:
    """When each step ran last, and which of them fail: one that does holds up no other."""

    def __init__(self) -> None:
        self.last: dict[str, float] = {}
        self.failing: dict[str, str] = {}

    def run(self, now: float) -> None:
        """Run the steps that are due at `now`, a monotonic clock in seconds."""
        for step in _steps:
            if now - self.last.get(step.name, float("-inf")) < step.every:
                continue
            self.last[step.name] = now
            self._run(step)

    def _run(self, step: Step) -> None:
        try:
            step.run()
            trouble = ""
        except Exception as error:  # a step of another app: whatever it is, the others go on
            trouble = type(error).__name__
        if trouble and trouble != self.failing.get(step.name):
            logger.warning("step %s failed, and is tried again: %s", step.name, trouble)
        self.failing[step.name] = trouble
