"""Keys of the HTTP API, how often it is asked, and the answers that are given again."""

import secrets

from django.conf import settings
from django.db import models
from django.utils import timezone

from contacts.models.contact import BASE36


def new_key_id() -> str:
    """Names a key in the audit and on its page; it opens nothing."""
    return "KEY-" + "".join(secrets.choice(BASE36) for _ in range(12))


class ApiKey(models.Model):
    """A key of the account for programs. Of the key itself only a digest is stored.

    Never deleted: the history and the audit go on naming it after it was revoked.
    """

    public_id = models.CharField(max_length=16, unique=True, default=new_key_id, editable=False)
    name = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, unique=True, editable=False)  # SHA-256, hexadecimal
    ending = models.CharField(max_length=4, editable=False)  # by which people tell keys apart
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True, blank=True)  # to the minute
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"API key {self.name}"


class ApiCount(models.Model):
    """Requests of one asker in one window of a rate limit; goes after some minutes."""

    asker = models.CharField(max_length=80)  # "account", or an address as a keyed digest
    window = models.BigIntegerField()  # its start, in seconds since 1970
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["asker", "window"], name="one_api_count_a_window")
        ]
        indexes = [models.Index(fields=["window"], name="api_counts_by_window")]

    def __str__(self) -> str:
        return f"{self.count} at {self.window}"


class FirstAnswer(models.Model):
    """What a request with an Idempotency-Key was answered, for the same request sent again.

    Written in the transaction of what it answers, so there is never one without the other. It holds
    values of a contact: they go when that contact is deleted, and all of it goes after a day.
    """

    key = models.ForeignKey(ApiKey, models.CASCADE, related_name="+", db_index=False)
    token = models.CharField(max_length=255)  # the header's value
    request = models.CharField(max_length=64)  # SHA-256 of method, address and body
    status = models.PositiveSmallIntegerField(default=0)
    body = models.TextField(blank=True, default="")
    about = models.CharField(max_length=20, blank=True, default="", db_index=True)  # a contact's id
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "token"], name="one_answer_per_idempotency_key")
        ]

    def __str__(self) -> str:
        return f"First answer {self.pk}"
