"""What undoing an import does with each of its rows: decided once, for the page and for the deed.

A contact that the import made goes, unless somebody has changed it or it has gained an activity.
Of one that it changed, each field goes back that still holds what the import wrote.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from contacts.fields import IDENTIFIER_FIELDS, current_value, field_named
from contacts.imports.effects import actor_of
from contacts.models import Contact, FieldChange, Import, ImportRow, Source, User
from contacts.services import Changes, Values, holders_of, identifier_key
from contacts.signals import Actor, ContactChange
from contacts.undoing import what_goes_back

GONE = "It was deleted since."
MERGED = "It was merged since."
ACTIVE = "It has gained activities since."
CHANGED = "It was changed since."
PAGE = 500  # rows looked at together
Outcome, Undo = ImportRow.Outcome, ImportRow.Undo


@dataclass(frozen=True)
class Decision:
    """What becomes of one row's contact."""

    row: ImportRow
    contact: Contact | None
    undo: ImportRow.Undo
    values: Values = field(default_factory=dict)  # that go back
    note: str = ""  # what stays, and why

    @property
    def identifies(self) -> bool:
        """Whether an e-mail or a mobile phone goes back."""
        return any(name in self.values for name in IDENTIFIER_FIELDS)


def rows_to_undo(batch: Import, after: int = 0) -> list[int]:
    """The numbers of the rows that wrote something, from one on."""
    rows = ImportRow.objects.filter(
        batch=batch,
        number__gt=after,
        number__lte=batch.committed_through,
        outcome__in=[Outcome.NEW, Outcome.UPDATED],
    )
    return list(rows.order_by("number").values_list("number", flat=True)[:PAGE])


def decide(batch: Import, rows: Sequence[ImportRow], contacts: Iterable[Contact]) -> list[Decision]:
    """For each row; `contacts` are those of the rows that there are. Reads only, set by set."""
    known = {contact.pk: contact for contact in contacts}
    written = _written_by(batch, rows)
    owners = {str(pk) for pk in User.objects.values_list("pk", flat=True)}
    return [
        _decide(row, known.get(row.contact_id or 0), written.get(row.pk, []), owners)
        for row in rows
    ]


def _decide(
    row: ImportRow, contact: Contact | None, written: list[FieldChange], owners: set[str]
) -> Decision:
    if contact is None:
        return Decision(row, None, Undo.KEPT, note=GONE)
    if not written:  # its history has gone into another record
        return Decision(row, contact, Undo.KEPT, note=MERGED)
    if row.outcome == Outcome.NEW:
        note = _kept_because(contact)
        return Decision(row, contact, Undo.KEPT if note else Undo.REMOVED, note=note)
    return _set_back(row, contact, written, owners)


def _kept_because(contact: Contact) -> str:
    """Why a contact that the import made stays; "" where it goes."""
    if contact.last_interacted_time is not None or contact.upcoming_meetings:
        return ACTIVE
    return CHANGED if contact.version != 1 else ""


def _set_back(
    row: ImportRow, contact: Contact, written: list[FieldChange], owners: set[str]
) -> Decision:
    found = what_goes_back(contact, written, owners=owners)
    values, notes = dict(found.values), []
    wanted = {
        kind: identifier_key(kind, values[kind]) for kind in IDENTIFIER_FIELDS if values.get(kind)
    }
    for kind in holders_of(wanted, besides=contact.pk):
        del values[kind]
        notes.append(f"{field_named(kind).label} stays: another contact has the earlier one now.")
    for name, change in found.changed_since.items():
        by = f" by {change.actor}" if change is not None and change.actor else ""
        notes.append(f"{field_named(name).label} was changed since{by} and stays.")
    notes += [
        f"{field_named(name).label} stays: it names nobody any more." for name in found.refused
    ]
    undo = Undo.RESTORED if values or not notes else Undo.KEPT
    return Decision(row, contact, undo, values, " ".join(notes)[:300])


def _written_by(batch: Import, rows: Sequence[ImportRow]) -> dict[int, list[FieldChange]]:
    """The history that each row made, by the row's key. What a merge moved has version 0."""
    details = {actor_of(batch, row).detail: row for row in rows}
    changes = FieldChange.objects.filter(
        contact__in=[row.contact_id for row in rows if row.contact_id],
        source=Source.IMPORT,
        version__gt=0,
    ).order_by("pk")
    found: dict[int, list[FieldChange]] = defaultdict(list)
    for change in changes:
        row = details.get(change.detail)
        if row is not None and _made_by(row, change):
            found[row.pk].append(change)
    return found


def _made_by(row: ImportRow, change: FieldChange) -> bool:
    """Two files may have one name: the version tells whose row it was."""
    version = 1 if row.outcome == Outcome.NEW else row.contact_version + 1
    return (change.contact_id, change.version) == (row.contact_id, version)


def undo_actor(batch: Import, row: ImportRow | None = None) -> Actor:
    """Who undoes it, as history names it."""
    of = f"row {row.number:,} of {batch.filename}" if row is not None else batch.filename
    return Actor(batch.undone_by, Source.IMPORT, f"undo of {of}"[:120])


def changes_of(batch: Import, decisions: Sequence[Decision]) -> list[ContactChange]:
    """What carrying the decisions out will announce."""
    changes = []
    for each in decisions:
        contact = each.contact
        if contact is None or each.undo == Undo.KEPT:
            continue
        fields: Changes = {
            name: (current_value(contact, field_named(name)), new)
            for name, new in each.values.items()
        }
        removed = each.undo == Undo.REMOVED
        if removed or fields:
            kind, version = (
                ("deleted", contact.version) if removed else ("updated", contact.version + 1)
            )
            actor = undo_actor(batch, each.row)
            changes.append(
                ContactChange(contact.pk, contact.public_id, actor, kind, version, fields)
            )
    return changes
