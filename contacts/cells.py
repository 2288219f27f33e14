"""What stands in the cells of All Contacts: a contact in, safe HTML out, no query."""

import functools
from collections.abc import Callable
from html import escape

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from contacts.fields import Field, Kind, as_text, current_value, shown
from contacts.models import Contact
from contacts.templatetags.kith import day, phone, status_pill

Cell = Callable[[Contact], SafeString]


def missing(label: str) -> SafeString:
    """A dash, and the words for who cannot see that it is one."""
    return format_html('<span aria-hidden="true">–</span><span class="sr">No {}</span>', label)


NO_EMAIL = format_html('<span class="muted">{}</span>', "No email")
NO_PHONE = format_html('<span class="muted">{}</span>', "No mobile phone")
NO_STATUS = missing("status")


def text_of(value: str) -> SafeString:
    """A text as somebody typed it, in whichever direction it runs.

    There are hundreds on a page: this costs a tenth of `format_html`, which would first look
    whether a text is lazy or safe already. These never are.
    """
    return mark_safe(f"<bdi>{escape(value)}</bdi>")


def email(contact: Contact) -> SafeString:
    return text_of(contact.email) if contact.email else NO_EMAIL


def mobile_phone(contact: Contact) -> SafeString:
    return text_of(phone(contact.mobile_phone)) if contact.mobile_phone else NO_PHONE


@functools.lru_cache(maxsize=16)
def _pill(known: str) -> SafeString:
    return format_html('<span class="pill {}">{}</span>', status_pill(known), known)


def status(contact: Contact) -> SafeString:
    return _pill(contact.status) if contact.status else NO_STATUS


def owner(contact: Contact) -> SafeString:
    return text_of(str(contact.owner))


def moment(column: str) -> Cell:
    """A time of the contact; "None" where it never came."""

    def cell(contact: Contact) -> SafeString:
        return mark_safe(day(getattr(contact, column)) or "None")

    return cell


def of_field(field: Field) -> Cell:
    """The value of a field as people read it."""
    nothing = missing(field.label.lower() if not field.custom else field.label)

    def cell(contact: Contact) -> SafeString:
        text = as_text(current_value(contact, field))
        if not text and field.kind is not Kind.YES_NO:
            return nothing
        if field.kind in {Kind.NUMBER, Kind.DECIMAL}:
            return mark_safe(grouped(text))
        if field.kind is Kind.MULTI_SELECT:
            text = text.replace("; ", ", ")
        return text_of(shown(field, text, {}))

    return cell


def grouped(number: str) -> str:
    """Thousands separated: "-12408.5" is "-12,408.5"."""
    whole, point, decimals = number.partition(".")
    return f"{int(whole):,}{point}{decimals}" if whole not in {"-0"} else number
