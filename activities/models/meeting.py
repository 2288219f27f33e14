"""A meeting, the slots it takes of its host's time, and what happened to it."""

from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from activities.access import visible_condition
from activities.models.calendar import BookingCalendar
from activities.models.ids import new_meeting_id, new_nonce, new_tracking_id
from contacts.models import Contact
from contacts.search import reading, spelled, wanted

if TYPE_CHECKING:
    from datetime import datetime

    from contacts.models import User


class Status(models.TextChoices):
    REQUESTED = "requested", "Requested"
    SCHEDULED = "scheduled", "Scheduled"
    RESCHEDULED = "rescheduled", "Rescheduled"
    COMPLETED = "completed", "Completed"
    CANCELED = "canceled", "Canceled"
    NO_SHOW = "no_show", "No-show"


#: Still to take place, if their time has not come; the product's "active scheduled meetings".
ACTIVE = (Status.REQUESTED, Status.SCHEDULED, Status.RESCHEDULED)
#: Those that take place by themselves when their time comes; a request waits for a person.
AGREED = (Status.SCHEDULED, Status.RESCHEDULED)


class MeetingQuerySet(models.QuerySet["Meeting"]):
    def visible_to(self, user: "User") -> Self:
        """The meetings that `user` may see: those they host, and those of contacts they see."""
        condition = visible_condition(user)
        return self if condition is None else self.filter(condition)

    def search(self, text: str) -> Self:
        """Those in which every word of `text` is found."""
        what = wanted(text, region="")
        return self.filter(reading(what)) if what else self

    def upcoming(self, now: "datetime | None" = None) -> Self:
        """Future ones that are to take place."""
        moment = now or timezone.now()
        return self.filter(status__in=ACTIVE, starts_at__gt=moment, in_trash=False)


class Meeting(models.Model):
    """One meeting, with the guest's details as they were submitted.

    They stay as they are when the contact is edited, and stay when it is deleted: then `contact`
    is empty and `contact_public_id` still says whose it was.
    """

    Status = Status

    class Source(models.TextChoices):
        PAGE = "page", "Booking page"
        API = "api", "API"
        HOST = "host", "Host"
        SCHEDULER = "scheduler", "Another scheduler"
        CHATBOT = "chatbot", "Chatbot"

    class By(models.TextChoices):
        USER = "user", "Host"
        CUSTOMER = "customer", "Guest"

    public_id = models.CharField(max_length=20, unique=True, default=new_meeting_id)
    tracking_id = models.CharField(max_length=20, unique=True, default=new_tracking_id)
    subject = models.CharField(max_length=255)
    status = models.CharField(max_length=11, choices=Status, default=Status.SCHEDULED)
    source = models.CharField(max_length=9, choices=Source, default=Source.PAGE)
    in_trash = models.BooleanField(default=False)
    host = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="meetings")
    calendar = models.ForeignKey(
        BookingCalendar, models.SET_NULL, null=True, blank=True, related_name="meetings"
    )
    contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, blank=True, related_name="meetings"
    )
    contact_public_id = models.CharField(max_length=20, blank=True, default="")  # when booked
    conversation = models.ForeignKey(  # in which it was booked
        "activities.Conversation", models.SET_NULL, null=True, blank=True, related_name="meetings"
    )
    starts_at = models.DateTimeField()
    duration_minutes = models.PositiveSmallIntegerField()
    ends_at = models.DateTimeField()
    buffer_before_minutes = models.PositiveSmallIntegerField(default=0)
    buffer_after_minutes = models.PositiveSmallIntegerField(default=0)
    location = models.CharField(max_length=500, blank=True, default="")
    join_url = models.CharField(max_length=500, blank=True, default="")

    # As submitted; what they mean for the contact is decided once, by activities.capture.
    guest_name = models.CharField(max_length=200, blank=True, default="")
    guest_email = models.CharField(max_length=254, blank=True, default="")
    guest_phone = models.CharField(max_length=40, blank=True, default="")
    guest_mobile_phone = models.CharField(max_length=20, blank=True, default="")
    guest_company = models.CharField(max_length=255, blank=True, default="")
    guest_note = models.TextField(blank=True, default="")
    guest_time_zone = models.CharField(max_length=64, default="UTC")
    guests = models.JSONField(default=list, blank=True)  # addresses of further guests
    answers = models.JSONField(default=list, blank=True)  # [{"name", "label", "field", "value"}]
    sms_consent = models.BooleanField(default=False)
    #: Where reminders go once the contact is deleted: its last address; emptied with the meeting.
    last_email = models.CharField(max_length=254, blank=True, default="")
    last_mobile_phone = models.CharField(max_length=20, blank=True, default="")

    # The last cancellation or change of time: why, and who did it.
    reason = models.TextField(blank=True, default="")
    actioned_by = models.CharField(max_length=8, choices=By, blank=True, default="")
    actioned_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    #: Canceled by the host with the wish that the guest takes another time, and that other one.
    reschedule_requested = models.BooleanField(default=False)
    rescheduled_to = models.OneToOneField(
        "self", models.SET_NULL, null=True, blank=True, related_name="rescheduled_from"
    )

    # The event in the host's own calendar, as its connector knows it.
    external_calendar_type = models.CharField(max_length=20, blank=True, default="")
    external_calendar_name = models.CharField(max_length=255, blank=True, default="")
    external_calendar_id = models.CharField(max_length=1024, blank=True, default="")
    external_event_id = models.CharField(max_length=1024, blank=True, default="")

    sequence = models.PositiveIntegerField(default=0)  # of the invitation, RFC 5545 3.8.7.4
    # The guest's link: derived from the nonce with the secret key, found by its digest.
    guest_nonce = models.CharField(max_length=64, unique=True, default=new_nonce)
    guest_token_hash = models.CharField(max_length=64, unique=True)
    creation_time = models.DateTimeField(default=timezone.now)
    last_updated_time = models.DateTimeField(default=timezone.now)
    #: Of the guest, the subject and the references (`searched`), as contacts.search stores a text.
    search_text = models.TextField(blank=True, default="", editable=False)

    objects = MeetingQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_at", "-id"]
        indexes = [
            models.Index(fields=["starts_at", "id"], name="meetings_by_start"),
            models.Index(fields=["host", "starts_at"], name="meetings_of_host"),
            models.Index(fields=["contact", "starts_at"], name="meetings_of_contact"),
            # What the periodic step looks for every few seconds. Not partial: SQLite does not prove
            # from bound values that it may use it.
            models.Index(fields=["status", "ends_at"], name="meetings_by_status"),
            models.Index(fields=["creation_time", "id"], name="meetings_by_creation"),  # of the API
        ]
        constraints = [
            models.CheckConstraint(
                name="meeting_ends_after_it_starts",
                condition=models.Q(ends_at__gt=models.F("starts_at")),
            )
        ]

    def __str__(self) -> str:
        return self.public_id

    def save(self, *args: Any, **kwargs: Any) -> None:
        """What is searched never changes later, but for being erased."""
        if self._state.adding:
            self.search_text = self.searched
        super().save(*args, **kwargs)

    @property
    def searched(self) -> str:
        """The `search_text` of a meeting with these details."""
        guest = f"{self.guest_name} {self.guest_email} {self.guest_company}"
        return spelled(f"{guest} {self.subject} {self.tracking_id} {self.public_id}")

    @property
    def guest(self) -> str:
        """Whom the meeting is with, as submitted: never empty on screen."""
        return self.guest_name or self.guest_email or self.guest_mobile_phone or "Guest"

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE

    def is_over(self, now: "datetime") -> bool:
        return self.ends_at <= now


class BookedSlot(models.Model):
    """Five minutes of a host's time that a meeting takes, its buffers included.

    The unique index, not a check before the write, rules out a double booking.
    """

    host = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    slot = models.BigIntegerField()  # five-minute periods since 1970
    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="slots")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["host", "slot"], name="one_meeting_per_slot")
        ]

    def __str__(self) -> str:
        return f"slot {self.slot} of user {self.host_id}"


class MeetingEvent(models.Model):
    """One thing that happened to a meeting. Holds times and ids, nothing of the guest's."""

    class Kind(models.TextChoices):
        SCHEDULED = "scheduled", "Scheduled"
        RESCHEDULED = "rescheduled", "Rescheduled"
        REASSIGNED = "reassigned", "Reassigned"
        CANCELED = "canceled", "Canceled"
        RESCHEDULE_REQUESTED = "canceled_reschedule_requested", "Canceled, another time asked for"
        CANCELED_THEN_RESCHEDULED = "canceled_then_rescheduled", "Canceled, then rescheduled"
        COMPLETED = "completed", "Completed"
        NO_SHOW = "no_show", "No-show"

    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=32, choices=Kind)
    at = models.DateTimeField(default=timezone.now)
    by = models.CharField(max_length=8, choices=Meeting.By, blank=True, default="")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    api_key = models.ForeignKey(  # through which
        "contacts.ApiKey", models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    before = models.JSONField(default=dict, blank=True)  # what changed, as it was: starts_at, host

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.kind} of meeting {self.meeting_id}"
