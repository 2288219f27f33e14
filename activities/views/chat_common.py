"""What the widget's protocol and the page without script have in common: limits, and answering."""

import time

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from activities import limits
from activities.chats.answers import asked_at
from activities.chats.flow import EMAIL, MOBILE
from activities.chats.offers import calendar_of, read_value
from activities.chats.services import answer
from activities.models import Chatbot, Conversation
from activities.views.public import TEN_MINUTES, count_booking, wait_for_even_time

MINUTE = 60


def find_bot(slug: str) -> Chatbot | None:
    """The bot of an address, published or not."""
    if not slug.isascii() or not slug.isprintable():
        return None
    return Chatbot.objects.open().select_related("live").filter(slug=slug).first()


def count_start(request: HttpRequest) -> None:
    """Raises limits.TooMany."""
    _count("chats", limits.sender_of(request), settings.CHATS_PER_ADDRESS, TEN_MINUTES)


def count_message(request: HttpRequest, conversation: Conversation) -> None:
    """By address, and by conversation: what one sends in a hurry from many. Raises limits.TooMany.

    One commit for both. A refused one takes its count back, and the next finds the limit used up
    all the same.
    """
    by_address = settings.CHAT_MESSAGES_PER_ADDRESS
    with transaction.atomic():
        _count("chat", limits.sender_of(request), by_address, TEN_MINUTES)
        _count("talk", conversation.public_id, settings.CHAT_MESSAGES_PER_MINUTE, MINUTE)


def _count(what: str, who: str, limit: int, seconds: int) -> None:
    limits.count(what, who, limit=limit, seconds=seconds)


def take_answer(
    request: HttpRequest, conversation: Conversation, *, nonce: str, to: int, text: str
) -> Conversation:
    """Count it and answer. An answer that meets a contact takes as long for a known one as for a new
    one. Raises limits.TooMany, and what `answer` raises."""
    began = time.monotonic()
    count_message(request, conversation)
    calendar = calendar_of(conversation, conversation.version.flow)
    if calendar is not None and read_value(text) is not None:
        count_booking(calendar)
    try:
        return answer(conversation_id=conversation.pk, nonce=nonce, to=to, text=text)
    finally:
        if _meets_a_contact(conversation):
            wait_for_even_time(began)


def _meets_a_contact(conversation: Conversation) -> bool:
    asked = asked_at(conversation.version.flow, conversation.position)
    identifies = asked is not None and asked.kind in {EMAIL, MOBILE}
    return identifies or bool(conversation.contact_public_id)
