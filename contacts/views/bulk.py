"""Bulk actions from the list: say what will happen, do it, and answer with what was done."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from contacts.access import assignable_owners, may_delete
from contacts.bulk_actions.selecting import (
    MAX_SELECTED,
    NO_MATCH,
    NOTHING,
    BadSelection,
    Reach,
    Selection,
    TooManySelected,
)
from contacts.bulk_actions.starting import Grown, start
from contacts.bulk_actions.wording import counted
from contacts.deleting import plan_delete
from contacts.kept import kept_of
from contacts.listing import shown_count
from contacts.models import Account, BulkAction, Contact, User
from contacts.previewing import effects_of_delete, effects_of_set
from contacts.retrying import Busy
from contacts.signals import Actor
from contacts.views.bulk_results import after_action, list_of_actions
from contacts.views.exports import choose_export
from contacts.views.list import state_of
from contacts.views.requests import HtmxHttpRequest, wants_part
from contacts.views.shell import render_dialog

Kind = BulkAction.Kind
NO_SUCH_ACTION = "There is no such action. Use one of the buttons below the list."
BUSY = "Others are changing these contacts right now. Nothing was changed. Try again in a moment."
NOT_AVAILABLE = "None of the selected contacts can be changed by you, or they no longer exist."
MERGE = "Select 2 to 10 contacts to merge them."
MOST_MERGED = 10
SUMMED_UP_TO = 1000  # contacts: beyond that, a delete is not preceded by the sums of what goes
NO_STATUS = "none"
CHOOSE = {
    Kind.OWNER: "Choose one of the owners in the list.",
    Kind.STATUS: "Choose one of the statuses in the list.",
}


@login_required
@require_http_methods(["GET", "POST"])
def bulk_start(request: HtmxHttpRequest) -> HttpResponse:
    """POST asks about the selection, and acts on it once that is confirmed. GET: what was done."""
    if request.method == "GET":
        return list_of_actions(request)
    answer = ANSWERS.get(request.POST.get("action", ""))
    try:
        if answer is None:
            raise BadSelection(NO_SUCH_ACTION)
        state, _owners = state_of(request)
        return answer(request, Selection.read(request.POST, state))
    except TooManySelected as fault:
        return refuse(request, fault, limit=MAX_SELECTED)
    except BadSelection as fault:
        return refuse(request, fault)


def refuse(request: HtmxHttpRequest, fault: BadSelection, **extra: Any) -> HttpResponse:
    """Nothing was changed, and why. The way on is back to the list, or to all that match."""
    context = {"dialog_title": "Nothing was changed", "problem": str(fault), **extra}
    context["action"] = request.POST.get("action", "")
    context["selected"] = str(fault) not in {NOTHING, NOT_AVAILABLE}  # and still to be seen
    return render_dialog(request, "bulk/_refused.html", context, status=422)


def assign_owner(request: HtmxHttpRequest, selection: Selection) -> HttpResponse:
    owners = User.objects.filter(assignable_owners(request.user)).distinct()
    choices = {str(owner.pk): str(owner) for owner in owners}
    return _set(request, selection, Kind.OWNER, choices)


def set_status(request: HtmxHttpRequest, selection: Selection) -> HttpResponse:
    choices = {str(status): str(status) for status in Contact.Status.values}
    return _set(request, selection, Kind.STATUS, {**choices, NO_STATUS: "No status"})


def _set(
    request: HtmxHttpRequest, selection: Selection, kind: Kind, choices: dict[str, str]
) -> HttpResponse:
    """Choose the value, see what it will do, do it."""
    chosen = request.POST.get("value", "")
    context: dict[str, Any] = {
        "kind": kind,
        "field": "owner" if kind == Kind.OWNER else "status",
        "dialog_title": kind.label,
        "choices": list(choices.items()),
        "chosen": chosen,
        "chosen_label": choices.get(chosen, ""),
    }
    if chosen not in choices:
        asked = bool(chosen) or "confirmed" in request.POST
        context |= {"problem": CHOOSE[kind] if asked else ""}
        context |= {"reach": _reach(request.user, selection)}
        return _ask(request, selection, kind, context, status=422 if asked else 200)
    value = "" if chosen == NO_STATUS else chosen
    already = Q(owner=int(value)) if kind == Kind.OWNER else Q(status=value)
    reach = _reach(request.user, selection, already)
    context |= {"reach": reach, "to_change": counted(reach.to_change)}
    contacts = _few(request.user, selection, reach)
    if contacts is not None:
        name = str(context["field"])
        wanted = int(value) if kind == Kind.OWNER else value
        context["effects"] = effects_of_set(contacts, name, wanted, Actor(request.user))
    return _confirmed(request, selection, kind, value, context)


def delete_selected(request: HtmxHttpRequest, selection: Selection) -> HttpResponse:
    if not may_delete(request.user, Account.load()):
        raise PermissionDenied
    reach = _reach(request.user, selection)
    contacts = _few(request.user, selection, reach)
    context = {
        "reach": reach,
        "chosen": "1",
        "to_change": counted(reach.total),
        "dialog_title": f"Delete {counted(reach.total)}?",
        "removal": plan_delete(contacts) if contacts is not None else None,
        "kept": kept_of(contacts),
        "effects": effects_of_delete(contacts or [], Actor(request.user)),
    }
    return _confirmed(request, selection, Kind.DELETE, "", context)


def _reach(user: User, selection: Selection, already: Q | None = None) -> Reach:
    """Raises BadSelection where there is nothing to act on."""
    reach = selection.reach(user, already)
    if not reach.total:
        raise BadSelection(NO_MATCH if selection.everything else NOT_AVAILABLE)
    return reach


def _few(user: User, selection: Selection, reach: Reach) -> list[Contact] | None:
    """The contacts, to sum up what goes and what stays; of very many that is not counted."""
    return None if reach.total > SUMMED_UP_TO else list(selection.contacts(user))


def _confirmed(
    request: HtmxHttpRequest, selection: Selection, kind: Kind, value: str, context: dict[str, Any]
) -> HttpResponse:
    """Act where exactly this was confirmed, and no more contacts match by now; else ask."""
    expected = _number(request, "expected")
    if request.POST.get("confirmed") != context["chosen"] or expected is None:
        return _ask(request, selection, kind, context)
    try:
        action = start(
            user=request.user, kind=kind, value=value, selection=selection, confirmed=expected
        )
    except Grown:
        now = counted(context["reach"].total)
        notice = f"{now} match by now, not {expected:,}. Nothing was changed yet."
    except Busy:
        notice = BUSY
    else:
        return after_action(request, action)
    return _ask(request, selection, kind, {**context, "notice": notice}, status=409)


def _ask(
    request: HtmxHttpRequest,
    selection: Selection,
    kind: Kind,
    context: dict[str, Any],
    *,
    status: int = 200,
) -> HttpResponse:
    """What would happen, in exact numbers, and where the list showed another one."""
    template = "bulk/_delete.html" if kind == Kind.DELETE else "bulk/_set.html"
    context = {**context, "selection": selection}
    shown = _number(request, "shown")
    if selection.everything and shown is not None:
        told = shown_count(shown)
        same = told == shown_count(context["reach"].total)
        context |= {"shown": shown, "shown_text": "" if same else told}
    return render_dialog(request, template, context, status=status)


def _number(request: HtmxHttpRequest, name: str) -> int | None:
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def merge_selected(request: HtmxHttpRequest, selection: Selection) -> HttpResponse:
    """The page that merges chosen contacts does the rest."""
    if selection.everything or not 2 <= len(selection.ids) <= MOST_MERGED:
        raise BadSelection(MERGE)
    url = f"{reverse('contact_list')}merge/?ids={','.join(selection.ids)}"
    return HttpResponseClientRedirect(url) if wants_part(request) else HttpResponseRedirect(url)


ANSWERS: dict[str, Callable[[HtmxHttpRequest, Selection], HttpResponse]] = {
    "owner": assign_owner,
    "status": set_status,
    "export": choose_export,
    "delete": delete_selected,
    "merge": merge_selected,
}
