"""Which start times a host's rules offer: pure functions, in UTC, right across changes of the clock.

Times are whole seconds since 1970 inside this module and aware datetimes (UTC) at its edges. A
working interval is wall-clock time in the host's zone: where the clock jumps ahead, the part that
does not exist is no working time; where it goes back, both passes of the hour are.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

SLOT = timedelta(minutes=5)
_SLOT = 300
_HOUR = 3600
_DAY = 86400
_THURSDAY = 3  # 1 January 1970


class Span(NamedTuple):
    """A stretch of time, `end` not included."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Rules:
    """When a host takes meetings. `hours`: weekday (Monday 0) -> (from, to) in minutes of the day."""

    zone: ZoneInfo
    hours: Mapping[int, Sequence[tuple[int, int]]]
    duration: timedelta
    before: timedelta = timedelta(0)
    after: timedelta = timedelta(0)
    every: timedelta = timedelta(minutes=30)
    notice: timedelta = timedelta(0)
    horizon_days: int = 60


@dataclass(frozen=True)
class _Work:
    """Working time under one UTC offset; starts are counted from `anchor`."""

    start: int
    end: int
    anchor: int


def slots_of(start: datetime, *, duration: timedelta, before: timedelta, after: timedelta) -> range:
    """The five-minute periods that a meeting takes, buffers included, parts of them counted."""
    first = _seconds(start) - _whole(before)
    last = _seconds(start) + _whole(duration) + _whole(after)
    return range(first // _SLOT, -(-last // _SLOT))


def free_starts(
    rules: Rules,
    *,
    now: datetime,
    start: datetime,
    end: datetime,
    taken: Collection[int] = (),
    busy: Iterable[Span] = (),
) -> list[datetime]:
    """The start times from `start` up to `end` at which a meeting can be booked at `now`.

    `taken` are five-minute periods of meetings, `busy` other times of the host; neither may touch
    a meeting or its buffers. The meeting itself, not its buffers, lies within working hours.
    """
    earliest = max(math.ceil(start.timestamp()), math.ceil((now + rules.notice).timestamp()))
    latest = min(math.ceil(end.timestamp()), _seconds(horizon_end(rules, now)))
    if earliest >= latest:
        return []
    taken = taken if isinstance(taken, set | frozenset) else frozenset(taken)
    blocked = [(_seconds(span.start), math.ceil(span.end.timestamp())) for span in busy]
    before, length = _whole(rules.before), _whole(rules.duration)
    through = length + _whole(rules.after)
    found = []
    for at in _starts(rules, earliest, latest):
        first, last = at - before, at + through
        if any(slot in taken for slot in range(first // _SLOT, -(-last // _SLOT))):
            continue
        if any(begin < last and first < until for begin, until in blocked):
            continue
        found.append(datetime.fromtimestamp(at, UTC))
    return found


def _starts(rules: Rules, earliest: int, latest: int) -> Iterator[int]:
    """Every start within working hours, in order."""
    length, every = _whole(rules.duration), _whole(rules.every)
    margin = length + _DAY  # a working stretch may begin before and end after what is asked for
    work = sorted(
        _working(rules, earliest - margin, latest + margin), key=lambda piece: piece.start
    )
    ends = _stretch_ends(work)
    last = -1
    for piece, until in zip(work, ends, strict=True):
        first = max(piece.start, earliest)
        at = piece.anchor + -(-(first - piece.anchor) // every) * every
        while at < piece.end and at + length <= until:
            if at >= latest:
                return
            if at > last:
                yield at
                last = at
            at += every


def _stretch_ends(work: list[_Work]) -> list[int]:
    """For each piece, where the working time that it belongs to ends without a break."""
    ends = [0] * len(work)
    for index in range(len(work) - 1, -1, -1):
        end = work[index].end
        if index + 1 < len(work) and work[index + 1].start <= end:
            end = max(end, ends[index + 1])
        ends[index] = end
    return ends


def _working(rules: Rules, start: int, end: int) -> Iterator[_Work]:
    for first, last, offset in offset_spans(rules.zone, start, end):
        for day in range((first + offset) // _DAY, (last - 1 + offset) // _DAY + 1):
            midnight = day * _DAY - offset
            for opens, closes in rules.hours.get((day + _THURSDAY) % 7, ()):
                anchor = midnight + opens * 60
                begins, ends = max(first, anchor), min(last, midnight + closes * 60)
                if begins < ends:
                    yield _Work(begins, ends, anchor)


def offset_spans(zone: ZoneInfo, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The stretches from `start` to `end` between changes of the clock, each with its UTC offset."""
    begin, offset = start, _offset(zone, start)
    for hour in range(start, end, _HOUR):
        until = min(hour + _HOUR, end)
        if _offset(zone, until) == offset:
            continue
        low, high = hour, until  # the change lies in (low, high]
        while high - low > 1:
            middle = (low + high) // 2
            if _offset(zone, middle) == offset:
                low = middle
            else:
                high = middle
        yield begin, high, offset
        begin, offset = high, _offset(zone, high)
    if begin < end:
        yield begin, end, offset


def _offset(zone: ZoneInfo, at: int) -> int:
    offset = datetime.fromtimestamp(at, zone).utcoffset()
    return _whole(offset) if offset is not None else 0


def horizon_end(rules: Rules, now: datetime) -> datetime:
    """The end of the last day that can be booked, as the host's calendar counts days."""
    last_day = now.astimezone(rules.zone).date() + timedelta(days=rules.horizon_days + 1)
    return datetime(last_day.year, last_day.month, last_day.day, tzinfo=rules.zone)


def _seconds(moment: datetime) -> int:
    return math.floor(moment.timestamp())


def _whole(length: timedelta) -> int:
    return int(length.total_seconds())
