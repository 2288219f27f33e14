"""Merging: what the prompt shows and what the merge does, from the same plan.

Rules (product, section 6), applied to existing record <- new entry: Fill a blank, Replace on
confirmation, Keep where the new entry is blank. The record that already holds the identifier
survives with its id; with two holders it is the e-mail's.
"""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from contacts import history
from contacts.fields import FIELDS, Field, Kind, as_text, current_value, from_text, snapshot
from contacts.models import Contact, Merge, PublicId, Source
from contacts.repointing import fold_in
from contacts.retrying import retrying
from contacts.services import (
    Changes,
    ContactGone,
    IdentifierTaken,
    Values,
    apply_changes,
    change_of,
    holders_of,
    identifier_key,
)
from contacts.signals import Actor, announce

FILL, REPLACE, KEEP = "Fill", "Replace", "Keep"
EXISTING, OTHER, NEW = "existing", "other", "new"
#: The existing record's value wins unless a person chooses otherwise.
EXISTING_WINS = {Kind.OWNER, Kind.STATUS}


class MergeChanged(Exception):
    """A record or its identifiers changed since the prompt was shown; it must be shown again."""


@dataclass(frozen=True)
class MergeRow:
    """One field in the prompt. Texts are as stored; "" is blank. `choice` names the winning side."""

    field: Field
    existing: str
    other: str
    new: str
    choice: str
    result: str

    @property
    def outcome(self) -> str:
        if self.result == self.existing:
            return KEEP
        return REPLACE if self.existing else FILL

    @property
    def matches(self) -> bool:
        """Two sides have a value and it is the same: nothing to show or choose."""
        values = [text for text in (self.existing, self.other, self.new) if text]
        return len(values) > 1 and len(set(values)) == 1 and bool(self.existing)

    @property
    def choosable(self) -> bool:
        """More than one value to choose from. Consent is never chosen: it is given, not merged."""
        values = {text for text in (self.existing, self.other, self.new) if text}
        return len(values) > 1 and self.field.kind is not Kind.YES_NO


@dataclass(frozen=True)
class MergePlan:
    """What merging will do: who survives, who is folded in, every field's outcome."""

    survivor: Contact
    other: Contact | None  # the holder of the mobile phone, when the e-mail has another one
    edited: Contact | None  # none when the values come from New contact
    rows: tuple[MergeRow, ...]
    taken: dict[str, str] = field(default_factory=dict)  # field -> the typed value held by another
    digest: str = ""  # of everything the plan was made from

    @property
    def duplicates(self) -> list[Contact]:
        return [contact for contact in (self.other, self.edited) if contact is not None]

    @property
    def shown_rows(self) -> list[MergeRow]:
        rows = [row for row in self.rows if not row.matches]
        return [row for row in rows if row.existing or row.other or row.new]

    @property
    def matching(self) -> int:
        return sum(row.matches for row in self.rows)

    def count(self, outcome: str) -> int:
        return sum(row.outcome == outcome for row in self.shown_rows)


def plan_merge(
    *,
    holders: dict[str, Contact],
    edited: Contact | None,
    values: Values,
    choices: dict[str, str] | None = None,
) -> MergePlan:
    """Plan the merge that `values` (as typed for `edited`, or for a new contact) call for.

    `holders` maps "email" and "mobile_phone" to the contact that holds the typed value. `choices`
    maps field names to a side; a choice of a blank side is ignored. Pure: reads, writes nothing.
    """
    survivor = holders.get("email") or holders["mobile_phone"]
    phone_holder = holders.get("mobile_phone")
    other = phone_holder if phone_holder is not None and phone_holder != survivor else None
    rows = tuple(
        _plan_row(field, survivor, other, values, (choices or {}).get(field.name, ""))
        for field in FIELDS
    )
    taken = {name: str(values.get(name, "")) for name in holders}
    return MergePlan(survivor, other, edited, rows, taken, _digest(survivor, other, edited, values))


def _plan_row(
    field: Field, survivor: Contact, other: Contact | None, values: Values, choice: str
) -> MergeRow:
    sides = {
        EXISTING: as_text(current_value(survivor, field)),
        OTHER: as_text(current_value(other, field)) if other else "",
        NEW: as_text(values.get(field.name)),
    }
    winner = _default_side(field, sides)
    if field.kind is not Kind.YES_NO and sides.get(choice):
        winner = choice
    return MergeRow(
        field=field,
        existing=sides[EXISTING],
        other=sides[OTHER],
        new=sides[NEW],
        choice=winner,
        result=sides[winner],
    )


def _default_side(field: Field, sides: dict[str, str]) -> str:
    if field.kind is Kind.YES_NO:
        return EXISTING  # consent never becomes true by a merge
    order = (EXISTING, NEW, OTHER) if field.kind in EXISTING_WINS else (NEW, EXISTING, OTHER)
    return next((side for side in order if sides[side]), EXISTING)


def _digest(
    survivor: Contact, other: Contact | None, edited: Contact | None, values: Values
) -> str:
    basis = [
        [(c.pk, c.version) if c else None for c in (survivor, other, edited)],
        {name: as_text(value) for name, value in sorted(values.items())},
    ]
    return hashlib.sha256(json.dumps(basis).encode()).hexdigest()


@retrying
@transaction.atomic
def merge_contacts(*, plan: MergePlan, values: Values, actor: Actor) -> Contact:
    """Do what `plan` shows; the survivor comes back.

    Everything the duplicates hold moves to the survivor, and what moved is recorded for the undo.
    Raises MergeChanged when a record or an identifier is not what the plan was made from, and
    ContactGone when one of the records is gone; then nothing happened.
    """
    survivor, duplicates = _lock(plan)
    before = {c.public_id: snapshot(c) for c in (survivor, *duplicates)}
    changes: Changes = {}
    for row in plan.rows:
        old = current_value(survivor, row.field)
        new = from_text(row.field, row.result)
        if new != old:
            changes[row.field.name] = (old, new)
    merge = _record(survivor, duplicates, before, actor) if duplicates else None
    times = _times(survivor, duplicates)
    for duplicate in duplicates:
        assert merge is not None
        fold_in(merge, duplicate, survivor)
    folded = ", ".join(duplicate.public_id for duplicate in duplicates)
    how = Actor(actor.user, Source.MERGE if folded else actor.source, folded)
    version = max(c.version for c in (survivor, *duplicates)) + 1
    try:
        apply_changes(survivor, changes, how, version=version, **times)
    except IdentifierTaken:
        raise MergeChanged from None
    _forget_records(survivor, duplicates)
    if merge is not None:
        Merge.objects.filter(pk=merge.pk).update(
            result=snapshot(survivor), survivor_version=survivor.version
        )
    moved = [duplicate.public_id for duplicate in duplicates]
    kind = "merged" if moved else "updated"
    announce(change_of(survivor, actor, kind, changes, moved))
    if moved:
        history.audit(actor, "contact.merged", survivor.public_id, moved=moved)
    return survivor


def _lock(plan: MergePlan) -> tuple[Contact, list[Contact]]:
    """The plan's records, locked in id order, so that two merges cannot wait in a circle."""
    planned = [plan.survivor, *plan.duplicates]
    rows = Contact.objects.select_for_update().filter(pk__in=[c.pk for c in planned])
    locked = {contact.pk: contact for contact in rows.order_by("pk")}
    if len(locked) < len(planned):
        raise ContactGone
    if any(locked[contact.pk].version != contact.version for contact in planned):
        raise MergeChanged
    keys = {kind: identifier_key(kind, value) for kind, value in plan.taken.items()}
    held = holders_of(keys, besides=plan.edited.pk if plan.edited else None)
    if set(held) != set(plan.taken) or not set(held.values()) <= set(locked):
        raise MergeChanged
    return locked[plan.survivor.pk], [locked[contact.pk] for contact in plan.duplicates]


def _record(
    survivor: Contact, duplicates: list[Contact], before: dict[str, Any], actor: Actor
) -> Merge:
    merge = Merge.objects.create(
        survivor_id=survivor.public_id,
        actor=actor.user,
        before=before,
        survivor_version=survivor.version,
    )
    merge.duplicates.set([duplicate.public for duplicate in duplicates])
    return merge


def _times(survivor: Contact, duplicates: list[Contact]) -> dict[str, Any]:
    """Creation time: the earliest. Last interaction: the latest."""
    records = [survivor, *duplicates]
    seen = [c.last_interacted_time for c in records if c.last_interacted_time is not None]
    return {
        "creation_time": min(c.creation_time for c in records),
        "last_interacted_time": max(seen, default=None),
    }


def _forget_records(survivor: Contact, duplicates: list[Contact]) -> None:
    """Remove the duplicates' rows; their ids stay and lead to the survivor."""
    for duplicate in duplicates:
        PublicId.objects.filter(pk=duplicate.public_id).update(
            state=PublicId.State.MERGED,
            merged_into=survivor.public_id,
            changed_at=survivor.last_updated_time,
        )
        duplicate.delete()
