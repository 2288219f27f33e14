"""Signs of life of the processes behind the pages."""

from django.db import models


class Heartbeat(models.Model):
    """When a kind of process last proved that it works (read by /readyz)."""

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
