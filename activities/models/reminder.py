"""What guests are told about their meetings: the texts of a calendar, and each message of a meeting."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from activities.models.calendar import BookingCalendar
from activities.models.meeting import ACTIVE, Meeting

if TYPE_CHECKING:
    from contacts.models import User

MAX_SUBJECT, MAX_BODY, MAX_SMS = 200, 5000, 480
MOST_REMINDERS = 5  # of one calendar and channel
MAX_WORDS = 300


class Channel(models.TextChoices):
    EMAIL = "email", "Email"
    SMS = "sms", "Text message"


class ReminderKind(models.TextChoices):
    CONFIRMATION = "confirmation", "Confirmation"
    REMINDER = "reminder", "Reminder"
    RESCHEDULED = "rescheduled", "Rescheduled"
    CANCELED = "canceled", "Canceled"


class ReminderTemplate(models.Model):
    """One text of a booking calendar, and whether and when it is sent.

    A calendar without any row has the texts of `activities.reminders.defaults`; the first save of
    its page writes them all.
    """

    Channel, Kind = Channel, ReminderKind

    calendar = models.ForeignKey(BookingCalendar, models.CASCADE, related_name="reminder_templates")
    kind = models.CharField(max_length=12, choices=ReminderKind)
    channel = models.CharField(max_length=5, choices=Channel)
    minutes_before = models.PositiveIntegerField(default=0)  # the start; 0 unless a reminder
    subject = models.CharField(max_length=MAX_SUBJECT, blank=True, default="")  # of a mail
    body = models.TextField(max_length=MAX_BODY)
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["channel", "kind", "-minutes_before", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["calendar", "kind", "channel", "minutes_before"],
                name="one_template_for_each_reminder",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.get_channel_display()}"


class ReminderQuerySet(models.QuerySet["Reminder"]):
    def visible_to(self, user: "User") -> Self:
        """Those of the meetings that `user` may see."""
        return self.filter(meeting__in=Meeting.objects.visible_to(user))

    def need_attention(self) -> Self:
        """Those that went wrong, are still meant, and that nobody has sent again.

        What was said of an earlier time of the meeting, or of one that is canceled or over, needs
        nothing more (as in activities.reminders.wanted).
        """
        newer = Reminder.objects.filter(
            meeting=models.OuterRef("meeting"),
            kind=models.OuterRef("kind"),
            channel=models.OuterRef("channel"),
            minutes_before=models.OuterRef("minutes_before"),
            sequence=models.OuterRef("sequence"),
            again__gt=models.OuterRef("again"),
        )
        wrong = self.filter(
            Q(state=Reminder.State.FAILED) | Q(state=Reminder.State.UNKNOWN, next_at=None)
        )
        ahead = Q(meeting__status__in=ACTIVE) & ~Q(kind=ReminderKind.CANCELED)
        called_off = Q(meeting__status=Meeting.Status.CANCELED, kind=ReminderKind.CANCELED)
        return wrong.filter(
            ~models.Exists(newer),
            ahead | called_off,
            sequence=models.F("meeting__sequence"),
            meeting__ends_at__gt=timezone.now(),
        )


class Reminder(models.Model):
    """One message to the guest of a meeting. Its address is looked up when it is sent.

    `next_at` is when a worker has to look at it: when it is due, when it is tried again, or, while
    it is being sent, when its worker must have been killed. Without it nothing is to be done.
    """

    Channel, Kind = Channel, ReminderKind

    class State(models.TextChoices):
        SCHEDULED = "scheduled", "Scheduled"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Failed"
        UNKNOWN = "unknown", "Unknown"
        SKIPPED = "skipped", "Skipped"
        CANCELED = "canceled", "Canceled"

    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="reminders")
    kind = models.CharField(max_length=12, choices=ReminderKind)
    channel = models.CharField(max_length=5, choices=Channel)
    minutes_before = models.PositiveIntegerField(default=0)
    sequence = models.PositiveIntegerField(default=0)  # the meeting's when this was planned
    again = models.PositiveSmallIntegerField(default=0)  # how often a person had it sent again
    due_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State, default=State.SCHEDULED)
    next_at = models.DateTimeField(null=True, blank=True)
    lease_token = models.CharField(max_length=36, blank=True, default="")
    attempts = models.PositiveSmallIntegerField(default=0)
    begun_at = models.DateTimeField(null=True, blank=True)  # the last attempt
    sent_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)  # since when nothing is to be done
    sent_to = models.CharField(max_length=254, blank=True, default="")  # emptied by erasing
    provider_id = models.CharField(max_length=64, blank=True, default="")
    words = models.CharField(max_length=MAX_WORDS, blank=True, default="")  # why, or the vendor's
    resent = models.BooleanField(default=False)  # sent once more after an unknown outcome

    objects = ReminderQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["meeting", "kind", "channel", "minutes_before", "sequence", "again"],
                name="each_reminder_is_planned_once",
            )
        ]
        indexes = [
            # What is looked for every second.
            models.Index(
                fields=["next_at"], condition=Q(next_at__isnull=False), name="reminders_due"
            ),
            # How many an address has had lately, and what erasing looks for.
            models.Index(fields=["sent_to", "begun_at"], name="reminders_by_address"),
            models.Index(fields=["-ended_at", "-id"], name="reminders_by_end"),
            models.Index(fields=["state", "due_at"], name="reminders_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def waits(self) -> bool:
        """Whether it is still to be sent."""
        return self.next_at is not None


class SmsReply(models.Model):
    """STOP or START from a number: the last one decides whether it gets text messages.

    The number stands here as itself, in E.164: the same number typed elsewhere must be found, also
    after the secret key was changed. Erasing the person removes it.
    """

    number = models.CharField(max_length=20)
    sender = models.CharField(max_length=64)  # our number or service that it was said to
    stop = models.BooleanField()
    message_id = models.CharField(max_length=64, unique=True)  # the same one again changes nothing
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["number", "sender", "-id"], name="replies_of_a_number")]

    def __str__(self) -> str:
        return f"{'STOP' if self.stop else 'START'} {self.pk}"
