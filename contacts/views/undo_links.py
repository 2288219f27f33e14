"""The addresses that the Undo buttons of toasts post to."""

from django.urls import reverse

from contacts.models import Contact, FieldChange, Merge, Source
from contacts.undoing import token_for_merge, token_for_save
from contacts.views.requests import HtmxHttpRequest, list_query


def undo_of_save(request: HtmxHttpRequest, contact: Contact) -> str:
    """For the save that has just made this version, when it was this person's; else ""."""
    mine = FieldChange.objects.filter(
        contact=contact, version=contact.version, actor=request.user, source=Source.PERSON
    )
    if not mine.exists():  # nothing was changed, or it is somebody else's version already
        return ""
    return _url(request, token_for_save(request.user, contact.public_id, contact.version))


def undo_of_merge(request: HtmxHttpRequest, survivor: Contact) -> str:
    """For the merge that has just made this version; values that went from New contact into an
    existing record are a save of it."""
    merges = Merge.objects.filter(survivor=survivor.public_id, survivor_version=survivor.version)
    merge = merges.filter(undone_at=None).first()
    if merge is None:
        return undo_of_save(request, survivor)
    return _url(request, token_for_merge(request.user, merge.pk))


def _url(request: HtmxHttpRequest, token: str) -> str:
    return reverse("undo", args=[token]) + list_query(request)
