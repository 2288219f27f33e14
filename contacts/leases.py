"""One worker at a time on one piece of work, also after a worker was killed.

A claim is a guarded update with a token and an end; every chunk renews it in its own transaction,
so a worker that lost it writes nothing more. A killed worker's claim simply ends.
"""

import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from contacts.models.leased import Leased

LEASE = timedelta(seconds=60)  # much longer than one chunk takes


class LeaseLost(Exception):
    """Another worker has the work, or a person stopped it."""


@dataclass(frozen=True)
class Lease:
    """The right to work on one row of `model`."""

    model: type[Leased]
    pk: int
    token: str

    def renew(self, **columns: Any) -> None:
        """Extend the claim and write progress. Raises LeaseLost; the caller's transaction ends."""
        self._write(lease_until=timezone.now() + LEASE, **columns)

    def settle(self, **columns: Any) -> None:
        """Write the end of the work and give the claim back. Raises LeaseLost."""
        self._write(lease_token="", lease_until=None, **columns)

    def release(self) -> None:
        """Give the claim back with the work undone, so that it is asked for again soon."""
        with suppress(LeaseLost):
            self.settle()

    def _write(self, **columns: Any) -> None:
        mine = _rows(self.model).filter(pk=self.pk, lease_token=self.token)
        if not mine.filter(state__in=self.model.ACTIVE).update(**columns):
            raise LeaseLost


def claim(model: type[Leased], pk: int) -> Lease | None:
    """Take work that waits, or whose worker died; None when there is nothing to take."""
    token = str(uuid.uuid4())
    taken = _free(model).filter(pk=pk).update(lease_token=token, lease_until=timezone.now() + LEASE)
    return Lease(model, pk, token) if taken else None


def waiting(model: type[Leased]) -> list[int]:
    """Work that nobody does though somebody should: what the relay asks for again."""
    return list(_free(model).values_list("pk", flat=True))


def _free(model: type[Leased]) -> QuerySet[Any]:
    unclaimed = Q(lease_until=None) | Q(lease_until__lt=timezone.now())
    return _rows(model).filter(unclaimed, state__in=model.ACTIVE)


def _rows(model: type[Leased]) -> QuerySet[Any]:
    return model._default_manager.all()
