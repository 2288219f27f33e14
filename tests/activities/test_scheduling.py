"""Free start times: exact tables at the edges of the clock, and a brute force beside random rules."""

import random
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from activities.scheduling import Rules, Span, free_starts, slots_of

MINUTE = timedelta(minutes=1)
LONG_AGO = datetime(2010, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def rules(zone: str, *hours: tuple[int, int], minutes: int = 60, **changes: int) -> Rules:
    """Rules with the same hours, in minutes of the day, on every day of the week."""
    lengths = {name: timedelta(minutes=number) for name, number in changes.items()}
    return Rules(
        zone=ZoneInfo(zone),
        hours=dict.fromkeys(range(7), hours),
        duration=timedelta(minutes=minutes),
        horizon_days=100_000,
        **lengths,
    )


def day_in(zone: str, day: str, offered: Rules) -> list[str]:
    """The starts of one local day, as the clock on the wall shows them."""
    first = date.fromisoformat(day)
    start = datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(zone))
    following = first + timedelta(days=1)
    end = datetime(following.year, following.month, following.day, tzinfo=ZoneInfo(zone))
    found = free_starts(offered, now=LONG_AGO, start=start, end=end)
    return [f"{moment.astimezone(ZoneInfo(zone)):%H:%M%z}" for moment in found]


@pytest.mark.parametrize(
    ("zone", "day", "hours", "starts"),
    [
        # an ordinary day: a meeting ends with the working time at the latest
        ("Europe/Berlin", "2026-11-23", (540, 720), ["09:00+0100", "10:00+0100", "11:00+0100"]),
        # spring: 02:00 to 03:00 does not exist; one hour of work less
        ("Europe/Berlin", "2027-03-28", (60, 300), ["01:00+0100", "03:00+0200", "04:00+0200"]),
        # autumn: 02:00 to 03:00 exists twice; one hour of work more
        (
            "Europe/Berlin",
            "2027-10-31",
            (60, 240),
            ["01:00+0200", "02:00+0200", "02:00+0100", "03:00+0100"],
        ),
        ("America/New_York", "2027-03-14", (60, 240), ["01:00-0500", "03:00-0400"]),
        # a zone with a half-hour offset, and one whose clock jumps by half an hour
        ("Asia/Kolkata", "2026-11-23", (570, 690), ["09:30+0530", "10:30+0530"]),
        ("Asia/Kathmandu", "2026-11-23", (540, 660), ["09:00+0545", "10:00+0545"]),
        # at 02:00 it is 02:30: the hour begun at 01:00 ends there, and 02:00 is nobody's time
        ("Australia/Lord_Howe", "2027-10-03", (60, 300), ["01:00+1030", "03:00+1100", "04:00+1100"]),
        # Samoa went over the date line: its 30 December 2011 was no day at all
        ("Pacific/Apia", "2011-12-29", (1380, 1440), ["23:00-1000"]),
        ("Pacific/Apia", "2011-12-31", (0, 60), ["00:00+1400"]),
    ],
)  # fmt: skip
def test_working_hours_are_wall_clock_time(
    zone: str, day: str, hours: tuple[int, int], starts: list[str]
) -> None:
    assert day_in(zone, day, rules(zone, hours, every=60)) == starts


def test_a_day_that_does_not_exist_has_no_times() -> None:
    offered = rules("Pacific/Apia", (540, 660), every=60)
    found = free_starts(
        offered, now=LONG_AGO, start=at("2011-12-29T12:00"), end=at("2011-12-31T10:00")
    )
    days = [f"{moment.astimezone(offered.zone):%d}" for moment in found]
    assert days == ["29", "29", "31", "31"]


def test_several_intervals_a_day_and_weekends_off() -> None:
    offered = Rules(
        zone=ZoneInfo("UTC"),
        hours={0: ((540, 600), (840, 900)), 5: ()},
        duration=timedelta(minutes=30),
        horizon_days=10_000,
    )
    monday = free_starts(
        offered, now=LONG_AGO, start=at("2026-11-23T00:00"), end=at("2026-11-30T00:00")
    )
    assert [f"{moment:%a %H:%M}" for moment in monday] == [
        "Mon 09:00", "Mon 09:30", "Mon 14:00", "Mon 14:30",
    ]  # fmt: skip


def test_work_over_midnight_is_one_stretch() -> None:
    offered = rules("Europe/Madrid", (0, 120), (1320, 1440), minutes=180, every=60)
    found = free_starts(
        offered, now=LONG_AGO, start=at("2026-11-23T12:00"), end=at("2026-11-24T12:00")
    )
    assert [f"{moment:%H:%M}" for moment in found] == ["21:00", "22:00"]


def test_notice_and_horizon_bound_what_is_offered() -> None:
    offered = Rules(
        zone=ZoneInfo("UTC"),
        hours=dict.fromkeys(range(7), ((540, 660),)),
        duration=timedelta(minutes=60),
        every=timedelta(minutes=60),
        notice=timedelta(hours=4),
        horizon_days=1,
    )
    found = free_starts(
        offered, now=at("2026-11-23T05:30"), start=at("2026-11-20T00:00"), end=at("2026-12-20T00:00")
    )  # fmt: skip
    assert [f"{moment:%d %H:%M}" for moment in found] == ["23 10:00", "24 09:00", "24 10:00"]


@pytest.mark.parametrize(
    ("meeting", "free"),
    [
        # a meeting from 10:00 to 10:30 with 10 minutes before and 15 after, taken as its slots
        ("10:00", ["09:00", "11:00", "11:30"]),
        ("10:10", ["09:00", "11:30"]),
        ("10:40", ["09:00", "09:30"]),
    ],
)
def test_buffers_of_both_meetings_keep_apart(meeting: str, free: list[str]) -> None:
    offered = rules("UTC", (540, 720), minutes=30, before=10, after=15)
    busy = slots_of(
        at(f"2026-11-23T{meeting}"), duration=30 * MINUTE, before=10 * MINUTE, after=15 * MINUTE
    )
    found = free_starts(
        offered, now=LONG_AGO, start=at("2026-11-23T09:00"), end=at("2026-11-23T12:00"),
        taken=set(busy),
    )  # fmt: skip
    assert [f"{moment:%H:%M}" for moment in found] == free


def test_busy_times_of_other_calendars_are_left_out_with_the_buffers() -> None:
    offered = rules("UTC", (540, 720), minutes=30, before=10)
    found = free_starts(
        offered, now=LONG_AGO, start=at("2026-11-23T09:00"), end=at("2026-11-23T12:00"),
        busy=[Span(at("2026-11-23T09:45"), at("2026-11-23T10:20") + timedelta(microseconds=1))],
    )  # fmt: skip
    assert [f"{moment:%H:%M}" for moment in found] == ["09:00", "11:00", "11:30"]


def test_slots_are_five_minutes_and_parts_count_whole() -> None:
    start = at("2026-11-23T10:02")
    slots = slots_of(start, duration=7 * MINUTE, before=timedelta(0), after=timedelta(0))
    first = int(at("2026-11-23T10:00").timestamp()) // 300
    assert list(slots) == [first, first + 1]


# --- against a brute force that asks the wall clock about every single minute

ZONES = {
    "Europe/Berlin": ("2027-03-28", "2027-10-31"),
    "America/New_York": ("2027-03-14", "2027-11-07"),
    "America/St_Johns": ("2027-03-14", "2027-11-07"),
    "Australia/Lord_Howe": ("2027-04-04", "2027-10-03"),
    "Asia/Kolkata": ("2027-01-01",),
    "Asia/Kathmandu": ("2027-01-01",),
    "Pacific/Chatham": ("2027-04-04", "2027-09-26"),
    "Pacific/Kiritimati": ("2027-01-01",),
    "Pacific/Apia": ("2011-12-30",),
    "Africa/Casablanca": ("2027-02-07", "2027-03-14"),
    "Africa/Cairo": ("2027-04-30", "2027-10-29"),  # at midnight
    "America/Havana": ("2027-03-14", "2027-11-07"),  # at midnight
    "America/Sao_Paulo": ("2018-11-04", "2019-02-17"),  # at midnight
    "UTC": ("2027-01-01",),
}
SEEDS = range(6)


def brute_force(
    offered: Rules, now: datetime, start: datetime, end: datetime, busy: Iterable[Span]
) -> list[datetime]:
    def working(moment: datetime) -> tuple[int, int] | None:
        wall = moment.astimezone(offered.zone)
        minute = wall.hour * 60 + wall.minute
        for opens, closes in offered.hours.get(wall.weekday(), ()):
            if opens <= minute < closes:
                return minute - opens, closes
        return None

    length = int(offered.duration / MINUTE)
    every = int(offered.every / MINUTE)
    found = []
    moment = start
    while moment < end:
        begun = working(moment)
        if (
            begun is not None
            and begun[0] % every == 0
            and moment >= now + offered.notice
            and all(working(moment + number * MINUTE) for number in range(1, length))
            and not any(
                moment - offered.before < span.end
                and span.start < moment + offered.duration + offered.after
                for span in busy
            )
        ):
            found.append(moment)
        moment += MINUTE
    return found


def some_hours(chance: random.Random) -> tuple[tuple[int, int], ...]:
    edges = sorted(chance.sample(range(0, 1441, 15), chance.choice((0, 2, 2, 4, 4, 6))))
    return tuple(zip(edges[::2], edges[1::2], strict=True))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("zone", ZONES)
def test_the_times_are_those_of_a_brute_force_over_every_minute(zone: str, seed: int) -> None:
    chance = random.Random(f"{zone}{seed}")
    day = at(f"{chance.choice(ZONES[zone])}T00:00")
    start, end = day - timedelta(hours=30), day + timedelta(hours=40)
    offered = Rules(
        zone=ZoneInfo(zone),
        hours={number: some_hours(chance) for number in range(7)},
        duration=chance.choice((15, 30, 45, 60, 90, 7)) * MINUTE,
        before=chance.choice((0, 5, 10, 15)) * MINUTE,
        after=chance.choice((0, 5, 30)) * MINUTE,
        every=chance.choice((5, 15, 20, 30, 60)) * MINUTE,
        notice=chance.choice((0, 60, 24 * 60)) * MINUTE,
        horizon_days=100,
    )
    now = start - timedelta(hours=chance.choice((0, 12, 400)))
    begins = [start + chance.randrange(70 * 60) * MINUTE for _ in range(chance.choice((0, 1, 4)))]
    busy = [Span(begin, begin + chance.randrange(1, 180) * MINUTE) for begin in begins]
    found = free_starts(offered, now=now, start=start, end=end, busy=busy)
    assert found == brute_force(offered, now, start, end, busy)
