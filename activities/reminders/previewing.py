"""How a text will look, with a made-up guest and time."""

from collections.abc import Mapping
from datetime import timedelta

from django.conf import settings
from django.template.defaultfilters import date as format_date
from django.urls import reverse
from django.utils import timezone

from activities.models import BookingCalendar, Channel
from activities.reminders.mailing import header
from activities.reminders.opt_outs import SUFFIX
from activities.reminders.placeholders import Values, duration_text, fill, zone_text
from activities.reminders.texts import Text
from contacts.models import Account

#: Characters of one part of a text message, alone and of several, in its own alphabet and in Unicode.
PLAIN, UNICODE = (160, 153), (70, 67)
_ALPHABET = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)


def preview(text: Text, calendar: BookingCalendar) -> Mapping[str, str]:
    """{"subject", "body", "size"} as a guest would get it."""
    values = sample_values(calendar)
    body = fill(text.body, values)
    if text.channel == Channel.EMAIL:
        return {"subject": header(fill(text.subject, values)), "body": body, "size": ""}
    return {"subject": "", "body": f"{body} {SUFFIX}", "size": size_of(f"{body} {SUFFIX}")}


def sample_values(calendar: BookingCalendar) -> Values:
    local = timezone.now().astimezone(calendar.zone) + timedelta(days=7)
    start = local.replace(hour=10, minute=0, second=0, microsecond=0)
    return {
        "guest_first_name": "Ada",
        "guest_name": "Ada Lovelace",
        "host": str(calendar.host),
        "meeting": calendar.name,
        "start": format_date(start, "l j F Y, H:i"),
        "time_zone": zone_text(start),
        "duration": duration_text(timedelta(minutes=calendar.duration_minutes)),
        "location": calendar.location,
        "join_link": "https://meet.example.com/abc",
        "manage_link": settings.PUBLIC_URL + reverse("guest_meeting", args=["0" * 64]),
        "account": Account.load().name,
        "reason": "Something came up.",
    }


def size_of(text: str) -> str:
    """ "212 characters, 2 parts": what a text message costs."""
    alone, of_several = PLAIN if set(text) <= _ALPHABET else UNICODE
    parts = 1 if len(text) <= alone else -(-len(text) // of_several)
    return f"{len(text)} characters, {parts} part{'' if parts == 1 else 's'}"
