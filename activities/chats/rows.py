"""Conversations as rows of a list: with the contact where there is one, else its fate."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import prefetch_related_objects

from activities.models import Conversation
from activities.rows import fates_of, initials_of
from contacts.models import Contact, User

State = Conversation.State
PILLS = {
    State.ACTIVE: ("pill-info", "clock"),
    State.FINISHED: ("pill-ok", "circle-check"),
    State.ABANDONED: ("pill-none", "circle-minus"),
}


@dataclass(frozen=True)
class Row:
    """One conversation. `contact` is the one it belongs to, where this person sees it."""

    conversation: Conversation
    contact: Contact | None = None
    fate: str = ""

    @property
    def initials(self) -> str:
        return initials_of(self.conversation.who)

    @property
    def pill(self) -> str:
        return PILLS[State(self.conversation.state)][0]

    @property
    def icon(self) -> str:
        return PILLS[State(self.conversation.state)][1]


def rows_of(conversations: Sequence[Conversation], user: User) -> list[Row]:
    """Four queries, whatever the number of rows."""
    prefetch_related_objects(conversations, "bot")
    wanted = {each.contact_id for each in conversations if each.contact_id}
    contacts = Contact.objects.visible_to(user).in_bulk(wanted)
    fates = fates_of([c.contact_public_id for c in conversations if not c.contact_id])
    return [
        Row(c, contacts.get(c.contact_id or 0), fates.get(c.contact_public_id, ""))
        for c in conversations
    ]
