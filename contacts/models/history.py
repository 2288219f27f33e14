"""What happened: field values (erasable with their contact) and the audit (ids only, append-only)."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from contacts.models.api import ApiKey
from contacts.models.bulk import BulkAction
from contacts.models.contact import Contact
from contacts.models.source import Source


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
    api_key = models.ForeignKey(
        ApiKey, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    #: Such as "row 12 of a.csv", or the ids of the nine contacts that a merge folded in.
    detail = models.CharField(max_length=200, blank=True, default="")
    #: The bulk action that made the change; its undo finds by it what it wrote.
    bulk = models.ForeignKey(
        BulkAction, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        indexes = [
            models.Index(fields=["contact", "-at", "-id"], name="history_of_contact"),
            models.Index(
                fields=["bulk", "contact"],
                condition=models.Q(bulk__isnull=False),
                name="history_of_bulk_action",
            ),
        ]
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.field} at version {self.version}"


class AuditEntry(models.Model):
    """Who did what to which id. Holds no personal data, is never changed and never deleted.

    The database itself refuses both (triggers, migration 0005). A migration that rebuilds this
    table on SQLite drops them and must make them again; tests/contacts/test_sealing.py notices.
    """

    at = models.DateTimeField(default=timezone.now)
    # A colleague who leaves is deactivated; whoever did something is never deleted.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    source = models.CharField(max_length=8, choices=Source)
    action = models.CharField(max_length=40)  # "contact.deleted"
    object_id = models.CharField(max_length=40, blank=True, default="")
    detail = models.JSONField(default=dict, blank=True)  # ids and counts only

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name_plural = "audit entries"
        # One for each combination of filters on the audit page, in the order of its pages.
        indexes = [
            models.Index(fields=["at", "id"], name="audit_by_time"),
            models.Index(fields=["actor", "at", "id"], name="audit_by_actor"),
            models.Index(fields=["action", "at", "id"], name="audit_by_action"),
            models.Index(fields=["actor", "action", "at", "id"], name="audit_by_both"),
            models.Index(fields=["object_id", "at", "id"], name="audit_by_object"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("An audit entry is never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("An audit entry is never deleted.")


class AuditSeal(models.Model):
    """An audit entry's place in the chain of digests (see contacts.sealing).

    The database makes one with each entry, in the entry's own transaction; the relay fills it in
    a moment later. Once filled in it is never changed.
    """

    entry = models.OneToOneField(AuditEntry, models.PROTECT, primary_key=True, related_name="seal")
    position = models.BigIntegerField(null=True, unique=True)  # 1, 2, 3, … without a gap
    digest = models.CharField(max_length=64, blank=True, default="")  # SHA-256, hexadecimal

    class Meta:
        indexes = [
            # What the relay asks for every second.
            models.Index(
                fields=["entry"], condition=models.Q(position=None), name="audit_to_be_sealed"
            )
        ]

    def __str__(self) -> str:
        return f"Seal {self.position}"
