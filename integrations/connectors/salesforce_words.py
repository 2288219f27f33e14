"""How Salesforce's records are named and asked for: kinds, fields, SOQL. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import phonenumbers

from integrations.connectors import crm
from integrations.connectors.crm import LoggedMeeting, RemoteField

CONTACT, LEAD, ACCOUNT = "Contact", "Lead", "Account"
#: The first three characters of an id tell what it is.
PREFIXES = {"003": CONTACT, "00Q": LEAD}
OTHER = {CONTACT: LEAD, LEAD: CONTACT}
#: What a lead calls what a contact has; the rest of a mapping has no place on the other kind.
AS_LEAD = {
    "Email": "Email", "FirstName": "FirstName", "LastName": "LastName", "Phone": "Phone",
    "MobilePhone": "MobilePhone", "Title": "Title", "Salutation": "Salutation",
    "Description": "Description", "LeadSource": "LeadSource", "MailingStreet": "Street",
    "MailingCity": "City", "MailingState": "State", "MailingPostalCode": "PostalCode",
    "MailingCountry": "Country",
}  # fmt: skip
AS_CONTACT = {lead: contact for contact, lead in AS_LEAD.items()}
ALWAYS: dict[str, tuple[str, ...]] = {
    CONTACT: ("Id", "Email", "LastModifiedDate"),
    LEAD: ("Id", "Email", "LastModifiedDate", "IsConverted", "ConvertedContactId"),
}
LONGEST_QUERY = (
    6000  # characters of the values in one; the whole of an address may have 16,384 bytes
)
OPTIONS = 500
KINDS = {
    "string": crm.TEXT, "textarea": crm.TEXT, "url": crm.TEXT, "email": crm.EMAIL,
    "phone": crm.PHONE, "int": crm.NUMBER, "double": crm.NUMBER, "currency": crm.NUMBER,
    "percent": crm.NUMBER, "date": crm.DATE, "boolean": crm.YES_NO, "picklist": crm.CHOICE,
    "combobox": crm.CHOICE, "multipicklist": crm.CHOICES,
}  # fmt: skip
EVENT = ("Subject", "StartDateTime", "EndDateTime", "Location", "Description")
LONGEST_SUBJECT = 255
SAID = {"canceled": "Canceled: ", "no_show": "No show: ", "completed": "Completed: "}


def kind_of(record_id: str, otherwise: str = CONTACT) -> str:
    return PREFIXES.get(record_id[:3], otherwise)


def same_id(one: str, other: str) -> bool:
    """An id of 15 characters and one of 18 may be the same: the last three are a checksum."""
    return one[:15] == other[:15] != ""


def names_on(kind: str, makes: str) -> Mapping[str, str] | None:
    """The mapping's name -> the name on this kind of record; None where they are the same."""
    if kind == makes:
        return None
    return AS_LEAD if kind == LEAD else AS_CONTACT


def columns(kind: str, makes: str, fields: Iterable[str]) -> list[str]:
    """The fields to read of a record of this kind."""
    names = names_on(kind, makes)
    known = fields if names is None else [names[each] for each in fields if each in names]
    return list(dict.fromkeys((*ALWAYS[kind], *known)))


def quoted(text: str) -> str:
    """A text as SOQL takes it: what people type may hold a quote, and even a query.

    Backslash and the two quotes are escaped, line ends and tabs spelled (SOQL reference, "Quoted
    String Escape Sequences"). Other control characters stand in no field by which we look.
    """
    escapes = {"\\": "\\\\", "'": "\\'", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return "'" + "".join(escapes.get(c, c) for c in text if c in escapes or ord(c) >= 32) + "'"


def any_of(field: str, values: Iterable[str]) -> str:
    return f"{field} IN ({', '.join(quoted(each) for each in values)})"


def equal(values: Mapping[str, str]) -> str:
    return " AND ".join(f"{name} = {quoted(value)}" for name, value in values.items())


def parts_of(values: Sequence[str]) -> Iterator[list[str]]:
    """As many at once as one query has room for."""
    part: list[str] = []
    for each in values:
        if part and sum(map(len, part)) + len(each) > LONGEST_QUERY:
            yield part
            part = []
        part.append(each)
    if part:
        yield part


def stamp(moment: datetime) -> str:
    """A moment as SOQL and records spell it, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def unmodified_since(modified: str) -> dict[str, str]:
    """The condition under which a record may be written; none where its stamp cannot be read."""
    try:
        moment = datetime.fromisoformat(modified).astimezone(UTC)
    except ValueError:
        return {}
    return {"If-Unmodified-Since": format_datetime(moment, usegmt=True)}


def spellings(number: str) -> list[str]:
    """A phone number as people and Salesforce's own pages write it: it is kept as text there."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return [number]
    kinds = phonenumbers.PhoneNumberFormat
    international = phonenumbers.format_number(parsed, kinds.INTERNATIONAL)
    national = phonenumbers.format_number(parsed, kinds.NATIONAL)
    digits = str(parsed.national_number)
    more = [f"+{parsed.country_code}{digits}", digits, f"{parsed.country_code}{digits}"]
    if len(digits) == 10:
        more.append(f"{digits[:3]}-{digits[3:6]}-{digits[6:]}")
    return list(dict.fromkeys([number, international, national, *more]))


def text_of(value: object) -> str:
    """A value as text; "" for what is no value of a field."""
    if value is None or isinstance(value, dict | list):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def remote_field(row: Mapping[str, Any]) -> RemoteField:
    """A field as `describe` tells it: with what this sign-in may do, field security included."""
    options = [each for each in row.get("picklistValues") or [] if isinstance(each, dict)]
    creatable, writable = bool(row.get("createable")), bool(row.get("updateable"))
    return RemoteField(
        name=str(row["name"]),
        label=str(row.get("label") or row["name"])[:200],
        kind=KINDS.get(str(row.get("type")), crm.OTHER),
        options=tuple(
            (str(o.get("value", "")), str(o.get("label") or o.get("value", "")))
            for o in options[:OPTIONS]
            if o.get("active", True)
        ),
        locked=not (creatable and writable),
        required=creatable and not row.get("nillable") and not row.get("defaultedOnCreate"),
        custom=bool(row.get("custom")),
    )


def event_values(meeting: LoggedMeeting) -> dict[str, str]:
    """A meeting as an event. It has no field for what became of it, so the subject says it."""
    values = {
        "Subject": f"{SAID.get(meeting.state, '')}{meeting.title}"[:LONGEST_SUBJECT],
        "StartDateTime": stamp(meeting.starts_at),
        "EndDateTime": stamp(meeting.ends_at),
        "Location": meeting.location[:LONGEST_SUBJECT],
        "Description": f"{meeting.text}\n{meeting.key}".strip(),
    }
    return {name: value for name, value in values.items() if value}


def same_value(stored: str, wanted: str) -> bool:
    """Whether an event shows what was written: it may spell a moment or a line end in another way."""
    if stored.replace("\r\n", "\n").strip() == wanted.strip():
        return True
    try:
        return datetime.fromisoformat(stored) == datetime.fromisoformat(wanted)
    except (ValueError, TypeError):
        return False
