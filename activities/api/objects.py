"""Booking calendars as the HTTP API shows them, with the names of what they ask for."""

from typing import Any

from django.conf import settings
from django.urls import reverse

from activities.forms import BookingForm, Input
from activities.models import BookingCalendar
from activities.questions import Question
from contacts.fields import CUSTOM
from contacts.objects import moment, user_id


def calendar_object(calendar: BookingCalendar) -> dict[str, Any]:
    """The calendar; its host is loaded."""
    return {
        "object": "booking_calendar",
        "id": calendar.public_id,
        "name": calendar.name,
        "description": calendar.description or None,
        "owner": user_id(calendar.host_id),
        "duration_minutes": calendar.duration_minutes,
        "timezone": calendar.time_zone,
        "location_description": calendar.location or None,
        "active": calendar.is_open,
        "url": settings.PUBLIC_URL + reverse("booking_page", args=[calendar.slug]),
        "creation_time": moment(calendar.created_at),
    }


def fields_of(calendar: BookingCalendar) -> list[dict[str, Any]]:
    """What its booking form takes, by the names that `booking_form` has."""
    form = BookingForm(calendar)
    names = {f"q_{question.name}": name_of(question) for question in form.questions}
    return [_field(each, names.get(each.name, each.name)) for each in form.inputs]


def name_of(question: Question) -> str:
    """How the API calls a question: as the contact field that it is for, else by its own name."""
    return question.field.removeprefix(CUSTOM) or question.name


def _field(each: Input, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": each.label,
        "required": each.required,
        "options": list(each.options),
    }
