"""All Contacts: the list, and its fragment."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.decorators import login_required
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from django_htmx.http import push_url, replace_url

from contacts.access import assignable_owners, may_assign
from contacts.columns import Column, Placed, chosen_columns, placed, table_css
from contacts.filters.editor import Addition, read_addition
from contacts.filters.reading import NO_STATUS, PRESETS
from contacts.filters.registry import filters
from contacts.filters.terms import ME, Op
from contacts.finding import bounded_total, shown_count
from contacts.listing import ROWS_CHOICES, ListState
from contacts.lists import may_edit
from contacts.models import Contact, User
from contacts.views.requests import HtmxHttpRequest, list_on_screen, wants_part

SORT_WORDS = {True: "descending", False: "ascending"}
#: Inputs of the quick filters; what they cannot show travels along beside them.
QUICK = {"q", "status", "owner", "captured", "from", "to"}


@login_required
@require_safe
def contact_list(request: HtmxHttpRequest) -> HttpResponse:
    """The list; for htmx its results alone, with counts and chips out of band.

    Where the pane asks for the list, it is being closed: what it needs is no pane.
    """
    if wants_part(request) and request.htmx.target == "pane":
        closed = render(request, "contacts/_no_pane.html")
        return push_url(closed, reverse("contact_list") + list_on_screen(request))
    state, owners = state_of(request)
    addition = read_addition(request.GET, state.filters)
    if addition.filters is not None:
        state = state.with_filters(addition.filters)
        if not wants_part(request):
            return HttpResponseRedirect(reverse("contact_list") + state.query)
    if wants_part(request) and request.htmx.target == "adding":
        return render(
            request, "contacts/_adding.html", _editing(state, owners, addition, open_=True)
        )
    return _answer(request, state, owners, addition)


def _answer(
    request: HtmxHttpRequest, state: ListState, owners: dict[int, User], addition: Addition
) -> HttpResponse:
    context = _context(request, state, owners, addition)
    context["adding_open"] = "add" in request.GET and addition.filters is None
    status = 422 if addition.editor and addition.editor.error else 200
    if not wants_part(request):
        return render(request, "contacts/page.html", context, status=status)
    here = urlsplit(request.htmx.current_url or "").query
    turned = QueryDict(here).get("list", "") != context["list_id"]  # another list was opened
    context |= {
        "turned": turned,
        "fresh_pops": turned or (state.opened and not state.changed),
        "fresh_adding": "add" in request.GET,
    }
    response = render(request, "contacts/_results_part.html", context, status=status)
    url = reverse("contact_list") + state.query
    if request.htmx.trigger_name == "q":
        return replace_url(response, url)
    return response if request.GET.get("refresh") else push_url(response, url)


def state_of(request: HtmxHttpRequest) -> tuple[ListState, dict[int, User]]:
    """The state of the URL, and the owners this person may filter by.

    Raises Http404 for a list that does not exist, or not for this person.
    """
    state = ListState.from_request(request)
    if state.missing:
        raise Http404
    owners = {owner.pk: owner for owner in _owners(request.user)}
    return state.for_owners(owners), owners


def list_context(request: HtmxHttpRequest) -> dict[str, Any]:
    """Everything the list shows beside a pane; an unknown list is left out and named there."""
    state = ListState.from_request(request)
    if state.missing:
        state = state.without_list()
    owners = {owner.pk: owner for owner in _owners(request.user)}
    return _context(request, state.for_owners(owners), owners, Addition())


def _context(
    request: HtmxHttpRequest, state: ListState, owners: dict[int, User], addition: Addition
) -> dict[str, Any]:
    """A constant number of queries, whatever the page size and the columns."""
    visible = Contact.objects.visible_to(request.user)
    total = bounded_total(request.user)
    found = state.find(request.user, total)
    page, notice = state.page(visible, found)
    for contact in page.contacts:
        if contact.owner_id in owners:
            contact.owner = owners[contact.owner_id]
    notices = [*state.notices, notice, addition.notice]
    row = state.opened.row if state.opened else None
    return {
        "state": state,
        "list_id": state.opened.id if state.opened else "",
        "may_edit_list": bool(row and may_edit(request.user, row)),
        "list_query": state.query,
        "page": page,
        "notices": [text for text in notices if text],
        "total": total,
        "total_shown": shown_count(total),
        "matching": found.count,
        "matching_shown": shown_count(found.count),
        "chips": state.chips(_names(owners)),
        "may_assign": may_assign(request.user),
        "rows_choices": ROWS_CHOICES,
        "previous_query": state.but(before=page.previous) if page.previous else "",
        "next_query": state.but(after=page.next) if page.next else "",
        "clear_filters": state.but(filters=()),
        "clear_search": state.but(q=""),
        "open_id": request.resolver_match.kwargs.get("public_id", "")
        if request.resolver_match
        else "",
        **_table(request.user, state),
        **_quick(request.user, state, owners),
        **_editing(state, owners, addition),
    }


def columns_of(user: User, state: ListState) -> tuple[tuple[Column, ...], bool]:
    """The columns to show, and whether they are the usual ones: those of the list, if it has its
    own, else those of the person."""
    row = state.opened.row if state.opened else None
    stored = user.columns if row is None or row.columns is None else row.columns
    return chosen_columns(stored), not isinstance(stored, list)


def _table(user: User, state: ListState) -> dict[str, Any]:
    chosen, usual = columns_of(user, state)
    heads = [_head(each, state) for each in placed(chosen, usual=usual)]
    return {"columns": heads, "table_css": table_css(chosen)}


def _head(place: Placed, state: ListState) -> dict[str, Any]:
    column = place.column
    ascending, descending = column.sort, f"-{column.sort}"
    current = state.sort if column.sort and state.sort in {ascending, descending} else ""
    first = descending if column.newest_first else ascending
    other = ascending if current == descending else descending
    return {
        "column": column,
        "css": place.css,
        "card_label": place.card_label,
        "aria_sort": SORT_WORDS[current == descending] if current else "",
        "query": state.but(sort=other if current else first) if column.sort else "",
    }


def _quick(user: User, state: ListState, owners: dict[int, User]) -> dict[str, Any]:
    """The three filters that are always at hand, and what of the state they do not show."""
    statuses = {str(term) for term in state.terms("status")}
    asked = {term.values[0] for term in state.terms("owner")}
    offered = {ME: "Me", **_names(owners)} if len(owners) > 1 else {}
    spelled = state.spelled
    captured = {name: spelled.get(name, "") for name in ("captured", "from", "to")}
    return {
        "statuses": [
            (status, status, f"{Op.IS}:{status}" in statuses) for status in Contact.Status.values
        ]
        + [(NO_STATUS, "No status", Op.BLANK.value in statuses)],
        "owners": [(value, name, value in asked) for value, name in offered.items()],
        "presets": list(_presets(captured["captured"]).items()),
        "captured": captured,
        "carried": list(_carried(state, offered)),
        "all_params": list(_pairs(state.explicit)) + _rows_param(state),
    }


def _presets(chosen: str) -> dict[str, str]:
    """Those offered, and the one in force where it is another number of days."""
    known = PRESETS.get(chosen, f"last {chosen} days")
    return {**PRESETS, **({chosen: known} if chosen else {})}


def _carried(state: ListState, offered: dict[str, str]) -> Iterator[tuple[str, str]]:
    """What the form of the quick filters sends unseen. With a list open an empty tick box must be
    told from one that was never touched, so both are said."""
    for name, value in _pairs(state.explicit):
        hidden_owner = name == "owner" and value not in offered
        if name not in QUICK or hidden_owner:
            yield name, value
    if state.opened is not None:
        yield from (("status", ""), ("owner", ""))
    yield from _rows_param(state)


def _rows_param(state: ListState) -> list[tuple[str, str]]:
    rows = state.params.get("rows")
    return [("rows", rows)] if rows else []


def _pairs(query: QueryDict) -> Iterator[tuple[str, str]]:
    for name, values in query.lists():
        for value in values:
            yield name, str(value)


def _editing(
    state: ListState, owners: dict[int, User], addition: Addition, *, open_: bool = False
) -> dict[str, Any]:
    """The pop-up of Add filter: every property, or the editor of the chosen one."""
    editor = addition.editor
    every = list(filters().values())
    return {
        "editor": editor,
        "adding_open": open_,
        "adding_query": state.editing(""),
        "editor_choices": editor.choices(_names(owners)) if editor else [],
        "filter_groups": [
            ("Contact", [each for each in every if not each.custom]),
            ("Custom properties", [each for each in every if each.custom]),
        ],
    }


def _names(owners: dict[int, User]) -> dict[str, str]:
    return {str(pk): str(owner) for pk, owner in owners.items()}


def _owners(user: User) -> QuerySet[User]:
    """Whose contacts `user` may see, colleagues who have left but still own some included."""
    owned = Contact.objects.visible_to(user).filter(owner=OuterRef("pk"))
    owners = User.objects.filter(assignable_owners(user) | Q(Exists(owned)))
    return (
        owners.only("first_name", "last_name", "email")
        .distinct()
        .order_by("first_name", "last_name", "pk")
    )
