"""Finding the contact of a request. What one may not see is exactly like what does not exist."""

from django.http import Http404

from contacts.models import Contact
from contacts.public_ids import leading_from
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
    contact = visible.filter(public__in=leading_from(public_id)).first()
    if contact is None:
        raise Http404
    if contact.public_id != public_id:
        raise MergedAway(contact)
    return contact
