"""What a Zap is told. The row of the outbox holds what happened and ids; the contact, the booking or
the conversation is added as it is when it is sent, so that a Zap that was away works with the present
values. `occurred_at` says of which moment they are told.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from activities.models import Conversation, Meeting
from activities.objects import booking_object, conversation_object
from contacts.models import Contact
from contacts.models.contact import BASE36
from contacts.objects import contact_object, deleted_object, field_values, moment
from contacts.signals import ContactChange

Message = dict[str, Any]
DIGITS = 12


def event_id(*what: object) -> str:
    """The same for the same event, whether a hook tells of it or Zapier asks for the list."""
    number = int(hashlib.sha256("\n".join(map(str, what)).encode()).hexdigest(), 16)
    digits = ""
    for _ in range(DIGITS):
        number, digit = divmod(number, 36)
        digits += BASE36[digit]
    return f"EVNT-{digits}"


def id_of_change(public_id: str, event_type: str, version: int) -> str:
    """A contact is made once and deleted once; otherwise each save has a version of its own."""
    once = event_type in {"contact.created", "contact.deleted"}
    return event_id(public_id, event_type, 0 if once else version)


def message(identity: str, event_type: str, at: datetime, **about: Any) -> Message:
    return {"id": identity, "event": event_type, "occurred_at": moment(at), **about}


def of_contact(change: ContactChange, event_type: str, at: datetime) -> Message:
    """Without the contact's values but those of before."""
    about: dict[str, Any] = {"contact": change.public_id}
    if event_type not in {"contact.created", "contact.deleted"}:
        before = {n: old for n, (old, new) in change.fields.items() if old != new}
        about["previous"] = field_values(before)
    if change.moved_ids:
        about["moved_ids"] = list(change.moved_ids)
    identity = id_of_change(change.public_id, event_type, change.version)
    return message(identity, event_type, at, **about)


def whole(told: Message, contact_id: int | None) -> Message:
    """The message as it is sent. `contact_id` is who stands for its contact today."""
    return wholes([told], {told["id"]: contact_id})[0]


def wholes(told: Sequence[Message], contact_ids: dict[str, int | None]) -> list[Message]:
    """The same of several, `contact_ids` by message; three queries, whatever their number."""
    pks = {pk for pk in contact_ids.values() if pk is not None}
    contacts = Contact.objects.in_bulk(pks) if pks else {}
    bookings = _bookings({m["booking"] for m in told if "booking" in m})
    conversations = _conversations({m["conversation"] for m in told if "conversation" in m})
    found = []
    for each in told:
        shown = dict(each)
        contact = contacts.get(contact_ids.get(each["id"]) or 0)
        shown["contact"] = _contact(contact, each.get("contact", ""))
        for name, known in (("booking", bookings), ("conversation", conversations)):
            if name in each:
                shown[name] = known.get(each[name])
        found.append(shown)
    return found


def _contact(contact: Contact | None, public_id: str) -> dict[str, Any] | None:
    if contact is not None:
        return contact_object(contact)
    return deleted_object(public_id) if public_id else None


def _bookings(ids: set[str]) -> dict[str, dict[str, Any]]:
    rows = Meeting.objects.select_related(
        "host", "contact", "calendar", "rescheduled_to", "conversation"
    )
    found = rows.filter(public_id__in=ids) if ids else ()
    return {row.public_id: booking_object(row) for row in found}


def _conversations(ids: set[str]) -> dict[str, dict[str, Any]]:
    rows = Conversation.objects.select_related("bot", "version", "contact")
    found = list(rows.filter(public_id__in=ids)) if ids else []
    meetings = Meeting.objects.filter(conversation__in=found).order_by("pk")
    booked = dict(meetings.values_list("conversation_id", "public_id")) if found else {}
    return {row.public_id: conversation_object(row, booking=booked.get(row.pk)) for row in found}


def written(told: Message) -> str:
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)
