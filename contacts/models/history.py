"""What happened: field values (erasable with their contact) and the audit (ids only, append-only)."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from contacts.models.contact import Contact


class Source(models.TextChoices):
    """What made a change."""

    PERSON = "person", "Person"
    IMPORT = "import", "Import"
    MERGE = "merge", "Merge"
    ADMIN = "admin", "Administration"
    COMMAND = "command", "Command line"
    API_KEY = "api_key", "API key"
    BOOKING = "booking", "Booking"
    FORM = "form", "Routing form"
    CHATBOT = "chatbot", "Chatbot"


class FieldChange(models.Model):
    """One field of one contact, before and after one save. Goes when its contact is deleted."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="history")
    version = models.PositiveIntegerField()  # the contact's version after the save
    field = models.CharField(max_length=64)
    old = models.TextField(blank=True, default="")
    new = models.TextField(blank=True, default="")
    at = models.DateTimeField(default=timezone.now)
    source = models.CharField(max_length=8, choices=Source)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    detail = models.CharField(max_length=120, blank=True, default="")  # e.g. "row 12 of a.csv"

    class Meta:
        indexes = [models.Index(fields=["contact", "-at", "-id"], name="history_of_contact")]
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.field} at version {self.version}"


class AuditEntry(models.Model):
    """Who did what to which id. Holds no personal data, is never changed and never deleted."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    source = models.CharField(max_length=8, choices=Source)
    action = models.CharField(max_length=40)  # "contact.deleted"
    object_id = models.CharField(max_length=40, blank=True, default="")
    detail = models.JSONField(default=dict, blank=True)  # ids and counts only

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.action} {self.object_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("An audit entry is never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("An audit entry is never deleted.")
