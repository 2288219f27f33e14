"""An import and its stored plan: one row per row of the file."""

from pathlib import Path

from django.conf import settings
from django.db import models
from django.utils import timezone

from contacts.models.api import ApiKey
from contacts.models.contact import Contact
from contacts.models.leased import Leased


class Import(Leased):
    """One uploaded file on its way: upload, map, preview, commit."""

    class State(models.TextChoices):
        UPLOADED = "uploaded", "Columns to be mapped"
        PLANNING = "planning", "Preview is being made"
        PLANNED = "planned", "Preview is ready"
        COMMITTING = "committing", "Being imported"
        DONE = "done", "Imported"
        CANCELLED = "cancelled", "Stopped"
        FAILED = "failed", "Failed"

    ACTIVE = (State.PLANNING, State.COMMITTING)

    class Mode(models.TextChoices):
        FILL = "fill", "Fill blank fields only"
        REPLACE = "replace", "Fill blank fields and replace values"

    class Source(models.TextChoices):
        PAGE = "page", "Import CSV"
        COMMAND = "command", "Command line"
        ADMIN = "admin", "Administration"
        API = "api", "API key"

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
    api_key = models.ForeignKey(
        ApiKey, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    #: Nobody looks at the preview: carried out as soon as it is there.
    unattended = models.BooleanField(default=False)
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
