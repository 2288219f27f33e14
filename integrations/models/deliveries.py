"""The outbox: one row for each change and target, in the transaction of the change."""

import uuid
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from contacts.models import Contact

if TYPE_CHECKING:
    from contacts.models import User


class Gate(models.Model):
    """What all deliveries to one account elsewhere share: whether, and how fast, they may go.

    Claims lock it, so no two workers count the same allowance.
    """

    key = models.CharField(max_length=40, primary_key=True)  # "webhook 3", "connection 5"
    paused = models.BooleanField(default=False)  # by a person, or until somebody signs in again
    failures = models.PositiveIntegerField(default=0)  # in a row
    closed_until = models.DateTimeField(null=True, blank=True)  # nothing leaves before
    #: Until then the other side has asked to be left alone, by a Retry-After: whatever is in hand
    #: waits, too, and so do readings.
    asked_until = models.DateTimeField(null=True, blank=True)
    #: Until then only what a person waits for leaves: the other side's calls of the day run out.
    backlog_until = models.DateTimeField(null=True, blank=True)
    #: At most so many within so many seconds; without a limit 0.
    limit = models.PositiveIntegerField(default=0)
    per_seconds = models.PositiveIntegerField(default=1)
    at_once = models.PositiveSmallIntegerField(
        default=0
    )  # workers at the same time; 0 is any number
    #: So many of the backlog leave as one, where the other side has calls for many; 1: it has none.
    together = models.PositiveSmallIntegerField(default=1)
    window_at = models.DateTimeField(null=True, blank=True)  # when the present count began
    used = models.PositiveIntegerField(default=0)
    turn_at = models.DateTimeField(default=timezone.now)  # who waited longest is next

    class Meta:
        ordering = ["turn_at"]

    def __str__(self) -> str:
        return self.key


class State(models.TextChoices):
    """UI.md, section 8. `OPEN` ones hold back later rows of the same contact and target."""

    PENDING = "pending", "Pending"
    IN_FLIGHT = "in_flight", "In flight"
    DELIVERED = "delivered", "Delivered"
    RETRYING = "retrying", "Retrying"
    NEEDS_RECONNECT = "needs_reconnect", "Needs reconnect"
    CONFLICT = "conflict", "Conflict"
    SKIPPED = "skipped", "Skipped by policy"
    FAILED = "failed", "Failed"
    SUPERSEDED = "superseded", "Superseded"
    CANCELLED = "cancelled", "Cancelled"
    UNKNOWN = "unknown", "Unknown"


#: Not begun, or begun and to be tried again.
WAITING = (State.PENDING, State.RETRYING, State.UNKNOWN, State.NEEDS_RECONNECT)
OPEN = (*WAITING, State.IN_FLIGHT)
ATTENTION = (State.NEEDS_RECONNECT, State.CONFLICT, State.FAILED)


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def visible_to(self, user: "User") -> Self:
        """All for administrators; for others those of contacts that they see."""
        if user.role.administers:
            return self
        return self.filter(contact_id__in=Contact.objects.visible_to(user).values("pk"))

    def need_attention(self) -> Self:
        """Those that only a person can bring on."""
        return self.filter(state__in=ATTENTION)


class Delivery(models.Model):
    """One change to one target. What is sent and how stands in its family (integrations.planning).

    `next_at` is when a worker has to look at it: when it is due, when it is tried again, or, while
    somebody has claimed it, when that claim ends. Without it nothing happens by itself.
    """

    State = State

    class Priority(models.IntegerChoices):
        INTERACTIVE = 0
        SINGLY = 5  # of a backlog, but not together with others
        BACKLOG = 10  # imports and bulk actions

    #: The same over all attempts: `webhook-id`, and the idempotency key of targets that take one.
    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    family = models.CharField(max_length=20)  # the planner's name; its Deliverer sends
    target = models.CharField(max_length=80)  # Effect.target: "webhook 3"
    gate = models.CharField(max_length=40)
    kind = models.CharField(max_length=60)  # "contact.updated"
    event_id = models.CharField(max_length=20, blank=True, default="")
    # Plain numbers: the row outlives the contact. A merge repoints the first, never the second.
    contact_id = models.BigIntegerField(null=True, blank=True)
    # Of a conversation with nobody known, its own id instead.
    contact_public_id = models.CharField(max_length=20, blank=True, default="")
    contact_version = models.PositiveIntegerField(default=0)
    changed = models.JSONField(default=list, blank=True)  # names of fields, no values
    changed_by = models.ForeignKey(  # none: a guest, time, or the API
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+",
        db_index=False,
    )  # fmt: skip
    sent_to = models.CharField(max_length=255, blank=True, default="")  # the target in words
    #: JSON. Ids, where the target's present state is written; else what is sent, byte for byte.
    payload = models.TextField(blank=True, default="")
    latest_only = models.BooleanField(default=False)  # a newer row of the same target replaces it

    state = models.CharField(max_length=15, choices=State, default=State.PENDING)
    priority = models.SmallIntegerField(choices=Priority, default=Priority.INTERACTIVE)
    attempts = models.PositiveSmallIntegerField(default=0)
    worker_deaths = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    next_at = models.DateTimeField(null=True, blank=True, default=timezone.now)
    lease_token = models.CharField(max_length=36, blank=True, default="")
    begun_at = models.DateTimeField(null=True, blank=True)  # the last attempt
    settled_at = models.DateTimeField(null=True, blank=True)
    last_status = models.PositiveSmallIntegerField(null=True, blank=True)  # of HTTP
    words = models.CharField(max_length=500, blank=True, default="")  # the target's, or why not

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "deliveries"
        indexes = [
            # What a claim takes, gate by gate, and what the relay looks for every second.
            models.Index(
                fields=["gate", "priority", "next_at"],
                condition=Q(next_at__isnull=False),
                name="deliveries_of_gate",
            ),
            models.Index(
                fields=["next_at"], condition=Q(next_at__isnull=False), name="deliveries_due"
            ),
            # Whether an older one of the same contact and target is still open.
            models.Index(fields=["contact_id", "target", "id"], name="deliveries_of_contact"),
            models.Index(fields=["state", "id"], name="deliveries_by_state"),
            models.Index(fields=["target", "id"], name="deliveries_of_target"),
            models.Index(fields=["contact_public_id"], name="deliveries_by_public_id"),
            models.Index(fields=["created_at"], name="deliveries_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.target}"
