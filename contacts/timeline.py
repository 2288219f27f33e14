"""The history of a contact as its pane shows it: one entry a save, newest first."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from contacts.access import assignable_owners
from contacts.fields import (
    BY_NAME,
    FIELDS,
    Kind,
    as_text,
    current_value,
    owner_names,
    shown,
)
from contacts.models import Contact, FieldChange, Merge, Source, User

ENTRIES = 30
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


def entries_of(
    contact: Contact, viewer: User, *, everything: bool = False
) -> tuple[list[Entry], bool]:
    """The entries, and whether there are more of them. A constant number of queries."""
    rows = FieldChange.objects.filter(contact=contact).select_related("actor")
    if not everything:  # a save changes each field once, so this holds one entry more than shown
        rows = rows[: (ENTRIES + 1) * len(FIELDS)]
    changes = list(rows)
    owners = owner_names(
        text for row in changes if row.field == "owner" for text in (row.old, row.new)
    )
    allowed = assignable_ids(viewer)
    can_restore = {row.pk for row in changes if may_restore(contact, row, allowed)}
    told = {row.detail for row in changes if row.source == Source.MERGE}
    entries = [*_entries(changes, owners, can_restore), *_silent_merges(contact, told)]
    entries.sort(key=lambda entry: entry.at, reverse=True)
    limit = len(entries) if everything else ENTRIES
    return entries[:limit], len(entries) > limit


def assignable_ids(viewer: User) -> set[str]:
    """The ids, as history stores them, of those whom `viewer` may make an owner."""
    users = User.objects.filter(assignable_owners(viewer))
    return {str(pk) for pk in users.values_list("pk", flat=True)}


def may_restore(contact: Contact, row: FieldChange, owners: set[str]) -> bool:
    """Whether the value from before this change may come back: it is another, and allowed."""
    field = BY_NAME.get(row.field)
    if field is None or row.version == 0:  # moved here by a merge: never a value of this record
        return False
    if row.old == as_text(current_value(contact, field)):
        return False
    return field.kind is not Kind.OWNER or row.old in owners


def _silent_merges(contact: Contact, told: set[str]) -> Iterator[Entry]:
    """Merges into this contact that changed none of its fields, so no change tells of them."""
    merges = Merge.objects.filter(survivor=contact.public_id, undone_at=None)
    for merge in merges.select_related("actor").prefetch_related("duplicates"):
        ids = {duplicate.value for duplicate in merge.duplicates.all()}
        if not any(ids == set(detail.split(", ")) for detail in told):
            who = str(merge.actor) if merge.actor else Source.MERGE.label
            yield Entry(merge.at, ICONS[Source.MERGE], who, f"merged {', '.join(sorted(ids))}")


def _entries(
    rows: list[FieldChange], owners: dict[str, str], can_restore: set[int]
) -> Iterator[Entry]:
    for _, group in groupby(rows, key=lambda row: (row.at, row.version, row.source, row.detail)):
        changes = list(group)
        first = changes[0]
        created = any(row.field == "owner" and not row.old for row in changes)
        yield Entry(
            at=first.at,
            icon="user-plus" if created else ICONS.get(Source(first.source), "pencil"),
            who=str(first.actor) if first.actor else Source(first.source).label,
            what=_what(first, changes, created),
            changes=[
                _change(row, owners, not created and row.pk in can_restore)
                for row in reversed(changes)
            ],
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


def _change(row: FieldChange, owners: dict[str, str], restorable: bool) -> Change:
    spec = BY_NAME[row.field]
    return Change(
        pk=row.pk,
        label=spec.label,
        old=shown(spec, row.old, owners) if row.old or spec.kind is Kind.YES_NO else "",
        new=shown(spec, row.new, owners) if row.new or spec.kind is Kind.YES_NO else "",
        restorable=restorable,
    )
