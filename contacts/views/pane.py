"""The contact pane: who it is, what is known, what changed."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from contacts.fields import (
    Field,
    Kind,
    as_text,
    current_value,
    field_named,
    from_text,
    known_fields,
    live_fields,
    owner_names,
    shown,
)
from contacts.forms import ContactForm
from contacts.models import Contact, FieldChange, PossibleDuplicate, Source
from contacts.pane_sections import sections_for
from contacts.probing import Probe
from contacts.retrying import Busy
from contacts.services import ContactGone, IdentifierTaken, release_identifier, set_back
from contacts.signals import Actor
from contacts.undoing import assignable_ids
from contacts.views.answers import cannot_save, looks_again, unless_probing, visible_holders
from contacts.views.lookup import MergedAway, find_contact
from contacts.views.requests import HtmxHttpRequest, list_query
from contacts.views.shell import BUSY, contacts_changed, render_pane, toast
from contacts.views.timeline import timeline_context
from contacts.views.undo_links import undo_of_save

#: In the head of the pane, so not repeated among the facts.
IN_HEAD = {"first_name", "last_name", "email", "mobile_phone", "phone", "company", "job_title", "status"}  # fmt: skip
OFFER_FOR = timedelta(hours=1)
TAKEN = "Not set back: the old value belongs to another contact now. Use Edit to enter it."
NO_SUCH_OWNER = "Not set back: your role does not let you make that person the owner."


@login_required
@require_safe
def contact_detail(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """The pane of a contact; a merged id leads to the survivor's."""
    try:
        contact = find_contact(request, public_id)
    except MergedAway as merged:
        url = reverse("contact_detail", args=[merged.survivor.public_id])
        return HttpResponseRedirect(url + list_query(request))
    return show_contact(request, contact)


def show_contact(
    request: HtmxHttpRequest,
    contact: Contact,
    *,
    saved: bool = False,
    status: int = 200,
    problem: str = "",
) -> HttpResponse:
    """The pane as an answer; `saved` gives it its own address and refreshes the list."""
    context = {**pane_context(request, contact), "problem": problem}
    url = reverse("contact_detail", args=[contact.public_id]) + list_query(request) if saved else ""
    response = render_pane(request, "contacts/_pane.html", context, status=status, url=url)
    return contacts_changed(response) if saved else response


def after_save(
    request: HtmxHttpRequest, contact: Contact, text: str, *, undo: str = ""
) -> HttpResponse:
    """Say what was saved: the pane for htmx, else a redirect to it. `undo`: where Undo posts."""
    if request.htmx:
        fresh = Contact.objects.select_related("owner").get(pk=contact.pk)
        return toast(request, show_contact(request, fresh, saved=True), text, undo=undo)
    url = reverse("contact_detail", args=[contact.public_id]) + list_query(request)
    return toast(request, HttpResponseRedirect(url), text, undo=undo)


def pane_context(request: HtmxHttpRequest, contact: Contact) -> dict[str, Any]:
    formers = list(contact.identifiers.filter(current=False))
    recent = timezone.now() - OFFER_FOR
    return {
        "contact": contact,
        "facts": _facts(contact),
        "formers": formers,
        # The last save replaced these: the one moment to say that they were wrong.
        "just_replaced": [
            row for row in formers if row.since >= max(contact.last_updated_time, recent)
        ],
        "suspicions": _suspicions(request, contact),
        "open_id": contact.public_id,
        **timeline_context(request, contact),
        **sections_for(request, contact),
    }


def _facts(contact: Contact) -> list[tuple[str, str, bool]]:
    """(label, value, whether it may have lines) of what the pane lists."""
    owners = owner_names([str(contact.owner_id)])
    rows = [
        (
            field.label,
            shown(field, as_text(current_value(contact, field)), owners),
            field.kind is Kind.LONG_TEXT,
        )
        for field in live_fields()
        if field.name not in IN_HEAD and _worth_showing(contact, field)
    ]
    by_hand = contact.source == Source.PERSON
    rows.append(("Source", "Added by hand" if by_hand else Source(contact.source).label, False))
    return rows


def _worth_showing(contact: Contact, field: Field) -> bool:
    return field.kind is Kind.OWNER or bool(as_text(current_value(contact, field)))


def _suspicions(request: HtmxHttpRequest, contact: Contact) -> list[tuple[Contact, str]]:
    """Possible duplicates of the contact that this person may see."""
    pairs = PossibleDuplicate.objects.filter(
        Q(first=contact) | Q(second=contact), dismissed_at=None
    )
    reasons = {p.second_id if p.first_id == contact.pk else p.first_id: p.reason for p in pairs}
    others = Contact.objects.visible_to(request.user).filter(pk__in=reasons)
    return [(other, reasons[other.pk]) for other in others]


@login_required
@require_POST
@looks_again
def field_restore(request: HtmxHttpRequest, public_id: str, pk: int) -> HttpResponse:
    """Give a field the value it had before one change."""
    try:
        contact = find_contact(request, public_id)
    except MergedAway as merged:
        contact = merged.survivor
    change = get_object_or_404(contact.history, pk=pk)
    if change.field == "owner" and change.old not in assignable_ids(request.user):
        return show_contact(request, contact, status=403, problem=NO_SUCH_OWNER)
    if change.field not in known_fields():
        raise Http404
    form = ContactForm(user=request.user, contact=contact)
    form.replace(change.field, from_text(field_named(change.field), change.old))
    return unless_probing(
        request,
        form,
        lambda probe: _set_back(request, contact, change, form, probe),
        limited=lambda told: show_contact(request, contact, status=429, problem=told),
    )


def _set_back(
    request: HtmxHttpRequest,
    contact: Contact,
    change: FieldChange,
    form: ContactForm,
    probe: Probe,
) -> HttpResponse:
    actor = Actor(request.user, Source.PERSON, "set back")
    try:
        contact = set_back(contact_id=contact.pk, change_id=change.pk, actor=actor)
    except ContactGone:
        raise Http404 from None
    except IdentifierTaken as taken:
        if len(visible_holders(request, taken.holders)) < len(taken.holders):
            return cannot_save(request, form, taken.holders, probe)
        return show_contact(request, contact, status=409, problem=TAKEN)
    except Busy:
        return show_contact(request, contact, status=409, problem=BUSY)
    return after_save(request, contact, "Value set back", undo=undo_of_save(request, contact))


@login_required
@require_POST
def identifier_release(request: HtmxHttpRequest, public_id: str, pk: int) -> HttpResponse:
    """Forget a former address or phone."""
    try:
        contact = find_contact(request, public_id)
    except MergedAway as merged:
        contact = merged.survivor
    actor = Actor(request.user, Source.PERSON)
    try:
        released = release_identifier(contact_id=contact.pk, identifier_id=pk, actor=actor)
    except ContactGone:
        raise Http404 from None
    except Busy:
        return show_contact(request, contact, status=409, problem=BUSY)
    return after_save(request, contact, f"{released.value} released")
