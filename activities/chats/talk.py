"""The messages of one turn, gathered and then written with the state of their conversation."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from activities.chats.answers import guest_of
from activities.chats.flow import Turn
from activities.models import ChatMessage, Conversation, Meeting
from activities.signals import ConversationChange

By = ChatMessage.By


@dataclass
class Talk:
    """One turn of a conversation that the caller has locked or is making."""

    conversation: Conversation
    at: datetime
    messages: list[ChatMessage] = field(default_factory=list)

    def hear(self, text: str, nonce: str) -> None:
        """The visitor's answer; one that was left out is a message without words."""
        self._add(By.VISITOR, text, nonce=nonce)
        self.conversation.answered += 1

    def say(self, text: str, meeting: Meeting | None = None) -> None:
        self._add(By.BOT, text, meeting=meeting)

    def take(self, turn: Turn) -> None:
        """What the bot says, and where it waits."""
        for text in turn.says:
            self.say(text)
        conversation = self.conversation
        conversation.step, conversation.detail = turn.position.step, turn.position.detail
        conversation.offered_from = None
        conversation.status = turn.status or conversation.status
        if not turn.position.step:
            conversation.state = Conversation.State.FINISHED

    def write(self, changes: Collection[str] | None = None) -> None:
        """The messages, and the conversation: all of it, or these columns."""
        conversation = self.conversation
        conversation.last_message_at = self.at
        self.tell_who()
        conversation.save(update_fields=changes)
        ChatMessage.objects.bulk_create(self.messages)

    def tell_who(self) -> None:
        """The visitor's name in lists, and what is searched."""
        guest = guest_of(self.conversation)
        told = guest.name or guest.email or guest.mobile_phone
        self.conversation.visitor = told[:254]
        self.conversation.search_text = self.conversation.searched()

    def _add(self, by: str, text: str, *, nonce: str = "", meeting: Meeting | None = None) -> None:
        self.conversation.messages_count += 1
        self.messages.append(
            ChatMessage(
                conversation=self.conversation,
                number=self.conversation.messages_count,
                by=by,
                text=text,
                at=self.at,
                nonce=nonce,
                meeting=meeting,
            )
        )


def change_of(conversation: Conversation, kind: str) -> ConversationChange:
    """The announcement of what has just been written."""
    return ConversationChange(
        conversation_id=conversation.pk,
        public_id=conversation.public_id,
        contact_id=conversation.contact_id,
        kind=kind,
    )
