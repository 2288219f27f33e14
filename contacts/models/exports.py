"""Exports that are too large to be sent at once: a worker writes a file, its owner fetches it."""

from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import models
from django.utils import timezone

from contacts.models.leased import Leased

KEPT_FOR = timedelta(hours=24)


class ExportFile(Leased):
    """A file of contacts on its way, ready, or gone again.

    What it selects may be words of a search, so `selection` is emptied when the file is written;
    the file itself is removed after a day, or when a contact in it is deleted.
    """

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", "XLSX"

    class State(models.TextChoices):
        RUNNING = "running", "Being written"
        READY = "ready", "Ready"
        STOPPED = "stopped", "Stopped"
        FAILED = "failed", "Failed"
        GONE = "gone", "Removed"
        WITHDRAWN = "revoked", "Withdrawn"  # somebody in it was deleted

    ACTIVE = (State.RUNNING,)

    format = models.CharField(max_length=4, choices=Format)
    columns = models.JSONField(default=list)  # names of fields; empty for every one
    selection = models.JSONField(default=dict, blank=True)  # {"ids": […]} or {"query": "…"}
    filename = models.CharField(max_length=120)  # as it is downloaded
    path = models.CharField(max_length=500, blank=True, default="")
    state = models.CharField(max_length=7, choices=State, default=State.RUNNING)
    error = models.CharField(max_length=200, blank=True, default="")
    total = models.PositiveIntegerField(default=0)
    done_rows = models.PositiveIntegerField(default=0)
    size = models.BigIntegerField(default=0)  # bytes
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="export_files"
    )
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["created_by"],
                condition=models.Q(state="running"),
                name="one_running_export_per_user",
            )
        ]

    def __str__(self) -> str:
        return f"Export {self.pk}"

    @property
    def running(self) -> bool:
        return self.state == self.State.RUNNING

    @property
    def file(self) -> Path:
        return Path(self.path)
