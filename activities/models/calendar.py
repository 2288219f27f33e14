"""A booking calendar: one host, one public page, and the rules for its times."""

import zoneinfo
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from activities.models.editable import Editable
from activities.models.ids import new_calendar_id
from activities.scheduling import Rules

if TYPE_CHECKING:
    from contacts.models import User

DAY = 24 * 60
Hours = dict[str, list[list[int]]]


def default_hours() -> Hours:
    """Nine to five, Monday to Friday: {weekday, Monday 0: [[from, to], …] in minutes of the day}."""
    return {str(day): [[9 * 60, 17 * 60]] if day < 5 else [] for day in range(7)}


class BookingCalendarQuerySet(models.QuerySet["BookingCalendar"]):
    def managed_by(self, user: "User") -> Self:
        """Those that `user` may see and change: administrators all, others their own."""
        if user.is_active and user.role.administers:
            return self
        return self.filter(host=user) if user.is_active else self.none()

    def active(self) -> Self:
        """Those whose public page offers times."""
        return self.filter(archived_at=None, host__is_active=True)


class BookingCalendar(Editable):
    class Ask(models.TextChoices):
        NO = "no", "Do not ask"
        OPTIONAL = "optional", "Optional"
        REQUIRED = "required", "Required"

    public_id = models.CharField(max_length=20, unique=True, default=new_calendar_id)
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(max_length=2000, blank=True, default="")
    host = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="booking_calendars"
    )
    duration_minutes = models.PositiveSmallIntegerField(default=30)
    buffer_before_minutes = models.PositiveSmallIntegerField(default=0)
    buffer_after_minutes = models.PositiveSmallIntegerField(default=0)
    every_minutes = models.PositiveSmallIntegerField(default=30)  # between two start times
    notice_minutes = models.PositiveIntegerField(default=4 * 60)
    horizon_days = models.PositiveSmallIntegerField(default=60)
    working_hours = models.JSONField(default=default_hours)
    time_zone = models.CharField(max_length=64, default="UTC")  # of the working hours
    location = models.CharField(max_length=500, blank=True, default="")
    email_required = models.BooleanField(default=True)
    ask_mobile = models.CharField(max_length=8, choices=Ask, default=Ask.OPTIONAL)
    ask_company = models.CharField(max_length=8, choices=Ask, default=Ask.OPTIONAL)
    ask_note = models.BooleanField(default=True)
    ask_guests = models.BooleanField(default=True)
    tell_host = models.BooleanField(default=False)  # by mail: booked, moved, canceled
    offer_sms = models.BooleanField(default=False)  # a box to agree to text messages
    #: [{"id", "label", "kind", "options", "required", "field"}], see activities.questions.
    questions = models.JSONField(default=list, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = BookingCalendarQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                name="calendar_durations_are_possible",
                condition=models.Q(
                    duration_minutes__gt=0, duration_minutes__lte=DAY, every_minutes__gt=0
                ),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        """Whether its public page offers times."""
        return self.archived_at is None and self.host.is_active

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The host's zone; UTC for one that this system's database no longer has."""
        try:
            return zoneinfo.ZoneInfo(self.time_zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            return zoneinfo.ZoneInfo("UTC")

    @property
    def rules(self) -> Rules:
        return Rules(
            zone=self.zone,
            hours={
                int(day): tuple((start, end) for start, end in spans)
                for day, spans in self.working_hours.items()
            },
            duration=timedelta(minutes=self.duration_minutes),
            before=timedelta(minutes=self.buffer_before_minutes),
            after=timedelta(minutes=self.buffer_after_minutes),
            every=timedelta(minutes=self.every_minutes),
            notice=timedelta(minutes=self.notice_minutes),
            horizon_days=self.horizon_days,
        )
