"""What `activities` announces. Others listen; activities does not know them."""

from dataclasses import dataclass, field
from typing import Any

from django.dispatch import Signal

from contacts.models import ApiKey, User


@dataclass(frozen=True)
class Doer:
    """Who did it: a colleague, or the guest, and the API key through which. Nobody: time passed."""

    by: str = ""  # Meeting.By
    user: User | None = None
    api_key: ApiKey | None = None


@dataclass(frozen=True)
class MeetingChange:
    """One change of one meeting. `kind` is a MeetingEvent.Kind: the name of its webhook event."""

    meeting_id: int
    public_id: str
    contact_id: int | None
    kind: str
    doer: Doer
    before: dict[str, Any] = field(default_factory=dict)  # starts_at, host as they were


@dataclass(frozen=True)
class ConversationChange:
    """A conversation has "started" (the visitor has said something), is "closed" or "abandoned":
    the names of its webhook events. Tests are not announced."""

    conversation_id: int
    public_id: str
    contact_id: int | None
    kind: str


#: Sent inside the transaction with `changes`, a list of MeetingChange (time passing sends many).
meetings_changed = Signal()
#: The same, of ConversationChange.
conversations_changed = Signal()


def announce(*changes: MeetingChange) -> None:
    """Tell the listeners; an error of theirs undoes the change, since nothing may be lost."""
    if changes:
        meetings_changed.send(sender=MeetingChange, changes=list(changes))


def announce_conversations(*changes: ConversationChange) -> None:
    """As `announce`."""
    if changes:
        conversations_changed.send(sender=ConversationChange, changes=list(changes))
