"""What became of bulk actions: progress, result, undo, and the list of them."""

import re

from django.contrib.auth.decorators import login_required
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import (
    HttpResponseClientRedirect,
    replace_url,
    reswap,
    retarget,
    trigger_client_event,
)

from contacts.access import may_administer
from contacts.bulk_actions.running import stop
from contacts.bulk_actions.starting import CannotUndo, actions_of, start_undo
from contacts.bulk_actions.wording import target_names, title, told
from contacts.exporting.rows import csv_response
from contacts.models import BulkAction, BulkRow, Contact, ExportFile, User
from contacts.retrying import Busy
from contacts.signals import Actor
from contacts.views.progress import progress_context, show_progress
from contacts.views.requests import HtmxHttpRequest, list_on_screen, list_query, wants_part
from contacts.views.settings import render_settings
from contacts.views.shell import contacts_changed, toast

SHOWN = 100
BUSY = "Others are changing these contacts right now. Nothing was set back. Try again in a moment."
_OPEN_CONTACT = re.compile(r"/contacts/(CTC-[0-9A-Z]{12})/")


def after_action(request: HtmxHttpRequest, action: BulkAction) -> HttpResponse:
    """A small action is done: a toast over the list. A large one has a page of its own."""
    if action.state != BulkAction.State.DONE:
        return _go(request, _address(action) + list_query(request))
    text = told(action, target_names([action]))
    undo = reverse("bulk_undo", args=[action.pk]) if action.undoable else ""
    if not wants_part(request):
        url = reverse("contact_list") + list_query(request)
        return toast(request, HttpResponseRedirect(url), text, undo=undo)
    return contacts_changed(toast(request, _closed_dialog(request), text, undo=undo))


def _closed_dialog(request: HtmxHttpRequest) -> HttpResponse:
    """An empty dialog, which closes it; and no pane, where its contact has been deleted."""
    found = _OPEN_CONTACT.search(request.htmx.current_url or "")
    if found is None or Contact.objects.filter(public_id=found[1]).exists():
        return reswap(retarget(HttpResponse(), "#dialog"), "innerHTML")
    response = retarget(render(request, "contacts/_no_pane.html"), "#pane")
    return replace_url(reswap(response, "outerHTML"), reverse("contact_list") + list_query(request))


def _address(action: BulkAction) -> str:
    return reverse("bulk_action", args=[action.pk])


def _go(request: HtmxHttpRequest, url: str) -> HttpResponse:
    return HttpResponseClientRedirect(url) if wants_part(request) else HttpResponseRedirect(url)


def list_of_actions(request: HtmxHttpRequest) -> HttpResponse:
    """One's own bulk actions and exports, newest first; an administrator sees everybody's."""
    actions = _with_undo(actions_of(request.user))[:SHOWN]
    owners = target_names(actions)
    files = ExportFile.objects.select_related("created_by")
    if not may_administer(request.user):
        files = files.filter(created_by=request.user)
    context = {
        "items": [{"action": action, "title": title(action, owners)} for action in actions],
        "files": files[:SHOWN],
    }
    return render_settings(request, "bulk/list.html", context)


@login_required
@require_GET
def bulk_action(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """How far an action is, or what became of it."""
    return _show(request, _find(request.user, pk))


def _show(
    request: HtmxHttpRequest, action: BulkAction, *, problem: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "action": action,
        "title": title(action, target_names([action])),
        "problem": problem,
        "list_query": list_query(request),
        **progress_context(action, action.started_at, _address(action)),
    }
    return render(request, "bulk/action.html", context, status=status)


@login_required
@require_GET
def bulk_progress(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """How far an action is, again and again; when it has ended this leads on."""
    action = _find(request.user, pk)
    address = _address(action) + list_on_screen(request)
    return show_progress(request, action, action.started_at, address)


@login_required
@require_http_methods(["GET", "POST"])
def bulk_stop(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """POST stops a running action, what is done stays. GET leads to the action."""
    action = _find(request.user, pk)
    if request.method == "POST":
        stop(action.pk, Actor(request.user))
    return HttpResponseRedirect(_address(action))


@login_required
@require_http_methods(["GET", "POST"])
def bulk_undo(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """POST sets back what the action wrote. GET leads to the action, which offers it."""
    action = _find(request.user, pk)
    if request.method == "GET":
        return HttpResponseRedirect(_address(action))
    try:
        undo = start_undo(action_id=action.pk, user=request.user)
    except (CannotUndo, Busy) as fault:
        problem = str(fault) or BUSY
        if wants_part(request):
            nothing = reswap(HttpResponse(), "none")
            return trigger_client_event(nothing, "toast", {"text": problem, "alert": True})
        return _show(request, action, problem=problem, status=409)
    if wants_part(request) and undo.state == BulkAction.State.DONE:
        text = told(undo, target_names([undo]))
        return contacts_changed(toast(request, reswap(HttpResponse(), "none"), text))
    return after_action(request, undo)


@login_required
@require_GET
def bulk_refused(request: HtmxHttpRequest, pk: int) -> HttpResponseBase:
    """The ids of the rows that were refused: to this person or not, they say nothing else."""
    action = _find(request.user, pk)
    rows = action.rows.filter(outcome=BulkRow.Outcome.REFUSED).order_by("pk")
    ids = rows.values_list("public_id", flat=True).iterator(chunk_size=2000)
    name = f"bulk-action-{pk}-refused.csv"
    return csv_response(["Contact ID"], ([public_id] for public_id in ids), filename=name)


def _find(user: User, pk: int) -> BulkAction:
    return get_object_or_404(_with_undo(actions_of(user)), pk=pk)


def _with_undo(actions: QuerySet[BulkAction]) -> QuerySet[BulkAction]:
    State = BulkAction.State
    undos = BulkAction.objects.filter(undoes=OuterRef("pk"), state__in=[State.RUNNING, State.DONE])
    return actions.select_related("undoes").annotate(undone=Exists(undos))
