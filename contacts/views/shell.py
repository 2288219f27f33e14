"""Answering with a part or with the whole page: the only difference that htmx makes."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django_htmx.http import replace_url, reswap, retarget, trigger_client_event

from contacts.views.list import list_context
from contacts.views.requests import HtmxHttpRequest, beside_list, list_query, wants_part

BUSY = "Others are changing this contact right now. Nothing was saved. Try again in a moment."


def render_pane(
    request: HtmxHttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    status: int = 200,
    url: str = "",
) -> HttpResponse:
    """The pane alone for htmx, else the list with the pane beside it.

    `url` is the address the pane has from now on (after a Save).
    """
    context = {
        **context,
        "list_query": list_query(request),
        "beside_list": beside_list(request),
    }
    if wants_part(request):
        response = render(request, template, context, status=status)
        return replace_url(response, url) if url else response
    page = {**list_context(request), **context, "pane_template": template}
    return render(request, "contacts/page.html", page, status=status)


def render_dialog(
    request: HtmxHttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    status: int = 200,
    in_place: bool = False,
) -> HttpResponse:
    """A dialog: into #dialog for htmx, where the script opens it; else a page of its own.

    `in_place` leaves the open dialog where it is: the request takes what it asked for out of this.
    """
    context = {**context, "list_query": list_query(request)}
    if wants_part(request):
        response = render(request, template, {**context, "modal": True}, status=status)
        return response if in_place else reswap(retarget(response, "#dialog"), "innerHTML")
    page = {**context, "dialog_template": template}
    return render(request, "contacts/dialog_page.html", page, status=status)


def asks_for_rows(request: HtmxHttpRequest) -> bool:
    """Whether an open dialog wants its rows after another choice, and nothing done."""
    return request.htmx.target == "dialog-rows"


def toast(
    request: HtmxHttpRequest, response: HttpResponse, text: str, *, undo: str = ""
) -> HttpResponse:
    """Say what happened: an event for the script, a message for the next page without it.

    With `undo`, an address, it offers a button that posts there.
    """
    if wants_part(request):
        detail = {"text": text, "undo": undo} if undo else {"text": text}
        return trigger_client_event(response, "toast", detail)
    messages.success(request, text, extra_tags=undo)
    return response


def contacts_changed(response: HttpResponse) -> HttpResponse:
    """Let the list beside the pane fetch itself again."""
    return trigger_client_event(response, "contactsChanged")
