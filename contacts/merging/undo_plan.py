"""What undoing a merge will do, as its page shows it and as it is then done (contacts.merging.undo).

What the merge moved moves back, and the survivor's fields that still hold what the merge wrote go
back to their values before. What came later stays with the survivor: rows made since, edits made
since (a person may choose the value from before instead), and an identifier that was released, or
taken by somebody else, is not seized back.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.utils import timezone

from contacts import history
from contacts.fields import (
    IDENTIFIER_FIELDS,
    Field,
    as_text,
    current_value,
    known_fields,
    snapshot,
)
from contacts.merging.records import RESULT, column_value, columns_of, folded_in_order, rebuild
from contacts.merging.returning import RowCount, count_back
from contacts.merging.trails import COLUMN_LAYER, FIELD_LAYER, follow, merges_behind
from contacts.merging.undo_identifiers import Wanted, Withheld
from contacts.models import Contact, FieldChange, Merge, User

UNDO_FOR = timedelta(days=30)
PRESENT, BEFORE = "present", "before"
UNDONE = "This merge was undone already."
TOO_OLD = "A merge can be undone for 30 days. This one is older."
EMPTIED = (
    "One of the contacts of this merge was deleted since, and with it the values that its undo "
    "needs. This merge cannot be undone."
)
NOT_KEPT = "This merge was made by an earlier version, which did not keep what its undo needs."


class CannotUndo(Exception):
    """This merge can no longer be undone; the message is a sentence that says why."""


@dataclass(frozen=True)
class UnmergeRow:
    """One field: the survivor afterwards, and each returning record. Texts are as stored.

    `disputed`: changed since the merge (by `changed_by`), so a person chooses.
    """

    field: Field
    present: str
    before: str
    result: str
    returning: Mapping[str, str]  # by public id
    disputed: bool = False
    changed_by: FieldChange | None = None

    @property
    def choice(self) -> str:
        return BEFORE if self.result == self.before else PRESENT

    @property
    def goes_back(self) -> bool:
        return self.result != self.present


@dataclass(frozen=True)
class UnmergePlan:
    """What undoing will do. `returning` are unsaved, as they will be."""

    merge: Merge
    survivor: Contact  # where the merge's survivor is now
    returning: tuple[Contact, ...]
    rows: tuple[UnmergeRow, ...]
    columns: Mapping[str, Any]  # the survivor's times and the like that go back
    identifiers: Mapping[str, list[int]]  # returning id -> the identifiers that return with it
    made: tuple[int, ...]  # identifiers that only the merge made, and that go with it
    withheld: tuple[Withheld, ...]
    counts: tuple[RowCount, ...]
    later: tuple[Merge, ...]  # merges since then, corrected, to be saved
    owners: frozenset[int]  # who owns the records afterwards: to be seen by who undoes
    digest: str  # of all that was seen, whatever was chosen

    @property
    def shown_rows(self) -> list[UnmergeRow]:
        rows = [row for row in self.rows if not row.field.archived]
        return [row for row in rows if row.present or row.result or any(row.returning.values())]

    @property
    def moving(self) -> list[RowCount]:
        """What moves back, in counts, identifiers included."""
        ids = sum(len(ids) for ids in self.identifiers.values())
        kinds = ("email or mobile phone", "emails and mobile phones")
        return [count for count in (RowCount(kinds, ids), *self.counts) if count.back]

    @property
    def disputed(self) -> list[UnmergeRow]:
        return [row for row in self.rows if row.disputed]


def why_not(merge: Merge) -> str:
    """Why the merge cannot be undone, or ""."""
    if merge.undone_at is not None:
        return UNDONE
    if timezone.now() - merge.at > UNDO_FOR:
        return TOO_OLD
    if not merge.before:
        return EMPTIED
    return "" if merge.records else NOT_KEPT


def plan_unmerge(
    *, merge: Merge, survivor: Contact, choices: Mapping[str, str] | None = None
) -> UnmergePlan:
    """Plan the undo of a merge whose survivor is, or is now part of, `survivor`.

    `choices` maps a disputed field to "before"; the present value is kept otherwise. Pure: reads,
    writes nothing. Raises CannotUndo.
    """
    reason = why_not(merge)
    if reason:
        raise CannotUndo(reason)
    later = _later(merge, survivor)
    returning = {public_id: rebuild(merge, public_id) for public_id in folded_in_order(merge)}
    _find_owners(returning, survivor)
    wanted = Wanted(merge, survivor, returning)
    rows = _plan_rows(merge, survivor, later, wanted, choices or {})
    wanted.settle({row.field.name: row.result for row in rows})
    wanted.correct(later)
    after = {public_id: snapshot(record) for public_id, record in returning.items()}
    rows = [
        replace(row, returning={key: texts.get(row.field.name, "") for key, texts in after.items()})
        for row in rows
    ]
    counts = count_back(merge, survivor, later)
    owners = {row.result for row in rows if row.field.name == "owner"}
    return UnmergePlan(
        merge=merge,
        survivor=survivor,
        returning=tuple(returning.values()),
        rows=tuple(rows),
        columns=_plan_columns(merge, survivor, later),
        identifiers=wanted.back,
        made=tuple(wanted.made),
        withheld=tuple(wanted.withheld),
        counts=tuple(counts),
        later=tuple(later),
        owners=frozenset({int(pk) for pk in owners} | {r.owner_id for r in returning.values()}),
        digest=_digest(merge, survivor, rows, wanted, counts),
    )


def _later(merge: Merge, survivor: Contact) -> list[Merge]:
    """The merges since then that still stand, in order. Raises CannotUndo."""
    since = [m for m in merges_behind(survivor) if m.pk > merge.pk and m.undone_at is None]
    if any(m.before and not m.records for m in since):
        raise CannotUndo(NOT_KEPT)
    return [m for m in since if m.before]


def _digest(
    merge: Merge,
    survivor: Contact,
    rows: list[UnmergeRow],
    wanted: Wanted,
    counts: list[RowCount],
) -> str:
    """Of everything that the plan was made from; the same whatever is chosen."""
    seen = [
        (merge.pk, survivor.pk, survivor.version),
        [(row.field.name, row.present, row.before, row.disputed) for row in rows],
        wanted.facts(),
        [(count.names, count.back, count.gone, count.elsewhere) for count in counts],
        sorted((key, record.owner_id) for key, record in wanted.returning.items()),
    ]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()


def _find_owners(returning: dict[str, Contact], survivor: Contact) -> None:
    """An owner whose account is gone is replaced by the survivor's."""
    ids = {record.owner_id for record in returning.values()}
    there = set(User.objects.filter(pk__in=ids).values_list("pk", flat=True))
    for record in returning.values():
        if record.owner_id not in there:
            record.owner_id = survivor.owner_id


def _plan_rows(
    merge: Merge,
    survivor: Contact,
    later: list[Merge],
    wanted: Wanted,
    choices: Mapping[str, str],
) -> list[UnmergeRow]:
    rows = []
    for name, spec in known_fields().items():
        present = as_text(current_value(survivor, spec))
        trail = follow(merge, later, FIELD_LAYER, name, survivor.public_id)
        back = trail.back if trail else present
        disputed = trail is not None and not (trail.reached and trail.wrote == present)
        if back == present or (name == "owner" and not User.objects.filter(pk=back).exists()):
            back, disputed = present, False
        elif name in IDENTIFIER_FIELDS and not wanted.may_hold(name, back):
            wanted.keep_away(name, back)
            back = "" if wanted.leaves(name, present) and not disputed else present
            disputed = False
        result = present if disputed and choices.get(name) != BEFORE else back
        rows.append(UnmergeRow(spec, present, back, result, {}, disputed))
    changes = history.last_changes(survivor, {row.field.name for row in rows if row.disputed})
    return [replace(row, changed_by=changes.get(row.field.name)) for row in rows]


def _plan_columns(merge: Merge, survivor: Contact, later: list[Merge]) -> dict[str, Any]:
    """The survivor's other columns that still hold what the merge wrote."""
    present = columns_of(survivor)
    back = {}
    for name in merge.records[RESULT]["columns"]:
        trail = follow(merge, later, COLUMN_LAYER, name, survivor.public_id)
        if trail is not None and trail.reached and present.get(name) == trail.wrote:
            back[name] = column_value(name, trail.back)
    return back
