"""Undo of one save, or of a merge, from a toast or from the contact's activity."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from contacts.models import Contact, Merge, PublicId
from contacts.retrying import Busy
from contacts.services import ContactGone, IdentifierTaken
from contacts.undoing import NoSuchUndo, Undone, read_token, undo_save
from contacts.views.lookup import MergedAway, find_contact
from contacts.views.pane import BUSY, after_save, show_contact
from contacts.views.requests import HtmxHttpRequest
from contacts.views.undo_links import undo_of_save
from contacts.views.unmerge import undo_at_once

TAKEN = "Not undone: the old {} belongs to another contact now. Nothing was changed."
MERGED = (
    "Not undone: that contact was merged into this one since. Undo the merge first, in the "
    "activity below. Nothing was changed."
)
TOO_LATE = "This can no longer be undone: a save can be undone for 30 days. Nothing was changed."
NAMES = {"email": "email", "mobile_phone": "mobile phone"}


@login_required
@require_POST
def undo(request: HtmxHttpRequest, token: str) -> HttpResponse:
    """Do what the token, which is this person's alone, stands for."""
    try:
        asked = read_token(request.user, token)
    except NoSuchUndo:
        raise Http404 from None
    if asked.merge:
        return _undo_merge(request, asked.merge)
    try:
        contact = find_contact(request, asked.public_id)
    except MergedAway as merged:
        return show_contact(request, merged.survivor, status=409, problem=MERGED)
    try:
        undone = undo_save(contact_id=contact.pk, version=asked.version, user=request.user)
    except LookupError:
        return show_contact(request, contact, status=410, problem=TOO_LATE)
    except ContactGone:
        raise Http404 from None
    except IdentifierTaken as taken:
        names = " and ".join(NAMES[kind] for kind in sorted(taken.holders))
        return show_contact(request, contact, status=409, problem=TAKEN.format(names))
    except Busy:
        return show_contact(request, contact, status=409, problem=BUSY)
    return _answer(request, undone)


def _answer(request: HtmxHttpRequest, undone: Undone) -> HttpResponse:
    told = undone.text.removesuffix(".")  # a toast ends without
    if undone.plan.values:
        again = undo_of_save(request, undone.contact)
        return after_save(request, undone.contact, told, undo=again)
    if undone.plan.changed_since or undone.plan.refused:
        return show_contact(request, undone.contact, status=409, problem=undone.text)
    return after_save(request, undone.contact, told)


def _undo_merge(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    merge = get_object_or_404(Merge, pk=pk)
    now = PublicId.objects.get(pk=merge.survivor_id).survivor()
    visible = Contact.objects.visible_to(request.user)
    return undo_at_once(request, get_object_or_404(visible, public_id=now.value), merge)
