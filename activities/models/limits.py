"""How often something was done in a stretch of time, for the limits of the public pages."""

from django.db import models


class RateCount(models.Model):
    """Uses of one limit by one address or calendar in one window; goes after a day.

    An address is stored as a keyed digest (activities.limits), never as itself.
    """

    key = models.CharField(max_length=100)
    window = models.BigIntegerField()  # start, in seconds since 1970
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "window"], name="one_count_a_window")]
        indexes = [models.Index(fields=["window"], name="counts_by_window")]

    def __str__(self) -> str:
        return f"{self.count} at {self.window}"
