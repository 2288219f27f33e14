"""A visitor's answer to the times that a bot offers: one of them, later ones, or none."""

from activities.chats.capture import belongs_to
from activities.chats.flow import CLOSED, Flow
from activities.chats.offers import (
    LATER,
    NONE,
    book_in,
    calendar_of,
    label_of,
    offer_of,
    read_value,
    zone_of,
)
from activities.chats.talk import Talk
from activities.models import BookingCalendar, Conversation
from activities.slots import NotAvailable, SlotTaken
from contacts.identity import InvalidValue

CHOOSE = "Choose one of the times"
TAKEN = "That time has just been taken. Nothing was booked. Here are others."
NOT_OFFERED = "That time cannot be booked. Nothing was booked. Here are others."
LATER_TIMES, NO_LATER = "Later times", "There are no later times. These are the first ones."
NO_MEETING = "No meeting for now"
BOOKED = "Booked: {when}, {zone} time, with {host}."
PRETENDED = "Test: {when}, {zone} time, would be booked now."


def choose_time(talk: Talk, flow: Flow, text: str, nonce: str) -> bool:
    """Whether the conversation goes on to the next step; else it waits for another choice.

    A time that was taken meanwhile is answered in the conversation. Raises InvalidValue for what
    was not offered at all, and Busy.
    """
    conversation = talk.conversation
    calendar = calendar_of(conversation, flow)
    if calendar is None:  # closed since it was offered
        talk.hear(NO_MEETING, nonce)
        talk.say(CLOSED)
        return True
    if text == NONE:
        talk.hear(NO_MEETING, nonce)
        return True
    if text == LATER:
        talk.hear(LATER_TIMES, nonce)
        _look_later(talk, calendar)
        return False
    return _book(talk, calendar, text, nonce)


def _look_later(talk: Talk, calendar: BookingCalendar) -> None:
    """Offer from the day after the last time that is on offer."""
    conversation = talk.conversation
    shown = offer_of(calendar, conversation, talk.at)
    if shown.starts:
        last = shown.starts[-1].astimezone(shown.zone)
        conversation.offered_from = max(last.replace(hour=23, minute=59), last)
    if not offer_of(calendar, conversation, talk.at).starts:
        conversation.offered_from = None
        talk.say(NO_LATER)
        return
    talk.say("Here are later times.")


def _book(talk: Talk, calendar: BookingCalendar, text: str, nonce: str) -> bool:
    conversation = talk.conversation
    start = read_value(text)
    if start is None:
        raise InvalidValue(CHOOSE)
    zone = zone_of(conversation, calendar)
    when = label_of(start, zone)
    talk.hear(when, nonce)
    if conversation.is_test:
        talk.say(PRETENDED.format(when=when, zone=zone.key))
        _note(conversation, when, "test")
        return True
    try:
        meeting = book_in(conversation, calendar, start, talk.at)
    except NotAvailable as error:
        talk.say(TAKEN if isinstance(error, SlotTaken) else NOT_OFFERED)
        conversation.offered_from = None
        return False
    talk.say(BOOKED.format(when=when, zone=zone.key, host=calendar.host), meeting)
    if meeting.contact is not None:
        belongs_to(conversation, meeting.contact)
    _note(conversation, when, meeting.public_id)
    return True


def _note(conversation: Conversation, when: str, meeting: str) -> None:
    """The step counts as answered: rules can ask whether a meeting was booked."""
    told: dict[str, str | int] = {
        "label": "Meeting",
        "text": when,
        "field": "",
        "value": "",
        "meeting": meeting,
    }
    told["at"] = conversation.messages_count
    conversation.answers = {**conversation.answers, conversation.step: told}
