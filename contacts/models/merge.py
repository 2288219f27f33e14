"""Merges with all that their undo needs, and the two queues that identity leaves for people."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from contacts.models.contact import Contact, PublicId


class Merge(models.Model):
    """One merge: which ids were folded into which, by whom, and every field as it was before."""

    survivor = models.ForeignKey(PublicId, models.PROTECT, related_name="merges")
    duplicates = models.ManyToManyField(PublicId, related_name="merged_in")
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    #: {public id: {field: text}} of every record before, and the survivor's fields after, under
    #: "result". Emptied when one of the contacts is deleted, which ends the undo.
    before = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    survivor_version = models.PositiveIntegerField()  # the survivor's version after the merge
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"Merge {self.pk} into {self.survivor_id}"


class MovedRow(models.Model):
    """A row that a merge moved from a duplicate to the survivor."""

    merge = models.ForeignKey(Merge, models.CASCADE, related_name="moved_rows")
    model = models.CharField(max_length=80)  # app label and model name
    field = models.CharField(max_length=64)  # the column that pointed at the duplicate
    row = models.CharField(max_length=64)  # its primary key
    moved_from = models.ForeignKey(PublicId, models.PROTECT, related_name="+")
    #: What else the row held before (an identifier's `current`), as the undo must restore it.
    before = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [models.Index(fields=["model", "row"], name="moved_row_lookup")]

    def __str__(self) -> str:
        return f"{self.model} {self.row}"


class ConflictRequest(models.Model):
    """A save that was refused because of a contact its author may not see ("CR-...").

    Written when the refusal is shown, so that the reference means something when it is told by
    phone; `asked_at` is set by "Ask administrator". The author never sees `holders`.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        RESOLVED = "resolved", "Resolved"

    reference = models.CharField(max_length=12, unique=True)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="conflict_requests"
    )
    contact = models.ForeignKey(
        Contact, models.CASCADE, null=True, blank=True, related_name="conflict_requests"
    )  # the edited one; none for a new contact
    holders = models.ManyToManyField(Contact, related_name="+", blank=True)
    typed = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    asked_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.reference


class PossibleDuplicate(models.Model):
    """Two contacts that may be one person, found by something that may not merge them itself."""

    first = models.ForeignKey(Contact, models.CASCADE, related_name="+")
    second = models.ForeignKey(Contact, models.CASCADE, related_name="+")
    reason = models.CharField(max_length=200)
    found_at = models.DateTimeField(default=timezone.now)
    dismissed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="one_row_per_pair"),
            models.CheckConstraint(
                name="pair_is_ordered", condition=models.Q(first__lt=models.F("second"))
            ),
        ]

    def __str__(self) -> str:
        return f"Possible duplicate {self.pk}"
