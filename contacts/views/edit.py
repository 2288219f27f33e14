"""New contact and Edit Contact: nothing typed is ever lost, whatever the answer is."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from contacts.conflicts import administrator_of_account, ask
from contacts.fields import as_text, current_value, field_named, live_fields
from contacts.forms import ContactForm, shown_text
from contacts.models import ConflictRequest, Contact, Merge
from contacts.planning import NOTHING, PlanChanged
from contacts.probing import Probe
from contacts.retrying import Busy
from contacts.services import (
    ContactGone,
    EditConflict,
    IdentifierTaken,
    create_contact,
    plan_update,
    update_contact,
)
from contacts.signals import Actor
from contacts.views.answers import (
    LookAgain,
    answer_conflict,
    answer_taken,
    looks_again,
    show_form,
    unless_probing,
)
from contacts.views.lookup import MergedAway, find_contact
from contacts.views.pane import after_save
from contacts.views.requests import HtmxHttpRequest, list_query
from contacts.views.shell import BUSY, render_dialog
from contacts.views.undo_links import undo_of_save

PLAN_NEW = "Nothing was saved yet. See below what saving will do, then save."
PLAN_CHANGED = (
    "Nothing was saved yet. What saving will do has changed since it was shown. "
    "See below, then save."
)
GONE = (
    "This contact no longer exists, or you can no longer see it. Nothing was saved. "
    "What you typed is below and can be saved as a new contact."
)


@login_required
@require_http_methods(["GET", "POST"])
@looks_again
def contact_new(request: HtmxHttpRequest) -> HttpResponse:
    """The empty form, and its Save."""
    if request.method == "GET" or "back" in request.POST:
        form = ContactForm(user=request.user, data=request.POST or None)
        form.errors.clear()
        return show_form(request, form)
    form = ContactForm(user=request.user, data=request.POST)
    if not form.is_valid:
        return show_form(request, form, status=422)
    return unless_probing(request, form, lambda probe: save_new(request, form, probe))


def save_new(request: HtmxHttpRequest, form: ContactForm, probe: Probe) -> HttpResponse:
    """Make the contact of a valid form; `probe` counts a hidden one that is in its way."""
    try:
        contact = create_contact(actor=Actor(request.user), values=form.values)
    except IdentifierTaken as taken:
        return answer_taken(request, form, taken.holders, probe)
    except Busy:
        return show_form(request, form, status=409, notice=BUSY)
    return after_save(request, contact, "Contact saved")


@login_required
@require_http_methods(["GET", "POST"])
@looks_again
def contact_edit(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """The form of a contact, and its Save."""
    try:
        contact = find_contact(request, public_id)
    except MergedAway as merged:
        return _edit_of_merged(request, public_id, merged.survivor)
    except Http404:
        if request.method == "GET":
            raise
        form = ContactForm(user=request.user, data=request.POST)
        form.forgive()
        return show_form(request, form, status=404, notice=GONE)
    if request.method == "GET" or "back" in request.POST:
        form = ContactForm(user=request.user, contact=contact, data=request.POST or None)
        form.errors.clear()
        return show_form(request, form)
    return save(request, contact)


def save(request: HtmxHttpRequest, contact: Contact) -> HttpResponse:
    """Save the posted form; every way it can end keeps what was typed."""
    form = ContactForm(user=request.user, contact=contact, data=request.POST)
    _take_theirs(request, form, contact)
    if not form.is_valid:
        return show_form(request, form, status=422)
    return unless_probing(request, form, lambda probe: save_edit(request, contact, form, probe))


def save_edit(
    request: HtmxHttpRequest, contact: Contact, form: ContactForm, probe: Probe
) -> HttpResponse:
    """Save a valid form; `probe` counts a hidden contact that is in its way."""
    try:
        saved = update_contact(
            contact_id=contact.pk,
            actor=Actor(request.user),
            values=form.values,
            base_version=form.version,
            shown_plan=request.POST.get("plan", NOTHING.digest),
        )
    except EditConflict as conflict:
        return answer_conflict(request, form, contact, conflict)
    except IdentifierTaken as taken:
        return answer_taken(request, form, taken.holders, probe)
    except PlanChanged as changed:
        notice = PLAN_CHANGED if request.POST.get("plan") else PLAN_NEW
        return show_form(request, form, status=412, notice=notice, plan=changed.plan)
    except ContactGone:  # merged or deleted since it was found
        raise LookAgain(form) from None
    except Busy:
        return show_form(request, form, status=409, notice=BUSY)
    if saved.version == contact.version:
        return after_save(request, saved, "Nothing was changed")
    return after_save(request, saved, "Contact saved", undo=undo_of_save(request, saved))


@login_required
@require_POST
def contact_impact(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """What the panel above Save says: what saving the form as it stands will make happen elsewhere.

    The panel itself stays, as a live region must whose words are to be read out. It looks at no other contact, so it tells nothing about one.
    """
    try:
        contact = find_contact(request, public_id)
    except MergedAway as merged:
        contact = merged.survivor
    form = ContactForm(user=request.user, contact=contact, data=request.POST)
    plan = plan_update(
        contact, actor=Actor(request.user), values=form.values, base_version=form.version
    )
    return render(request, "contacts/_impact_lines.html", {"plan": plan})


def _take_theirs(request: HtmxHttpRequest, form: ContactForm, contact: Contact) -> None:
    """Where a person chose "Keep theirs", what is saved stands for what was typed.

    Unless they typed on: then the choice was about another text than the one that is sent.
    """
    for field in live_fields():
        name = field.name
        offered = request.POST.get(f"typed_{name}", form.texts[name])
        if request.POST.get(f"resolve_{name}") == "theirs" and offered == form.texts[name]:
            form.replace(name, current_value(contact, field))


def _edit_of_merged(request: HtmxHttpRequest, public_id: str, survivor: Contact) -> HttpResponse:
    """The contact was merged away while it was edited: its changes, laid over the survivor."""
    url = reverse("contact_edit", args=[survivor.public_id]) + list_query(request)
    if request.method == "GET":
        return HttpResponseRedirect(url)
    typed = ContactForm(user=request.user, contact=survivor, data=request.POST)
    merge = Merge.objects.filter(duplicates=public_id).order_by("-at").first()
    before = merge.before.get(public_id, {}) if merge else {}
    form = ContactForm(user=request.user, contact=survivor)
    for name, value in typed.values.items():
        if as_text(value) != before.get(name, ""):
            form.replace(name, value)
    for name, fault in typed.errors.items():
        if typed.texts[name] == shown_text(field_named(name), before.get(name, "")):
            continue  # not typed: it stood there when the form was opened
        form.texts[name], form.errors[name] = typed.texts[name], fault
    notice = (
        f"While you were editing, this contact was merged into {survivor.display_name}. "
        "Nothing was saved. Your changes stand below, on the merged contact: check and save them."
    )
    return show_form(request, form, status=412, notice=notice)


@login_required
@require_POST
def ask_administrator(request: HtmxHttpRequest, reference: str) -> HttpResponse:
    """Send a refused save to the administrators. Only its author may."""
    if "\x00" in reference:
        raise Http404
    filed = get_object_or_404(ConflictRequest, reference=reference, requested_by=request.user)
    ask(filed)
    resolved = ConflictRequest.State.RESOLVED
    # It may have been merged, or given to others, since: its id is told to those who see it.
    contact = Contact.objects.visible_to(request.user).filter(conflict_requests=filed).first()
    context = {
        "filed": filed,
        "administrator": administrator_of_account(),
        "contact": contact,
        "form": ContactForm(user=request.user, contact=contact, data=request.POST),
        "dialog_title": "Request resolved" if filed.state == resolved else "Request sent",
    }
    return render_dialog(request, "contacts/_asked.html", context)
