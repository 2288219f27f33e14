"""Moving everything that points at a duplicate to the survivor, and writing down what moved.

Relations are found through the models themselves, so a later app's rows move without being named
here. A relation that needs care (uniqueness) is registered with `moves`. The way back is
contacts.merging.returning.
"""

from collections.abc import Callable, Mapping

from django.db import models
from django.db.models import Q

from contacts.models import (
    ConflictRequest,
    Contact,
    FieldChange,
    Identifier,
    MatchKey,
    Merge,
    MovedRow,
    PossibleDuplicate,
    PropertyKey,
)

Mover = Callable[[Merge, Contact, Contact], None]  # merge, duplicate, survivor
_movers: dict[type[models.Model], Mover] = {}
BATCH = 1000


class RowsLost(AssertionError):
    """A merge would have lost related rows; the transaction is undone."""


def moves(model: type[models.Model]) -> Callable[[Mover], Mover]:
    """Register how the rows of `model` move, instead of a plain update of the foreign key."""

    def register(mover: Mover) -> Mover:
        _movers[model] = mover
        return mover

    return register


def mover_of(model: type[models.Model]) -> Mover | None:
    return _movers.get(model)


def relations() -> list[models.ForeignKey[Contact, Contact]]:
    """Every foreign key that points at a contact, those of many-to-many tables included."""
    fields = Contact._meta.get_fields(include_hidden=True)
    return [
        relation.field
        for relation in fields
        if isinstance(relation, models.ManyToOneRel) and relation.field.model is not Contact
    ]


def fold_in(merge: Merge, duplicate: Contact, survivor: Contact) -> None:
    """Repoint every row of the duplicate and record each one, the record itself first. Raises
    RowsLost."""
    write_down(merge, Contact, "id", duplicate, {duplicate.pk: {}})
    for key in relations():
        mover = _movers.get(key.model)
        if mover is None:
            _move_rows(merge, key, duplicate, survivor)
    for mover in _movers.values():
        mover(merge, duplicate, survivor)


def _move_rows(
    merge: Merge, key: models.ForeignKey[Contact, Contact], duplicate: Contact, survivor: Contact
) -> None:
    rows = key.model._default_manager.filter(**{key.name: duplicate})
    kept = key.model._default_manager.filter(**{key.name: survivor}).count()
    ids = list(rows.values_list("pk", flat=True))
    write_down(merge, key.model, key.attname, duplicate, {pk: {} for pk in ids})
    rows.update(**{key.name: survivor})
    if key.model._default_manager.filter(**{key.name: survivor}).count() != kept + len(ids):
        raise RowsLost(f"{key.model._meta.label} changed while its contact was being merged")


def write_down(
    merge: Merge,
    model: type[models.Model],
    column: str,
    duplicate: Contact,
    rows: Mapping[int, Mapping[str, object]],
) -> None:
    """Record that the merge moved these rows away from the duplicate: {primary key: before}.

    `before` holds the row's other columns that the merge changed; the undo sets them again.
    """
    MovedRow.objects.bulk_create(
        [
            MovedRow(
                merge=merge,
                model=model._meta.label_lower,
                field=column,
                row=str(pk),
                moved_from_id=duplicate.public_id,
                before=dict(before),
            )
            for pk, before in rows.items()
        ],
        batch_size=BATCH,
    )


@moves(Identifier)
def _move_identifiers(merge: Merge, duplicate: Contact, survivor: Contact) -> None:
    """They become former; which of them are current afterwards is the merge's result."""
    rows = Identifier.objects.filter(contact=duplicate)
    before = {row.pk: {"current": row.current} for row in rows}
    write_down(merge, Identifier, "contact_id", duplicate, before)
    rows.update(contact=survivor, current=False)


@moves(FieldChange)
def _move_history(merge: Merge, duplicate: Contact, survivor: Contact) -> None:
    """Their version becomes 0: versions count one record's saves, and an edit of the survivor
    compares its own against them."""
    rows = FieldChange.objects.filter(contact=duplicate)
    before = {pk: {"version": version} for pk, version in rows.values_list("pk", "version")}
    write_down(merge, FieldChange, "contact_id", duplicate, before)
    rows.update(contact=survivor, version=0)


@moves(PossibleDuplicate)
def _move_suspicions(merge: Merge, duplicate: Contact, survivor: Contact) -> None:
    """A pair of the two is settled by the merge; a pair with a third is kept once, in order."""
    pairs = PossibleDuplicate.objects.filter(Q(first=duplicate) | Q(second=duplicate))
    for pair in pairs.order_by("pk"):
        side = "first_id" if pair.first_id == duplicate.pk else "second_id"
        third = pair.second_id if pair.first_id == duplicate.pk else pair.first_id
        low, high = sorted((third, survivor.pk))
        known = PossibleDuplicate.objects.filter(first_id=low, second_id=high).exists()
        if third == survivor.pk or known:
            before: dict[str, object] = {"removed": row_as_json(pair)}
            write_down(merge, PossibleDuplicate, side, duplicate, {pair.pk: before})
            pair.delete()
            continue
        write_down(merge, PossibleDuplicate, side, duplicate, {pair.pk: {}})
        PossibleDuplicate.objects.filter(pk=pair.pk).update(first_id=low, second_id=high)


@moves(PropertyKey)
def _leave_property_keys(merge: Merge, duplicate: Contact, survivor: Contact) -> None:
    """They are derived: the duplicate's go with it, the survivor's follow its values."""


@moves(ConflictRequest.holders.through)
def _move_held(merge: Merge, duplicate: Contact, survivor: Contact) -> None:
    """A request names each holder once."""
    held = ConflictRequest.holders.through
    for row in held.objects.filter(contact=duplicate).order_by("pk"):
        same = {"conflictrequest_id": row.conflictrequest_id, "contact_id": survivor.pk}
        known = held.objects.filter(**same).exists()
        before: dict[str, object] = {"removed": row_as_json(row)} if known else {}
        write_down(merge, held, "contact_id", duplicate, {row.pk: before})
        if known:
            row.delete()
        else:
            held.objects.filter(pk=row.pk).update(contact=survivor)


@moves(MatchKey)
def _forget_match_keys(merge: Merge, duplicate: Contact, survivor: Contact) -> None:
    """Derived from the duplicate's fields; the search makes them again where they are needed."""
    MatchKey.objects.filter(contact=duplicate).delete()


def row_as_json(row: models.Model) -> dict[str, object]:
    """Every column of a row, as `Merge` and `MovedRow` keep it."""
    return {
        each.attname: None if getattr(row, each.attname) is None else each.value_to_string(row)
        for each in row._meta.concrete_fields
    }
