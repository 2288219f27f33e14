"""Finding a contact by an id of the API, through merges."""

from collections.abc import Sequence
from typing import Any

from contacts.api.errors import ApiError, no_such
from contacts.api.lists import Place
from contacts.api_keys import Holder
from contacts.models import Contact, PublicId
from contacts.models.contact import PLACE, is_public_id
from contacts.objects import contact_object, deleted_object
from contacts.public_ids import ends_of


class Gone(Exception):
    """The id is that of a contact that was deleted."""


def find_contact(holder: Holder, public_id: str) -> Contact:
    """The contact that stands for this id today. Raises Gone, and ApiError for no id of ours."""
    if not is_public_id(public_id):
        raise no_such("contact", public_id)
    contact = holder.contacts.filter(public_id=public_id).first()
    if contact is not None:
        return contact
    end, state = ends_of([public_id]).get(public_id, ("", ""))
    if state == "deleted":
        raise Gone
    contact = holder.contacts.filter(public_id=end).first() if end else None
    if contact is None:
        raise no_such("contact", public_id)
    return contact


def living_contact(holder: Holder, public_id: str) -> Contact:
    """The same where only a contact that is there will do. Raises ApiError."""
    try:
        return find_contact(holder, public_id)
    except Gone:
        raise no_such("contact", public_id) from None


def place_of_contact(holder: Holder, public_id: str) -> Place | None:
    """Where a contact stands in the list, or stood before it was merged or deleted."""
    if not is_public_id(public_id):
        return None
    here = holder.contacts.filter(public_id=public_id).values_list(PLACE, "pk").first()
    if here is not None:
        return Place(*here)
    gone = PublicId.objects.filter(pk=public_id, listed_at__isnull=False)
    was = gone.values_list("listed_at", "listed_row").first()
    return Place(was[0], was[1] or 0) if was is not None else None


def contacts_by_id(holder: Holder, public_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What to put for these ids where they are expanded."""
    ends = ends_of(public_ids)
    rows = holder.contacts.filter(public_id__in={end for end, _ in ends.values()})
    found = {contact.public_id: contact_object(contact) for contact in rows}
    return {
        public_id: dict(found[end]) if end in found else deleted_object(end)
        for public_id, (end, state) in ends.items()
        if end in found or state == "deleted"
    }


def taken(message_value: str, field: str, *, holder_id: str, tell: bool) -> ApiError:
    """409: the e-mail or mobile phone is another contact's, now or formerly."""
    error = ApiError(
        409, f"Contact already exists: '{message_value}'", param=field, about=holder_id
    )
    if tell:
        error.more["existing_id"] = holder_id
    return error
