"""A conversation as its visitor sees it: the messages, and what the bot waits for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.urls import reverse

from activities import guest_links
from activities.chats.answers import asked_at
from activities.chats.flow import CHOICE, DATE, EMAIL, MOBILE, NUMBER, PHONE
from activities.chats.offers import LATER, NONE, calendar_of, label_of, offer_of, value_of
from activities.models import ChatMessage, Conversation

TIMES = "times"
#: How a browser helps with each kind of answer: the input's type, its mode, what it fills in.
INPUTS = {
    EMAIL: ("text", "email", "email"),
    MOBILE: ("tel", "tel", "tel"),
    PHONE: ("tel", "tel", "tel"),
    NUMBER: ("text", "decimal", "off"),
    DATE: ("date", "text", "off"),
}


class Option(NamedTuple):
    value: str
    label: str


@dataclass(frozen=True)
class Asks:
    """What the visitor is asked for now. `options` are all there is to choose from, if any."""

    kind: str
    required: bool = False
    options: tuple[Option, ...] = ()
    zone: str = ""  # of the times
    autocomplete: str = ""

    @property
    def input(self) -> tuple[str, str, str]:
        kind, mode, fills = INPUTS.get(self.kind, ("text", "text", "off"))
        return kind, mode, self.autocomplete or fills

    def as_json(self) -> dict[str, Any]:
        kind, mode, autocomplete = self.input
        return {
            "kind": self.kind,
            "required": self.required,
            "options": [option._asdict() for option in self.options],
            "zone": self.zone,
            "input": {"type": kind, "inputmode": mode, "autocomplete": autocomplete},
        }


_FILLS = {"name": "name", "company": "organization", "first_name": "given-name",
          "last_name": "family-name"}  # fmt: skip


def asks_of(conversation: Conversation, now: datetime) -> Asks | None:
    """None when the conversation is finished."""
    if conversation.state == Conversation.State.FINISHED:
        return None
    flow = conversation.version.flow
    asked = asked_at(flow, conversation.position)
    if asked is None:
        return _times(conversation, now)
    options = asked.options if asked.kind == CHOICE else ()
    return Asks(
        asked.kind,
        asked.required,
        tuple(Option(text, text) for text in options),
        autocomplete=_FILLS.get(asked.field, ""),
    )


def _times(conversation: Conversation, now: datetime) -> Asks:
    calendar = calendar_of(conversation, conversation.version.flow)
    nothing = Option(NONE, "No meeting for now")
    if calendar is None:
        return Asks(TIMES, True, (nothing,))
    offer = offer_of(calendar, conversation, now)
    times = [Option(value_of(start), label_of(start, offer.zone)) for start in offer.starts]
    later = [Option(LATER, "Later times")] if times else []
    return Asks(TIMES, True, (*times, *later, nothing), zone=offer.zone.key)


def messages_after(conversation: Conversation, number: int) -> list[ChatMessage]:
    rows = conversation.messages.filter(number__gt=number).select_related("meeting")
    return list(rows.order_by("number"))


def as_json(
    conversation: Conversation, messages: Sequence[ChatMessage], now: datetime
) -> dict[str, Any]:
    """What the widget is told."""
    asks = asks_of(conversation, now)
    return {
        "bot": conversation.bot.name,
        "state": conversation.state,
        "messages": [{**message.as_json(), "link": link_of(message)} for message in messages],
        "asks": asks.as_json() if asks else None,
    }


def link_of(message: ChatMessage) -> str:
    """The guest's own link to the meeting that a message tells of: for who has the token only."""
    if message.meeting is None:
        return ""
    return reverse("guest_meeting", args=[guest_links.token_of(message.meeting)])
