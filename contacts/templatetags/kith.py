"""How values look on the pages (UI.md, section 7)."""

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.template.defaultfilters import date as format_date
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from contacts.identity import format_phone
from contacts.models import Contact

register = template.Library()

STATUS_PILLS = {
    "Qualified": "pill-ok",
    "Sales qualified": "pill-info",
    "Marketing qualified": "pill-vio",
    "Disqualified": "pill-none",
}


@register.simple_tag
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
    return f"av-{contact.pk % 6 + 1}" if contact.pk else "av-6"


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
    local = timezone.localtime(moment)
    today = timezone.localtime()
    if local.date() == today.date():
        text = f"Today, {local:%H:%M}"
    elif local.date() == today.date() - timedelta(days=1):
        text = "Yesterday"
    elif local.year == today.year:
        text = format_date(local, "D j M")
    else:
        text = format_date(local, "j M Y")
    full = format_date(local, "j F Y, H:i e")
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), full, text)


@register.filter
def get(mapping: dict[str, Any], key: str) -> Any:
    return mapping.get(key, "")
