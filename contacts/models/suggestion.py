"""What a guest's answer would replace on a contact: kept for a person to accept or dismiss."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from contacts.models.contact import Contact
from contacts.models.source import Source
from contacts.opaque import conceal

PURPOSE = "suggestion"


class Suggestion(models.Model):
    """One value for one field of one contact, from somebody who may not replace what is there.

    Goes when its contact is deleted. The same value is suggested once: what was dismissed stays so.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ACCEPTED = "accepted", "Accepted"
        DISMISSED = "dismissed", "Dismissed"
        SUPERSEDED = "superseded", "Superseded by newer ones"

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="suggestions")
    field = models.CharField(max_length=64)
    value = models.TextField()  # as history stores values
    source = models.CharField(max_length=8, choices=Source)
    detail = models.CharField(max_length=120, blank=True, default="")  # which activity
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["contact", "state"], name="suggestions_of_contact")]

    def __str__(self) -> str:
        return f"Suggestion {self.pk} for {self.field}"

    @property
    def token(self) -> str:
        """The row's number as a page may carry it: it counts everybody's suggestions."""
        return conceal(str(self.pk), purpose=PURPOSE)
