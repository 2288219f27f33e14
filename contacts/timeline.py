"""The history of a contact as its pane shows it: one entry a save, newest first."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from contacts.fields import BY_NAME, Kind, owner_names, shown
from contacts.models import Contact, FieldChange, Source

ENTRIES = 30
MOST_ROWS = 2000
ICONS = {Source.IMPORT: "upload", Source.MERGE: "merge", Source.PERSON: "pencil"}


@dataclass(frozen=True)
class Change:
    """One field of one save, as people read it."""

    pk: int
    label: str
    old: str
    new: str
    restorable: bool


@dataclass
class Entry:
    """One save."""

    at: datetime
    icon: str
    who: str
    what: str
    changes: list[Change] = field(default_factory=list)


def entries_of(contact: Contact, *, everything: bool = False) -> tuple[list[Entry], bool]:
    """The entries, and whether there are more of them. Three queries."""
    rows = list(FieldChange.objects.filter(contact=contact).select_related("actor")[:MOST_ROWS])
    owners = owner_names(
        text for row in rows if row.field == "owner" for text in (row.old, row.new)
    )
    entries = list(_entries(rows, owners))
    limit = len(entries) if everything else ENTRIES
    return entries[:limit], len(entries) > limit


def _entries(rows: list[FieldChange], owners: dict[str, str]) -> Iterator[Entry]:
    for _, group in groupby(rows, key=lambda row: (row.at, row.version, row.source, row.detail)):
        changes = list(group)
        first = changes[0]
        created = any(row.field == "owner" and not row.old for row in changes)
        yield Entry(
            at=first.at,
            icon="user-plus" if created else ICONS.get(Source(first.source), "pencil"),
            who=str(first.actor) if first.actor else Source(first.source).label,
            what=_what(first, changes, created),
            changes=[_change(row, owners, created) for row in reversed(changes)],
        )


def _what(first: FieldChange, changes: list[FieldChange], created: bool) -> str:
    if first.source == Source.MERGE:
        return f"merged {first.detail}"
    verb = "created the contact" if created else "edited " + _labels(changes)
    if first.source == Source.IMPORT:
        return f"{'created the contact' if created else 'updated it'} by import, {first.detail}"
    return f"{verb}, {first.detail}" if first.detail else verb


def _labels(changes: list[FieldChange]) -> str:
    labels = [BY_NAME[row.field].label.lower() for row in reversed(changes) if row.field in BY_NAME]
    return ", ".join(labels)


def _change(row: FieldChange, owners: dict[str, str], created: bool) -> Change:
    spec = BY_NAME[row.field]
    moved = row.version == 0  # by a merge: it was never a value of this record
    return Change(
        pk=row.pk,
        label=spec.label,
        old=shown(spec, row.old, owners) if row.old or spec.kind is Kind.YES_NO else "",
        new=shown(spec, row.new, owners) if row.new or spec.kind is Kind.YES_NO else "",
        restorable=not created and not moved,
    )
