"""Merge Contacts, once it is confirmed."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_POST

from contacts.forms import ContactForm
from contacts.merging.counts import merged_text
from contacts.merging.merge import MergeChanged, merge_contacts, plan_merge
from contacts.models import Contact
from contacts.probing import Probe
from contacts.retrying import Busy
from contacts.services import ContactGone, EditConflict
from contacts.signals import Actor
from contacts.views.answers import (
    LookAgain,
    answer_conflict,
    cannot_save,
    entry_of,
    held_by_others,
    looks_again,
    show_form,
    show_prompt,
    unless_probing,
    visible_holders,
)
from contacts.views.edit import contact_edit, save_edit, save_new
from contacts.views.lookup import MergedAway, find_contact
from contacts.views.merge_prompt import what_changed
from contacts.views.pane import after_save
from contacts.views.requests import HtmxHttpRequest
from contacts.views.shell import BUSY, asks_for_rows
from contacts.views.undo_links import undo_of_merge


@login_required
@require_POST
@looks_again
def contact_new_merge(request: HtmxHttpRequest) -> HttpResponse:
    """Put the values of New contact into the record that has the identifier."""
    return _rows(request, None) if asks_for_rows(request) else _merge(request, None)


@login_required
@require_POST
@looks_again
def contact_merge(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """Fold the edited contact into the record that has the identifier."""
    try:
        contact = find_contact(request, public_id)
    except (MergedAway, Http404):
        return (
            HttpResponse(status=204) if asks_for_rows(request) else contact_edit(request, public_id)
        )
    return _rows(request, contact) if asks_for_rows(request) else _merge(request, contact)


def _rows(request: HtmxHttpRequest, contact: Contact | None) -> HttpResponse:
    """The open prompt after another choice. It does nothing: what changed meanwhile is Merge's to say."""
    form = ContactForm(user=request.user, contact=contact, data=request.POST)
    held = held_by_others(form) if form.is_valid else {}
    holders = visible_holders(request, held)
    if not held or len(holders) < len(held):
        return HttpResponse(status=204)
    try:
        values = entry_of(form)
    except EditConflict:
        return HttpResponse(status=204)
    plan = plan_merge(holders=holders, edited=contact, values=values, choices=_choices(request))
    return show_prompt(request, form, plan)


def _merge(request: HtmxHttpRequest, contact: Contact | None) -> HttpResponse:
    """Plan and merge; whatever is not as the person saw it is shown before anything is done."""
    form = ContactForm(user=request.user, contact=contact, data=request.POST)
    if not form.is_valid:
        return show_form(request, form, status=422)
    return unless_probing(request, form, lambda probe: _merge_form(request, contact, form, probe))


def _merge_form(
    request: HtmxHttpRequest, contact: Contact | None, form: ContactForm, probe: Probe
) -> HttpResponse:
    held = held_by_others(form)
    if not held and contact is not None:  # released or deleted meanwhile: an ordinary save
        return save_edit(request, contact, form, probe)
    if not held:
        return save_new(request, form, probe)
    holders = visible_holders(request, held)
    if len(holders) < len(held):
        return cannot_save(request, form, held, probe)
    try:
        values = entry_of(form)
    except EditConflict as conflict:
        assert contact is not None
        return answer_conflict(request, form, contact, conflict)
    plan = plan_merge(holders=holders, edited=contact, values=values, choices=_choices(request))
    if "preview" in request.POST:
        return show_prompt(request, form, plan)
    if notice := what_changed(plan, request.POST.get("digest")):
        return show_prompt(request, form, plan, notice=notice)
    text = merged_text(plan.records)
    try:
        survivor = merge_contacts(plan=plan, values=values, actor=Actor(request.user))
    except (MergeChanged, ContactGone):
        raise LookAgain(form) from None
    except Busy:
        return show_prompt(request, form, plan, notice=BUSY)
    return after_save(request, survivor, text, undo=undo_of_merge(request, survivor))


def _choices(request: HtmxHttpRequest) -> dict[str, str]:
    """Which side was chosen for which field."""
    return {name.removeprefix("choice_"): str(side) for name, side in request.POST.items()}
