"""From what was said in a conversation to its contact: as bookings do it, by contacts.resolving."""

from datetime import datetime

from activities.chats.answers import guest_of
from activities.models import Conversation
from contacts.models import Contact, Source
from contacts.resolving import Visitor, note_activity, resolve
from contacts.signals import Actor


def learn(conversation: Conversation, at: datetime) -> None:
    """Find or make the contact once there is an email or a mobile phone; fill it, suggest the rest.

    In the transaction of the message. A test learns of nobody. Raises Busy.
    """
    if conversation.is_test:
        return
    guest = guest_of(conversation)
    if not (guest.email or guest.mobile_phone):
        note_activity([conversation.contact_id] if conversation.contact_id else [], at)
        return
    detail = f"{conversation.bot.name[:90]}, {conversation.public_id}"
    resolved = resolve(
        Visitor(
            values=guest.for_contact() | {"status": conversation.status},
            actor=Actor(None, Source.CHATBOT, detail),
            owner_id=conversation.bot.owner_id,
            at=at,
            fills_only=frozenset({"timezone"}),
            made=conversation.contact_id if conversation.made_contact else None,
        )
    )
    if resolved.created:
        Contact.objects.filter(pk=resolved.contact.pk).update(bot=conversation.bot.public_id)
    same = resolved.contact.pk == conversation.contact_id
    conversation.made_contact = resolved.created or (same and conversation.made_contact)
    belongs_to(conversation, resolved.contact)


def belongs_to(conversation: Conversation, contact: Contact) -> None:
    """Unsaved."""
    conversation.contact = contact
    conversation.contact_public_id = contact.public_id
