"""Where a message goes: looked up when it is sent, so that it follows an edit or a merge by itself."""

from collections.abc import Collection

from activities.models import Channel, Meeting
from contacts.models import Contact, Identifier


def address_of(meeting: Meeting, channel: str) -> str:
    """The e-mail or mobile phone of the guest now; "" where there is none.

    The contact's; where the contact has none, what the guest gave for this meeting. Of a deleted
    contact, the address that it had last. For text messages see `text_number`.
    """
    contact, typed = meeting.contact, meeting.guest_mobile_phone
    if channel == Channel.EMAIL:
        known = contact.email if contact else meeting.last_email
        return known or meeting.guest_email
    if contact is None:
        return meeting.last_mobile_phone or typed
    same = contact.mobile_phone in ("", typed)
    return typed if same else text_number(typed, contact.mobile_phone, _numbers(contact))


def text_number(typed: str, current: str, known: Collection[str]) -> str:
    """The number that text messages go to.

    The guest agreed to them for the number that they typed. Only where that is one of the contact's
    own, now or formerly (`known`), do they follow it to its `current` one: who books with somebody
    else's email must not have text messages sent to that person.
    """
    return current if current and typed in known else typed


def _numbers(contact: Contact) -> set[str]:
    rows = contact.identifiers.all()  # read before, where many meetings are looked at
    return {row.key for row in rows if row.kind == Identifier.Kind.MOBILE_PHONE}
