"""Conversations: the only way to begin one, to answer in one, and to take one up again.

An answer is one transaction: the message, what the bot says to it, the contact, the booking. Rows
are locked in the order of everywhere: contact, conversation, meeting.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from activities.chats import tokens as chat_tokens
from activities.chats.answers import asked_at, read_answer
from activities.chats.capture import learn
from activities.chats.flow import advance, begin
from activities.chats.offers import needs_of
from activities.chats.talk import Talk, change_of
from activities.chats.times import choose_time
from activities.models import Chatbot, ChatbotVersion, Conversation
from activities.models.chatbot import digest_of
from activities.signals import announce_conversations
from activities.zones import known_zone
from contacts.identity import InvalidValue
from contacts.models import Contact
from contacts.retrying import Stale, retrying

MOST_MESSAGES = 400
State = Conversation.State
#: What an answer changes of its conversation.
CHANGES = (
    "state", "contact", "contact_public_id", "made_contact", "last_message_at", "messages_count",
    "answered", "step", "detail", "offered_from", "answers", "status", "visitor", "search_text",
)  # fmt: skip


class Over(Exception):
    """The conversation is finished, too old to be taken up, too long, or its contact is deleted."""


class NotAsked(Exception):
    """The answer is to another message than the last one: something else was said meanwhile."""


@dataclass(frozen=True)
class Started:
    conversation: Conversation
    token: str  # told this once


@transaction.atomic
def start(
    *, bot: Chatbot, zone: str = "", is_test: bool = False, now: datetime | None = None
) -> Started:
    """Begin a conversation on the published flow; a test on the flow as edited.

    `zone` is what the visitor's browser says; one that does not exist is left out. Raises Over when
    the bot is not published.
    """
    moment, token = now or timezone.now(), chat_tokens.new_token()
    version = version_of(bot, bot.flow) if is_test else bot.live
    if version is None:
        raise Over
    conversation = Conversation(
        bot=bot,
        version=version,
        is_test=is_test,
        token_hash=chat_tokens.digest(token),
        started_at=moment,
        time_zone=_zone(zone),
    )
    talk = Talk(conversation, moment)
    talk.take(begin(version.flow, needs_of))
    talk.write()
    return Started(conversation, token)


def version_of(bot: Chatbot, steps: Any) -> ChatbotVersion:
    """The frozen copy of these steps, in the caller's transaction."""
    known, _ = ChatbotVersion.objects.get_or_create(
        bot=bot, digest=digest_of(steps), defaults={"steps": steps}
    )
    return known


@retrying
@transaction.atomic
def answer(
    *, conversation_id: int, nonce: str, to: int, text: str, now: datetime | None = None
) -> Conversation:
    """Take one answer, to the message with the number `to`, and let the bot go on.

    `nonce` is the sender's for this answer: sent again, it has been taken already. Raises
    InvalidValue with a sentence for the visitor, NotAsked, Over and Busy; then nothing was written.
    """
    moment = now or timezone.now()
    conversation = _lock(conversation_id)
    if conversation.messages.filter(nonce=nonce).exists():
        return conversation
    if not _goes_on(conversation, moment):
        raise Over
    if to != conversation.messages_count:
        raise NotAsked
    flow, talk = conversation.version.flow, Talk(conversation, moment)
    conversation.state = State.ACTIVE
    asked = asked_at(flow, conversation.position)
    if asked is None:
        moves_on = choose_time(talk, flow, text, nonce)
    else:
        taken = read_answer(asked, text)
        taken["at"] = conversation.messages_count
        conversation.answers = {**conversation.answers, asked.key: taken}
        talk.hear(taken["text"], nonce)
        moves_on = True
    if moves_on:
        talk.take(advance(flow, conversation.position, conversation.texts, needs_of))
    learn(conversation, moment)
    talk.write(CHANGES)
    _tell(conversation)
    return conversation


def _tell(conversation: Conversation) -> None:
    """Announce the first answer, and the end."""
    kinds = ["started"] if conversation.answered == 1 else []
    kinds += ["closed"] if conversation.state == State.FINISHED else []
    if not conversation.is_test:
        announce_conversations(*(change_of(conversation, kind) for kind in kinds))


def resume(*, conversation_id: int, now: datetime | None = None) -> Conversation:
    """Take a conversation up again: an abandoned one is active from then on. Raises Over."""
    moment = now or timezone.now()
    conversation = Conversation.objects.select_related("bot", "version").get(pk=conversation_id)
    if not conversation.may_resume(moment):
        raise Over
    abandoned = Conversation.objects.filter(pk=conversation_id, state=State.ABANDONED)
    if abandoned.update(state=State.ACTIVE, last_message_at=moment):
        conversation.state, conversation.last_message_at = State.ACTIVE, moment
    return conversation


def _goes_on(conversation: Conversation, now: datetime) -> bool:
    short = conversation.messages_count < MOST_MESSAGES
    return conversation.state != State.FINISHED and conversation.may_resume(now) and short


def _lock(conversation_id: int) -> Conversation:
    """The conversation, locked after its contact, as a merge does it. Raises Over, Stale."""
    rows = Conversation.objects.filter(pk=conversation_id)
    contact_id = rows.values_list("contact_id", flat=True).first()
    if contact_id is not None:
        list(Contact.objects.select_for_update().filter(pk=contact_id))
    locked = rows.select_for_update(of=("self",)).select_related("bot", "version", "contact")
    conversation = locked.first()
    if conversation is None:
        raise Over
    if conversation.contact_id != contact_id:  # merged or deleted in between
        raise Stale
    return conversation


def _zone(text: str) -> str:
    try:
        return known_zone(text).key
    except InvalidValue:
        return ""
