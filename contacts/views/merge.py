"""Merge Contacts, and Cannot Save Contact where one may not see the other record."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_POST

from contacts.conflicts import RecordGone, administrator_of_account, file_request
from contacts.fields import BY_NAME, IDENTIFIER_FIELDS, owner_names, shown
from contacts.forms import ContactForm
from contacts.merging import MergeChanged, MergePlan, MergeRow, merge_contacts, plan_merge
from contacts.models import Contact
from contacts.retrying import Busy
from contacts.services import (
    ContactGone,
    EditConflict,
    Values,
    holders_of,
    identifier_key,
    with_edits,
)
from contacts.signals import Actor
from contacts.views.lookup import MergedAway, find_contact
from contacts.views.pane import BUSY, after_save
from contacts.views.shell import HtmxHttpRequest, render_dialog

SIDES = {"existing": "Existing", "other": "Existing 2", "new": "Your change"}
STALE = "One of the contacts changed since this was shown. Check the result and merge again."


@login_required
@require_POST
def contact_new_merge(request: HtmxHttpRequest) -> HttpResponse:
    """Put the values of New contact into the record that has the identifier."""
    return _merge(request, None)


@login_required
@require_POST
def contact_merge(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """Fold the edited contact into the record that has the identifier."""
    from contacts.views.edit import contact_edit

    try:
        contact = find_contact(request, public_id)
    except (MergedAway, Http404):
        return contact_edit(request, public_id)
    return _merge(request, contact)


def _merge(
    request: HtmxHttpRequest, contact: Contact | None, *, once_more: bool = False
) -> HttpResponse:
    """Plan and merge; whatever is not as the person saw it is shown before anything is done.

    `once_more` only shows: the plan of a moment ago was already out of date.
    """
    from contacts.views.edit import answer_conflict, contact_new, save, show_form

    form = ContactForm(user=request.user, contact=contact, data=request.POST)
    if not form.is_valid:
        return show_form(request, form, status=422)
    held = _held(form)
    if not held:  # released or deleted meanwhile: an ordinary save
        return save(request, contact) if contact else contact_new(request)
    holders = _visible(request, held)
    if len(holders) < len(held):
        return _cannot_save(request, form, held)
    try:
        values = _entry(form)
    except EditConflict as conflict:
        assert contact is not None
        return answer_conflict(request, form, contact, conflict)
    choices = {n.removeprefix("choice_"): str(v) for n, v in request.POST.items()}
    plan = plan_merge(holders=holders, edited=contact, values=values, choices=choices)
    if "preview" in request.POST:
        return _prompt(request, form, plan)
    if once_more or plan.digest != request.POST.get("digest"):
        return _prompt(request, form, plan, notice=STALE)
    try:
        survivor = merge_contacts(plan=plan, values=values, actor=Actor(request.user))
    except (MergeChanged, ContactGone):
        return _look_again(request, contact)
    except Busy:
        return _prompt(request, form, plan, notice=BUSY)
    return after_save(request, survivor, "Contacts merged")


def _look_again(request: HtmxHttpRequest, contact: Contact | None) -> HttpResponse:
    """Something changed between the plan and its locks: show what a new plan says."""
    from contacts.views.edit import contact_edit

    if contact is None:
        return _merge(request, None, once_more=True)
    try:
        fresh = find_contact(request, contact.public_id)
    except (MergedAway, Http404):
        return contact_edit(request, contact.public_id)
    return _merge(request, fresh, once_more=True)


def _save_again(request: HtmxHttpRequest, contact: Contact | None) -> HttpResponse:
    """What stood in the way is gone: the same Save once more."""
    from contacts.views.edit import contact_edit, contact_new

    return contact_edit(request, contact.public_id) if contact else contact_new(request)


def answer_taken(request: HtmxHttpRequest, form: ContactForm, held: dict[str, int]) -> HttpResponse:
    """An identifier belongs to others: the merge prompt, or that it cannot be saved."""
    from contacts.views.edit import answer_conflict

    holders = _visible(request, held)
    if len(holders) < len(held):
        return _cannot_save(request, form, held)
    try:
        values = _entry(form)
    except EditConflict as conflict:
        assert form.contact is not None
        return answer_conflict(request, form, form.contact, conflict)
    return _prompt(request, form, plan_merge(holders=holders, edited=form.contact, values=values))


def _entry(form: ContactForm) -> Values:
    """The new entry of the merge: what was typed, on what is saved now. Raises EditConflict."""
    if form.contact is None:
        return form.values
    return with_edits(form.contact, form.values, form.version)


def _held(form: ContactForm) -> dict[str, int]:
    keys = {
        name: identifier_key(name, form.values[name])
        for name in IDENTIFIER_FIELDS
        if form.values.get(name)
    }
    return holders_of(keys, besides=form.contact.pk if form.contact else None)


def _visible(request: HtmxHttpRequest, held: dict[str, int]) -> dict[str, Contact]:
    seen = Contact.objects.visible_to(request.user).in_bulk(list(held.values()))
    return {name: seen[pk] for name, pk in held.items() if pk in seen}


def _prompt(
    request: HtmxHttpRequest, form: ContactForm, plan: MergePlan, *, notice: str = ""
) -> HttpResponse:
    owners = owner_names(
        text
        for row in plan.rows
        if row.field.name == "owner"
        for text in (row.existing, row.other, row.new)
    )
    context = {
        "dialog_title": "Merge Contacts",
        "plan": plan,
        "taken": [shown(BY_NAME[name], value, {}) for name, value in plan.taken.items()],
        "rows": [_shown_row(row, owners, plan) for row in plan.shown_rows],
        "counts": {name.lower(): plan.count(name) for name in ("Fill", "Replace", "Keep")},
        "form": form,
        "contact": form.contact,
        "notice": notice,
    }
    return render_dialog(request, "contacts/_merge.html", context, status=409)


def _shown_row(row: MergeRow, owners: dict[str, str], plan: MergePlan) -> dict[str, Any]:
    """The row for the template: each different value has one radio, on its first side."""
    sides = {"existing": row.existing, "other": row.other, "new": row.new}
    first_with = {text: key for key, text in reversed(sides.items())}
    return {
        "row": row,
        "name": f"choice_{row.field.name}",
        "sides": [
            {
                "key": key,
                "label": SIDES[key],
                "text": shown(row.field, text, owners) if text else "",
                "pick": row.choosable and text and first_with[text] == key,
                "wins": row.choosable and text and text == row.result,
            }
            for key, text in sides.items()
            if key != "other" or plan.other is not None
        ],
        "result": shown(row.field, row.result, owners) if row.result else "",
    }


def _cannot_save(request: HtmxHttpRequest, form: ContactForm, held: dict[str, int]) -> HttpResponse:
    """Say nothing about the other record: not its name, id, owner nor any of its values."""
    seen = _visible(request, held)
    typed = {name: form.texts[name] for name in form.texts if form.texts[name]}
    try:
        filed = file_request(
            user=request.user, contact=form.contact, typed=typed, holders=list(held.values())
        )
    except RecordGone:
        return _save_again(request, form.contact)
    hidden = [name for name in IDENTIFIER_FIELDS if name in held and name not in seen]
    value = form.texts[(hidden or list(held))[0]].strip()
    context = {
        "dialog_title": "Cannot Save Contact",
        "value": value,
        "filed": filed,
        "administrator": administrator_of_account(),
        "form": form,
        "contact": form.contact,
    }
    return render_dialog(request, "contacts/_cannot_save.html", context, status=403)
