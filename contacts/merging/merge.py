"""Merging: what the prompt shows and what the merge does, from the same plan.

Rules (product, section 6), applied to existing record <- new entry: Fill a blank, Replace on
confirmation, Keep where the new entry is blank. The record that already holds the identifier
survives with its id; with two holders it is the e-mail's. Of contacts that were selected in the
list the first survives, its values win, and the others fill its blanks in their order.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import transaction

from contacts import history, planning
from contacts.fields import Field, Kind, as_text, current_value, from_text, known_fields, snapshot
from contacts.merging.records import RESULT, records_of, result_of
from contacts.merging.repointing import fold_in
from contacts.models import Contact, Merge, PublicId, Source
from contacts.planning import NOTHING, Plan
from contacts.retrying import retrying
from contacts.services import (
    ContactGone,
    IdentifierTaken,
    Values,
    apply_changes,
    holders_of,
    identifier_key,
)
from contacts.signals import Actor, ContactChange, announce

FILL, REPLACE, KEEP = "Fill", "Replace", "Keep"
#: The sides of the prompt: the survivor, a second holder, what was typed. Of selected contacts the
#: others' sides are their public ids.
EXISTING, OTHER, NEW = "existing", "other", "new"
#: The existing record's value wins unless a person chooses otherwise.
EXISTING_WINS = {Kind.OWNER, Kind.STATUS}
FEWEST, MOST = 2, 10  # how many selected contacts can be merged


class MergeChanged(Exception):
    """A record or its identifiers changed since the prompt was shown; it must be shown again."""


@dataclass(frozen=True)
class Side:
    """One column of the prompt: a record as it is, or what was typed (for `contact`, if any)."""

    key: str
    texts: Mapping[str, str]
    contact: Contact | None = None


@dataclass(frozen=True)
class MergeRow:
    """One field in the prompt. Texts are as stored; "" is blank. `choice` names the winning side."""

    field: Field
    texts: Mapping[str, str]  # by side, the survivor's first
    choice: str

    @property
    def existing(self) -> str:
        return self.texts[EXISTING]

    @property
    def result(self) -> str:
        return self.texts[self.choice]

    @property
    def outcome(self) -> str:
        if self.result == self.existing:
            return KEEP
        return REPLACE if self.existing else FILL

    @property
    def matches(self) -> bool:
        """Two sides have a value and it is the same: nothing to show or choose."""
        values = [text for text in self.texts.values() if text]
        return len(values) > 1 and len(set(values)) == 1 and bool(self.existing)

    @property
    def choosable(self) -> bool:
        """More than one value to choose from. Consent is never chosen: it is given, not merged."""
        values = {text for text in self.texts.values() if text}
        return len(values) > 1 and self.field.kind is not Kind.YES_NO


@dataclass(frozen=True)
class MergePlan:
    """What merging will do: who survives, who is folded in, every field's outcome."""

    survivor: Contact
    sides: tuple[Side, ...]
    duplicates: tuple[Contact, ...]  # in the order in which they are folded in
    rows: tuple[MergeRow, ...]
    edited: Contact | None = None  # whose form called for it; none from New contact or the list
    taken: dict[str, str] = field(default_factory=dict)  # field -> the typed value held by another
    basis: str = ""  # digest of the records and values that the plan was made from
    effects: Plan = NOTHING  # what the merge will make happen elsewhere

    @property
    def digest(self) -> str:
        """The same for the same records, values and effects: what the form carries."""
        return f"{self.basis}-{self.effects.digest}"

    @property
    def other(self) -> Contact | None:
        """The holder of the mobile phone, when the e-mail has another one."""
        return next((side.contact for side in self.sides if side.key == OTHER), None)

    @property
    def records(self) -> list[Contact]:
        return [self.survivor, *self.duplicates]

    @property
    def shown_rows(self) -> list[MergeRow]:
        rows = [row for row in self.rows if not row.matches and not row.field.archived]
        return [row for row in rows if any(row.texts.values())]

    @property
    def matching(self) -> int:
        return sum(row.matches and not row.field.archived for row in self.rows)

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
    typed = {name: as_text(values.get(name)) for name in known_fields()}
    sides = (
        Side(EXISTING, snapshot(survivor), survivor),
        *((Side(OTHER, snapshot(other), other),) if other is not None else ()),
        Side(NEW, typed, edited),
    )
    return _with_effects(
        survivor=survivor,
        sides=sides,
        duplicates=tuple(contact for contact in (other, edited) if contact is not None),
        rows=_rows(sides, choices or {}, (NEW, EXISTING, OTHER), (EXISTING, NEW, OTHER)),
        edited=edited,
        taken={name: str(values.get(name, "")) for name in holders},
        basis=_digest(
            [survivor, other, edited],
            {name: as_text(value) for name, value in sorted(values.items())},
        ),
    )


def plan_selected(
    *, contacts: Sequence[Contact], choices: dict[str, str] | None = None
) -> MergePlan:
    """Plan the merge of chosen contacts into the first of them.

    The first one's values win, blanks are filled in the order given, unless `choices` maps a field
    to another side (a public id). Pure: reads, writes nothing. Raises ValueError for fewer than
    two, more than ten, or one contact twice.
    """
    if not FEWEST <= len(contacts) <= MOST or len({c.pk for c in contacts}) < len(contacts):
        raise ValueError("Two to ten different contacts can be merged")
    survivor, *others = contacts
    keys = [EXISTING, *(other.public_id for other in others)]
    sides = tuple(
        Side(key, snapshot(contact), contact) for key, contact in zip(keys, contacts, strict=True)
    )
    return _with_effects(
        survivor=survivor,
        sides=sides,
        duplicates=tuple(others),
        rows=_rows(sides, choices or {}, keys, keys),
        basis=_digest(list(contacts), {}),
    )


def _with_effects(**parts: Any) -> MergePlan:
    """The plan with what it makes happen elsewhere, by the same question as the merge asks."""
    plan = MergePlan(**parts)
    change = _change(plan, plan.survivor, list(plan.duplicates), Actor(None))
    return replace(plan, effects=planning.plan([change]))


def _change(
    plan: MergePlan, survivor: Contact, duplicates: list[Contact], actor: Actor
) -> ContactChange:
    """What the merge changes on these records, as it is announced."""
    return ContactChange(
        contact_id=survivor.pk,
        public_id=survivor.public_id,
        actor=actor,
        kind="merged" if duplicates else "updated",
        version=max(c.version for c in (survivor, *duplicates)) + 1,
        fields={
            row.field.name: (old, new)
            for row in plan.rows
            for old in [current_value(survivor, row.field)]
            for new in [from_text(row.field, row.result)]
            if new != old
        },
        moved_ids=tuple(duplicate.public_id for duplicate in duplicates),
        merged_pks=tuple(duplicate.pk for duplicate in duplicates),
    )


def _rows(
    sides: Sequence[Side],
    choices: dict[str, str],
    order: Sequence[str],
    existing_first: Sequence[str],
) -> tuple[MergeRow, ...]:
    """Every field, archived ones included (their values are not lost). The first side with a value
    wins, by `order`; of owner and status by `existing_first`."""
    rows = []
    for name, spec in known_fields().items():
        texts = {side.key: side.texts.get(name, "") for side in sides}
        wanted = existing_first if spec.kind in EXISTING_WINS else order
        winner = next((key for key in wanted if texts.get(key)), EXISTING)
        if spec.kind is Kind.YES_NO:
            winner = EXISTING  # consent never becomes true by a merge
        elif texts.get(choices.get(name, "")):
            winner = choices[name]
        rows.append(MergeRow(field=spec, texts=texts, choice=winner))
    return tuple(rows)


def _digest(records: Sequence[Contact | None], typed: dict[str, str]) -> str:
    basis = [[(c.pk, c.version) if c else None for c in records], typed]
    return hashlib.sha256(json.dumps(basis).encode()).hexdigest()


@retrying
@transaction.atomic
def merge_contacts(*, plan: MergePlan, actor: Actor, values: Values | None = None) -> Contact:
    """Do what `plan` shows; the survivor comes back.

    Everything the duplicates hold moves to the survivor, and what moved is recorded for the undo.
    Raises MergeChanged when a record or an identifier is not what the plan was made from, and
    ContactGone when one of the records is gone; then nothing happened. `values`, from which a plan
    was made, need not be given: the plan holds its results.
    """
    survivor, duplicates = _lock(plan)
    change = _change(plan, survivor, duplicates, actor)
    effects = planning.plan([change])  # while what they look at is still where it was
    if effects.digest != plan.effects.digest:
        raise MergeChanged
    merge = _record(survivor, duplicates, actor) if duplicates else None
    times = _times(survivor, duplicates)
    for duplicate in duplicates:
        assert merge is not None
        fold_in(merge, duplicate, survivor)
    folded = ", ".join(change.moved_ids)
    how = replace(actor, source=Source.MERGE, detail=folded) if folded else actor
    try:
        apply_changes(survivor, change.fields, how, version=change.version, **times)
    except IdentifierTaken:
        raise MergeChanged from None
    _forget_records(survivor, duplicates)
    if merge is not None:
        _record_result(merge, survivor, duplicates)
    announce(change, plan=effects)
    if duplicates:
        history.audit(actor, "contact.merged", survivor.public_id, moved=list(change.moved_ids))
    return survivor


def _lock(plan: MergePlan) -> tuple[Contact, list[Contact]]:
    """The plan's records, locked in id order, so that two merges cannot wait in a circle."""
    rows = Contact.objects.select_for_update().filter(pk__in=[c.pk for c in plan.records])
    locked = {contact.pk: contact for contact in rows.order_by("pk")}
    if len(locked) < len(plan.records):
        raise ContactGone
    if any(locked[contact.pk].version != contact.version for contact in plan.records):
        raise MergeChanged
    keys = {kind: identifier_key(kind, value) for kind, value in plan.taken.items()}
    held = holders_of(keys, besides=plan.edited.pk if plan.edited else None)
    if set(held) != set(plan.taken) or not set(held.values()) <= set(locked):
        raise MergeChanged
    return locked[plan.survivor.pk], [locked[contact.pk] for contact in plan.duplicates]


def _record(survivor: Contact, duplicates: list[Contact], actor: Actor) -> Merge:
    records = [survivor, *duplicates]
    merge = Merge.objects.create(
        survivor_id=survivor.public_id,
        actor=actor.user,
        api_key=actor.api_key,
        before={contact.public_id: snapshot(contact) for contact in records},
        records=records_of(records),
        survivor_version=survivor.version,
    )
    merge.duplicates.set([duplicate.public for duplicate in duplicates])
    return merge


def _record_result(merge: Merge, survivor: Contact, duplicates: list[Contact]) -> None:
    """What the undo compares with; `at` is that of the history rows, which tell of the merge."""
    merge.records[RESULT] = result_of(survivor, merge.records, duplicates)
    merge.result = snapshot(survivor)
    merge.survivor_version = survivor.version
    merge.at = survivor.last_updated_time
    merge.save(update_fields=["records", "result", "survivor_version", "at"])


def _times(survivor: Contact, duplicates: list[Contact]) -> dict[str, Any]:
    """Creation time: the earliest. Last interaction: the latest."""
    records = [survivor, *duplicates]
    seen = [c.last_interacted_time for c in records if c.last_interacted_time is not None]
    created = min(c.creation_time for c in records)
    return {
        "creation_time": created,
        "listed_at": survivor.listed_if_created(created),
        "last_interacted_time": max(seen, default=None),
    }


def _forget_records(survivor: Contact, duplicates: list[Contact]) -> None:
    """Remove the duplicates' rows; their ids stay and lead to the survivor."""
    for duplicate in duplicates:
        PublicId.objects.filter(pk=duplicate.public_id).update(
            state=PublicId.State.MERGED,
            listed_at=duplicate.place,
            listed_row=duplicate.pk,
            merged_into=survivor.public_id,
            changed_at=survivor.last_updated_time,
        )
        duplicate.delete()
