"""Finding the contact of a request. What one may not see is exactly like what does not exist."""

from django.http import Http404

from contacts.models import Contact, PublicId
from contacts.views.requests import HtmxHttpRequest


class MergedAway(Exception):
    """The id was merged; `survivor` is the visible contact that stands for it now."""

    def __init__(self, survivor: Contact) -> None:
        super().__init__("merged away")
        self.survivor = survivor


def find_contact(request: HtmxHttpRequest, public_id: str) -> Contact:
    """The visible contact with this id. Raises MergedAway, else Http404."""
    if "\x00" in public_id:
        raise Http404  # PostgreSQL refuses to look for it
    visible = Contact.objects.visible_to(request.user).select_related("owner")
    contact = visible.filter(public_id=public_id).first()
    if contact is not None:
        return contact
    known = PublicId.objects.filter(pk=public_id, state=PublicId.State.MERGED).first()
    survivor = visible.filter(public_id=known.survivor().value).first() if known else None
    if survivor is None:
        raise Http404
    raise MergedAway(survivor)
