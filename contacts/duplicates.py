"""Possible duplicates: finding them over all contacts, and what people decide about them.

The search goes through the contacts in the order in which they were last saved and looks only at
those saved since it last came by, in short transactions and flat memory. It compares a contact with
those that share a match key with it (contacts.likeness), never with all. What was dismissed stays
dismissed; a pair whose reason is gone is withdrawn.
"""

import itertools
import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.utils import timezone

from contacts import history
from contacts.likeness import CROWD, FIELDS, Kind, Likeness, keys_of, reasons_for
from contacts.models import Contact, DuplicateSearch, MatchKey, PossibleDuplicate
from contacts.models.never import NEVER
from contacts.paging import RowCompare
from contacts.retrying import retrying
from contacts.signals import Actor

BATCH = 500
ATTEMPTS = 10
#: A save is looked at this long after its time stamp, when its transaction has surely ended.
SETTLED = timedelta(minutes=2)
LEASE = timedelta(minutes=2)
#: The search begins at the beginning this often, for what a time stamp cannot tell it: contacts
#: that came back with an old one, and clocks that differ.
AFRESH = timedelta(days=7)
REASON_LENGTH = PossibleDuplicate._meta.get_field("reason").max_length or 0

Pair = tuple[int, int]  # two contacts' keys, the smaller first


class _LeaseLost(Exception):
    """Another worker searches now."""


def due() -> bool:
    """Whether there may be something to look at that nobody looks at."""
    state = _state()
    now = timezone.now()
    if state.lease_until is not None and state.lease_until > now:
        return False
    return _is_stale(state, now) or _next_contacts(state, now - SETTLED)[:1].exists()


def find_possible_duplicates(
    *, seconds: float = 20.0, settled: timedelta = SETTLED, batch: int = BATCH
) -> int:
    """Look at contacts saved since the last search, for `seconds` at most; how many there were.

    Safe to call at any time and from any number of workers: one of them searches.
    """
    token = _claim()
    if not token:
        return 0
    looked_at, end = 0, time.monotonic() + seconds
    try:
        while True:
            found = _search_batch(token, settled, batch)
            looked_at += found
            if not found or time.monotonic() >= end:
                return looked_at
    except _LeaseLost:
        return looked_at
    finally:
        mine = DuplicateSearch.objects.filter(pk=1, lease_token=token)
        mine.update(lease_token="", lease_until=None)


def _state() -> DuplicateSearch:
    state, _ = DuplicateSearch.objects.get_or_create(pk=1)
    return state


def _is_stale(state: DuplicateSearch, now: datetime) -> bool:
    return state.started_at is None or state.started_at < now - AFRESH


def _claim() -> str:
    """Take the search, if nobody has it; begin at the beginning when that is due."""
    now = timezone.now()
    stale = _is_stale(_state(), now)
    token = str(uuid.uuid4())
    free = DuplicateSearch.objects.filter(pk=1).filter(Q(lease_until=None) | Q(lease_until__lt=now))
    taken = free.update(lease_token=token, lease_until=now + LEASE)
    if taken and stale:
        mine = DuplicateSearch.objects.filter(pk=1, lease_token=token)
        mine.update(started_at=now, through_time=NEVER, through_id=0)
    return token if taken else ""


def _search_batch(token: str, settled: timedelta, size: int) -> int:
    """One batch in a transaction of its own; again when a contact of it was deleted meanwhile.

    Each try takes half as many: a large deletion at the same time meets a small batch more rarely.
    """
    for attempt in range(ATTEMPTS):
        try:
            return _look(token, settled, max(1, size >> attempt))
        except IntegrityError:
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError


@retrying
@transaction.atomic
def _look(token: str, settled: timedelta, size: int) -> int:
    now = timezone.now()
    mine = DuplicateSearch.objects.filter(pk=1, lease_token=token)
    state = mine.first()
    if state is None:
        raise _LeaseLost
    rows = list(
        _next_contacts(state, now - settled).values_list("last_updated_time", *FIELDS)[:size]
    )
    reached: dict[str, object] = {"complete_at": now}
    if rows:
        reached = {"through_time": rows[-1][0], "through_id": rows[-1][1]}
    if not mine.update(lease_until=now + LEASE, **reached):
        raise _LeaseLost
    contacts = [Likeness(*row[1:]) for row in rows]
    _write_keys(contacts)
    _write_pairs(contacts, _pairs_of(contacts))
    return len(rows)


def _next_contacts(state: DuplicateSearch, until: datetime) -> QuerySet[Contact]:
    """Contacts behind the place that was reached, in order: one range of an index."""
    place = (Value(state.through_time), Value(state.through_id))
    behind = RowCompare(">", F("last_updated_time"), F("pk"), *place)
    return Contact.objects.filter(behind, last_updated_time__lte=until).order_by(
        "last_updated_time", "pk"
    )


def _write_keys(contacts: Sequence[Likeness]) -> None:
    """Bring the stored match keys up to date; what is unchanged is not written."""
    stored: dict[tuple[int, int], tuple[int, int]] = {
        (row.contact_id, row.kind): (row.pk, row.key)
        for row in MatchKey.objects.filter(contact__in=[c.pk for c in contacts])
    }
    new, changed = [], []
    for contact in contacts:
        for kind, key in keys_of(contact).items():
            pk, held = stored.pop((contact.pk, kind), (0, 0))
            if not pk:
                new.append(MatchKey(contact_id=contact.pk, kind=kind, key=key))
            elif held != key:
                changed.append(MatchKey(pk=pk, key=key))
    MatchKey.objects.filter(pk__in=[pk for pk, _ in stored.values()]).delete()
    MatchKey.objects.bulk_update(changed, ["key"])
    MatchKey.objects.bulk_create(new)


@dataclass
class _Shared:
    """Pairs of contacts with the kinds of key that they share."""

    kinds: dict[Pair, set[Kind]] = field(default_factory=lambda: defaultdict(set))

    def add(self, kind: Kind, members: Iterable[int], wanted: set[int]) -> None:
        """Every pair of `members` in which one is wanted."""
        for pair in itertools.combinations(sorted(members), 2):
            if wanted & set(pair):
                self.kinds[pair].add(kind)


def _pairs_of(contacts: Sequence[Likeness]) -> dict[Pair, str]:
    """Every pair of one of these contacts with any contact that looks like it, with the reason."""
    wanted = {contact.pk for contact in contacts}
    shared = _Shared()
    groups: dict[tuple[Kind, int], set[int]] = defaultdict(set)
    telling = list(_telling_keys(wanted))
    alike = MatchKey.objects.filter(key__in=telling)
    for kind, key, pk in alike.values_list("kind", "key", "contact_id"):
        groups[Kind(kind), key].add(pk)
    for (kind, _), members in groups.items():
        shared.add(kind, members, wanted)
    likenesses = {contact.pk: contact for contact in contacts}
    missing = {pk for pair in shared.kinds for pk in pair} - wanted
    others = Contact.objects.filter(pk__in=missing).values_list(*FIELDS)
    likenesses |= {row[0]: Likeness(*row) for row in others}
    pairs = {}
    for (first, second), kinds in shared.kinds.items():
        if first in likenesses and second in likenesses:
            reasons = reasons_for(kinds, likenesses[first], likenesses[second])
            if reasons:
                pairs[first, second] = ". ".join(reasons)[:REASON_LENGTH]
    return pairs


def _telling_keys(contacts: set[int]) -> set[int]:
    """Their keys, but for those that a crowd shares. Never reads more of a crowd than its limit."""
    found: set[int] = set()
    for kind, limit in CROWD.items():
        same = MatchKey.objects.filter(key=OuterRef("key"))
        crowded = Exists(same.order_by("contact_id")[limit : limit + 1])
        keys = MatchKey.objects.filter(~crowded, contact__in=contacts, kind=kind)
        found |= set(keys.values_list("key", flat=True))
    return found


def _write_pairs(contacts: Sequence[Likeness], pairs: dict[Pair, str]) -> None:
    """Record new pairs, correct the reasons of known ones, withdraw those that are none any more."""
    ids = [contact.pk for contact in contacts]
    known = PossibleDuplicate.objects.filter(Q(first__in=ids) | Q(second__in=ids))
    gone, corrected = [], []
    for row in known:
        reason = pairs.pop((row.first_id, row.second_id), "")
        if not row.by_search or row.dismissed_at is not None:
            continue
        if not reason:
            gone.append(row.pk)
        elif reason != row.reason:
            row.reason = reason
            corrected.append(row)
    PossibleDuplicate.objects.filter(pk__in=gone, dismissed_at=None).delete()
    PossibleDuplicate.objects.bulk_update(corrected, ["reason"])
    PossibleDuplicate.objects.bulk_create(
        [
            PossibleDuplicate(first_id=first, second_id=second, reason=reason, by_search=True)
            for (first, second), reason in sorted(pairs.items())
        ],
        ignore_conflicts=True,
    )


@retrying
@transaction.atomic
def dismiss(*, pair: PossibleDuplicate, actor: Actor) -> bool:
    """Remember that the two are not one person; False when somebody has said so before."""
    to_review = PossibleDuplicate.objects.filter(pk=pair.pk, dismissed_at=None)
    changed = to_review.update(dismissed_at=timezone.now(), dismissed_by=actor.user)
    if changed:
        _audit(actor, "duplicate.dismissed", pair)
    return bool(changed)


@retrying
@transaction.atomic
def restore(*, pair: PossibleDuplicate, actor: Actor) -> bool:
    """Put a dismissed pair back to be reviewed; False when it is there already."""
    dismissed = PossibleDuplicate.objects.filter(pk=pair.pk, dismissed_at__isnull=False)
    changed = dismissed.update(dismissed_at=None, dismissed_by=None)
    if changed:
        _audit(actor, "duplicate.restored", pair)
    return bool(changed)


def _audit(actor: Actor, action: str, pair: PossibleDuplicate) -> None:
    history.audit(actor, action, pair.first.public_id, other=pair.second.public_id)
