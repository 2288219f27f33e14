"""How many saves of one person may meet contacts they are not allowed to see.

"Cannot Save Contact" tells that an e-mail or a phone belongs to somebody. Whoever may save may ask
that once; whoever asks again and again is probing. After 20 such answers within an hour no save of
theirs that brings in an e-mail or a phone is tried any more, so that at most 20 bits an hour leak.
Administrators, who see every contact, are not counted.

    with probing.check(user) as probe:      # raises ProbingLimited; reserves the possible hit
        ...                                  # the save
        probe.record()                       # only where the answer will be "Cannot Save Contact"

The hit is reserved before the save: of many saves sent at the same moment no more than 20 are
tried at all. A reservation that met nothing is given back; one whose process died counts.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from contacts import history
from contacts.access import visible_condition
from contacts.models import AuditEntry, HiddenHit, User
from contacts.retrying import retrying
from contacts.signals import Actor

LIMIT = 20
WINDOW = timedelta(hours=1)
KEPT = timedelta(days=1)
LIMITED = "probing.limited"  # in the audit
ALERT_FOR = timedelta(days=7)


class ProbingLimited(Exception):
    """Too many hidden contacts were met. `until` is when the next save may be tried."""

    def __init__(self, until: datetime) -> None:
        super().__init__("probing limited")
        self.until = until

    @property
    def seconds(self) -> int:
        """For a Retry-After header."""
        return max(1, int((self.until - timezone.now()).total_seconds()) + 1)


@dataclass
class Probe:
    """A save that may turn out to meet a hidden contact."""

    user: User
    hit: int | None  # the reservation; none for whom nothing is hidden from
    recorded: bool = False

    def record(self) -> None:
        """It did. The one that reaches the limit is audited, exactly once."""
        if self.hit is not None and not self.recorded:
            _confirm(self.user, self.hit)
        self.recorded = True


@contextmanager
def check(user: User) -> Iterator[Probe]:
    """Surrounds a save that brings in an e-mail or a phone. Raises ProbingLimited before it."""
    if visible_condition(user) is None:
        yield Probe(user, None)
        return
    probe = Probe(user, _reserve(user))
    try:
        yield probe
    finally:
        if probe.hit is not None and not probe.recorded:
            HiddenHit.objects.filter(pk=probe.hit).delete()


@retrying
@transaction.atomic
def _reserve(user: User) -> int:
    now = timezone.now()
    _one_at_a_time(user)
    hits = HiddenHit.objects.filter(user=user)
    hits.filter(at__lt=now - KEPT).delete()
    recent = list(hits.filter(at__gt=now - WINDOW).order_by("-at")[:LIMIT])
    if len(recent) == LIMIT:
        raise ProbingLimited(recent[-1].at + WINDOW)
    return HiddenHit.objects.create(user=user, at=now).pk


@retrying
@transaction.atomic
def _confirm(user: User, hit: int) -> None:
    _one_at_a_time(user)
    HiddenHit.objects.filter(pk=hit).update(confirmed=True)
    since = timezone.now() - WINDOW
    met = HiddenHit.objects.filter(user=user, confirmed=True, at__gt=since).count()
    if met == LIMIT:
        history.audit(Actor(user), LIMITED, hits=met, minutes=60)


def _one_at_a_time(user: User) -> None:
    """Hold the user's row, so that two requests of one person count one after the other."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)


def alerts() -> list[AuditEntry]:
    """Who reached the limit lately, for the administrators, newest first."""
    since = timezone.now() - ALERT_FOR
    entries = AuditEntry.objects.filter(action=LIMITED, at__gt=since).select_related("actor")
    return list(entries.order_by("-at", "-pk")[:10])
