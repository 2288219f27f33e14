"""When hosts are busy elsewhere, as their calendars told it last."""

from django.db import models

from integrations.models.connections import Connection


class BusyView(models.Model):
    """How far, and of what moment, the stored busy times of a connection are."""

    connection = models.OneToOneField(Connection, models.CASCADE, related_name="busy_view")
    read_at = models.DateTimeField(null=True, blank=True)  # None: never yet
    through = models.DateTimeField(null=True, blank=True)  # nothing is known after it
    next_at = models.DateTimeField()  # when it is read again; while it is read, when that ends

    class Meta:
        indexes = [models.Index(fields=["next_at"], name="busy_views_due")]

    def __str__(self) -> str:
        return f"busy times of connection {self.connection_id}"


class BusyTime(models.Model):
    """A stretch of time in which a host is busy; nothing of what with."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="busy_times")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["connection", "ends_at"], name="busy_times_of")]

    def __str__(self) -> str:
        return f"{self.starts_at} to {self.ends_at}"
