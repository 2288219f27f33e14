"""How values look on the pages (UI.md, section 7)."""

import functools
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from django import template
from django.contrib.messages.storage.base import Message
from django.forms import BoundField
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from contacts.identity import format_phone
from contacts.models import Contact, User

register = template.Library()

STATUS_PILLS = {
    "Qualified": "pill-ok",
    "Sales qualified": "pill-info",
    "Marketing qualified": "pill-vio",
    "Disqualified": "pill-none",
}


@register.simple_tag
@functools.lru_cache(maxsize=256)
def icon(name: str, size: str = "") -> SafeString:
    """A decorative icon of the page's sprite; `size` is "12", "14" or "20"."""
    css = f"i i-{size}" if size else "i"
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="#i-{}"/></svg>', css, name
    )


@register.filter
def phone(value: str) -> str:
    return format_phone(value) if value else ""


@register.filter
def avatar_class(contact: Contact) -> str:
    """A tint by the contact's id, which is random: the row's number would tell how many there are."""
    return f"av-{sum(contact.public_id.encode()) % 6 + 1}" if contact.pk else "av-6"


@register.filter
def status_pill(status: str) -> str:
    return STATUS_PILLS.get(status, "pill-none")


@register.filter
def count(number: int) -> str:
    """Thousands separated: 12,408."""
    return f"{number:,}"


@register.filter
def day(moment: datetime | None) -> SafeString | str:
    """Today and yesterday by name, this year "Fri 20 Nov", older "14 Mar 2025"."""
    if moment is None:
        return ""
    zone = timezone.get_current_timezone()
    return _day(moment, zone, datetime.now(zone).date())


@functools.lru_cache(maxsize=4096)
def _day(moment: datetime, zone: tzinfo, today: date) -> SafeString:
    local = moment.astimezone(zone)
    if local.date() == today:
        text = f"Today, {local:%H:%M}"
    elif local.date() == today - timedelta(days=1):
        text = "Yesterday"
    elif local.year == today.year:
        text = f"{local:%a} {local.day} {local:%b}"
    else:
        text = f"{local.day} {local:%b} {local.year}"
    full = f"{local.day} {local:%B} {local.year}, {local:%H:%M %Z}"
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), full, text)


@register.filter
def as_code(text: str) -> SafeString:
    """A text in which names stand between backticks, as in Markdown: those become code."""
    pieces = ((piece, n % 2) for n, piece in enumerate(text.split("`")))
    return format_html_join(
        "",
        "{}",
        ((format_html("<code>{}</code>", piece) if code else piece,) for piece, code in pieces),
    )


@register.filter
def get(mapping: dict[str, Any], key: str) -> Any:
    return mapping.get(key, "")


@register.filter
def undo_url(message: Message) -> str:
    """Where a message's Undo button posts (see contacts.views.shell.toast), or ""."""
    tags = message.extra_tags or ""
    return tags if tags.startswith("/") else ""


@register.filter
def hidden_initial(field: BoundField) -> SafeString | str:
    """What the page showed when it was opened, for a field whose choices are drawn one by one."""
    return field.as_hidden(only_initial=True) if field.field.show_hidden_initial else ""


STATE_PILLS = {
    "active": ("pill-ok pill-plain", "circle-check"),
    "invited": ("pill-info", "mail"),
    "deactivated": ("pill-none", "circle-minus"),
}


@register.simple_tag
def person_state(person: User) -> SafeString:
    """Active, invited or deactivated: a mark and the word."""
    css, name = STATE_PILLS[person.state]
    return format_html('<span class="pill {}">{}{}</span>', css, icon(name), person.state.label)
