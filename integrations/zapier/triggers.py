"""What can start a Zap, and which of it a change does."""

from contacts.signals import ContactChange
from integrations.webhooks.events import BOOKING_EVENTS, CONTACT_EVENTS, CONVERSATION_EVENTS

#: The triggers by the names that Zapier subscribes with. A lifecycle is everything of its kind.
TRIGGERS = {
    "contact.created": "Contact captured",
    "contact.updated": "Contact updated",
    "contact.lifecycle": "Contact lifecycle",
    **{name: f"Booking {name.partition('.')[2].replace('_', ' ')}" for name in BOOKING_EVENTS},
    "booking.lifecycle": "Booking lifecycle",
    **{name: f"Conversation {name.partition('.')[2]}" for name in CONVERSATION_EVENTS},
    "conversation.lifecycle": "Conversation lifecycle",
}
CHANGES = {"contact.updated", "contact.merged", "contact.unmerged"}


def started_by(event_type: str, *, changed: bool = True) -> frozenset[str]:
    """The triggers of an event. A merge, too, updates the contact where `changed` fields differ."""
    found = {event_type, f"{event_type.partition('.')[0]}.lifecycle"} & set(TRIGGERS)
    if event_type in CHANGES and changed:
        found.add("contact.updated")
    return frozenset(found)


def of_contact(change: ContactChange) -> tuple[str, frozenset[str]]:
    """The event of a contact's change, and the triggers that it starts: of a save none at all where
    no value is another than before, so that a Zap that writes back what it read ends there."""
    event_type = CONTACT_EVENTS[change.kind]
    changed = any(old != new for old, new in change.fields.values())
    if event_type == "contact.updated" and not changed:
        return event_type, frozenset()
    return event_type, started_by(event_type, changed=changed)
