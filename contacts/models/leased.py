"""Work that outlives a request: rows that one worker at a time claims (see contacts.leases)."""

from typing import ClassVar

from django.db import models


class Leased(models.Model):
    """A row that says what there is to do, and who does it.

    `state` is the row's own; while it is one of ACTIVE, a worker should be on it.
    """

    ACTIVE: ClassVar[tuple[str, ...]] = ()

    # A claim by a worker; an expired one may be taken over.
    lease_token = models.CharField(max_length=36, blank=True, default="")
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
