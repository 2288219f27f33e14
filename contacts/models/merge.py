"""Merges with all that their undo needs, and the two queues that identity leaves for people."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from contacts.access import visible_condition
from contacts.models.api import ApiKey
from contacts.models.contact import Contact, PublicId
from contacts.models.never import NEVER

if TYPE_CHECKING:
    from contacts.models.people import User


class Merge(models.Model):
    """One merge: which ids were folded into which, by whom, and every field as it was before."""

    survivor = models.ForeignKey(PublicId, models.PROTECT, related_name="merges")
    duplicates = models.ManyToManyField(PublicId, related_name="merged_in")
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    api_key = models.ForeignKey(
        ApiKey, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    #: {public id: {field: text}} of every record before, and the survivor's fields after, under
    #: "result". Emptied when one of the contacts is deleted, which ends the undo.
    before = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    #: The rest of every record before, and of the survivor after (contacts.merging.records). Emptied
    #: with `before`; both are also emptied by the undo, which leaves nothing to undo.
    records = models.JSONField(default=dict)
    survivor_version = models.PositiveIntegerField()  # the survivor's version after the merge
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    undone_api_key = models.ForeignKey(
        ApiKey, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"Merge {self.pk} into {self.survivor_id}"


class MovedRow(models.Model):
    """A row that a merge moved from a duplicate to the survivor, or that was one too many there."""

    merge = models.ForeignKey(Merge, models.CASCADE, related_name="moved_rows")
    model = models.CharField(max_length=80)  # app label and model name
    field = models.CharField(max_length=64)  # the column that pointed at the duplicate
    row = models.CharField(max_length=64)  # its primary key
    moved_from = models.ForeignKey(PublicId, models.PROTECT, related_name="+")
    #: What else the row held before (a change's `version`), as the undo must restore it. A row that
    #: the merge removed, since the survivor has one like it, stands whole under "removed".
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
    note = models.CharField(max_length=1000, blank=True, default="")  # to its author

    class Meta:
        ordering = ["-created_at"]
        # The two lists of the queue, and one person's own requests.
        indexes = [
            models.Index(
                fields=["asked_at", "id"],
                condition=models.Q(state="open", asked_at__isnull=False),
                name="request_queue",
            ),
            models.Index(
                fields=["resolved_at", "id"],
                condition=models.Q(resolved_at__isnull=False),
                name="requests_resolved",
            ),
            models.Index(fields=["requested_by", "created_at", "id"], name="requests_of_person"),
        ]

    def __str__(self) -> str:
        return self.reference


class PossibleDuplicateQuerySet(models.QuerySet["PossibleDuplicate"]):
    def visible_to(self, user: "User") -> Self:
        """The pairs of which `user` may see both contacts."""
        if visible_condition(user) is None:
            return self
        seen = Contact.objects.visible_to(user).values("pk")
        return self.filter(first__in=seen, second__in=seen)


class PossibleDuplicate(models.Model):
    """Two contacts that may be one person, found by something that may not merge them itself."""

    first = models.ForeignKey(Contact, models.CASCADE, related_name="+")
    second = models.ForeignKey(Contact, models.CASCADE, related_name="+")
    reason = models.CharField(max_length=200)
    #: Found by the search over all contacts (contacts.duplicates), which withdraws it again when
    #: the reason is gone. What an import or a booking has recorded stays until a person decides.
    by_search = models.BooleanField(default=False)
    found_at = models.DateTimeField(default=timezone.now)
    dismissed_at = models.DateTimeField(null=True, blank=True)
    dismissed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = PossibleDuplicateQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="one_row_per_pair"),
            models.CheckConstraint(
                name="pair_is_ordered", condition=models.Q(first__lt=models.F("second"))
            ),
        ]
        # The two lists of the review page.
        indexes = [
            models.Index(
                fields=["found_at", "id"],
                condition=models.Q(dismissed_at=None),
                name="duplicates_to_review",
            ),
            models.Index(
                fields=["dismissed_at", "id"],
                condition=models.Q(dismissed_at__isnull=False),
                name="duplicates_dismissed",
            ),
        ]

    def __str__(self) -> str:
        return f"Possible duplicate {self.pk}"


class MatchKey(models.Model):
    """A digest of something that alike contacts have in common (see contacts.duplicates).

    Derived from the contact by the search for possible duplicates, never edited.
    """

    class Kind(models.IntegerChoices):
        NAME_AND_COMPANY = 1
        LANDLINE = 2
        PLAIN_EMAIL = 3
        LOCAL_PART = 4
        NAME = 5

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="+", db_index=False)
    kind = models.PositiveSmallIntegerField(choices=Kind)
    key = models.BigIntegerField()  # 64 bits of a hash over kind and text

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contact", "kind"], name="one_match_key_per_kind")
        ]
        indexes = [models.Index(fields=["key", "contact"], name="match_key_lookup")]

    def __str__(self) -> str:
        return f"Match key {self.pk}"


class DuplicateSearch(models.Model):
    """How far the search for possible duplicates has come (always the row with id 1)."""

    #: Every contact last saved before this one, in the order (last_updated_time, id), was looked at.
    through_time = models.DateTimeField(default=NEVER)
    through_id = models.BigIntegerField(default=0)
    complete_at = models.DateTimeField(null=True, blank=True)  # when it last had nothing to do
    started_at = models.DateTimeField(null=True, blank=True)  # when it last began at the beginning
    lease_token = models.CharField(max_length=36, blank=True, default="")
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "duplicate searches"

    def __str__(self) -> str:
        return f"Search for possible duplicates through {self.through_time}"
