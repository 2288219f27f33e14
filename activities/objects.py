"""Meetings and conversations as the HTTP API and the webhooks show them (api.md)."""

from typing import Any

from django.conf import settings
from django.urls import reverse

from activities.guest_links import token_of
from activities.models import Conversation, Meeting
from contacts.objects import moment, user_id

#: What `booking_object` looks at beside the meeting: to be loaded with it.
BOOKING_PARTS = ("host", "contact", "calendar", "rescheduled_to", "conversation")
CONVERSATION_STATES = {"active": "active", "finished": "closed", "abandoned": "abandoned"}


def booking_object(meeting: Meeting) -> dict[str, Any]:
    """The meeting with the guest's details as submitted; host, contact and calendar are loaded."""
    contact = meeting.contact.public_id if meeting.contact else meeting.contact_public_id or None
    return {
        "object": "booking",
        "id": meeting.public_id,
        "tracking_id": meeting.tracking_id,
        "subject": meeting.subject,
        "status": meeting.status,
        "in_trash": meeting.in_trash,
        "creation_time": moment(meeting.creation_time),
        "last_updated_time": moment(meeting.last_updated_time),
        "starting_time": moment(meeting.starts_at),
        "duration_minutes": meeting.duration_minutes,
        "customer_timezone": meeting.guest_time_zone,
        "owner": user_id(meeting.host_id),
        "contact": contact,
        "conversation": meeting.conversation.public_id if meeting.conversation else None,
        "booking_calendar": meeting.calendar.public_id if meeting.calendar else None,
        "form_submission": _form_submission(meeting),
        "attendees": [a for a in (meeting.host.email, meeting.guest_email, *meeting.guests) if a],
        "location_description": meeting.location or None,
        "virtual_conferencing": {"join_url": meeting.join_url} if meeting.join_url else None,
        "cancel_reschedule_information": _why(meeting),
        "rescheduled_booking_id": meeting.rescheduled_to.public_id if meeting.rescheduled_to else None,
        "external_calendar": _external(meeting),
        **_guest_links(meeting),
        "custom_fields": _answers(meeting),
    }  # fmt: skip


def conversation_object(conversation: Conversation, *, booking: str | None) -> dict[str, Any]:
    """The conversation with what was answered; `booking` is the meeting booked in it, if one was.

    Bot, version and contact are loaded.
    """
    contact = conversation.contact
    return {
        "object": "conversation",
        "id": conversation.public_id,
        "creation_time": moment(conversation.started_at),
        "last_updated_time": moment(conversation.last_message_at),
        "status": CONVERSATION_STATES[conversation.state],
        "owner": user_id(conversation.bot.owner_id),
        "bot": conversation.bot.public_id,
        "contact": contact.public_id if contact else conversation.contact_public_id or None,
        "booking": booking,
        "customer_timezone": conversation.time_zone or None,
        "answers": _in_order(conversation),
    }


def _in_order(conversation: Conversation) -> list[dict[str, Any]]:
    """The answers as they were asked for; PostgreSQL keeps no order of keys."""
    places = {step.id: number for number, step in enumerate(conversation.version.flow.steps)}
    keys = sorted(conversation.answers, key=lambda key: (places.get(key, len(places)), key))
    answers = (conversation.answers[key] for key in keys)
    return [{"name": each["label"], "value": each["text"]} for each in answers]


def _form_submission(meeting: Meeting) -> dict[str, Any]:
    return {
        "name": meeting.guest_name or None,
        "email": meeting.guest_email or None,
        "phone": meeting.guest_phone or None,
        "mobile_phone": meeting.guest_mobile_phone or None,
        "note": meeting.guest_note or None,
        "company": meeting.guest_company or None,
        "guests": meeting.guests,
        "custom_fields": _answers(meeting),
    }


def _answers(meeting: Meeting) -> list[dict[str, Any]]:
    return [{"name": each.get("name"), "value": each.get("value")} for each in meeting.answers]


def _why(meeting: Meeting) -> dict[str, Any] | None:
    if not meeting.actioned_by:
        return None
    return {
        "reason": meeting.reason or None,
        "actioned_by": meeting.actioned_by,
        "user_id": user_id(meeting.actioned_user_id),
    }


def _external(meeting: Meeting) -> dict[str, Any] | None:
    if not meeting.external_event_id:
        return None
    return {
        "type": meeting.external_calendar_type or None,
        "name": meeting.external_calendar_name or None,
        "id": meeting.external_calendar_id or None,
        "event_id": meeting.external_event_id,
    }


def _guest_links(meeting: Meeting) -> dict[str, str]:
    token = token_of(meeting)
    names = {
        "ics_url": "guest_ics",
        "cancel_url": "guest_cancel",
        "reschedule_url": "guest_reschedule",
    }
    return {key: settings.PUBLIC_URL + reverse(name, args=[token]) for key, name in names.items()}
