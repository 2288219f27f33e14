"""What administrators edit in Settings, several of them perhaps at the same moment."""

from django.db import models


class Editable(models.Model):
    """`version` counts the edits; see activities.edited."""

    version = models.PositiveIntegerField(default=1)

    class Meta:
        abstract = True
