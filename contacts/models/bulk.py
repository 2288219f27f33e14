"""Bulk actions: one change of many contacts at once, and the rows that it reaches."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from contacts.models.leased import Leased

UNDO_FOR = timedelta(days=30)


class BulkAction(Leased):
    """One action on many contacts, or the undo of one.

    Holds no value of a contact: an owner's id, a status, and counts. The counts add up:
    total = done + unchanged + refused + what was not reached.
    """

    class Kind(models.TextChoices):
        OWNER = "owner", "Assign owner"
        STATUS = "status", "Set status"
        DELETE = "delete", "Delete"
        UNDO = "undo", "Undo"

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        STOPPED = "stopped", "Stopped"
        FAILED = "failed", "Failed"

    ACTIVE = (State.RUNNING,)

    kind = models.CharField(max_length=6, choices=Kind)
    value = models.CharField(max_length=20, blank=True, default="")  # owner's id, or a status
    undoes = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="undos"
    )  # of an undo: what it sets back
    state = models.CharField(max_length=7, choices=State, default=State.RUNNING)
    error = models.CharField(max_length=200, blank=True, default="")
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="bulk_actions"
    )
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    total = models.PositiveIntegerField(default=0)
    done_rows = models.PositiveIntegerField(default=0)  # how many rows were looked at
    done = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    #: Rows up to this id are done; written in the same transaction as they are.
    through = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["-started_at", "-id"]
        indexes = [models.Index(fields=["started_by", "-started_at"], name="bulk_actions_of_user")]
        constraints = [
            models.UniqueConstraint(
                fields=["undoes"],
                condition=models.Q(state__in=["running", "done"]),
                name="one_undo_per_bulk_action",
            ),
            models.CheckConstraint(
                name="an_undo_undoes_something",
                condition=models.Q(kind="undo", undoes__isnull=False)
                | (~models.Q(kind="undo") & models.Q(undoes__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"Bulk action {self.pk}"

    @property
    def running(self) -> bool:
        return self.state == self.State.RUNNING

    @property
    def not_reached(self) -> int:
        """Rows that a stopped or failed action never came to."""
        return self.total - self.done_rows

    @property
    def undo_until(self) -> datetime:
        return (self.finished_at or self.started_at) + UNDO_FOR

    @property
    def undoable(self) -> bool:
        """Whether an undo may be started. A delete is permanent; an undo is not undone."""
        kinds = {self.Kind.OWNER, self.Kind.STATUS}
        ended = not self.running and self.done > 0
        return self.kind in kinds and ended and timezone.now() < self.undo_until


class BulkRow(models.Model):
    """A contact that a bulk action reaches, by its id alone, and what became of it.

    Frozen when the action starts, so it touches no contact that comes to match later and skips
    none that ceases to match because of it. By public id, so that a merge never moves a row to the
    survivor and a delete leaves it.
    """

    class Outcome(models.TextChoices):
        WAITING = "", "Waiting"
        DONE = "done", "Done"
        UNCHANGED = "same", "Unchanged"
        REFUSED = "refused", "Refused"

    action = models.ForeignKey(BulkAction, models.CASCADE, related_name="rows", db_index=False)
    public_id = models.CharField(max_length=20)
    outcome = models.CharField(max_length=7, choices=Outcome, blank=True, default=Outcome.WAITING)

    class Meta:
        # Serves the next chunk of an action, and its refused rows.
        indexes = [models.Index(fields=["action", "id"], name="bulk_rows_in_order")]
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.public_id} in bulk action {self.action_id}"
