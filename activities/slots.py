"""The time that a meeting may have, and the slots of its host that it takes."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from activities.models import BookedSlot, BookingCalendar, Meeting
from activities.models.meeting import ACTIVE
from activities.scheduling import Rules, slots_of


class NotAvailable(Exception):
    """The time is not offered: outside the hours, too soon, too far ahead, or not free."""


class SlotTaken(NotAvailable):
    """The time was free when it was looked at; somebody else has it now."""


class SameTime(NotAvailable):
    """The meeting is at that time already."""


def rules_of(meeting: Meeting) -> Rules:
    """When this meeting may be: the hours of its calendar, its own length and buffers."""
    if meeting.calendar is None:
        return any_time(meeting)
    rules = meeting.calendar.rules
    return Rules(
        zone=rules.zone,
        hours=rules.hours,
        duration=timedelta(minutes=meeting.duration_minutes),
        before=timedelta(minutes=meeting.buffer_before_minutes),
        after=timedelta(minutes=meeting.buffer_after_minutes),
        every=rules.every,
        notice=rules.notice,
        horizon_days=rules.horizon_days,
    )


def any_time(meeting: Meeting) -> Rules:
    """Day and night, as long as the host is free."""
    utc = BookingCalendar(time_zone="UTC").zone
    return Rules(
        zone=utc,
        hours=dict.fromkeys(range(7), ((0, 24 * 60),)),
        duration=timedelta(minutes=meeting.duration_minutes),
        before=timedelta(minutes=meeting.buffer_before_minutes),
        after=timedelta(minutes=meeting.buffer_after_minutes),
        every=timedelta(minutes=15),
        horizon_days=365,
    )


def take_slots(meeting: Meeting) -> None:
    """Raises SlotTaken: the unique index decides, whatever was looked at before."""
    slots = slots_of(
        meeting.starts_at,
        duration=timedelta(minutes=meeting.duration_minutes),
        before=timedelta(minutes=meeting.buffer_before_minutes),
        after=timedelta(minutes=meeting.buffer_after_minutes),
    )
    try:
        with transaction.atomic():
            BookedSlot.objects.bulk_create(
                BookedSlot(host_id=meeting.host_id, slot=slot, meeting=meeting) for slot in slots
            )
    except IntegrityError:
        raise SlotTaken from None


def take_free_slots(meeting: Meeting) -> None:
    """Take those slots that nobody has: for a meeting that takes place whatever else does."""
    slots = slots_of(
        meeting.starts_at, duration=timedelta(minutes=meeting.duration_minutes),
        before=timedelta(), after=timedelta(),
    )  # fmt: skip
    BookedSlot.objects.bulk_create(
        (BookedSlot(host_id=meeting.host_id, slot=slot, meeting=meeting) for slot in slots),
        ignore_conflicts=True,
    )


def why_not(
    rules: Rules, host_id: int, at: datetime, besides: Meeting | None = None
) -> NotAvailable:
    """Taken, when only another meeting stands in the way; else it was never offered."""
    slots = slots_of(at, duration=rules.duration, before=rules.before, after=rules.after)
    taken = BookedSlot.objects.filter(host=host_id, slot__gte=slots.start, slot__lt=slots.stop)
    others = taken.exclude(meeting=besides) if besides is not None else taken
    return SlotTaken() if others.exists() else NotAvailable()


def give_up_slots(meeting: Meeting) -> None:
    BookedSlot.objects.filter(meeting=meeting).delete()


def pass_on_slots(*, host_id: int, starts_at: datetime, ends_at: datetime) -> None:
    """Close time that a meeting has given up, where others of other schedulers take place in it.

    They have had no slots of their own beside the first: seats of one booking, double bookings.
    Locked, so that one that is called off meanwhile keeps none.
    """
    there = Meeting.objects.select_for_update().filter(
        host=host_id, source=Meeting.Source.SCHEDULER, status__in=ACTIVE, in_trash=False,
        starts_at__lt=ends_at, ends_at__gt=starts_at,
    )  # fmt: skip
    for meeting in there.order_by("pk"):
        take_free_slots(meeting)
