"""How times of meetings look: in a given zone, with the zone said where it could be doubted."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django import template
from django.template.defaultfilters import date as format_date
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from activities.forms import shown_phone
from activities.ics import zone_named
from activities.models import Meeting

register = template.Library()

PILLS = {
    Meeting.Status.REQUESTED: ("pill-warn", "clock"),
    Meeting.Status.SCHEDULED: ("pill-info", "calendar-check"),
    Meeting.Status.RESCHEDULED: ("pill-info", "calendar-check"),
    Meeting.Status.COMPLETED: ("pill-ok", "circle-check"),
    Meeting.Status.CANCELED: ("pill-none", "circle-x"),
    Meeting.Status.NO_SHOW: ("pill-bad", "circle-alert"),
}


@register.filter
def in_zone(moment: datetime, zone: ZoneInfo | str) -> SafeString:
    """ "Monday 23 November 2026, 10:30", told apart as `clock` does it."""
    local = moment.astimezone(zone if isinstance(zone, ZoneInfo) else zone_named(zone))
    text = f"{format_date(local, 'l j F Y')}, {clock(moment, zone)}"
    return format_html('<time datetime="{}">{}</time>', moment.isoformat(), text)


@register.filter
def moment(when: datetime) -> SafeString:
    """In the zone of who is looking: "Mon 23 Nov, 10:30", with the year where it is another."""
    local = timezone.localtime(when)
    year = "" if local.year == timezone.localtime().year else " Y"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        when.isoformat(),
        format_date(local, "j F Y, H:i e"),
        format_date(local, f"D j M{year}, H:i"),
    )


@register.filter
def date_in(moment: datetime, zone: ZoneInfo) -> str:
    """ "Monday 23 November"."""
    return format_date(moment.astimezone(zone), "l j F")


@register.filter
def day_in(moment: datetime, zone: ZoneInfo) -> str:
    """The day as a link carries it: "2026-11-23"."""
    return f"{moment.astimezone(zone):%Y-%m-%d}"


@register.filter
def clock(moment: datetime, zone: ZoneInfo | str) -> str:
    """ "10:30", and the offset from UTC where the clock shows this time twice on that day."""
    local = moment.astimezone(zone if isinstance(zone, ZoneInfo) else zone_named(zone))
    text = f"{local:%H:%M}"
    other = local.replace(fold=1 - local.fold)
    if other.utcoffset() != local.utcoffset() and _exists(other):
        text += f" ({offset_of(local)})"
    return text


def _exists(local: datetime) -> bool:
    """Whether the clock shows this time at all: in a jump ahead it does not."""
    back = local.astimezone(UTC).astimezone(local.tzinfo)
    return back.replace(tzinfo=None) == local.replace(tzinfo=None)


def offset_of(local: datetime) -> str:
    """ "UTC+5:30"."""
    offset = local.utcoffset()
    minutes = int(offset.total_seconds()) // 60 if offset else 0
    sign, minutes = ("-" if minutes < 0 else "+"), abs(minutes)
    return f"UTC{sign}{minutes // 60}" + (f":{minutes % 60:02}" if minutes % 60 else "")


@register.filter
def utc_text(moment: datetime) -> str:
    """The start as a link carries it: "2026-11-23T09:30Z"."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M}Z"


@register.filter
def meeting_pill(meeting: Meeting) -> str:
    return PILLS[Meeting.Status(meeting.status)][0]


@register.filter
def meeting_icon(meeting: Meeting) -> str:
    return PILLS[Meeting.Status(meeting.status)][1]


@register.filter
def mobile(value: str) -> str:
    return shown_phone(value)
