"""The fields of a contact: one table that forms, history, merge, import and export derive from."""

import unicodedata
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from contacts.identity import InvalidValue, format_phone, parse_email, parse_mobile, parse_phone
from contacts.identity import trim as trim_ends
from contacts.models.contact import Contact


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


@dataclass(frozen=True)
class Field:
    """A field a person can edit. `name` is the API name and the attribute of Contact."""

    name: str
    label: str
    kind: Kind = Kind.TEXT

    @property
    def identifies(self) -> bool:
        return self.kind in {Kind.EMAIL, Kind.MOBILE}

    @property
    def max_length(self) -> int | None:
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
MAX_EMPLOYEES = 2_147_483_647  # what a PostgreSQL integer holds


def is_blank(value: Any) -> bool:
    """Blank is absent: it never clears and never equals. A "no" counts as blank in a merge."""
    return value is None or value == "" or value is False


def clean_text(value: str, field: Field) -> str:
    """Trimmed and NFC-free (kept as typed), without NUL and control characters.

    Line ends stay in long text only. Raises InvalidValue when too long.
    """
    if "\x00" in value:
        value = value.replace("\x00", "")
    keep = "\n" if field.kind is Kind.LONG_TEXT else ""
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    if field.kind is not Kind.LONG_TEXT:
        value = value.replace("\n", " ").replace("\t", " ")
    value = "".join(
        c for c in value if c in keep or unicodedata.category(c) not in {"Cc", "Cs"}
    ).strip()
    limit = field.max_length
    if limit is not None and len(value) > limit:
        raise InvalidValue(f"Too long: {len(value):,} characters, at most {limit:,}")
    return value


def clean(field: Field, value: str, *, region: str) -> Any:
    """A typed text as the value to store; "" and None for blank. Raises InvalidValue.

    Owner is not handled here: it depends on who asks (see forms and imports).
    """
    if not trim_ends(value):
        return None if field.kind is Kind.NUMBER else False if field.kind is Kind.YES_NO else ""
    match field.kind:
        case Kind.EMAIL:
            return parse_email(value).value
        case Kind.MOBILE:
            return parse_mobile(value, region)
        case Kind.PHONE:
            return parse_phone(value, region)
        case Kind.NUMBER:
            return _whole_number(value)
        case Kind.YES_NO:
            return _yes_no(value)
        case Kind.STATUS:
            return _status(value)
        case Kind.TIME_ZONE:
            return _time_zone(value)
    return clean_text(value, field)


def _whole_number(value: str) -> int:
    digits = trim_ends(value).replace(",", "").replace(" ", "")
    if not digits.isascii() or not digits.isdigit():
        raise InvalidValue("Use a whole number")
    if len(digits) > 10 or int(digits) > MAX_EMPLOYEES:
        raise InvalidValue(f"Use a number up to {MAX_EMPLOYEES:,}")
    return int(digits)


def _yes_no(value: str) -> bool:
    word = trim_ends(value).casefold()
    if word in {"yes", "y", "true", "1", "on", "x"}:
        return True
    if word in {"no", "n", "false", "0", "off"}:
        return False
    raise InvalidValue("Use yes or no")


def _status(value: str) -> str:
    wanted = trim_ends(value).casefold()
    for status in Contact.Status.values:
        if status.casefold() == wanted:
            return str(status)
    names = ", ".join(str(status) for status in Contact.Status.values)
    raise InvalidValue(f"Use one of {names}")


_ZONES = {name.casefold(): name for name in zoneinfo.available_timezones()}


def _time_zone(value: str) -> str:
    try:
        return _ZONES[trim_ends(value).casefold()]
    except KeyError:
        raise InvalidValue("Use a time zone such as Europe/London") from None


def as_text(value: Any) -> str:
    """A value as history and merge snapshots store it; owners as the user's id."""
    if value is None or value is False:
        return ""
    if value is True:
        return "yes"
    return str(getattr(value, "pk", value))


def from_text(field: Field, text: str) -> Any:
    """The inverse of as_text. An owner comes back as the user's id."""
    match field.kind:
        case Kind.NUMBER:
            return int(text) if text else None
        case Kind.YES_NO:
            return text == "yes"
        case Kind.OWNER:
            return int(text) if text else None
    return text


def attribute(field: Field) -> str:
    """The attribute that holds the plain value: owner is compared and stored by id."""
    return "owner_id" if field.kind is Kind.OWNER else field.name


def current_value(contact: Contact, field: Field) -> Any:
    return getattr(contact, attribute(field))


def snapshot(contact: Contact) -> dict[str, str]:
    """Every field as text, blank ones left out: what a merge keeps for its undo."""
    texts = {field.name: as_text(current_value(contact, field)) for field in FIELDS}
    return {name: text for name, text in texts.items() if text}


def shown(field: Field, text: str, owners: dict[str, str]) -> str:
    """A stored text as people read it. `owners` maps user ids to names (see owner_names)."""
    if field.kind is Kind.OWNER:
        return owners.get(text, "a former colleague") if text else ""
    if field.kind in {Kind.MOBILE, Kind.PHONE}:
        return format_phone(text) if text else ""
    if field.kind is Kind.YES_NO:
        return "Yes" if text else "No"
    return text


def owner_names(ids: Iterable[str]) -> dict[str, str]:
    """Names of the users with these ids, in one query."""
    from contacts.models import User

    wanted = {int(text) for text in ids if text}
    users: Iterable[User] = User.objects.filter(pk__in=wanted) if wanted else ()
    return {str(user.pk): str(user) for user in users}
