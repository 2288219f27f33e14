"""The events of api.md: which there are, and what is said of each, byte for byte.

What is sent is frozen with the change, since an event tells of one moment: also a receiver that was
away for a day gets every step, in its order.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from activities.models import Conversation, Meeting
from activities.objects import BOOKING_PARTS, booking_object, conversation_object
from activities.signals import ConversationChange, MeetingChange
from contacts import objects
from contacts.models import Contact
from contacts.signals import ContactChange
from integrations.models.ids import new_event_id

API_VERSION = "v2"
CONTACT_EVENTS = {
    "created": "contact.created",
    "updated": "contact.updated",
    "restored": "contact.updated",  # it is back under its id, with its own values
    "merged": "contact.merged",
    "unmerged": "contact.unmerged",
    "deleted": "contact.deleted",
    "erased": "contact.deleted",
}
BOOKING_EVENTS = (
    "booking.scheduled", "booking.rescheduled", "booking.reassigned",
    "booking.canceled_then_rescheduled", "booking.canceled_reschedule_requested",
    "booking.canceled", "booking.completed", "booking.no_show",
)  # fmt: skip
CONVERSATION_EVENTS = ("conversation.started", "conversation.closed", "conversation.abandoned")
FAMILIES = ("contact", "booking", "conversation")
TYPES = (
    *dict.fromkeys(CONTACT_EVENTS.values()), *BOOKING_EVENTS, *CONVERSATION_EVENTS,
)  # fmt: skip
TEST = "webhook.test"


@dataclass(frozen=True)
class Event:
    """One thing that happened, as every receiver is told."""

    id: str
    type: str
    body: str


def event(event_type: str, data: dict[str, Any], **more: Any) -> Event:
    """The envelope, compact. What we add to OnceHub's stands beside `data`, never in it."""
    event_id = new_event_id()
    envelope = {
        "id": event_id,
        "object": "event",
        "creation_time": objects.moment(timezone.now()),
        "type": event_type,
        "api_version": API_VERSION,
        "data": data,
        **more,
    }
    body = json.dumps(envelope, separators=(",", ":"), ensure_ascii=False)
    return Event(event_id, event_type, body)


def of_contacts(changes: Sequence[ContactChange]) -> dict[tuple[int, str], Event]:
    """The events of these changes, by contact and type; the contacts are read in one query."""
    wanted = {c.contact_id for c in changes if CONTACT_EVENTS[c.kind] != "contact.deleted"}
    contacts = Contact.objects.in_bulk(wanted) if wanted else {}
    return {
        (change.contact_id, CONTACT_EVENTS[change.kind]): _of_contact(
            change, contacts.get(change.contact_id)
        )
        for change in changes
    }


def _of_contact(change: ContactChange, contact: Contact | None) -> Event:
    event_type = CONTACT_EVENTS[change.kind]
    if event_type == "contact.deleted" or contact is None:
        return event(event_type, objects.deleted_object(change.public_id))
    more: dict[str, Any] = {}
    if event_type != "contact.created":
        before = {name: old for name, (old, _) in change.fields.items()}
        more["previous"] = objects.field_values(before)
    if event_type in {"contact.merged", "contact.unmerged"}:
        more["moved_ids"] = list(change.moved_ids)
    return event(event_type, objects.contact_object(contact), **more)


def type_of_meeting(change: MeetingChange) -> str:
    return f"booking.{change.kind}"


def of_meetings(meeting_ids: Iterable[int], changes: Sequence[MeetingChange]) -> dict[int, Event]:
    """The event of each change, by its place in `changes`; the meetings are read in one query."""
    rows = Meeting.objects.select_related(*BOOKING_PARTS)
    meetings = rows.in_bulk(list(meeting_ids))
    return {
        number: event(type_of_meeting(change), booking_object(meetings[change.meeting_id]))
        for number, change in enumerate(changes)
        if change.meeting_id in meetings
    }


def type_of_conversation(change: ConversationChange) -> str:
    return f"conversation.{change.kind}"


def of_conversations(
    conversation_ids: Iterable[int], changes: Sequence[ConversationChange]
) -> dict[int, Event]:
    """As `of_meetings`; the meetings that were booked in them are read in one more query."""
    rows = Conversation.objects.select_related("bot", "version", "contact")
    conversations = rows.in_bulk(list(conversation_ids))
    booked = dict(
        Meeting.objects.filter(conversation__in=conversations)
        .order_by("pk")
        .values_list("conversation_id", "public_id")
    )
    return {
        number: event(
            type_of_conversation(change),
            conversation_object(conversation, booking=booked.get(conversation.pk)),
        )
        for number, change in enumerate(changes)
        if (conversation := conversations.get(change.conversation_id)) is not None
    }
