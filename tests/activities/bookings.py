"""Booking as a guest does it, and short ways to make calendars and meetings."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from activities import forms
from activities.capture import Guest
from activities.models import BookingCalendar, Meeting
from activities.services import book
from activities.signals import Doer
from contacts.models import User

#: A Monday morning far enough ahead of any test run's clock to be free, and near enough to be offered.
EVERY_DAY = {str(day): [[0, 24 * 60]] for day in range(7)}
HOST = Doer(Meeting.By.USER)


def soon(days: int = 3, hour: int = 10, minute: int = 0) -> datetime:
    """A time some days ahead, on the hour."""
    start = timezone.now().astimezone(UTC) + timedelta(days=days)
    return start.replace(hour=hour, minute=minute, second=0, microsecond=0)


def short(moment: datetime) -> str:
    """As lists and timelines write it: "Mon 23 Nov, 10:30", with the year where it is another."""
    year = "" if moment.year == soon(0).year else f" {moment.year}"
    return f"{moment:%a} {moment.day} {moment:%b}{year}, {moment:%H:%M}"


def make_calendar(host: User, **values: Any) -> BookingCalendar:
    """A calendar that takes meetings of half an hour day and night."""
    number = BookingCalendar.objects.count() + 1
    values = {
        "name": "Tax review",
        "slug": f"tax-review-{number}",
        "working_hours": EVERY_DAY,
        "notice_minutes": 0,
        **values,
    }
    return BookingCalendar.objects.create(host=host, **values)


def make_meeting(
    calendar: BookingCalendar, starts_at: datetime | None = None, **details: Any
) -> Meeting:
    details = {"name": "Ada Lovelace", "email": "ada@example.com", **details}
    return book(calendar=calendar, starts_at=starts_at or soon(), guest=Guest(**details))


def past_meeting(calendar: BookingCalendar, *, hours: int = 2, **details: Any) -> Meeting:
    """A meeting that began `hours` ago, as if nobody had looked since."""
    begun = timezone.now().replace(second=0, microsecond=0) - timedelta(hours=hours)
    begun -= timedelta(minutes=begun.minute % 30)
    details = {"name": "Ada Lovelace", "email": "ada@example.com", **details}
    return book(
        calendar=calendar, starts_at=begun, guest=Guest(**details), now=begun - timedelta(days=1)
    )


def old_key() -> str:
    """The key of a form that was opened a minute ago."""
    now = time.time()
    real, time.time = time.time, lambda: now - 60
    try:
        return forms.new_key()
    finally:
        time.time = real


def details_url(calendar: BookingCalendar) -> str:
    return reverse("booking_details", args=[calendar.slug])


def filled_in(start: datetime | None = None, **typed: Any) -> dict[str, Any]:
    """The form as a guest sends it."""
    return {
        "start": f"{start or soon():%Y-%m-%dT%H:%M}Z",
        "tz": "Europe/London",
        "key": old_key(),
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        **typed,
    }


def send(client: Client, calendar: BookingCalendar, **typed: Any) -> Any:
    return client.post(details_url(calendar), filled_in(**typed))
