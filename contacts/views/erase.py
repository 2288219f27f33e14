"""Erase personal data: who, after a page that says exactly what goes, and a receipt."""

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from contacts.erasing import (
    Erasure,
    confirmed,
    erase_contact,
    plan_erasure,
    receipts,
    running,
)
from contacts.imports.forgetting import ImportRunning
from contacts.retrying import Busy
from contacts.services import ContactGone
from contacts.signals import Actor
from contacts.views.requests import HtmxHttpRequest
from contacts.views.roles import administrators_only
from contacts.views.settings import render_settings
from contacts.views.shell import BUSY

MERGED = "{old} was merged into this contact. Erasing concerns the person, so everything goes."
ID_LENGTH = 20


@administrators_only
@require_safe
def erase_start(request: HtmxHttpRequest) -> HttpResponse:
    """Ask for the id; it may be one whose contact was deleted."""
    typed = request.GET.get("id", "").replace("\x00", "")
    public_id = "".join(typed.split()).upper()[:ID_LENGTH]
    if not public_id:
        return render_settings(request, "settings/erase_start.html", {})
    try:
        erasure = plan_erasure(public_id)
    except ContactGone:
        context = {"typed": typed[:40], "unknown": True}
        return render_settings(request, "settings/erase_start.html", context, status=404)
    return HttpResponseRedirect(_url(erasure, asked_for=public_id))


@administrators_only
@require_http_methods(["GET", "POST"])
def erase_contact_data(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """GET says what goes and what stays, POST erases once the id or the name was typed."""
    erasure = _plan(public_id)
    if erasure.subject.public_id != public_id:  # never erase another record than was shown
        return HttpResponseRedirect(_url(erasure, asked_for=public_id))
    if request.method == "GET":
        old = request.GET.get("merged", "")
        known = old in erasure.subject.public_ids
        return _ask(request, erasure, notice=MERGED.format(old=old) if known else "")
    typed = request.POST.get("confirm", "").replace("\x00", "")
    if not confirmed(typed, erasure):
        return _ask(request, erasure, typed=typed, wrong=True, status=422)
    try:
        erase_contact(public_id=public_id, actor=Actor(request.user))
    except ImportRunning as error:
        return _ask(request, erasure, typed=typed, notice=running(error), status=409)
    except (Busy, ContactGone):
        return _ask(request, erasure, typed=typed, notice=BUSY, status=409)
    return HttpResponseRedirect(reverse("erase_receipt", args=[public_id]))


@administrators_only
@require_safe
def erase_receipt(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """What was erased and when, to be handed to the person: the id and counts, no value."""
    entries = receipts(public_id) if "\x00" not in public_id else []
    if not entries:
        raise Http404
    context = {"public_id": public_id, "entries": entries}
    return render_settings(request, "settings/erase_receipt.html", context)


def _plan(public_id: str) -> Erasure:
    if "\x00" in public_id:
        raise Http404
    try:
        return plan_erasure(public_id)
    except ContactGone:
        raise Http404 from None


def _url(erasure: Erasure, *, asked_for: str) -> str:
    survivor = erasure.subject.public_id
    merged = f"?merged={asked_for}" if asked_for != survivor else ""
    return reverse("erase_contact_data", args=[survivor]) + merged


def _ask(
    request: HtmxHttpRequest,
    erasure: Erasure,
    *,
    typed: str = "",
    wrong: bool = False,
    notice: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "erasure": erasure,
        "contact": erasure.contact,
        "public_id": erasure.subject.public_id,
        "typed": typed,
        "wrong": wrong,
        "notice": notice,
        "receipts": receipts(erasure.subject.public_id),
    }
    return render_settings(request, "settings/erase_contact_data.html", context, status=status)
