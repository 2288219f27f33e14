"""What a text may name, and how it is filled in: by replacement alone, nothing is evaluated.

A name stands in double braces. Only those listed here are known; what a value holds is never read
again, so a guest called "{{ host }}" stays called that.
"""

import re
from datetime import datetime, timedelta

from django.conf import settings
from django.template.defaultfilters import date as format_date
from django.urls import reverse

from activities import guest_links
from activities.cleaning import lines, speakable
from activities.ics import zone_named
from activities.models import Meeting
from activities.templatetags.meetings import clock, offset_of
from contacts.identity import InvalidValue

KNOWN = {
    "guest_first_name": "the guest's first name",
    "guest_name": "the guest's name",
    "host": "the host's name",
    "meeting": "what the meeting is called",
    "start": "day and time, in the guest's time zone",
    "time_zone": "that time zone",
    "duration": "how long it takes",
    "location": "where it is",
    "join_link": "the link to join online",
    "manage_link": "the link to cancel or reschedule",
    "account": "the name of your organisation",
    "reason": "why the host canceled or moved it",
}
NOBODY = "there"  # "Hello there", where no name is known
_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")
_BRACES = re.compile(r"\{\{|\}\}")
_TAG = re.compile(r"\{[%#]")

Values = dict[str, str]


def check(text: str, limit: int) -> str:
    """The text, cleaned. Raises InvalidValue for what is not listed, and names it."""
    cleaned = lines(text, limit)
    for found in _PLACEHOLDER.finditer(cleaned):
        if found[1].strip() not in KNOWN:
            shown = " ".join(found[0].split())[:60]
            raise InvalidValue(f"{shown} cannot be filled in. Use one of the names listed below")
    stray = _BRACES.search(_PLACEHOLDER.sub(lambda found: " " * len(found[0]), cleaned))
    if stray:
        shown = " ".join(cleaned[stray.start() : stray.start() + 30].split())
        raise InvalidValue(f"{shown} is not complete. A name stands between {{{{ and }}}}, alone")
    tag = _TAG.search(cleaned)
    if tag:
        shown = " ".join(cleaned[tag.start() :].split())[:30]
        raise InvalidValue(f"{shown} does nothing here. Only names in double braces are filled in")
    return cleaned


def fill(text: str, values: Values) -> str:
    """The text with its names replaced; a line of which every name is blank is left out."""
    return "\n".join(
        _PLACEHOLDER.sub(lambda found: values.get(found[1].strip(), found[0]), line)
        for line in text.split("\n")
        if not _says_nothing(line, values)
    )


def _says_nothing(line: str, values: Values) -> bool:
    names = [found[1].strip() for found in _PLACEHOLDER.finditer(line)]
    return bool(names) and not any(values.get(name, name) for name in names)


def values_of(meeting: Meeting, account: str) -> Values:
    """What the names stand for in a message about this meeting, as it is now."""
    zone = zone_named(meeting.guest_time_zone)
    start = meeting.starts_at.astimezone(zone)
    contact = meeting.contact
    name = (contact.display_name if contact and contact.first_name else "") or meeting.guest_name
    first = (contact.first_name if contact else "") or meeting.guest_name.split(" ")[0]
    return {
        "guest_first_name": speakable(first) or NOBODY,
        "guest_name": speakable(name) or NOBODY,
        "host": str(meeting.host),
        "meeting": meeting.subject,
        "start": f"{format_date(start, 'l j F Y')}, {clock(meeting.starts_at, zone)}",
        "time_zone": zone_text(start),
        "duration": duration_text(timedelta(minutes=meeting.duration_minutes)),
        "location": meeting.location,
        "join_link": meeting.join_url,
        "manage_link": manage_link(meeting),
        "account": account,
        "reason": meeting.reason if meeting.actioned_by == Meeting.By.USER else "",
    }


def zone_text(local: datetime) -> str:
    """ "Europe/Paris (UTC+1)", "UTC"."""
    key = str(local.tzinfo)
    return key if key == "UTC" else f"{key} ({offset_of(local)})"


def duration_text(length: timedelta) -> str:
    """ "45 minutes", "1 hour", "1 hour 30 minutes"."""
    hours, minutes = divmod(int(length.total_seconds()) // 60, 60)
    parts = [(hours, "hour"), (minutes, "minute")]
    return " ".join(f"{n} {word}{'' if n == 1 else 's'}" for n, word in parts if n)


def manage_link(meeting: Meeting) -> str:
    return settings.PUBLIC_URL + reverse("guest_meeting", args=[guest_links.token_of(meeting)])
