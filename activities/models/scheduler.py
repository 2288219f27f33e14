"""Other schedulers that tell of their bookings, what they told, and which meeting each became."""

import secrets

from django.conf import settings
from django.db import models
from django.utils import timezone

from activities.models.editable import Editable
from activities.models.ids import new_connection_id
from activities.models.meeting import Meeting


def new_address() -> str:
    """What the address of a connection ends with: 160 bits, so that it is not found by trying."""
    return secrets.token_hex(20)


class SchedulerConnection(Editable):
    """One scheduler that may send webhooks here, and the secret that it signs them with."""

    class Kind(models.TextChoices):
        CALCOM = "calcom", "Cal.com"
        CALENDLY = "calendly", "Calendly"

    PURPOSE = "activities.scheduler_connection"

    public_id = models.CharField(max_length=20, unique=True, default=new_connection_id)
    kind = models.CharField(max_length=8, choices=Kind)
    name = models.CharField(max_length=120)
    #: Whose the meetings are whose organizer has no user of the same e-mail address.
    host = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="scheduler_connections"
    )
    address = models.CharField(max_length=40, unique=True, default=new_address)
    secret = models.TextField()  # encrypted (contacts.vault)
    closed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    received_at = models.DateTimeField(null=True, blank=True)  # the last one that was signed
    refused_at = models.DateTimeField(null=True, blank=True)  # the last one that was not
    refused_why = models.CharField(max_length=20, blank=True, default="")

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class ExternalBooking(models.Model):
    """A booking of another scheduler, by the id that it has there.

    The row is there before the meeting where a cancellation or a move came first. Then `meeting`
    is empty, and the state says what to do when the booking itself comes.
    """

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        CANCELED = "canceled", "Canceled"
        MOVED = "moved", "Moved"  # another booking has taken its place

    connection = models.ForeignKey(SchedulerConnection, models.CASCADE, related_name="bookings")
    external_id = models.CharField(max_length=300)
    state = models.CharField(max_length=8, choices=State, default=State.ACTIVE)
    meeting = models.ForeignKey(
        Meeting, models.SET_NULL, null=True, blank=True, related_name="external_bookings"
    )
    moved_to = models.CharField(max_length=300, blank=True, default="")
    told_at = models.DateTimeField()  # when the newest event about it was sent

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "external_id"], name="one_row_an_external_booking"
            )
        ]

    def __str__(self) -> str:
        return f"external booking {self.pk}"


class SchedulerEvent(models.Model):
    """One webhook that was taken, without anything of the guest's. Goes after a month."""

    class Outcome(models.TextChoices):
        BOOKED = "booked", "Meeting booked"
        MOVED = "moved", "Meeting moved"
        CANCELED = "canceled", "Meeting canceled"
        EARLY = "early", "Noted: the booking itself has not come yet"
        NOTHING = "nothing", "Nothing to change"
        IGNORED = "ignored", "Of no interest here"
        UNREADABLE = "unreadable", "Could not be understood"

    connection = models.ForeignKey(SchedulerConnection, models.CASCADE, related_name="events")
    received_at = models.DateTimeField(default=timezone.now)
    event = models.CharField(max_length=40)  # as the scheduler names it
    outcome = models.CharField(max_length=10, choices=Outcome)
    meeting = models.ForeignKey(Meeting, models.SET_NULL, null=True, blank=True, related_name="+")
    digest = models.CharField(max_length=64)  # of the body: the same one again is a replay

    class Meta:
        ordering = ["-received_at", "-id"]
        indexes = [
            models.Index(fields=["connection", "received_at"], name="scheduler_events_by_time")
        ]
        constraints = [
            models.UniqueConstraint(fields=["connection", "digest"], name="one_event_a_body")
        ]

    def __str__(self) -> str:
        return f"{self.event} at {self.received_at:%Y-%m-%d %H:%M}"
