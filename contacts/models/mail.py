"""The outbox of mails to colleagues. A row says what to whom; the text is made when it is sent."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class OutgoingMail(models.Model):
    """One mail to one user, kept until it is sent. Holds no address, no link and no text."""

    class Kind(models.TextChoices):
        INVITATION = "invitation", "Invitation"
        PASSWORD_RESET = "reset", "Password reset"
        PASSWORD_CHANGED = "password", "Password was changed"
        SECOND_FACTOR_OFF = "factor_off", "Second factor was turned off"
        RECONNECT = "reconnect", "Connection needs a sign-in"
        BOOKED = "booked", "Meeting booked"
        MOVED = "moved", "Meeting moved"
        CALLED_OFF = "called_off", "Meeting canceled"
        WEBHOOK_OFF = "webhook_off", "Webhook was switched off"
        WEBHOOK_GONE = "webhook_gone", "Webhook wants no more events"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        DROPPED = "dropped", "No longer needed"
        FAILED = "failed", "Failed"

    kind = models.CharField(max_length=12, choices=Kind)
    about = models.CharField(
        max_length=100, blank=True, default=""
    )  # "Google Calendar", the id of a meeting
    #: None: a request for an address that nobody has. It costs the same and is thrown away.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="mails"
    )
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    next_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            # What the relay asks for every second.
            models.Index(fields=["next_at"], condition=Q(state="waiting"), name="mail_due")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"
