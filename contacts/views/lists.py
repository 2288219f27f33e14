"""Contact lists: saving what All Contacts shows, the page of all lists, and their small changes."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect, reswap

from contacts import lists
from contacts.access import may_administer
from contacts.identity import InvalidValue
from contacts.listing import BUILT_IN, ListState, bounded_count, shown_count
from contacts.lists import ListGone, may_edit, may_inherit
from contacts.models import Contact, ContactList
from contacts.retrying import Busy
from contacts.signals import Actor
from contacts.views.list import columns_of, state_of
from contacts.views.requests import HtmxHttpRequest, list_query, wants_part
from contacts.views.shell import render_dialog, toast

BUSY = "Your lists are being changed elsewhere right now. Nothing was saved. Try again in a moment."
SHARED_SHOWN = 200
MAX_COUNTED = 10  # tabs: those built in, those of the navigation, the one that is open


@login_required
@require_GET
def list_list(request: HtmxHttpRequest) -> HttpResponse:
    """Every list this person may open."""
    return _all_lists(request)


def _all_lists(request: HtmxHttpRequest, *, problem: str = "", status: int = 200) -> HttpResponse:
    open_to = ContactList.objects.open_to(request.user).in_order_for(request.user)
    rows = open_to.select_related("owner")
    own = list(rows.filter(owner=request.user))
    others = list(rows.exclude(owner=request.user)[: SHARED_SHOWN + 1])
    context: dict[str, Any] = {
        "own": own,
        "others": [(row, may_inherit(request.user, row)) for row in others[:SHARED_SHOWN]],
        "number": open_to.count(),
        "more": len(others) > SHARED_SHOWN,
        "bound": SHARED_SHOWN,
        "problem": problem,
        "in_lists": True,
    }
    if may_administer(request.user):
        left = ContactList.objects.filter(shared=False, owner__is_active=False)
        context["private_left"] = left.count()
    return render(request, "contacts/list_list.html", context, status=status)


@login_required
@require_GET
def list_counts(request: HtmxHttpRequest) -> HttpResponse:
    """How many contacts each tab holds, out of band: asked for once the page stands."""
    total = bounded_count(Contact.objects.visible_to(request.user))
    wanted = [text for text in request.GET.getlist("list") if "\x00" not in text][:MAX_COUNTED]
    rows = ContactList.objects.open_to(request.user).filter(public_id__in=wanted)
    queries = {name: BUILT_IN[name].query for name in wanted if name in BUILT_IN}
    queries |= {row.public_id: row.query for row in rows}
    states = {name: ListState.from_query(QueryDict(query)) for name, query in queries.items()}
    counts = [
        (name, shown_count(state.find(request.user, total).count))
        for name, state in states.items()
        if not state.notices  # without the filter that has gone it would count too many
    ]
    return render(request, "contacts/_view_counts.html", {"counts": counts})


@login_required
@require_http_methods(["GET", "POST"])
def list_new(request: HtmxHttpRequest) -> HttpResponse:
    """Save view: the name, and who may open it.

    What of the search could not be read would be missing from the list: that is said before.
    """
    state, _owners = state_of(request)
    lost = state.notices
    if request.method == "GET":
        return _form(request, None, {"name": "", "shared": "", "columns": ""}, lost=lost)
    if lost and not request.POST.get("confirm"):
        return _form(request, None, request.POST, lost=lost, status=409)
    chosen, _usual = columns_of(request.user, state)
    names = [column.name for column in chosen[1:]]
    try:
        row = lists.create_list(
            actor=Actor(request.user),
            name=request.POST.get("name", ""),
            query=state.spelled.urlencode(safe=":"),
            shared=bool(request.POST.get("shared")),
            columns=names if request.POST.get("columns") else None,
        )
    except (InvalidValue, Busy) as fault:
        return _form(request, None, request.POST, error=_said(fault), lost=lost)
    return _go(request, _url_of(row), f"{row.name} saved")


@login_required
@require_http_methods(["GET", "POST"])
def list_edit(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """The name, and who may open it."""
    row = _own(request, public_id)
    if request.method == "GET":
        typed = {"name": row.name, "shared": "1" if row.shared else ""}
        return _form(request, row, typed)
    try:
        row = lists.rename_list(
            actor=Actor(request.user),
            list_id=row.pk,
            name=request.POST.get("name", ""),
            shared=bool(request.POST.get("shared")),
        )
    except (InvalidValue, Busy) as fault:
        return _form(request, row, request.POST, error=_said(fault))
    except ListGone:
        raise Http404 from None
    return _go(request, _back(request), f"{row.name} saved")


def _form(
    request: HtmxHttpRequest,
    row: ContactList | None,
    typed: Any,
    *,
    error: str = "",
    lost: Sequence[str] = (),
    status: int = 200,
) -> HttpResponse:
    context = {
        "row": row,
        "typed": typed,
        "error": error,
        "lost": lost,
        "here_query": list_query(request) if request.GET or not row else "",
        "back": _back(request) if request.GET or row else reverse("contact_list"),
        "dialog_title": "Edit list" if row else "Save view",
    }
    status = 422 if error else status
    return render_dialog(request, "contacts/_list_form.html", context, status=status)


@login_required
@require_POST
def list_update(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """Update list: what All Contacts shows now becomes what the list saves.

    Filters of it that could not be read, of an archived property for one, would go: that is asked.
    """
    row = _own(request, public_id)
    state, _owners = state_of(request)
    lost = ListState.from_query(QueryDict(row.query)).notices
    if lost and not request.POST.get("confirm"):
        context = {"row": row, "lost": lost, "dialog_title": f"Update {row.name}?"}
        return render_dialog(request, "contacts/_list_lost.html", context, status=409)
    try:
        query = state.spelled.urlencode(safe=":")
        row = lists.save_query(actor=Actor(request.user), list_id=row.pk, query=query)
    except (InvalidValue, Busy) as fault:
        return _problem(request, f"{row.name} was not changed. {_said(fault)}.", status=422)
    except ListGone:
        raise Http404 from None
    return _go(request, _url_of(row), f"{row.name} updated")


@login_required
@require_http_methods(["GET", "POST"])
def list_delete(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """GET asks, POST deletes: one's own, or as administrator one that a colleague left behind."""
    row = _open(request, public_id)
    if not may_edit(request.user, row) and not may_inherit(request.user, row):
        raise Http404
    if request.method == "GET":
        context = {"row": row, "dialog_title": f"Delete the list {row.name}?"}
        return render_dialog(request, "contacts/_list_delete.html", context)
    try:
        lists.delete_list(actor=Actor(request.user), list_id=row.pk)
    except Busy:
        return _problem(request, BUSY, status=409)
    except ListGone:
        pass  # as was wanted
    return _go(request, reverse("list_list"), f"{row.name} deleted. Its contacts stay")


@login_required
@require_POST
def list_move(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """One place up or down among one's own."""
    row = _own(request, public_id)
    try:
        lists.move_list(actor=Actor(request.user), list_id=row.pk, up="up" in request.POST)
    except (ListGone, Busy):
        return _problem(request, BUSY, status=409)
    return HttpResponseRedirect(reverse("list_list"))


@login_required
@require_POST
def list_take_over(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """An administrator becomes the owner of what a colleague left behind."""
    row = _open(request, public_id)
    if not may_inherit(request.user, row):
        raise Http404
    try:
        row = lists.take_over(actor=Actor(request.user), list_id=row.pk)
    except (InvalidValue, Busy) as fault:
        return _problem(request, f"{row.name} was not taken over. {_said(fault)}.", status=422)
    except ListGone:
        raise Http404 from None
    return _go(request, reverse("list_list"), f"{row.name} is yours now")


def _open(request: HtmxHttpRequest, public_id: str) -> ContactList:
    """A list this person may open. Raises Http404."""
    rows = ContactList.objects.open_to(request.user).select_related("owner")
    row = rows.filter(public_id=public_id.replace("\x00", "")).first()
    if row is None:
        raise Http404
    return row


def _own(request: HtmxHttpRequest, public_id: str) -> ContactList:
    row = _open(request, public_id)
    if not may_edit(request.user, row):
        raise Http404
    return row


def _url_of(row: ContactList) -> str:
    return f"{reverse('contact_list')}?list={row.public_id}"


def _back(request: HtmxHttpRequest) -> str:
    """To the contacts where the list was edited from there, else to the page of all lists."""
    state, _owners = state_of(request)
    return reverse("contact_list") + state.query if request.GET else reverse("list_list")


def _go(request: HtmxHttpRequest, url: str, said: str) -> HttpResponse:
    messages.success(request, said)
    return HttpResponseClientRedirect(url) if wants_part(request) else HttpResponseRedirect(url)


def _problem(request: HtmxHttpRequest, said: str, *, status: int) -> HttpResponse:
    """What was not done, and why: beside what is on screen for htmx, else above all the lists."""
    if wants_part(request):
        return toast(request, reswap(HttpResponse(status=status), "none"), said)
    return _all_lists(request, problem=said, status=status)


def _said(fault: Exception) -> str:
    return BUSY.rstrip(".") if isinstance(fault, Busy) else str(fault)
