"""Merge Contacts, once it is confirmed."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_POST

from contacts.forms import ContactForm
from contacts.merging import MergeChanged, merge_contacts, plan_merge
from contacts.models import Contact
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
    visible_holders,
)
from contacts.views.edit import contact_edit, contact_new, save
from contacts.views.lookup import MergedAway, find_contact
from contacts.views.pane import BUSY, after_save
from contacts.views.requests import HtmxHttpRequest

STALE = "One of the contacts changed since this was shown. Check the result and merge again."


@login_required
@require_POST
@looks_again
def contact_new_merge(request: HtmxHttpRequest) -> HttpResponse:
    """Put the values of New contact into the record that has the identifier."""
    return _merge(request, None)


@login_required
@require_POST
@looks_again
def contact_merge(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """Fold the edited contact into the record that has the identifier."""
    try:
        contact = find_contact(request, public_id)
    except (MergedAway, Http404):
        return contact_edit(request, public_id)
    return _merge(request, contact)


def _merge(request: HtmxHttpRequest, contact: Contact | None) -> HttpResponse:
    """Plan and merge; whatever is not as the person saw it is shown before anything is done."""
    form = ContactForm(user=request.user, contact=contact, data=request.POST)
    if not form.is_valid:
        return show_form(request, form, status=422)
    held = held_by_others(form)
    if not held:  # released or deleted meanwhile: an ordinary save
        return save(request, contact) if contact else contact_new(request)
    holders = visible_holders(request, held)
    if len(holders) < len(held):
        return cannot_save(request, form, held)
    try:
        values = entry_of(form)
    except EditConflict as conflict:
        assert contact is not None
        return answer_conflict(request, form, contact, conflict)
    choices = {n.removeprefix("choice_"): str(v) for n, v in request.POST.items()}
    plan = plan_merge(holders=holders, edited=contact, values=values, choices=choices)
    if "preview" in request.POST:
        return show_prompt(request, form, plan)
    if plan.digest != request.POST.get("digest"):
        return show_prompt(request, form, plan, notice=STALE)
    try:
        survivor = merge_contacts(plan=plan, values=values, actor=Actor(request.user))
    except (MergeChanged, ContactGone):
        raise LookAgain(form) from None
    except Busy:
        return show_prompt(request, form, plan, notice=BUSY)
    return after_save(request, survivor, "Contacts merged")
