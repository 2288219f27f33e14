"""The way back of contacts.merging.repointing: rows that a merge moved return to the record they came from.

A row is taken from where it is now. Where the survivor was merged into yet another record later,
that merge's note of the row goes, so that undoing it later leaves the row where it belongs.

A model whose rows moved by `moves` and were not only repointed (removed, since the survivor had one
like it) registers the counterpart with `moves_back`. It is run in reverse: first the later merges
step back, then this one, and the later ones move anew what is left to them.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import IntegrityError, models, transaction
from django.db.models import Q, QuerySet

from contacts.merging.records import folded_in_order, stand_in
from contacts.merging.repointing import BATCH, Mover, RowsLost, mover_of
from contacts.models import ConflictRequest, Contact, Identifier, Merge, MovedRow, PossibleDuplicate

_movers_back: dict[type[models.Model], Mover] = {}
#: (one, many) where the model's own name would not say it.
LABELS = {
    "contacts.fieldchange": ("change in the history", "changes in the history"),
    "contacts.conflictrequest_holders": ("refused save over it", "refused saves over it"),
    "contacts.conflictrequest": ("refused save", "refused saves"),
}


@dataclass(frozen=True)
class RowCount:
    """What becomes of the rows of one kind that the merge moved."""

    names: tuple[str, str]  # one, many
    back: int
    gone: int = 0  # no longer there at all
    elsewhere: int = 0  # somebody has moved them to another contact since

    @property
    def label(self) -> str:
        return self.names[self.back != 1]


def moves_back(model: type[models.Model]) -> Callable[[Mover], Mover]:
    """Register how rows of `model` return: called with the merge, the returning record and the
    survivor, it restores what this merge wrote down of them (`taken_back`)."""

    def register(mover: Mover) -> Mover:
        _movers_back[model] = mover
        return mover

    return register


def count_back(merge: Merge, holder: Contact, later: list[Merge]) -> list[RowCount]:
    """What `bring_back` will do, in counts. Reads only; identifiers are planned on their own."""
    counts: dict[str, list[int]] = {}
    for label, column in _columns(merge):
        model = _model(label, column)
        total = counts.setdefault(label, [0, 0, 0])
        for notes in _chunks(_notes(merge, label, column)):
            there, at_holder = _where(model, column, holder, notes)
            kept = _put_away(model, notes, later)
            total[0] += len(at_holder) + len(kept)
            total[1] += len(notes) - len(there) - len(kept)
            total[2] += len(there) - len(at_holder)
    return [RowCount(_names(label), *numbers) for label, numbers in counts.items()]


def bring_back(
    merge: Merge, returning: dict[str, Contact], holder: Contact, later: list[Merge]
) -> None:
    """Give the returning records (by public id) the rows that came with them. Raises RowsLost.

    `holder` is where the survivor of the merge is now, `later` the merges since then, in order.
    """
    columns = _columns(merge)
    for label, column in columns:
        model = _model(label, column)
        if model is None or model in _movers_back:
            continue
        for record in returning.values():
            _return_rows(merge, model, column, record, holder, later)
    for model in _movers_back:
        if any(label == model._meta.label_lower for label, _ in columns):
            _replay(model, merge, returning, later)
    _settle_pairs({holder.pk, *(record.pk for record in returning.values())})


def _return_rows(
    merge: Merge,
    model: type[models.Model],
    column: str,
    record: Contact,
    holder: Contact,
    later: list[Merge],
) -> None:
    rows_of = model._default_manager
    label = model._meta.label_lower
    held = rows_of.filter(**{column: holder.pk}).count()
    returned = 0
    for notes in _chunks(_notes(merge, label, column).filter(moved_from=record.public_id)):
        there = rows_of.filter(pk__in=[note.row for note in notes], **{column: holder.pk})
        ids = {str(pk) for pk in there.values_list("pk", flat=True)}
        returned += len(ids)
        _set_before(model, {note.row: note.before for note in notes if note.row in ids})
        rows_of.filter(pk__in=ids).update(**{column: record.pk})
        MovedRow.objects.filter(merge__in=later, model=label, field=column, row__in=ids).delete()
    at_holder = rows_of.filter(**{column: holder.pk}).count()
    at_record = rows_of.filter(**{column: record.pk}).count()
    if (at_holder, at_record) != (held - returned, returned):
        raise RowsLost(f"{model._meta.label} changed while its merge was being undone")


def _set_before(model: type[models.Model], before: dict[str, dict[str, Any]]) -> None:
    """Give the rows (by primary key) the columns again that the merge changed beside the key."""
    names = {name for columns in before.values() for name in columns}
    if not names:
        return
    rows = list(model._default_manager.filter(pk__in=list(before)))
    for row in rows:
        for name, value in before[str(row.pk)].items():
            setattr(row, name, _python(model, name, value))
    fields = sorted(model._meta.get_field(name).name for name in names)
    model._default_manager.bulk_update(rows, fields, batch_size=BATCH)


def _python(model: type[models.Model], name: str, value: Any) -> Any:
    return None if value is None else model._meta.get_field(name).to_python(value)  # type: ignore[union-attr]


def _replay(
    model: type[models.Model], merge: Merge, returning: dict[str, Contact], later: list[Merge]
) -> None:
    """Step back to this merge, undo it, and step forward again without it."""
    mover, mover_back = mover_of(model), _movers_back[model]
    assert mover is not None  # who returns rows has moved them
    for step in reversed(later):
        for public_id in reversed(folded_in_order(step)):
            mover_back(step, stand_in(step, public_id), stand_in(step, step.survivor_id))
    for public_id in reversed(folded_in_order(merge)):
        mover_back(merge, returning[public_id], stand_in(merge, merge.survivor_id))
    for step in later:
        for public_id in folded_in_order(step):
            mover(step, stand_in(step, public_id), stand_in(step, step.survivor_id))


def taken_back(
    merge: Merge, model: type[models.Model], duplicate: Contact
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of `model` that the merge took from the duplicate, last one first, as (primary key,
    before). They are written down no longer: who asks for them puts them back."""
    notes = MovedRow.objects.filter(
        merge=merge, model=model._meta.label_lower, moved_from=duplicate.public_id
    )
    rows = list(notes.order_by("-pk").values_list("row", "before"))
    notes.delete()
    yield from rows


@moves_back(PossibleDuplicate)
def _return_suspicions(merge: Merge, duplicate: Contact, survivor: Contact) -> None:
    """A pair with a third is the returning record's again; a settled one is suspected again."""
    for pk, before in taken_back(merge, PossibleDuplicate, duplicate):
        if "removed" in before:
            _restore(PossibleDuplicate, before["removed"])
            continue
        pair = PossibleDuplicate.objects.filter(pk=pk).first()
        if pair is None:  # put away by a merge of its other side: there it names the right one
            _rename_side(pk, survivor, duplicate)
        elif survivor.pk in {pair.first_id, pair.second_id}:
            third = pair.second_id if pair.first_id == survivor.pk else pair.first_id
            low, high = sorted((third, duplicate.pk))
            with suppress(IntegrityError), transaction.atomic():
                PossibleDuplicate.objects.filter(pk=pk).update(first_id=low, second_id=high)


def _rename_side(pk: str, survivor: Contact, duplicate: Contact) -> None:
    notes = MovedRow.objects.filter(model=PossibleDuplicate._meta.label_lower, row=pk)
    for note in notes.filter(before__has_key="removed"):
        columns = note.before["removed"]
        sides = {int(columns["first_id"]), int(columns["second_id"])}
        if survivor.pk in sides:
            low, high = sorted({*sides - {survivor.pk}, duplicate.pk})
            columns.update(first_id=low, second_id=high)
            note.save(update_fields=["before"])


@moves_back(ConflictRequest.holders.through)
def _return_held(merge: Merge, duplicate: Contact, survivor: Contact) -> None:
    held = ConflictRequest.holders.through
    for pk, before in taken_back(merge, held, duplicate):
        if "removed" in before:
            _restore(held, before["removed"])
        else:
            held.objects.filter(pk=pk, contact=survivor.pk).update(contact=duplicate.pk)


def _restore(model: type[models.Model], columns: dict[str, Any]) -> None:
    """Make a removed row again, unless it names something that was deleted since, or there is one
    like it again."""
    row = model()
    for field in model._meta.concrete_fields:
        if field.attname in columns:
            setattr(row, field.attname, _python(model, field.attname, columns[field.attname]))
    if all(_is_there(key, getattr(row, key.attname)) for key in _other_keys(model)):
        with suppress(IntegrityError), transaction.atomic():
            row.save(force_insert=True)


def _other_keys(model: type[models.Model]) -> list[models.ForeignKey[Any, Any]]:
    keys = [field for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey)]
    return [key for key in keys if key.related_model is not Contact]


def _is_there(key: models.ForeignKey[Any, Any], pk: Any) -> bool:
    return pk is None or key.related_model._default_manager.filter(pk=pk).exists()


def _settle_pairs(ids: set[int]) -> None:
    """Suspicions of these contacts that came back to find their other side folded in elsewhere, or
    deleted: they follow it, as if they had been there when that happened."""
    while True:
        pairs = PossibleDuplicate.objects.filter(Q(first__in=ids) | Q(second__in=ids))
        sides = {pk for pair in pairs.values_list("first_id", "second_id") for pk in pair}
        gone = sides - set(Contact.objects.filter(pk__in=sides).values_list("pk", flat=True))
        if not gone:
            return
        for pk in sorted(gone):
            _follow(pk, pairs)


def _follow(pk: int, pairs: QuerySet[PossibleDuplicate]) -> None:
    notes = MovedRow.objects.filter(model=Contact._meta.label_lower, row=str(pk))
    note = notes.filter(merge__undone_at=None).select_related("merge").first()
    mover = mover_of(PossibleDuplicate)
    if note is None or not note.merge.records or mover is None:
        pairs.filter(Q(first=pk) | Q(second=pk)).delete()
        return
    merge = note.merge
    mover(merge, stand_in(merge, note.moved_from_id), stand_in(merge, merge.survivor_id))


def _columns(merge: Merge) -> list[tuple[str, str]]:
    """(model, column) of what the merge moved, the records and their identifiers apart."""
    planned = [Contact._meta.label_lower, Identifier._meta.label_lower]
    notes = MovedRow.objects.filter(merge=merge).exclude(model__in=planned)
    return list(notes.order_by("model", "field").values_list("model", "field").distinct())


def _notes(merge: Merge, label: str, column: str) -> QuerySet[MovedRow]:
    return MovedRow.objects.filter(merge=merge, model=label, field=column).order_by("pk")


def _chunks(notes: QuerySet[MovedRow]) -> Iterator[list[MovedRow]]:
    """The notes in lists that one statement can name."""
    last = 0
    while rows := list(notes.filter(pk__gt=last)[:BATCH]):
        yield rows
        last = rows[-1].pk


def _where(
    model: type[models.Model] | None, column: str, holder: Contact, rows: Iterable[MovedRow]
) -> tuple[set[Any], set[Any]]:
    """Which of the noted rows are still there, and which of those at the holder."""
    if model is None:
        return set(), set()
    there = model._default_manager.filter(pk__in=[row.row for row in rows])
    sides = Q(**{column: holder.pk})
    if model is PossibleDuplicate:  # the pair is kept in order, so the side changes
        sides = Q(first=holder.pk) | Q(second=holder.pk)
    return set(there.values_list("pk", flat=True)), set(
        there.filter(sides).values_list("pk", flat=True)
    )


def _model(label: str, column: str) -> type[models.Model] | None:
    """None when the app or the column has gone since."""
    try:
        model = apps.get_model(label)
        model._meta.get_field(column)
    except (LookupError, FieldDoesNotExist):
        return None
    return model


def _put_away(
    model: type[models.Model] | None, notes: list[MovedRow], later: list[Merge]
) -> set[str]:
    """Those of the noted rows that this merge or a later one removed, to be made again."""
    if model not in _movers_back:
        return set()
    removed = {note.row for note in notes if "removed" in note.before}
    others = MovedRow.objects.filter(merge__in=later, model=model._meta.label_lower)
    rows = others.filter(row__in=[note.row for note in notes], before__has_key="removed")
    return removed | set(rows.values_list("row", flat=True))


def _names(label: str) -> tuple[str, str]:
    try:
        meta = apps.get_model(label)._meta
    except LookupError:
        return label, label
    return LABELS.get(label, (str(meta.verbose_name), str(meta.verbose_name_plural)))
