"""Asking a worker to do what a row says. A message is only a hint; when it is lost, the relay,
which finds the row by `leases.waiting`, asks again.
"""

import logging
import time
from dataclasses import dataclass

from celery import Task
from django.db import transaction

from contacts.models.leased import Leased

logger = logging.getLogger(__name__)
ASK_AGAIN_AFTER = 5.0  # seconds


@dataclass(frozen=True)
class Work:
    """A kind of row that a worker works on, and the task that does one, by its id alone."""

    model: type[Leased]
    task: Task


_kinds: list[Work] = []


def register(model: type[Leased], task: Task) -> None:
    """Have the relay sweep for rows of `model` that wait for `task`."""
    _kinds.append(Work(model, task))


def kinds() -> tuple[Work, ...]:
    return tuple(_kinds)


class _Silence:
    """Since when the broker is known to be away: asking it again costs each save most of a second."""

    until = 0.0


def hint(task: Task, *ids: int) -> None:
    """Tell a worker that a row, or any, waits. Never raises: the relay repeats a lost hint."""
    if time.monotonic() < _Silence.until:
        return
    try:
        task.delay(*ids)
    except Exception:  # whatever the broker's client raises when the broker is away
        _Silence.until = time.monotonic() + ASK_AGAIN_AFTER
        logger.warning("%s %s waits for the relay: the broker did not answer", task.name, ids)


def hint_after_commit(task: Task, *ids: int) -> None:
    transaction.on_commit(lambda: hint(task, *ids))
