"""The history of a contact in its timeline: one entry a save or merge, newest first."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby

from django.utils import timezone

from contacts.fields import (
    Kind,
    as_text,
    current_value,
    known_fields,
    owner_names,
    shown,
)
from contacts.merging.undo import UNDO_OF_MERGE
from contacts.models import ApiKey, Contact, FieldChange, Merge, Source, User
from contacts.public_ids import ids_behind
from contacts.timeline.sources import Change, Entry, Stretch
from contacts.undoing import UNDID, UNDO_FOR, assignable_ids, may_undo, token_for_save

MERGED_AWAY = "merged this contact into another one"
CAME_BACK = "undid the merge, and this contact came back"
#: By what made it: the icon, and its tint.
ICONS = {
    Source.IMPORT: ("upload", "b"),
    Source.MERGE: ("merge", "w"),
    Source.PERSON: ("pencil", ""),
}


def find(contact: Contact, viewer: User, stretch: Stretch) -> list[Entry]:
    """The saves and merges of one stretch: the source of contacts.timeline.reading."""
    rows = FieldChange.objects.filter(contact=contact).select_related("actor", "api_key")
    if stretch.upto is not None:
        rows = rows.filter(at__lte=stretch.upto)
    # A save changes each field once, so this holds one entry more than asked for: the last one,
    # which may be cut.
    changes = list(rows[: (stretch.limit + 1) * len(known_fields())])
    owners = owner_names(
        text for row in changes if row.field == "owner" for text in (row.old, row.new)
    )
    told = {row.at for row in changes if row.source == Source.MERGE}
    merges = Merges(contact)
    saves = Saves(contact, viewer, owners, merges)
    entries = [*saves.entries(changes), *merges.entries(told)]
    if stretch.upto is not None:
        entries = [entry for entry in entries if entry.at <= stretch.upto]
    entries.sort(key=lambda entry: entry.at, reverse=True)
    return entries[: stretch.limit]


def may_restore(contact: Contact, row: FieldChange, owners: set[str]) -> bool:
    """Whether the value from before this change may come back: it is another, and allowed."""
    field = known_fields().get(row.field)
    if field is None or row.version == 0:  # moved here by a merge: never a value of this record
        return False
    if row.old == as_text(current_value(contact, field)):
        return False
    return field.kind is not Kind.OWNER or row.old in owners


class Merges:
    """The merges that a contact came out of, and those that it has come back from."""

    def __init__(self, contact: Contact) -> None:
        self.contact = contact
        self.ids = {contact.public_id}
        self.all = self._find()
        if any(merge.undone_at is None for merge in self.all):  # what is behind those, too
            self.ids = ids_behind(contact.public_id)
            self.all = self._find()

    def _find(self) -> list[Merge]:
        into = Merge.objects.filter(survivor__in=self.ids).order_by().values("pk")
        away = Merge.duplicates.through.objects.filter(publicid=self.contact.public_id)
        both = into.union(away.values("merge_id"))  # each by its index, which an OR would not use
        merges = Merge.objects.filter(pk__in=both).defer("before", "result", "records")
        return list(
            merges.select_related(
                "actor", "undone_by", "api_key", "undone_api_key"
            ).prefetch_related("duplicates")
        )

    def to_undo(self, at: datetime) -> int:
        """The merge of that moment, while "Undo merge" may be offered."""
        for merge in self.all:
            if merge.at == at and self._offers(merge):
                return merge.pk
        return 0

    def entries(self, told: set[datetime]) -> Iterator[Entry]:
        """Of merges and undos that changed no field, so that no change tells of them."""
        for merge in self.all:
            ids = ", ".join(sorted(duplicate.value for duplicate in merge.duplicates.all()))
            if merge.at not in told:
                what = f"merged {ids}" if self._is_survivor(merge) else MERGED_AWAY
                offered = merge.pk if self._offers(merge) else 0
                yield Entry(
                    merge.at,
                    "merge",
                    _name(merge.actor, merge.api_key),
                    what,
                    tint="w",
                    merge=offered,
                )
            if merge.undone_at is not None and merge.undone_at not in told:
                what = f"undid the merge of {ids}" if self._is_survivor(merge) else CAME_BACK
                yield Entry(
                    merge.undone_at, "undo-2", _name(merge.undone_by, merge.undone_api_key), what
                )

    def _is_survivor(self, merge: Merge) -> bool:
        return merge.survivor_id in self.ids

    def _offers(self, merge: Merge) -> bool:
        young = timezone.now() - merge.at <= UNDO_FOR
        return merge.undone_at is None and self._is_survivor(merge) and young


class Saves:
    """The saves of a contact as entries."""

    def __init__(
        self, contact: Contact, viewer: User, owners: dict[str, str], merges: Merges
    ) -> None:
        self.contact, self.viewer, self.owners, self.merges = contact, viewer, owners, merges
        self.allowed = assignable_ids(viewer)

    def entries(self, rows: list[FieldChange]) -> Iterator[Entry]:
        for _, group in groupby(
            rows, key=lambda row: (row.at, row.version, row.source, row.detail)
        ):
            yield self._entry(list(group))

    def _entry(self, changes: list[FieldChange]) -> Entry:
        first = changes[0]
        created = any(row.field == "owner" and not row.old for row in changes)
        undid = first.detail.startswith(UNDO_OF_MERGE) or first.detail == UNDID
        icon, tint = ICONS.get(Source(first.source), ICONS[Source.PERSON])
        if created or undid:
            icon, tint = ("user-plus", "g") if created else ("undo-2", "")
        return Entry(
            at=first.at,
            icon=icon,
            tint=tint,
            lead=str(first.actor or first.api_key or Source(first.source).label),
            text=self._what(first, changes, created),
            changes=[
                _change(
                    row,
                    self.owners,
                    not created and may_restore(self.contact, row, self.allowed),
                )
                for row in reversed(changes)
            ],
            undo=self._token(first.version, changes) if not created else "",
            merge=self.merges.to_undo(first.at) if first.source == Source.MERGE else 0,
        )

    def _token(self, version: int, changes: list[FieldChange]) -> str:
        """Offered while at least one field still holds what this save wrote."""
        if version == 0 or not may_undo(changes):
            return ""
        known = known_fields()
        for row in changes:
            spec = known.get(row.field)
            if spec is None or row.new != as_text(current_value(self.contact, spec)):
                continue
            if may_restore(self.contact, row, self.allowed):
                return token_for_save(self.viewer, self.contact.public_id, version)
        return ""

    def _what(self, first: FieldChange, changes: list[FieldChange], created: bool) -> str:
        if first.source == Source.MERGE:
            return self._what_merge(first.detail)
        if first.detail == UNDID:
            return f"{UNDID} of {_labels(changes)}"
        verb = "created the contact" if created else "edited " + _labels(changes)
        if first.source == Source.IMPORT:
            return f"{'created the contact' if created else 'updated it'} by import, {first.detail}"
        return f"{verb}, {first.detail}" if first.detail else verb

    def _what_merge(self, detail: str) -> str:
        if not detail.startswith(UNDO_OF_MERGE):
            return f"merged {detail}"
        ids = detail.removeprefix(UNDO_OF_MERGE)
        came_back = self.contact.public_id in ids.split(", ")
        return CAME_BACK if came_back else f"undid the merge of {ids}"


def _name(user: User | None, key: ApiKey | None) -> str:
    return str(user or key or Source.MERGE.label)


def _labels(changes: list[FieldChange]) -> str:
    known = known_fields()
    labels = [known[row.field].label.lower() for row in reversed(changes) if row.field in known]
    return ", ".join(labels)


def _change(row: FieldChange, owners: dict[str, str], restorable: bool) -> Change:
    spec = known_fields()[row.field]
    return Change(
        pk=row.pk,
        label=spec.label,
        old=shown(spec, row.old, owners) if row.old or spec.kind is Kind.YES_NO else "",
        new=shown(spec, row.new, owners) if row.new or spec.kind is Kind.YES_NO else "",
        restorable=restorable,
    )
