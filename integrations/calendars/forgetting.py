"""The addresses that are noted beside events: gone with the meeting's time, or with its guest."""

from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from activities.erasing import meetings_of
from activities.models import Meeting
from contacts.erasing import Counts, Eraser, Subject
from integrations.models import ExternalRecord

HOUR = 3600.0


def forget_past(now: datetime | None = None) -> int:
    """Empty those of meetings that are over; how many. A step of the relay."""
    over = Meeting.objects.filter(ends_at__lt=now or timezone.now())
    rows = ExternalRecord.objects.exclude(guests=[]).filter(meeting_id__in=over.values("pk"))
    return rows.update(guests=[])


def _of(subject: Subject) -> QuerySet[ExternalRecord]:
    rows = ExternalRecord.objects.exclude(guests=[])
    return rows.filter(meeting_id__in=meetings_of(subject).values("pk"))


def plan(subject: Subject) -> Counts:
    return {"addresses beside calendar events": _of(subject).count()}


def erase(subject: Subject) -> Counts:
    return {"addresses beside calendar events": _of(subject).update(guests=[])}


ERASER = Eraser(plan=plan, erase=erase)
