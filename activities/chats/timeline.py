"""Conversations in the timeline of their contact: one entry each, with its transcript."""

from django.urls import reverse

from activities.models import ChatMessage, Conversation
from contacts.models import Contact, User
from contacts.timeline.sources import Entry, Stretch, TimelineSource

TRANSCRIPT = 40  # messages; the rest stands on the conversation's own page
State = Conversation.State
ENDS = {
    State.ACTIVE: "in progress",
    State.FINISHED: "finished",
    State.ABANDONED: "abandoned by the visitor",
}


def find(contact: Contact, viewer: User, stretch: Stretch) -> list[Entry]:
    """The contact's conversations; whoever sees the contact sees them. Two queries."""
    rows = Conversation.objects.filter(contact=contact, is_test=False, answered__gt=0)
    if stretch.upto is not None:
        rows = rows.filter(started_at__lte=stretch.upto)
    found = list(rows.select_related("bot").order_by("-started_at", "-pk")[: stretch.limit])
    said = _messages(found) if found else {}
    return [_entry(conversation, said.get(conversation.pk, [])) for conversation in found]


def _messages(conversations: list[Conversation]) -> dict[int, list[ChatMessage]]:
    rows = ChatMessage.objects.filter(conversation__in=conversations, number__lte=TRANSCRIPT)
    said: dict[int, list[ChatMessage]] = {}
    for message in rows.order_by("conversation", "number"):
        said.setdefault(message.conversation_id, []).append(message)
    return said


def _entry(conversation: Conversation, messages: list[ChatMessage]) -> Entry:
    answers = conversation.answered
    return Entry(
        at=conversation.started_at,
        icon="message-circle",
        tint="v",
        lead="Chat",
        text=f"with {conversation.bot}",
        detail=f"{answers} answer{'' if answers == 1 else 's'}, {ENDS[State(conversation.state)]}",
        url=reverse("chat_detail", args=[conversation.public_id]),
        lines=[(message.get_by_display(), message.text or "No answer") for message in messages],
    )


SOURCE = TimelineSource("chats", "chats", 30, find)
