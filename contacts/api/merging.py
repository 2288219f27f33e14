"""Identifiers, merging and its undo: what OnceHub's API has not (api.md, marked +)."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from ninja import Router

from contacts.api.answers import json_answer
from contacts.api.authentication import AskedByKey
from contacts.api.bodies import Identifiers, MergeRequest, UndoRequest
from contacts.api.contact_values import values_of_identifiers
from contacts.api.contacts import already, show_contact, still_somebody
from contacts.api.errors import ApiError, bad, no_such
from contacts.api.finding import living_contact
from contacts.api.idempotency import NOT_KEPT, PARAMETER, idempotent
from contacts.api.schemas import Contact as ContactSchema
from contacts.api.schemas import MergeResult, UndoResult, problems
from contacts.fields import CUSTOM, Field, Kind, known_fields
from contacts.merging.merge import (
    EXISTING,
    MergeChanged,
    MergePlan,
    merge_contacts,
    plan_merge,
    plan_selected,
)
from contacts.merging.undo import UnmergeChanged, undo_merge
from contacts.merging.undo_plan import UNDO_FOR, CannotUndo, plan_unmerge
from contacts.models import Contact, Merge
from contacts.objects import contact_object, moment, number_of, numbered, user_id
from contacts.public_ids import ends_of
from contacts.retrying import Stale, retrying
from contacts.services import (
    IdentifierTaken,
    Values,
    lock_contact,
    update_contact,
    with_edits,
)

router = Router(tags=["Merging"])


@router.post(
    "/contacts/{id}/identifiers",
    response={200: ContactSchema, **problems(404, 409, 422)},
    operation_id="changeIdentifiers",
    openapi_extra={"parameters": [PARAMETER]},
)
@idempotent
def identifiers(request: AskedByKey, id: str, body: Identifiers) -> HttpResponse:
    """Change the e-mail or mobile phone. What was current is kept as a former identifier.

    When another contact has it: 409 with `existing_id`; with `merge` the two become one, and the
    answer is the contact that survives.
    """
    values = values_of_identifiers(body)
    contact = living_contact(request.auth, id)
    return show_contact(_change(request, contact.pk, values, merge=body.merge))


@retrying
@transaction.atomic
def _change(request: AskedByKey, pk: int, values: Values, *, merge: bool) -> Contact:
    contact = lock_contact(pk)
    still_somebody(contact, values)
    actor = request.auth.actor
    try:
        with transaction.atomic():
            return update_contact(contact_id=pk, actor=actor, values=values)
    except IdentifierTaken as taken:
        if not merge:
            raise already(taken, values, tell=True) from None
        held = {name: Contact.objects.get(pk=holder) for name, holder in taken.holders.items()}
    entry = with_edits(contact, values, None)
    plan = plan_merge(holders=held, edited=contact, values=entry)
    return _merged(plan, request)


def _merged(plan: MergePlan, request: AskedByKey) -> Contact:
    """Nobody is shown the plan, so when somebody was quicker it is made again, from the start."""
    try:
        return merge_contacts(plan=plan, actor=request.auth.actor)
    except MergeChanged:
        raise Stale from None


@router.post(
    "/contacts/merge",
    response={200: MergeResult, **problems(404, 409, 422)},
    operation_id="mergeContacts",
    openapi_extra={"parameters": [PARAMETER]},
)
@idempotent
def merge(request: AskedByKey, body: MergeRequest) -> HttpResponse:
    """Merge up to nine contacts into another one; `dry_run` only tells what it would do."""
    contacts = [living_contact(request.auth, id) for id in (body.survivor, *body.duplicates)]
    if len({contact.pk for contact in contacts}) < len(contacts):
        raise bad("The same contact stands there more than once.", "duplicates")
    return _merge(request, [contact.pk for contact in contacts], body)


@retrying
@transaction.atomic
def _merge(request: AskedByKey, pks: Sequence[int], body: MergeRequest) -> HttpResponse:
    rows = Contact.objects.select_for_update().filter(pk__in=pks).order_by("pk")
    locked = {contact.pk: contact for contact in rows}
    if len(locked) < len(pks):
        raise Stale
    contacts = [locked[pk] for pk in pks]
    plan = plan_selected(contacts=contacts, choices=_choices(body.fields, contacts))
    shown = _shown(plan)
    if not body.dry_run:
        survivor = _merged(plan, request)
        made = Merge.objects.filter(survivor=survivor.public_id).latest("pk")
        shown["id"] = numbered("MRG", made.pk)
        shown["undo_until"] = moment(made.at + UNDO_FOR)
        shown["contact"] = contact_object(survivor)
    response = json_answer(shown)
    response.about = NOT_KEPT if body.dry_run else plan.survivor.public_id  # type: ignore[attr-defined]
    return response


def _choices(fields: dict[str, str], contacts: Sequence[Contact]) -> dict[str, str]:
    """{field: side of the plan}. Raises ApiError for a name or an id that is not among them."""
    known = known_fields()
    sides = {contact.public_id: contact.public_id for contact in contacts[1:]}
    sides[contacts[0].public_id] = EXISTING
    chosen = {}
    for name, public_id in fields.items():
        field = name if name in known else CUSTOM + name
        if field not in known:
            raise bad(f"Unsupported field: {name}", "fields")
        if public_id not in sides:
            raise bad(f"{public_id} is none of the contacts to be merged.", "fields")
        chosen[field] = sides[public_id]
    return chosen


def _shown(plan: MergePlan) -> dict[str, Any]:
    ids = {EXISTING: plan.survivor.public_id}
    return {
        "object": "merge",
        "id": None,
        "survivor": plan.survivor.public_id,
        "duplicates": [contact.public_id for contact in plan.duplicates],
        "fields": [
            {
                "name": row.field.name.removeprefix(CUSTOM),
                "existing": _text(row.field, row.existing),
                "result": _text(row.field, row.result),
                "outcome": row.outcome.lower(),
                "from": ids.get(row.choice, row.choice),
            }
            for row in plan.shown_rows
        ],
        "effects": [line.text for line in plan.effects.lines],
        "undo_until": None,
        "contact": None,
    }


def _text(field: Field, text: str) -> str | None:
    if field.kind is Kind.OWNER and text:
        return user_id(int(text))
    return text or None


@router.post(
    "/merges/{id}/undo",
    response={200: UndoResult, **problems(404, 409, 422)},
    operation_id="undoMerge",
    openapi_extra={"parameters": [PARAMETER]},
)
@idempotent
def undo(request: AskedByKey, id: str, body: UndoRequest | None = None) -> HttpResponse:
    """Take a merge apart again, within 30 days: the merged contacts come back under their ids."""
    pk = number_of("MRG", id)
    row = Merge.objects.filter(pk=pk).first() if pk is not None else None
    if row is None:
        raise no_such("merge", id)
    return _undo(request, row, body.fields if body else {})


@retrying
@transaction.atomic
def _undo(request: AskedByKey, row: Merge, choices: dict[str, str]) -> HttpResponse:
    end, _ = ends_of([row.survivor_id])[row.survivor_id]
    holding = Contact.objects.filter(public_id=end).first()
    named = {name if name in known_fields() else CUSTOM + name: to for name, to in choices.items()}
    try:
        if holding is None:
            raise CannotUndo("The contact of this merge was deleted since.")
        plan = plan_unmerge(merge=row, survivor=holding, choices=named)
        survivor = undo_merge(plan=plan, actor=request.auth.actor)
    except CannotUndo as reason:
        raise ApiError(409, str(reason), param="id") from None
    except UnmergeChanged:
        raise Stale from None
    shown = {
        "object": "merge",
        "id": numbered("MRG", row.pk),
        "undone": True,
        "contact": contact_object(survivor),
        "returned": [contact_object(contact) for contact in plan.returning],
    }
    response = json_answer(shown)
    response.about = survivor.public_id  # type: ignore[attr-defined]
    return response
