"""The fields of a contact: one table that forms, history, merge, import and export derive from.

Its own fields and the custom properties are the same kind of thing; `live_fields` are those that
people see now, `known_fields` also the archived properties, whose values are kept.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

from contacts.identity import format_phone
from contacts.models.contact import Contact
from contacts.models.property import Property


class Kind(Enum):
    TEXT = "text"
    LONG_TEXT = "long text"
    EMAIL = "email"
    MOBILE = "mobile"
    PHONE = "phone"
    NUMBER = "number"
    YES_NO = "yes/no"
    STATUS = "status"
    OWNER = "owner"
    TIME_ZONE = "time zone"
    DECIMAL = "decimal number"
    DATE = "date"
    SELECT = "single select"
    MULTI_SELECT = "multi select"


@dataclass(frozen=True)
class Field:
    """A field a person can edit.

    `name` is the API name and the attribute of Contact; of a custom property it is its identifier
    with "custom_" before it, and the value, always text, stands in `Contact.custom`.
    """

    name: str
    label: str
    kind: Kind = Kind.TEXT
    options: tuple[str, ...] = ()
    property_id: int | None = None
    archived: bool = False

    @property
    def custom(self) -> bool:
        return self.property_id is not None

    @property
    def identifies(self) -> bool:
        return self.kind in {Kind.EMAIL, Kind.MOBILE}

    @property
    def max_length(self) -> int | None:
        if self.custom:
            return CUSTOM_LENGTHS.get(self.kind)
        if self.kind in {Kind.NUMBER, Kind.YES_NO, Kind.OWNER}:
            return None
        column = Contact._meta.get_field(self.name)
        return getattr(column, "max_length", None)


FIELDS = (
    Field("first_name", "First name"),
    Field("last_name", "Last name"),
    Field("email", "Email", Kind.EMAIL),
    Field("mobile_phone", "Mobile phone", Kind.MOBILE),
    Field("phone", "Phone", Kind.PHONE),
    Field("company", "Company"),
    Field("job_title", "Job title"),
    Field("owner", "Owner", Kind.OWNER),
    Field("status", "Status", Kind.STATUS),
    Field("timezone", "Time zone", Kind.TIME_ZONE),
    Field("salutation", "Salutation"),
    Field("company_size", "Company size"),
    Field("employees", "Employees", Kind.NUMBER),
    Field("street_address", "Street address", Kind.LONG_TEXT),
    Field("city", "City"),
    Field("state", "State"),
    Field("post_code", "Postal code"),
    Field("country", "Country"),
    Field("has_consent", "Consent", Kind.YES_NO),
    Field("terms_of_service", "Terms of service", Kind.YES_NO),
)
BY_NAME = {field.name: field for field in FIELDS}
IDENTIFIER_FIELDS = ("email", "mobile_phone")
CUSTOM = "custom_"
CUSTOM_LENGTHS = {Kind.TEXT: 255, Kind.LONG_TEXT: 5000}
YES_NO = ("Yes", "No")  # of a property: unlike a field of our own it may also be neither
_KINDS = {
    Property.Kind.TEXT: Kind.TEXT,
    Property.Kind.LONG_TEXT: Kind.LONG_TEXT,
    Property.Kind.NUMBER: Kind.DECIMAL,
    Property.Kind.YES_NO: Kind.SELECT,
    Property.Kind.DATE: Kind.DATE,
    Property.Kind.SELECT: Kind.SELECT,
    Property.Kind.MULTI_SELECT: Kind.MULTI_SELECT,
}


class _Known(threading.local):
    """What this thread has read of the properties; forgotten when a request or a task begins."""

    fields: dict[str, Field] | None = None


_known = _Known()


def forget_fields(*_: Any, **__: Any) -> None:
    """Read the properties again next time (connected to the beginning of requests and tasks)."""
    _known.fields = None


def known_fields() -> dict[str, Field]:
    """Every field by name, archived properties included. One query a request."""
    if _known.fields is None:
        custom = (field_of(row) for row in Property.objects.all())
        _known.fields = {**BY_NAME, **{field.name: field for field in custom}}
    return _known.fields


def live_fields() -> list[Field]:
    """The fields that people see, in their order."""
    return [field for field in known_fields().values() if not field.archived]


def field_named(name: str) -> Field:
    """Raises KeyError for a name that no field has, nor a property ever had."""
    return known_fields()[name]


def field_of(row: Property) -> Field:
    """A property as a field."""
    kind = Property.Kind(row.kind)
    return Field(
        name=CUSTOM + row.name,
        label=row.label,
        kind=_KINDS[kind],
        options=YES_NO if kind is Property.Kind.YES_NO else tuple(row.options),
        property_id=row.pk,
        archived=row.archived_at is not None,
    )


def is_blank(value: Any) -> bool:
    """Blank is absent: it never clears and never equals. A "no" counts as blank in a merge."""
    return value is None or value == "" or value is False


def as_text(value: Any) -> str:
    """A value as history and merge snapshots store it; owners as the user's id."""
    if value is None or value is False:
        return ""
    if value is True:
        return "yes"
    return str(getattr(value, "pk", value))


def from_text(field: Field, text: str) -> Any:
    """The inverse of as_text. An owner comes back as the user's id."""
    if field.custom:
        return text
    match field.kind:
        case Kind.NUMBER:
            return int(text) if text else None
        case Kind.YES_NO:
            return text == "yes"
        case Kind.OWNER:
            return int(text) if text else None
    return text


def column(field: Field) -> str:
    """The column of Contact that holds the value: an owner's id, every property in one."""
    if field.custom:
        return "custom"
    return "owner_id" if field.kind is Kind.OWNER else field.name


def current_value(contact: Contact, field: Field) -> Any:
    if field.custom:
        return contact.custom.get(field.name, "")
    return getattr(contact, column(field))


def set_value(contact: Contact, field: Field, value: Any) -> None:
    """Put a cleaned value onto the record, unsaved."""
    if not field.custom:
        setattr(contact, column(field), value)
        return
    rest = {name: text for name, text in contact.custom.items() if name != field.name}
    contact.custom = {**rest, field.name: value} if value else rest


def snapshot(contact: Contact) -> dict[str, str]:
    """Every field as text, blank ones left out: what a merge keeps for its undo."""
    texts = {name: as_text(current_value(contact, f)) for name, f in known_fields().items()}
    return {name: text for name, text in texts.items() if text}


def shown(field: Field, text: str, owners: dict[str, str]) -> str:
    """A stored text as people read it. `owners` maps user ids to names (see owner_names)."""
    if field.kind is Kind.OWNER:
        return owners.get(text, "a former colleague") if text else ""
    if field.kind in {Kind.MOBILE, Kind.PHONE}:
        return format_phone(text) if text else ""
    if field.kind is Kind.YES_NO:
        return "Yes" if text else "No"
    if field.kind is Kind.DATE and text:
        return _shown_date(text)
    return text


def _shown_date(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return f"{day.day} {day:%b} {day.year}"


def owner_names(ids: Iterable[str]) -> dict[str, str]:
    """Names of the users with these ids, in one query."""
    from contacts.models import User

    wanted = {int(text) for text in ids if text}
    users: Iterable[User] = User.objects.filter(pk__in=wanted) if wanted else ()
    return {str(user.pk): str(user) for user in users}
