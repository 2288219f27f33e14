"""When a host is busy elsewhere: a registry that connected calendars fill.

A source answers from stored rows, without a call to anybody: it is asked while a page is made. One
that cannot vouch for its answer, because what it has stored is too old or its connection is
broken, raises BusyUnknown. Then no time of that host is offered at all in the period asked for:
fewer times than there are, never one that is not free.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from activities.scheduling import Span

logger = logging.getLogger(__name__)


class BusyUnknown(Exception):
    """The source does not know at present when this host is busy."""


class BusySource(Protocol):
    """Tells when a host, by user id, is busy between two moments. May raise BusyUnknown."""

    def __call__(self, host_id: int, start: datetime, end: datetime) -> Iterable[Span]: ...


@dataclass(frozen=True)
class Busy:
    """What the sources say together. Not `known`: one of them could not answer."""

    spans: tuple[Span, ...]
    known: bool = True


_sources: dict[str, BusySource] = {}


def register(name: str, source: BusySource) -> None:
    """Ask `source` from now on; under the same name it takes the place of an earlier one."""
    _sources[name] = source


def forget(name: str) -> None:
    _sources.pop(name, None)


def busy_times(host_id: int, start: datetime, end: datetime) -> Busy:
    """Ask every source. An error of one counts as not knowing, and is logged by its kind."""
    spans: list[Span] = []
    for name, source in _sources.items():
        try:
            spans += source(host_id, start, end)
        except BusyUnknown:
            return Busy((), known=False)
        except Exception as error:  # of a later app's code: it must not open the calendar
            logger.warning("busy source %s failed: %s", name, type(error).__name__)
            return Busy((), known=False)
    return Busy(tuple(spans))
