"""The weeks of a booking page: the guest's days, whatever the zones of guest and host are."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from activities.availability import WEEK, Week, free_times, nearest, week_of
from activities.models import BookingCalendar
from activities.scheduling import Rules
from activities.templatetags.meetings import clock, in_zone, offset_of, utc_text
from activities.zones import known_zone, zone_choices
from contacts.identity import InvalidValue
from contacts.models import User
from tests.activities.bookings import make_calendar

NOW = datetime(2027, 3, 24, 12, 20, tzinfo=UTC)  # a Wednesday; clocks change on the 28th in Europe
ZONES = ("Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin", "Asia/Kathmandu", "UTC")


@pytest.fixture
def calendar(member: User) -> BookingCalendar:
    return make_calendar(member, horizon_days=20, time_zone="Europe/Berlin")


def all_weeks(rules: Rules, host: int, zone: ZoneInfo) -> list[Week]:
    weeks = [week_of(rules, host, zone, None, now=NOW)]
    while weeks[-1].next is not None:
        weeks.append(week_of(rules, host, zone, weeks[-1].next, now=NOW))
    return weeks


@pytest.mark.parametrize("guest", ZONES)
@pytest.mark.parametrize("host", ZONES)
def test_the_weeks_together_show_every_free_time_once_on_its_day(
    calendar: BookingCalendar, guest: str, host: str
) -> None:
    calendar.time_zone, zone = host, ZoneInfo(guest)
    weeks = all_weeks(calendar.rules, calendar.host_id, zone)
    shown = [start for week in weeks for day in week.days for start in day.starts]
    free = free_times(calendar.rules, calendar.host_id, NOW, NOW + timedelta(days=60), now=NOW)
    assert shown == free.starts and len(shown) > 900
    assert all(
        start.astimezone(zone).date() == day.day
        for week in weeks for day in week.days for start in day.starts
    )  # fmt: skip


def test_a_page_has_seven_days_and_knows_its_neighbours(calendar: BookingCalendar) -> None:
    zone = ZoneInfo("Europe/Berlin")
    first = week_of(calendar.rules, calendar.host_id, zone, None, now=NOW)
    assert [day.day for day in first.days] == [
        date(2027, 3, 24) + timedelta(days=n) for n in range(WEEK)
    ]
    assert (first.previous, first.next) == (None, date(2027, 3, 31))
    second = week_of(calendar.rules, calendar.host_id, zone, first.next, now=NOW)
    assert second.previous == first.days[0].day


def test_an_empty_week_names_the_first_day_with_times(calendar: BookingCalendar) -> None:
    calendar.working_hours = {"0": [], **{str(day): [] for day in range(1, 7)}, "2": [[600, 660]]}
    calendar.notice_minutes = 10 * 24 * 60
    week = week_of(calendar.rules, calendar.host_id, ZoneInfo("UTC"), None, now=NOW)
    assert week.is_empty and week.first_free == date(2027, 4, 7)
    calendar.working_hours = {}
    week = week_of(calendar.rules, calendar.host_id, ZoneInfo("UTC"), None, now=NOW)
    assert week.is_empty and week.first_free is None


def test_other_times_are_the_closest_ones(calendar: BookingCalendar) -> None:
    calendar.working_hours = {str(day): [[600, 660]] for day in range(7)}
    wanted = datetime(2027, 3, 27, 9, 0, tzinfo=UTC)
    found = nearest(calendar.rules, calendar.host_id, wanted, count=3, now=NOW)
    assert [f"{start:%d %H:%M}" for start in found] == ["27 09:00", "27 09:30", "28 08:00"]


def test_a_time_that_the_clock_shows_twice_says_which_one_it_is() -> None:
    zone = ZoneInfo("Europe/Berlin")
    before, first, second = (datetime(2027, 10, 30, hour, 30, tzinfo=UTC) for hour in (23, 23, 23))
    first, second = (
        datetime(2027, 10, 31, 0, 30, tzinfo=UTC),
        datetime(2027, 10, 31, 1, 30, tzinfo=UTC),
    )
    assert [clock(moment, zone) for moment in (before, first, second)] == [
        "01:30", "02:30 (UTC+2)", "02:30 (UTC+1)",
    ]  # fmt: skip
    assert clock(datetime(2027, 3, 28, 1, 30, tzinfo=UTC), zone) == "03:30"  # after the jump


def test_a_whole_date_tells_apart_what_the_clock_shows_twice() -> None:
    zone = ZoneInfo("America/New_York")
    first, second = (datetime(2026, 11, 1, hour, 30, tzinfo=UTC) for hour in (5, 6))
    assert "Sunday 1 November 2026, 01:30 (UTC-4)" in in_zone(first, zone)
    assert "Sunday 1 November 2026, 01:30 (UTC-5)" in in_zone(second, zone)


@pytest.mark.parametrize(
    ("zone", "text"),
    [("UTC", "UTC+0"), ("Asia/Kathmandu", "UTC+5:45"), ("America/St_Johns", "UTC-3:30")],
)
def test_offsets_are_written_as_people_write_them(zone: str, text: str) -> None:
    assert offset_of(datetime(2027, 1, 4, 12, tzinfo=ZoneInfo(zone))) == text


def test_links_carry_the_moment_in_utc() -> None:
    assert (
        utc_text(datetime(2027, 1, 4, 12, tzinfo=ZoneInfo("Asia/Kathmandu"))) == "2027-01-04T06:15Z"
    )


def test_every_zone_on_offer_is_a_zone() -> None:
    names = [name for _, cities in zone_choices() for name, _ in cities]
    assert len(names) > 400 and "Europe/London" in names and len(set(names)) == len(names)
    assert all(known_zone(name).key == name for name in names)


@pytest.mark.parametrize("name", ["", " ", "Mars/Base", "../UTC", "Europe", "a" * 500])
def test_a_zone_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue):
        known_zone(name)
