"""Erase personal data, for conversations: they stay for reporting, with nothing that was said."""

import secrets

from django.db.models import Q, QuerySet

from activities.chats import tokens as chat_tokens
from activities.models import ChatMessage, Conversation
from contacts.erasing import Counts, Eraser, Subject

ERASED = "Erased"
CHANGES = ("answers", "visitor", "status", "time_zone", "state", "token_hash", "search_text")


def plan(subject: Subject) -> Counts:
    return {"chats": _of(subject).count()}


def erase(subject: Subject) -> Counts:
    """Empty what the visitor said and what was learnt of it. What the bot said holds no answer, but
    for the time of a meeting. The token leads nowhere from now on."""
    own = list(_of(subject))
    ChatMessage.objects.filter(conversation__in=own, by=ChatMessage.By.VISITOR).update(text=ERASED)
    for conversation in own:
        conversation.answers, conversation.visitor = {}, ""
        conversation.status, conversation.time_zone = "", ""
        if conversation.state == Conversation.State.ACTIVE:
            conversation.state = Conversation.State.ABANDONED
        conversation.token_hash = chat_tokens.digest(secrets.token_hex(32))
        conversation.search_text = conversation.searched()
        conversation.save(update_fields=CHANGES)
    return {"chats": len(own)}


def _of(subject: Subject) -> QuerySet[Conversation]:
    """By the link to the record, or by the id that it had when it was talked to."""
    talked_as = Q(contact=None, contact_public_id__in=subject.public_ids)
    if subject.contact_id is not None:
        talked_as |= Q(contact=subject.contact_id)
    return Conversation.objects.filter(talked_as).select_related("bot")


ERASER = Eraser(plan=plan, erase=erase)
