"""Accept and dismiss what guests have answered, from the pane."""

from contextlib import suppress

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_POST

from contacts.fields import as_text, known_fields
from contacts.forms import ContactForm, shown_text, version_of
from contacts.models import Contact
from contacts.models.suggestion import PURPOSE
from contacts.opaque import NotOurs, reveal
from contacts.planning import NOTHING, PlanChanged
from contacts.probing import Probe
from contacts.retrying import Busy
from contacts.services import ContactGone, EditConflict, IdentifierTaken
from contacts.signals import Actor
from contacts.suggestions import accept_suggestions, dismiss_suggestions, open_suggestions
from contacts.views.answers import (
    LookAgain,
    answer_conflict,
    answer_taken,
    looks_again,
    show_form,
    unless_probing,
)
from contacts.views.edit import PLAN_NEW
from contacts.views.lookup import MergedAway, find_contact
from contacts.views.pane import BUSY, after_save, show_contact
from contacts.views.requests import HtmxHttpRequest


@login_required
@require_POST
@looks_again
def suggestion_decide(request: HtmxHttpRequest, public_id: str) -> HttpResponse:
    """`accept` or `dismiss` name one suggestion, "all" stands for every one that was shown."""
    try:
        contact = find_contact(request, public_id)
    except MergedAway as merged:
        contact = merged.survivor
    accepting = "accept" in request.POST
    ids = _chosen(request, "accept" if accepting else "dismiss")
    actor = Actor(request.user)
    try:
        if accepting:
            return _accept(request, contact, ids, actor)
        dismiss_suggestions(contact_id=contact.pk, ids=ids, actor=actor)
    except ContactGone:
        raise Http404 from None
    except Busy:
        return show_contact(request, contact, status=409, problem=BUSY)
    return after_save(request, contact, "Suggestion dismissed" if len(ids) == 1 else "Dismissed")


def _chosen(request: HtmxHttpRequest, name: str) -> set[int]:
    """The ids that were meant: the one of the button, or all that the pane showed."""
    texts = [request.POST.get(name, "")]
    if texts == ["all"]:
        texts = request.POST.getlist("shown")
    ids = set()
    for text in texts:
        with suppress(NotOurs):  # made up: like one that is decided by now
            ids.add(int(reveal(text, purpose=PURPOSE)))
    return ids


def _accept(
    request: HtmxHttpRequest, contact: Contact, ids: set[int], actor: Actor
) -> HttpResponse:
    form = _typed(request, contact, ids)
    return unless_probing(
        request, form, lambda probe: _save(request, contact, form, ids, actor, probe)
    )


def _save(
    request: HtmxHttpRequest, contact: Contact, form: ContactForm, ids: set[int], actor: Actor,
    probe: Probe,
) -> HttpResponse:  # fmt: skip
    try:
        saved = accept_suggestions(
            contact_id=contact.pk,
            ids=ids,
            actor=actor,
            base_version=form.version,
            shown_plan=NOTHING.digest,
        )
    except EditConflict as conflict:
        return answer_conflict(request, form, contact, conflict)
    except IdentifierTaken as taken:
        return answer_taken(request, form, taken.holders, probe)
    except PlanChanged as changed:  # it reaches further than the contact: Save, having seen where
        return show_form(request, form, status=412, notice=PLAN_NEW, plan=changed.plan)
    except ContactGone:
        raise LookAgain(form) from None
    unchanged = saved.version == contact.version
    return after_save(request, saved, "Nothing was changed" if unchanged else "Contact saved")


def _typed(request: HtmxHttpRequest, contact: Contact, ids: set[int]) -> ContactForm:
    """The edit form as if the suggestions had been typed into it, for the answers of a Save."""
    form = ContactForm(user=request.user, contact=contact)
    texts = dict(form.texts)
    for row in reversed([row for row in open_suggestions(contact) if row.pk in ids]):
        texts[row.field] = shown_text(known_fields()[row.field], as_text(row.value))
    version = version_of(request.POST, contact)
    return ContactForm(user=request.user, contact=contact, data={**texts, "version": str(version)})
