"""One worker at a time on one import, also after a worker was killed.

A claim is a guarded update with a token and an end; every chunk renews it in its own transaction,
so a worker that lost it writes nothing more. A killed worker's claim simply ends.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from contacts.models import Import

LEASE = timedelta(seconds=60)  # much longer than one chunk takes
ACTIVE = (Import.State.PLANNING, Import.State.COMMITTING)


class LeaseLost(Exception):
    """Another worker has the import, or a person stopped it."""


@dataclass(frozen=True)
class Lease:
    """The right to work on an import."""

    import_id: int
    token: str

    def renew(self, **columns: Any) -> None:
        """Extend the claim and write progress. Raises LeaseLost; the caller's transaction ends."""
        self._write(lease_until=timezone.now() + LEASE, **columns)

    def settle(self, **columns: Any) -> None:
        """Write the end of the work and give the claim back. Raises LeaseLost."""
        self._write(lease_token="", lease_until=None, **columns)

    def _write(self, **columns: Any) -> None:
        mine = Import.objects.filter(pk=self.import_id, lease_token=self.token, state__in=ACTIVE)
        if not mine.update(**columns):
            raise LeaseLost


def claim(import_id: int) -> Lease | None:
    """Take a waiting import, or one whose worker died; None when there is nothing to take."""
    now = timezone.now()
    token = str(uuid.uuid4())
    free = Import.objects.filter(pk=import_id, state__in=ACTIVE).filter(
        Q(lease_until=None) | Q(lease_until__lt=now)
    )
    taken = free.update(lease_token=token, lease_until=now + LEASE)
    return Lease(import_id, token) if taken else None


def waiting() -> list[int]:
    """Imports that nobody works on though they should be: what the relay asks for again."""
    rows = Import.objects.filter(state__in=ACTIVE).filter(
        Q(lease_until=None) | Q(lease_until__lt=timezone.now())
    )
    return list(rows.values_list("pk", flat=True))
