"""Requests of "Ask administrator": the administrators' queue, and everybody's own.

The author of a request never learns anything about the other record here: not even whether it is
still there.
"""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import F
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from contacts import probing
from contacts.conflicts import ask, find_by_reference, resolve, still_held, waiting
from contacts.fields import live_fields, owner_names
from contacts.forms import ContactForm, stored_text
from contacts.listing import BAD_PAGE_LINK, bounded_count
from contacts.models import ConflictRequest
from contacts.paging import ColumnOrder, page_at
from contacts.signals import Actor
from contacts.views.requests import HtmxHttpRequest
from contacts.views.roles import administrators_only
from contacts.views.settings import render_settings
from contacts.views.shell import toast

ROWS = 50
NOTE_LENGTH = ConflictRequest._meta.get_field("note").max_length or 0
State = ConflictRequest.State


@administrators_only
@require_safe
def request_list(request: HtmxHttpRequest) -> HttpResponse:
    """What was asked and is open, or what is resolved; a reference leads to any request."""
    reference = request.GET.get("reference", "").replace("\x00", "").strip()[:20]
    if reference:
        found = find_by_reference(reference)
        if found is not None:
            return HttpResponseRedirect(reverse("request_detail", args=[found.reference]))
    context = {**_queue(request), "reference": reference, "alerts": probing.alerts()}
    status = 404 if reference else 200
    return render_settings(request, "settings/request_list.html", context, status=status)


def _queue(request: HtmxHttpRequest) -> dict[str, Any]:
    resolved = request.GET.get("show") == "resolved"
    rows = ConflictRequest.objects.filter(resolved_at__isnull=False) if resolved else waiting()
    page, understood = page_at(
        rows.select_related("requested_by", "contact", "resolved_by"),
        sort="-resolved" if resolved else "-asked",
        order=ColumnOrder(F("resolved_at" if resolved else "asked_at")),
        size=ROWS,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    tab = "show=resolved&" if resolved else ""
    return {
        "requests": page.rows,
        "show_resolved": resolved,
        "open_count": bounded_count(waiting()),
        "limit": probing.LIMIT,
        "notice": "" if understood else BAD_PAGE_LINK,
        "previous_query": f"?{tab}before={page.previous}" if page.previous else "",
        "next_query": f"?{tab}after={page.next}" if page.next else "",
    }


@administrators_only
@require_safe
def request_detail(request: HtmxHttpRequest, reference: str) -> HttpResponse:
    """One request with both sides, and what can be done about it."""
    return _show(request, _find(reference))


@administrators_only
@require_POST
def request_resolve(request: HtmxHttpRequest, reference: str) -> HttpResponse:
    """Close a request with a note to its author."""
    filed = _find(reference)
    note = request.POST.get("note", "").replace("\x00", "").replace("\r\n", "\n").strip()
    if len(note) > NOTE_LENGTH:
        fault = f"Too long: {len(note):,} characters, at most {NOTE_LENGTH:,}"
        return _show(request, filed, note=note, fault=fault, status=422)
    if not resolve(request=filed, note=note, actor=Actor(request.user)):
        return _show(request, filed, note=note, already=True, status=409)
    answer = HttpResponseRedirect(reverse("request_list"))
    return toast(request, answer, f"{filed.reference} resolved")


def _find(reference: str) -> ConflictRequest:
    if "\x00" in reference:
        raise Http404
    rows = ConflictRequest.objects.select_related("requested_by", "contact__owner", "resolved_by")
    return get_object_or_404(rows, reference=reference)


def _show(
    request: HtmxHttpRequest, filed: ConflictRequest, *, status: int = 200, **extra: Any
) -> HttpResponse:
    holders = list(filed.holders.select_related("owner").order_by("pk"))
    others = [holder for holder in holders if holder != filed.contact]
    context = {
        "filed": filed,
        "is_open": filed.state == State.OPEN,
        "typed": _typed_rows(filed),
        "holders": others,
        "one_record": bool(holders) and not others,
        "free": bool(filed.typed) and not still_held(filed),
        "form": _filled_in(request, filed),
        "note_length": NOTE_LENGTH,
        **extra,
    }
    return render_settings(request, "settings/request_detail.html", context, status=status)


def _typed_rows(filed: ConflictRequest) -> list[dict[str, str]]:
    """What was typed, in the order of the form, beside what the edited contact has now."""
    owners = owner_names([str(filed.typed.get("owner") or "")])
    rows = []
    for field in live_fields():
        name = field.name
        if name not in filed.typed:
            continue
        text = str(filed.typed[name])
        is_owner = name == "owner"
        now = stored_text(filed.contact, field) if filed.contact else ""
        rows.append(
            {
                "label": field.label,
                "typed": (owners.get(text, "") if is_owner else text) or "Cleared",
                "now": str(filed.contact.owner) if is_owner and filed.contact else now,
            }
        )
    return rows


def _filled_in(request: HtmxHttpRequest, filed: ConflictRequest) -> ContactForm:
    """The form of the edited contact, or an empty one, with the typed values over it."""
    form = ContactForm(user=request.user, contact=filed.contact)
    if filed.contact is None:
        form.texts["owner"] = str(filed.requested_by_id)
    form.texts |= {name: str(text) for name, text in filed.typed.items() if name in form.texts}
    return form


@login_required
@require_safe
def own_requests(request: HtmxHttpRequest) -> HttpResponse:
    """A person's own refused saves: reference, state and the administrator's note."""
    page, understood = page_at(
        ConflictRequest.objects.filter(requested_by=request.user),
        sort="-created",
        order=ColumnOrder(F("created_at")),
        size=ROWS,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    context = {
        "requests": page.rows,
        "notice": "" if understood else BAD_PAGE_LINK,
        "previous_query": f"?before={page.previous}" if page.previous else "",
        "next_query": f"?after={page.next}" if page.next else "",
    }
    return render_settings(request, "settings/own_requests.html", context)


@login_required
@require_POST
def own_request_ask(request: HtmxHttpRequest, reference: str) -> HttpResponse:
    """Send one of one's own refused saves to the administrators after all."""
    if "\x00" in reference:
        raise Http404
    filed = get_object_or_404(ConflictRequest, reference=reference, requested_by=request.user)
    ask(filed)
    told = "was resolved already" if filed.state == State.RESOLVED else "sent"
    answer = HttpResponseRedirect(reverse("own_requests"))
    return toast(request, answer, f"{filed.reference} {told}")
