"""A linked account at another system, and which of its records are which of ours."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from activities.models import Meeting
from contacts import vault
from contacts.models import Contact


class Connection(models.Model):
    """One linked account: a colleague's calendar, or the organisation's CRM (`user` is none).

    Its tokens are stored encrypted. Its deliveries share one gate (see Gate).
    """

    PURPOSE = "connection"

    class State(models.TextChoices):
        CONNECTED = "connected", "Connected"
        NEEDS_RECONNECT = "needs_reconnect", "Needs reconnect"
        DISCONNECTED = "disconnected", "Disconnected"

    vendor = models.CharField(max_length=30)  # the connector's kind
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="connections"
    )
    external_account = models.CharField(max_length=255, blank=True, default="")  # the vendor's id
    label = models.CharField(max_length=255, blank=True, default="")  # as people know it
    state = models.CharField(max_length=15, choices=State, default=State.CONNECTED)
    access_token = models.TextField(blank=True, default="")  # encrypted
    refresh_token = models.TextField(blank=True, default="")  # encrypted
    expires_at = models.DateTimeField(null=True, blank=True)  # of the access token
    scopes = models.JSONField(default=list, blank=True)
    options = models.JSONField(default=dict, blank=True)  # the connector's own, no secrets
    words = models.CharField(max_length=500, blank=True, default="")  # why it needs somebody
    version = models.PositiveIntegerField(default=0)  # counts refreshes: of several, one wins
    #: One worker renews the tokens at a time: until then it has the right to (integrations.sign_ins).
    renewing_until = models.DateTimeField(null=True, blank=True)
    connected_at = models.DateTimeField(default=timezone.now)
    held_since = models.DateTimeField(null=True, blank=True)  # needs somebody since

    class Meta:
        ordering = ["vendor", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["vendor", "user", "external_account"],
                name="each_account_of_a_user_is_connected_once",
            ),
            models.UniqueConstraint(
                fields=["vendor", "external_account"],
                condition=models.Q(user=None),
                name="each_common_account_is_connected_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.vendor} {self.pk}"

    @property
    def gate(self) -> str:
        return f"connection {self.pk}"

    def set_tokens(self, *, access: str, refresh: str = "") -> None:
        """Put sealed tokens onto the row, unsaved. Without a new refresh token the old one stays."""
        self.access_token = vault.seal(access, purpose=self.PURPOSE)
        if refresh:
            self.refresh_token = vault.seal(refresh, purpose=self.PURPOSE)

    def tokens(self) -> tuple[str, str]:
        """Access and refresh token; "" where there is none. Raises vault.Unreadable."""
        sealed = (self.access_token, self.refresh_token)
        access, refresh = (vault.unseal(t, purpose=self.PURPOSE) if t else "" for t in sealed)
        return access, refresh


class ExternalRecord(models.Model):
    """What one of our records is called elsewhere. Holds ids, and of a future event its guest.

    A merge moves it to the survivor, and its undo back. A CRM keeps its record when the contact is
    deleted here, and so does this row.
    """

    class Kind(models.TextChoices):
        CONTACT = "contact", "Contact"
        MEETING = "meeting", "Meeting"

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="records")
    kind = models.CharField(max_length=7, choices=Kind)
    contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, blank=True, related_name="external_records"
    )
    meeting = models.ForeignKey(
        Meeting, models.SET_NULL, null=True, blank=True, related_name="external_records"
    )
    external_type = models.CharField(max_length=40, blank=True, default="")  # "lead", "event"
    external_id = models.CharField(max_length=1024)
    version = models.CharField(max_length=255, blank=True, default="")  # the vendor's etag
    url = models.CharField(max_length=1024, blank=True, default="")
    #: The addresses under which the guest may be on the event: as it was shown after the last write,
    #: and any that was being written since. Emptied when the meeting is over.
    guests = models.JSONField(default=list, blank=True)
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        indexes = [
            # Whose record it is here, of those a CRM answers with.
            models.Index(fields=["connection", "external_id"], name="records_of_connection"),
        ]

    def __str__(self) -> str:
        return f"{self.external_type or self.kind} {self.pk}"
