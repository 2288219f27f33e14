"""The free times of a booking calendar: its rules, its host's meetings, and what else is busy."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from activities.busy import busy_times
from activities.models import BookedSlot, Meeting
from activities.scheduling import Rules, free_starts, horizon_end, slots_of

WEEK = 7  # days on a page
_LOOK_AHEAD = timedelta(days=28)


@dataclass(frozen=True)
class Free:
    """Free start times (UTC, in order). Not `known`: the host's calendar cannot be read now."""

    starts: list[datetime]
    known: bool = True


def free_times(
    rules: Rules,
    host_id: int,
    start: datetime,
    end: datetime,
    *,
    now: datetime | None = None,
    besides: Meeting | None = None,
) -> Free:
    """What the host can be booked for between `start` and `end`.

    `besides` is a meeting that is about to give up its time.
    """
    reach = rules.before + rules.duration + rules.after
    around = (start - reach, end + reach)
    busy = busy_times(host_id, *around)
    if not busy.known:
        return Free([], known=False)
    period = slots_of(
        around[0], duration=around[1] - around[0], before=timedelta(0), after=timedelta(0)
    )
    taken = BookedSlot.objects.filter(host=host_id, slot__gte=period.start, slot__lt=period.stop)
    if besides is not None:
        taken = taken.exclude(meeting=besides)
    starts = free_starts(
        rules,
        now=now or timezone.now(),
        start=start,
        end=end,
        taken=frozenset(taken.values_list("slot", flat=True)),
        busy=busy.spans,
    )
    return Free(starts)


def is_free(
    rules: Rules, host_id: int, at: datetime, *, now: datetime, besides: Meeting | None = None
) -> bool:
    """Whether exactly this start is offered at `now`."""
    free = free_times(rules, host_id, at, at + timedelta(seconds=1), now=now, besides=besides)
    return at in free.starts


def host_is_free(rules: Rules, host_id: int, at: datetime) -> bool:
    """Whether nothing else of the host's lies there, buffers included, whatever the hours are."""
    slots = slots_of(at, duration=rules.duration, before=rules.before, after=rules.after)
    if BookedSlot.objects.filter(host=host_id, slot__gte=slots.start, slot__lt=slots.stop).exists():
        return False
    start, end = at - rules.before, at + rules.duration + rules.after
    busy = busy_times(host_id, start, end)
    return busy.known and not any(s.start < end and start < s.end for s in busy.spans)


@dataclass(frozen=True)
class Day:
    """One day of the guest's, with the times that begin on it."""

    day: date
    starts: list[datetime]


@dataclass(frozen=True)
class Week:
    """Seven days of free times as a guest sees them, and where the pages before and after begin."""

    days: list[Day]
    known: bool
    previous: date | None
    next: date | None
    first_free: date | None  # a later day with free times, when this week has none

    @property
    def last_day(self) -> date:
        return self.days[-1].day

    @property
    def is_empty(self) -> bool:
        return not any(day.starts for day in self.days)


def week_of(
    rules: Rules,
    host_id: int,
    zone: ZoneInfo,
    first: date | None,
    *,
    now: datetime | None = None,
    besides: Meeting | None = None,
) -> Week:
    """The page of the guest's days that begins with `first`, today by default."""
    now = now or timezone.now()
    today = now.astimezone(zone).date()
    last = (horizon_end(rules, now) - timedelta(seconds=1)).astimezone(zone).date()
    begin = min(max(first or today, today), max(last, today))
    days = [begin + timedelta(days=number) for number in range(WEEK)]
    free = free_times(
        rules, host_id, _midnight(days[0], zone), _midnight(days[-1] + timedelta(days=1), zone),
        now=now, besides=besides,
    )  # fmt: skip
    by_day: dict[date, list[datetime]] = {day: [] for day in days}
    for start in free.starts:
        by_day[start.astimezone(zone).date()].append(start)
    beyond = days[-1] + timedelta(days=1)
    first_free = None
    if free.known and not free.starts:
        first_free = _first_free(rules, host_id, zone, beyond, last, now, besides)
    return Week(
        days=[Day(day, starts) for day, starts in by_day.items()],
        known=free.known,
        previous=max(begin - timedelta(days=WEEK), today) if begin > today else None,
        next=beyond if beyond <= last else None,
        first_free=first_free,
    )


def _first_free(
    rules: Rules, host: int, zone: ZoneInfo, begin: date, last: date, now: datetime,
    besides: Meeting | None,
) -> date | None:  # fmt: skip
    while begin <= last:
        start = _midnight(begin, zone)
        free = free_times(rules, host, start, start + _LOOK_AHEAD, now=now, besides=besides)
        if free.starts:
            return free.starts[0].astimezone(zone).date()
        begin += _LOOK_AHEAD
    return None


def nearest(
    rules: Rules, host_id: int, at: datetime, *, count: int, now: datetime | None = None,
    besides: Meeting | None = None,
) -> list[datetime]:  # fmt: skip
    """Up to `count` free times close to `at`, in order: what is offered instead of a lost one."""
    now = now or timezone.now()
    middle = max(at, now)
    free = free_times(
        rules, host_id, middle - timedelta(days=WEEK), middle + timedelta(days=2 * WEEK),
        now=now, besides=besides,
    )  # fmt: skip
    closest = sorted(free.starts, key=lambda start: abs(start - at))[:count]
    return sorted(closest)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
