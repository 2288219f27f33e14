"""Choosing the columns of All Contacts, and their order: a dialog, or a page of its own."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from contacts.columns import (
    MAX_COLUMNS,
    NAME,
    chosen_columns,
    clean_columns,
    columns,
)
from contacts.identity import InvalidValue
from contacts.listing import ListState
from contacts.lists import ListGone, may_edit, save_columns
from contacts.models import ContactList
from contacts.retrying import Busy
from contacts.signals import Actor
from contacts.views.list import state_of
from contacts.views.requests import HtmxHttpRequest, wants_part
from contacts.views.shell import render_dialog

MAX_SENT = 500
BUSY = "The list is being changed elsewhere right now. Nothing was saved. Try again in a moment"


@login_required
@require_http_methods(["GET", "POST"])
def column_list(request: HtmxHttpRequest) -> HttpResponse:
    """GET shows the choice; POST moves one column in it, saves it, or takes it back to the usual.

    Moving saves nothing: what is ticked and the order travel with the form.
    """
    state, _owners = state_of(request)
    row = _list_with_columns(request, state)
    stored = row.columns if row is not None and row.columns is not None else request.user.columns
    if request.method == "GET":
        shown = [column.name for column in chosen_columns(stored)]
        return _show(request, state, _in_order(shown), shown, row)
    sent, shown = request.POST.getlist("column")[:MAX_SENT], request.POST.getlist("show")
    order = _in_order(sent)
    if "up" in request.POST or "down" in request.POST:
        moved = _moved(order, request.POST.get("up", ""), request.POST.get("down", ""))
        return _show(request, state, moved, shown, row)
    try:
        chosen = None if "reset" in request.POST else _chosen(sent, shown, stored)
        _save(request, row, chosen)
    except InvalidValue as fault:
        return _show(request, state, order, shown, row, error=str(fault))
    except Busy:
        return _show(request, state, order, shown, row, error=BUSY)
    said = "Columns are the usual ones again" if chosen is None else "Columns saved"
    messages.success(request, said)
    url = reverse("contact_list") + state.query
    return HttpResponseClientRedirect(url) if wants_part(request) else HttpResponseRedirect(url)


def _list_with_columns(request: HtmxHttpRequest, state: ListState) -> ContactList | None:
    """The open list, where it is this person's to change."""
    row = state.opened.row if state.opened else None
    return row if row is not None and may_edit(request.user, row) else None


def _chosen(sent: list[str], shown: list[str], stored: Any) -> list[str]:
    """The ticked ones in their order. Raises InvalidValue."""
    ticked = set(shown)
    in_order = [name for name in sent if name in ticked]
    return clean_columns([*in_order, *(name for name in shown if name not in in_order)], stored)


def _save(request: HtmxHttpRequest, row: ContactList | None, chosen: list[str] | None) -> None:
    """For the list where that is ticked, else for the person."""
    for_list = row is not None and "for_list" in request.POST
    if not for_list:
        request.user.columns = chosen
        request.user.save(update_fields=["columns"])
    if row is None or (not for_list and row.columns is None):
        return
    try:  # unticked, the list no longer has columns of its own
        columns_ = chosen if for_list else None
        save_columns(actor=Actor(request.user), list_id=row.pk, columns=columns_)
    except ListGone:
        raise InvalidValue("The list was deleted meanwhile. Nothing was saved") from None


def _in_order(names: list[str]) -> list[str]:
    """Every column once: those named first, then the others as they come."""
    known = columns()
    named = [name for name in dict.fromkeys(names) if name in known and name != NAME]
    return [*named, *(name for name in known if name not in {*named, NAME})]


def _moved(order: list[str], up: str, down: str) -> list[str]:
    name = up or down
    if name not in order:
        return order
    at = order.index(name)
    to = min(max(at + (-1 if up else 1), 0), len(order) - 1)
    moved = list(order)
    moved.insert(to, moved.pop(at))
    return moved


def _button_to_focus(request: HtmxHttpRequest, order: list[str]) -> str:
    """The button that was used, or at an end of the list the other one of its row."""
    way = "up" if "up" in request.POST else "down"
    name = request.POST.get(way, "")
    if name not in order:
        return ""
    if order[0] == name:
        way = "down"
    elif order[-1] == name:
        way = "up"
    return f"{way}-{name}"


def _show(
    request: HtmxHttpRequest,
    state: ListState,
    order: list[str],
    shown: list[str],
    row: ContactList | None,
    *,
    error: str = "",
) -> HttpResponse:
    known = columns()
    opened = state.opened.row if state.opened else None
    context = {
        "rows": [(known[name], name in shown) for name in order],
        "max_columns": MAX_COLUMNS,
        "own_list": row,
        "for_list": bool(request.POST.get("for_list")) or bool(row and row.columns is not None),
        "others_list": opened if opened is not row and opened and opened.columns else None,
        "error": error,
        "moved": _button_to_focus(request, order),
        "dialog_title": "Columns",
    }
    status = 422 if error else 200
    return render_dialog(request, "contacts/_columns.html", context, status=status)
