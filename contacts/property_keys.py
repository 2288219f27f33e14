"""The rows by which contacts are filtered and sorted by custom properties.

Derived from `Contact.custom` at every write of it, like the search columns. As text: numbers and
dates in a form whose alphabetical order is theirs, so that one index serves every kind.
"""

from collections.abc import Iterable, Iterator

from contacts.fields import Field, Kind, known_fields
from contacts.models import Contact, PropertyKey
from contacts.search import LAST, sort_key

DIGITS = 15  # contacts.cleaning allows as many before the point


def write_property_keys(contacts: Iterable[Contact]) -> None:
    """Make the keys of these saved contacts what their values say. Two statements, in batches."""
    contacts = list(contacts)
    PropertyKey.objects.filter(contact__in=contacts).delete()
    PropertyKey.objects.bulk_create(
        [row for contact in contacts for row in _rows(contact)], batch_size=2000
    )


def _rows(contact: Contact) -> Iterator[PropertyKey]:
    for name, field in known_fields().items():
        text = contact.custom.get(name, "")
        if field.property_id is None or not text:
            continue
        for key, sorts in keys_of(field, text):
            yield PropertyKey(contact=contact, property_id=field.property_id, key=key, sorts=sorts)


def keys_of(field: Field, text: str) -> list[tuple[str, bool]]:
    """(key, whether it sorts) of one value."""
    keys = [(key_of(field, text), True)]
    if field.kind is Kind.MULTI_SELECT:
        keys += [(sort_key(option), False) for option in text.split("; ")]
    return keys


def key_of(field: Field, text: str) -> str:
    """How a value sorts and is compared; blank comes last."""
    if not text:
        return LAST
    if field.kind is Kind.DECIMAL:
        return number_key(text)
    if field.kind is Kind.DATE:
        return text
    return sort_key(text)


def number_key(text: str) -> str:
    """A canonical decimal as text that sorts like the number: "-12.5" before "3" before "20"."""
    negative = text.startswith("-")
    whole, _, decimals = text.removeprefix("-").partition(".")
    digits = f"{whole:0>{DIGITS}}.{decimals:0<6}"
    if not negative:
        return f"1{digits}"
    return "0" + "".join(str(9 - int(c)) if c.isdigit() else c for c in digits)
