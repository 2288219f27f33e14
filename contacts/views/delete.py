"""Delete, after a pop-up that says what goes and what stays."""

from collections.abc import Sequence

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from django_htmx.http import replace_url, reswap, retarget, trigger_client_event

from contacts.access import may_administer, may_delete
from contacts.deleting import delete_contact, plan_delete
from contacts.kept import Line, kept_of
from contacts.models import Account, Contact
from contacts.previewing import effects_of_delete
from contacts.retrying import Busy
from contacts.services import ContactGone
from contacts.signals import Actor
from contacts.views.lookup import MergedAway, find_contact
from contacts.views.requests import HtmxHttpRequest, list_query, wants_part
from contacts.views.shell import BUSY, contacts_changed, render_dialog, toast

MERGED = "The contact you wanted to delete was merged into this one. Nothing was deleted."


@login_required
@require_http_methods(["GET", "POST"])
def contact_delete(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """GET asks, POST deletes."""
    if not may_delete(request.user, Account.load()):
        raise PermissionDenied
    try:
        contact = find_contact(request, public_id)
    except MergedAway as merged:
        return _ask_about_survivor(request, merged.survivor)
    if request.method == "GET":
        return _ask(request, contact)
    kept = kept_of([contact])
    try:
        delete_contact(contact_id=contact.pk, actor=Actor(request.user))
    except ContactGone:
        return _gone(request, contact)
    except Busy:
        return _ask(request, contact, notice=BUSY, status=409)
    return _deleted(request, contact, kept)


def _gone(request: HtmxHttpRequest, contact: Contact) -> HttpResponse:
    """It went this moment: merged by somebody else, or deleted, as was wanted."""
    try:
        find_contact(request, contact.public_id)
    except MergedAway as merged:
        return _ask_about_survivor(request, merged.survivor)
    except Http404:
        pass
    return _deleted(request, contact)


def _ask_about_survivor(request: HtmxHttpRequest, survivor: Contact) -> HttpResponse:
    """Never delete another record than the one that was shown: ask again, about this one."""
    if request.method == "GET":
        url = reverse("contact_delete", args=[survivor.public_id]) + list_query(request)
        return HttpResponseRedirect(url)
    return _ask(request, survivor, notice=MERGED, status=409)


def _ask(
    request: HtmxHttpRequest, contact: Contact, *, notice: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "contact": contact,
        "removal": plan_delete([contact]),
        "kept": kept_of([contact]),
        "effects": effects_of_delete([contact], Actor(request.user)),
        "may_erase": may_administer(request.user),
        "notice": notice,
        "dialog_title": f"Delete {contact.display_name}?",
    }
    return render_dialog(request, "contacts/_delete.html", context, status=status)


def _deleted(request: HtmxHttpRequest, contact: Contact, kept: Sequence[Line] = ()) -> HttpResponse:
    url = reverse("contact_list") + list_query(request)
    text = f"{contact.display_name} deleted" + (". Activities kept" if kept else "")
    if not wants_part(request):
        return toast(request, HttpResponseRedirect(url), text)
    response = render(request, "contacts/_no_pane.html")
    response = retarget(reswap(replace_url(response, url), "outerHTML"), "#pane")
    trigger_client_event(response, "contactDeleted", {"id": contact.public_id})
    return toast(request, contacts_changed(response), text)
