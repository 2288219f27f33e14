"""All Contacts: the list, its fragment, and its export."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET
from django_htmx.http import push_url, replace_url

from contacts import history
from contacts.access import assignable_owners
from contacts.columns import Column, columns
from contacts.exports import stream_csv
from contacts.listing import PRESETS, ROWS_CHOICES, ListState, bounded_count, shown_count
from contacts.models import Contact, Source, User
from contacts.signals import Actor
from contacts.views.requests import HtmxHttpRequest, list_query, wants_part

SORT_WORDS = {True: "descending", False: "ascending"}


@login_required
@require_GET
def contact_list(request: HtmxHttpRequest) -> HttpResponse:
    """The list; for htmx its results alone, with counts and chips out of band.

    Where the pane asks for the list, it is being closed: what it needs is no pane.
    """
    if wants_part(request) and request.htmx.target == "pane":
        closed = render(request, "contacts/_no_pane.html")
        return push_url(closed, reverse("contact_list") + list_query(request))
    context = list_context(request)
    if not wants_part(request):
        return render(request, "contacts/page.html", context)
    response = render(request, "contacts/_results_part.html", context)
    url = reverse("contact_list") + context["state"].query
    if request.htmx.trigger_name == "q":
        return replace_url(response, url)
    return response if request.GET.get("refresh") else push_url(response, url)


@login_required
@require_GET
def contact_export(request: HtmxHttpRequest) -> HttpResponseBase:
    """CSV of what the filters show, every column."""
    state, _owners = _state(request)
    contacts = state.apply(Contact.objects.visible_to(request.user))
    actor = Actor(request.user, Source.PERSON)
    history.audit(actor, "contacts.exported", count=contacts.count())
    name = f"contacts-{timezone.localdate():%Y-%m-%d}.csv"
    return stream_csv(contacts.select_related("owner").order_by("pk"), filename=name)


def list_context(request: HtmxHttpRequest) -> dict[str, Any]:
    """Everything the list shows. A constant number of queries, whatever the page size."""
    state, owners = _state(request)
    visible = Contact.objects.visible_to(request.user)
    total = bounded_count(visible)
    contacts = state.apply(visible)
    page, notice = state.page(contacts)
    matching = bounded_count(contacts) if state.filtered else total
    return {
        "state": state,
        "list_query": state.query,
        "page": page,
        "notices": [*state.notices, *([notice] if notice else [])],
        "total": total,
        "total_shown": shown_count(total),
        "matching": matching,
        "matching_shown": shown_count(matching),
        "columns": [_head(column, state) for column in columns()],
        "chips": state.chips(owners),
        "owners": list(owners.values()) if len(owners) > 1 else [],
        "statuses": [*Contact.Status.values, "none"],
        "presets": [(key, label) for key, (label, _) in PRESETS.items()],
        "rows_choices": ROWS_CHOICES,
        "previous_query": state.but(before=page.previous) if page.previous else "",
        "next_query": state.but(after=page.next) if page.next else "",
        "clear_filters": ListState(q=state.q, sort=state.sort, rows=state.rows).query,
        "clear_search": state.but(q=""),
        "open_id": request.resolver_match.kwargs.get("public_id", "")
        if request.resolver_match
        else "",
    }


def _head(column: Column, state: ListState) -> dict[str, Any]:
    ascending, descending = column.sort, f"-{column.sort}"
    current = state.sort if column.sort and state.sort in {ascending, descending} else ""
    first = descending if column.newest_first else ascending
    other = ascending if current == descending else descending
    return {
        "column": column,
        "aria_sort": SORT_WORDS[current == descending] if current else "",
        "query": state.but(sort=other if current else first) if column.sort else "",
    }


def _state(request: HtmxHttpRequest) -> tuple[ListState, dict[int, User]]:
    """The state of the URL, and the owners this person may filter by."""
    owners = {owner.pk: owner for owner in _owners(request.user)}
    return ListState.from_request(request).for_owners(owners), owners


def _owners(user: User) -> QuerySet[User]:
    """Whose contacts `user` may see, colleagues who have left but still own some included."""
    owned = Contact.objects.visible_to(user).filter(owner=OuterRef("pk"))
    owners = User.objects.filter(assignable_owners(user) | Q(Exists(owned)))
    return owners.distinct().order_by("first_name", "last_name", "pk")
