"""Undo merge: what it would do, and doing it."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from contacts.access import sees_owners
from contacts.conflicts import administrator_of_account
from contacts.fields import field_named, owner_names, shown
from contacts.merging.undo import UnmergeChanged, effects_of_undo, undo_merge
from contacts.merging.undo_plan import CannotUndo, UnmergePlan, UnmergeRow, plan_unmerge
from contacts.models import Contact, Merge, Source
from contacts.planning import NOTHING
from contacts.public_ids import ids_behind
from contacts.retrying import Busy
from contacts.signals import Actor
from contacts.views.lookup import MergedAway, find_contact
from contacts.views.pane import BUSY, after_save
from contacts.views.requests import HtmxHttpRequest, list_query
from contacts.views.shell import render_dialog

STALE = "Something changed since this was shown. Check it and undo the merge again."
ASK = (
    "This merge put together records that your role does not show you, so it cannot be undone from "
    "your account. Ask your administrator{} to undo it."
)


@login_required
@require_http_methods(["GET", "POST"])
def merge_undo(request: HtmxHttpRequest, public_id: str, pk: int) -> HttpResponse:
    """GET shows the records as they would be, POST takes the merge apart."""
    try:
        contact = find_contact(request, public_id)
    except MergedAway as merged:
        contact = merged.survivor
        if request.method == "GET":
            url = reverse("merge_undo", args=[contact.public_id, pk])
            return HttpResponseRedirect(url + list_query(request))
    merge = get_object_or_404(Merge, pk=pk, survivor__in=ids_behind(contact.public_id))
    return _answer(request, contact, merge)


def undo_at_once(request: HtmxHttpRequest, contact: Contact, merge: Merge) -> HttpResponse:
    """From the toast: without showing it first where there is nothing to choose or to know."""
    return _answer(request, contact, merge, at_once=True)


def _answer(
    request: HtmxHttpRequest, contact: Contact, merge: Merge, *, at_once: bool = False
) -> HttpResponse:
    try:
        plan = plan_unmerge(merge=merge, survivor=contact, choices=_choices(request))
    except CannotUndo as reason:
        return _refuse(request, contact, str(reason), 410)
    if not sees_owners(request.user, plan.owners):
        name = administrator_of_account()
        return _refuse(request, contact, ASK.format(f", {name}," if name else ""), 403)
    if request.method == "GET" or "preview" in request.POST:
        return _show(request, plan)
    if at_once and (plan.disputed or plan.withheld):
        return _show(request, plan, status=409)
    if not at_once and plan.digest != request.POST.get("digest"):
        return _show(request, plan, notice=STALE, status=409)
    shown = None if at_once else request.POST.get("effects", NOTHING.digest)
    return _undo(request, plan, shown)


def _choices(request: HtmxHttpRequest) -> dict[str, str]:
    return {n.removeprefix("choice_"): str(v) for n, v in request.POST.items()}


def _undo(request: HtmxHttpRequest, plan: UnmergePlan, shown: str | None) -> HttpResponse:
    actor = Actor(request.user)
    try:
        survivor = undo_merge(plan=plan, actor=actor, shown_effects=shown)
    except CannotUndo as reason:
        return _refuse(request, plan.survivor, str(reason), 410)
    except UnmergeChanged:
        return _show_again(request, plan)
    except Busy:
        return _show(request, plan, notice=BUSY, status=409)
    names = " and ".join(record.display_name for record in plan.returning)
    verb = "is a contact" if len(plan.returning) == 1 else "are contacts"
    return after_save(request, survivor, f"Merge undone. {names} {verb} of their own again")


def _show_again(request: HtmxHttpRequest, plan: UnmergePlan) -> HttpResponse:
    """Somebody was quicker: the plan as it is now, on the contact that is there now."""
    try:
        contact = find_contact(request, plan.survivor.public_id)
    except MergedAway as merged:
        contact = merged.survivor
    merge = get_object_or_404(Merge, pk=plan.merge.pk)
    try:
        fresh = plan_unmerge(merge=merge, survivor=contact, choices=_choices(request))
    except CannotUndo as reason:
        return _refuse(request, contact, str(reason), 410)
    if not sees_owners(request.user, fresh.owners):
        raise Http404
    return _show(request, fresh, notice=STALE, status=409)


def _show(
    request: HtmxHttpRequest, plan: UnmergePlan, *, notice: str = "", status: int = 200
) -> HttpResponse:
    owners = owner_names(
        text
        for row in plan.rows
        if row.field.name == "owner"
        for text in (row.present, row.before, *row.returning.values())
    )
    context = {
        "dialog_title": "Undo merge",
        "plan": plan,
        "contact": plan.survivor,
        "rows": [_shown_row(row, plan, owners) for row in plan.shown_rows],
        "withheld": [
            {
                "label": field_named(each.kind).label,
                "value": shown(field_named(each.kind), each.value, {}),
                "record": each.record,
                "why": each.why,
            }
            for each in plan.withheld
        ],
        "moving": plan.moving,
        "effects": effects_of_undo(plan),
        "gone": sum(count.gone for count in plan.counts),
        "elsewhere": sum(count.elsewhere for count in plan.counts),
        "notice": notice,
    }
    return render_dialog(request, "contacts/_unmerge.html", context, status=status)


def _shown_row(row: UnmergeRow, plan: UnmergePlan, owners: dict[str, str]) -> dict[str, Any]:
    def text(value: str) -> str:
        return shown(row.field, value, owners) if value else ""

    change = row.changed_by
    return {
        "row": row,
        "name": f"choice_{row.field.name}",
        "present": text(row.present),
        "before": text(row.before),
        "result": text(row.result),
        "by": str(change.actor or Source(change.source).label) if change else "",
        "returning": [(record, text(row.returning[record.public_id])) for record in plan.returning],
    }


def _refuse(request: HtmxHttpRequest, contact: Contact, text: str, status: int) -> HttpResponse:
    context = {
        "text": text,
        "icon_name": "undo-2",
        "dialog_title": "Undo merge",
        "contact": contact,
    }
    return render_dialog(request, "contacts/_refused.html", context, status=status)
