"""Undoing a merge: what the plan (contacts.merging.undo_plan) shows, in one transaction."""

from dataclasses import replace
from datetime import datetime

from django.db import transaction

from contacts import history, planning
from contacts.fields import current_value, field_named, from_text, known_fields
from contacts.merging.repointing import RowsLost
from contacts.merging.returning import bring_back
from contacts.merging.undo_plan import BEFORE, CannotUndo, UnmergePlan, plan_unmerge
from contacts.models import Contact, Identifier, Merge, MovedRow, PublicId, Source
from contacts.planning import NOTHING, Plan
from contacts.property_keys import write_property_keys
from contacts.retrying import Busy, retrying
from contacts.search import derive
from contacts.services import Changes, IdentifierTaken, Values, apply_changes, change_of
from contacts.signals import Actor, ContactChange, announce

#: How the history of the survivor tells of it; the ids of those that came back follow.
UNDO_OF_MERGE = "undo of merge, "


class UnmergeChanged(Exception):
    """Something is not as the plan showed it; it must be shown again. Nothing was done."""


@retrying
@transaction.atomic
def undo_merge(*, plan: UnmergePlan, actor: Actor, shown_effects: str | None = None) -> Contact:
    """Take the merge apart again; the survivor comes back, and so do the others under their ids.

    `shown_effects` is the digest of what the person was told will happen elsewhere. Raises
    UnmergeChanged when that, or anything the plan was made from, has changed, and CannotUndo when
    the merge was undone, or emptied by a delete, since; then nothing happened.
    """
    plan = _look_again(plan)
    changes = _write(plan, actor)
    effects = planning.plan(changes)
    if shown_effects is not None and shown_effects != effects.digest:
        raise UnmergeChanged
    announce(*changes, plan=effects)
    survivor, returned = plan.survivor, [record.public_id for record in plan.returning]
    history.audit(
        actor, "contact.unmerged", survivor.public_id, merge=plan.merge.pk, returned=returned
    )
    return survivor


def effects_of_undo(plan: UnmergePlan) -> Plan:
    """What undoing will make happen elsewhere. The planners look at rows where they will be, so it
    is tried, and taken back before anybody sees it."""
    if not planning.any_planner():
        return NOTHING
    try:
        return _try_out(plan)
    except (CannotUndo, UnmergeChanged, Busy):
        return NOTHING  # whoever goes on is shown it again, as it is then


@retrying
def _try_out(plan: UnmergePlan) -> Plan:
    with transaction.atomic():
        effects = planning.plan(_write(_look_again(plan), Actor(None)))
        transaction.set_rollback(True)
    return effects


def _write(plan: UnmergePlan, actor: Actor) -> list[ContactChange]:
    """Everything but the audit and the announcement, whose changes come back."""
    survivor = plan.survivor
    returning = {record.public_id: record for record in plan.returning}
    how = replace(actor, source=Source.MERGE, detail=UNDO_OF_MERGE + ", ".join(returning))
    until_now = {name: current_value(survivor, spec) for name, spec in known_fields().items()}
    for record in plan.returning:
        _make_again(record)
    bring_back(plan.merge, returning, survivor, list(plan.later))
    _give_identifiers(plan, returning)
    changes = _changes(plan)
    columns = dict(plan.columns)
    if "creation_time" in columns:
        columns["listed_at"] = survivor.listed_if_created(columns["creation_time"])
    try:
        apply_changes(survivor, changes, how, **columns)
    except IdentifierTaken:
        raise UnmergeChanged from None
    _restore_marks(plan, changes)
    for record in plan.returning:
        record.last_updated_time = survivor.last_updated_time  # one moment for all of it
        record.save(update_fields=["last_updated_time"])
        history.record(record, _lost(plan, record), how)
    _close(plan, actor, survivor.last_updated_time)
    return [
        change_of(survivor, actor, "unmerged", changes, returning),
        *(change_of(r, actor, "restored", _against(until_now, r)) for r in plan.returning),
    ]


def _against(until_now: Values, record: Contact) -> Changes:
    """From the values that its rows followed until now, the survivor's, to the record's own."""
    return {
        name: (until_now[name], own)
        for name, spec in known_fields().items()
        for own in [current_value(record, spec)]
        if own != until_now[name]
    }


def _look_again(plan: UnmergePlan) -> UnmergePlan:
    """The same plan made anew with the records locked. Raises UnmergeChanged."""
    survivor = Contact.objects.select_for_update().filter(pk=plan.survivor.pk).first()
    merge = Merge.objects.select_for_update().filter(pk=plan.merge.pk).first()
    if survivor is None or merge is None:
        raise UnmergeChanged
    choices = {row.field.name: BEFORE for row in plan.disputed if row.choice == BEFORE}
    fresh = plan_unmerge(merge=merge, survivor=survivor, choices=choices)
    if fresh.digest != plan.digest:
        raise UnmergeChanged
    return fresh


def _make_again(record: Contact) -> None:
    """The record is there again, where it stood in the API's list."""
    place = PublicId.objects.values_list("listed_at", flat=True).get(pk=record.public_id)
    record.listed_at = None if place == record.creation_time else place
    PublicId.objects.filter(pk=record.public_id).update(
        state=PublicId.State.LIVE,
        merged_into=None,
        listed_at=None,
        listed_row=None,
        changed_at=record.last_updated_time,
    )
    derive(record)
    record.save(force_insert=True)
    if record.custom:
        write_property_keys([record])


def _give_identifiers(plan: UnmergePlan, returning: dict[str, Contact]) -> None:
    """The identifiers leave the survivor as they came. Raises RowsLost."""
    merge, survivor = plan.merge, plan.survivor
    before = Identifier.objects.filter(contact=survivor).count()
    Identifier.objects.filter(pk__in=plan.made, contact=survivor).delete()
    given = 0
    for public_id, ids in plan.identifiers.items():
        noted = {row["id"]: row for row in merge.records[public_id]["identifiers"]}
        for pk in ids:
            row = noted[pk]
            given += Identifier.objects.filter(pk=pk, contact=survivor).update(
                contact=returning[public_id],
                current=row["current"],
                value=row["value"],
                since=datetime.fromisoformat(row["since"]),
            )
        MovedRow.objects.filter(
            merge__in=plan.later,
            model=Identifier._meta.label_lower,
            row__in=[str(pk) for pk in ids],
        ).delete()
    left = Identifier.objects.filter(contact=survivor).count()
    expected = sum(len(ids) for ids in plan.identifiers.values())
    if given != expected or left != before - given - len(plan.made):
        raise RowsLost("identifiers changed while their merge was being undone")


def _changes(plan: UnmergePlan) -> Changes:
    """What goes back on the survivor."""
    changes: Changes = {}
    for row in plan.rows:
        if row.goes_back:
            old = current_value(plan.survivor, row.field)
            changes[row.field.name] = (old, from_text(row.field, row.result))
    return changes


def _restore_marks(plan: UnmergePlan, changes: Changes) -> None:
    """An identifier that is the survivor's current one again has been so since it was before, as
    the first merge that met it noted."""
    here = {row.pk: row for row in plan.survivor.identifiers.filter(current=True, kind__in=changes)}
    for step in (*reversed(plan.later), plan.merge):
        records = [step.records[public_id] for public_id in step.before]
        for noted in (row for record in records for row in record["identifiers"]):
            if noted["current"] and noted["id"] in here:
                here[noted["id"]].since = datetime.fromisoformat(noted["since"])
    Identifier.objects.bulk_update(here.values(), ["since"])


def _lost(plan: UnmergePlan, record: Contact) -> Changes:
    """What a returning record does not get back, for its history: identifiers, a gone owner."""
    lost: Changes = {}
    known = known_fields()
    for name, text in plan.merge.before[record.public_id].items():
        if name not in known:
            continue
        old, new = from_text(field_named(name), text), current_value(record, known[name])
        if old != new:
            lost[name] = (old, new)
    return lost


def _close(plan: UnmergePlan, actor: Actor, at: datetime) -> None:
    """The merge is undone; what its undo needed is needed no longer and holds values of people."""
    for step in plan.later:
        step.save(update_fields=["before", "result", "records"])
    merge = plan.merge
    MovedRow.objects.filter(merge=merge).delete()
    merge.before, merge.result, merge.records = {}, {}, {}
    merge.undone_at, merge.undone_by, merge.undone_api_key = at, actor.user, actor.api_key
    merge.save(
        update_fields=["before", "result", "records", "undone_at", "undone_by", "undone_api_key"]
    )
