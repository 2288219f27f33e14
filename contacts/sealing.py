"""The chain of digests over the audit: whether somebody changed it behind the application's back.

Each entry's digest is computed over the entry and over the digest before it. Chaining happens a
moment after the commit, in the order in which the entries became visible, by whoever runs the
relay: a writer waits for no other writer. An entry that commits late is chained late; none is
missed, because the database puts every new entry on the list of those to be sealed.

What the chain proves: that no sealed entry was changed, removed, put in between or moved since it
was sealed, except by somebody who also wrote every digest from there on anew. That somebody needs
the database owner's rights, and is caught by any head (position and digest) that was noted
elsewhere before: the relay logs one a day, the audit page shows the present one. Only such a head
shows that the newest entries were cut off. It proves nothing about the seconds before sealing, nor
that what was written was true.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef

from contacts.models import AuditEntry, AuditSeal

BATCH = 1000
START = ""  # the digest before the first


@dataclass(frozen=True)
class Head:
    """The last link: note it somewhere else, and the chain up to it can be trusted."""

    position: int
    digest: str

    def __str__(self) -> str:
        return f"{self.position}:{self.digest}"


@dataclass(frozen=True)
class Verdict:
    """What a check found. `fault` is a sentence about the first broken row, "" when all is well."""

    fault: str
    head: Head
    waiting: int = 0  # entries of the last moment, not sealed yet


def seal() -> int:
    """Chain the entries that wait, oldest first; how many there were. Any process may call it.

    Of two at once one does it: the positions are unique.
    """
    try:
        with transaction.atomic():
            return _seal_some()
    except IntegrityError:
        return 0  # another relay was quicker


def _seal_some() -> int:
    due = AuditSeal.objects.filter(position=None).order_by("entry_id").select_related("entry")
    seals = list(due[:BATCH])
    if not seals:
        return 0
    last = head()
    position, digest = last.position, last.digest
    for row in seals:
        position += 1
        digest = digest_of(row.entry, digest)
        row.position, row.digest = position, digest
    AuditSeal.objects.bulk_update(seals, ["position", "digest"])
    return len(seals)


def head() -> Head:
    """The chain's last link; position 0 when nothing was sealed yet."""
    last = AuditSeal.objects.filter(position__isnull=False).order_by("-position").first()
    return Head(last.position or 0, last.digest) if last else Head(0, START)


def digest_of(entry: AuditEntry, before: str) -> str:
    """The digest of an entry behind the digest `before`. Stable across the databases."""
    content = [
        before,
        entry.pk,
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.actor_id,
        entry.source,
        entry.action,
        entry.object_id,
        entry.detail,
    ]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def verify(*, noted: tuple[Head, ...] = ()) -> Verdict:
    """Walk the whole chain in flat memory. `noted` are heads that were kept elsewhere."""
    wanted = {one.position: one.digest for one in noted}
    last = Head(0, START)
    for row, entry in _links():
        fault = _fault_of(row, entry, last) or _differs(row, wanted)
        if fault:
            return Verdict(fault, last)
        last = Head(row.position or 0, row.digest)
    fault = _cut_off(wanted, last) or _outside_the_chain()
    return Verdict(fault, last, AuditSeal.objects.filter(position=None).count())


def _links() -> Iterator[tuple[AuditSeal, AuditEntry | None]]:
    """Each sealed row with its entry, in order, read in ranges: nothing is held open over it all."""
    through = 0
    while True:
        rows = AuditSeal.objects.filter(position__gt=through).order_by("position")
        chunk = list(rows[:BATCH])
        if not chunk:
            return
        entries = AuditEntry.objects.in_bulk([row.pk for row in chunk])
        for row in chunk:
            yield row, entries.get(row.pk)
        through = chunk[-1].position or 0


def _fault_of(row: AuditSeal, entry: AuditEntry | None, last: Head) -> str:
    if row.position != last.position + 1:
        return f"Position {last.position + 1}: the seal is missing, so an entry was removed there."
    if entry is None:
        return f"Entry {row.pk} (position {row.position}) was deleted."
    if digest_of(entry, last.digest) != row.digest:
        return (
            f"Entry {row.pk} (position {row.position}) was changed, "
            "or does not follow from the one before it."
        )
    return ""


def _differs(row: AuditSeal, wanted: dict[int, str]) -> str:
    noted = wanted.get(row.position or 0)
    if noted is None or noted == row.digest:
        return ""
    return (
        f"Position {row.position} (entry {row.pk}) is not what was noted: "
        "the chain up to it was written anew."
    )


def _cut_off(wanted: dict[int, str], last: Head) -> str:
    if max(wanted, default=0) <= last.position:
        return ""
    return (
        f"Position {last.position + 1}: the chain ends before the noted {max(wanted)}, "
        "so its newest entries were removed."
    )


def _outside_the_chain() -> str:
    unknown = AuditEntry.objects.filter(seal=None).order_by("pk").first()
    if unknown is not None:
        return f"Entry {unknown.pk} has no seal: it was put in with the triggers switched off."
    kept = Exists(AuditEntry.objects.filter(pk=OuterRef("pk")))
    orphan = AuditSeal.objects.filter(~kept, position=None).order_by("pk").first()
    return f"Entry {orphan.pk} was deleted before it was sealed." if orphan else ""
