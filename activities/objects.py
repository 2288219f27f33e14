"""Meetings as the HTTP API and the webhooks show them: as bookings (api.md)."""

from typing import Any

from django.conf import settings
from django.urls import reverse

from activities.guest_links import token_of
from activities.models import Meeting
from contacts.objects import moment, user_id


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
        "conversation": None,
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
