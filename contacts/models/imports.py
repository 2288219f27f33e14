"""An import and its stored plan: one row per row of the file."""

from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import models
from django.utils import timezone

from contacts.models.contact import Contact
from contacts.models.leased import Leased

UNDO_FOR = timedelta(days=30)


class Import(Leased):
    """One uploaded file on its way: upload, map, preview, commit, and perhaps undo."""

    class State(models.TextChoices):
        UPLOADED = "uploaded", "Columns to be mapped"
        PLANNING = "planning", "Preview is being made"
        PLANNED = "planned", "Preview is ready"
        COMMITTING = "committing", "Being imported"
        DONE = "done", "Imported"
        CANCELLED = "cancelled", "Stopped"
        FAILED = "failed", "Failed"
        UNDOING = "undoing", "Being undone"
        UNDONE = "undone", "Undone"

    ACTIVE = (State.PLANNING, State.COMMITTING, State.UNDOING)
    ENDED = (State.DONE, State.CANCELLED, State.UNDONE)

    class Mode(models.TextChoices):
        FILL = "fill", "Fill blank fields only"
        REPLACE = "replace", "Fill blank fields and replace values"

    class Source(models.TextChoices):
        PAGE = "page", "Import CSV"
        COMMAND = "command", "Command line"
        ADMIN = "admin", "Administration"

    filename = models.CharField(max_length=255)
    path = models.CharField(max_length=500, blank=True, default="")  # emptied when the file goes
    size = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, db_index=True)
    shape = models.JSONField(default=dict)  # encoding, delimiter, header, samples
    mapping = models.JSONField(default=list)  # field or "" by column position
    header_key = models.CharField(max_length=64, blank=True, default="", db_index=True)
    mode = models.CharField(max_length=7, choices=Mode, default=Mode.REPLACE)
    region = models.CharField(max_length=2, blank=True, default="")
    owner = models.ForeignKey(  # of the contacts it creates, where no column says so
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    source = models.CharField(max_length=8, choices=Source, default=Source.PAGE)
    state = models.CharField(max_length=10, choices=State, default=State.UPLOADED)
    error = models.TextField(blank=True, default="")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="imports"
    )
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    # Progress and counts. rows = new + updated + unchanged + merged + invalid + refused.
    rows = models.PositiveIntegerField(default=0)
    done_rows = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    matched_email = models.PositiveIntegerField(default=0)  # rows that found their contact by it
    matched_mobile = models.PositiveIntegerField(default=0)
    merged = models.PositiveIntegerField(default=0)
    invalid = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    #: Rows up to this number are committed; written in the same transaction as the rows.
    committed_through = models.PositiveIntegerField(default=0)
    #: What the preview says will happen elsewhere: [[sentence, done, note], ...].
    effects = models.JSONField(default=list)

    # Its undo. What it has set back wholly, in part and not at all: rows.
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_through = models.PositiveIntegerField(default=0)  # like committed_through
    undo_removed = models.PositiveIntegerField(default=0)
    undo_restored = models.PositiveIntegerField(default=0)
    undo_kept = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"Import {self.pk}"

    @property
    def rejected(self) -> int:
        return self.invalid + self.refused

    @property
    def file(self) -> Path:
        return Path(self.path)

    @property
    def undo_until(self) -> datetime:
        return (self.finished_at or self.created_at) + UNDO_FOR

    @property
    def undoable(self) -> bool:
        """Whether an undo may be started: it wrote something, and ended not long ago."""
        ended = self.state in {self.State.DONE, self.State.CANCELLED, self.State.FAILED}
        wrote = self.committed_through > 0 and self.new + self.updated > 0
        return ended and wrote and timezone.now() < self.undo_until

    def counts(self) -> dict[str, int]:
        """The counts as shown everywhere: page, command line, report."""
        names = ("rows", "new", "updated", "unchanged", "merged", "invalid", "refused")
        return {name: getattr(self, name) for name in names}


class ImportRow(models.Model):
    """What will happen, or did happen, with one row of the file."""

    class Outcome(models.TextChoices):
        NEW = "new", "New"
        UPDATED = "updated", "Updated"
        UNCHANGED = "unchanged", "Unchanged"
        MERGED = "merged", "Merged with an earlier row"
        INVALID = "invalid", "Invalid"
        REFUSED = "refused", "Refused"

    class Undo(models.TextChoices):
        """What the undo of the import has done with the row's contact."""

        NOTHING = "", "Nothing"
        REMOVED = "removed", "Removed"
        RESTORED = "restored", "Set back"
        KEPT = "kept", "Kept"

    batch = models.ForeignKey(Import, models.CASCADE, related_name="import_rows")
    number = models.PositiveIntegerField()  # as a spreadsheet counts; the header is row 1
    outcome = models.CharField(max_length=9, choices=Outcome)
    #: The contact it matches or made, its version when planned; plain, so a delete leaves the row.
    contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, blank=True, related_name="import_rows"
    )
    contact_version = models.PositiveIntegerField(default=0)
    matched_on = models.CharField(max_length=12, blank=True, default="")
    merged_into = models.PositiveIntegerField(null=True, blank=True)  # row number
    email_key = models.CharField(max_length=320, blank=True, default="")
    phone_key = models.CharField(max_length=20, blank=True, default="")
    cells = models.JSONField(default=list)  # as in the file, for the reports
    values = models.JSONField(default=dict)  # field -> normalised value
    changes = models.JSONField(default=list)  # [[field, before, after, Fill|Replace|Keep], ...]
    problems = models.JSONField(default=list)  # sentences: why invalid or refused
    notes = models.JSONField(default=list)  # sentences: cells that were left out
    undone = models.CharField(max_length=8, choices=Undo, blank=True, default=Undo.NOTHING)
    undo_note = models.CharField(max_length=300, blank=True, default="")  # what stayed, and why
    #: The id of a contact that the row itself names (an export of ours); only while it is planned.
    named: str = ""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "number"], name="one_plan_per_row"),
        ]
        # Each keeps one question of a chunk from reading the whole plan. Not partial: neither
        # database proves from `IN (...)` that a key is not blank.
        indexes = [
            models.Index(fields=["batch", "outcome", "number"], name="import_rows_by_outcome"),
            models.Index(fields=["batch", "email_key"], name="import_rows_by_email"),
            models.Index(fields=["batch", "phone_key"], name="import_rows_by_phone"),
            models.Index(fields=["batch", "merged_into"], name="import_rows_by_head"),
        ]
        ordering = ["number"]

    def __str__(self) -> str:
        return f"Row {self.number} of import {self.batch_id}"
