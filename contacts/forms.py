"""The form of Edit Contact and New contact, built from the table of fields.

It keeps what was typed, exactly, whatever is wrong with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.db.models import Q
from django.http import QueryDict

from contacts.access import assignable_owners
from contacts.cleaning import clean
from contacts.fields import Field, Kind, as_text, current_value, field_named, live_fields
from contacts.identity import InvalidValue, format_phone
from contacts.models import Account, Contact, User

NOBODY = "Enter a name, an email or a mobile phone"
WHO = ("first_name", "last_name", "email", "mobile_phone", "company")
MAX_VERSION = 2**31 - 1
#: Shown at once; the others stand under "More fields".
FIRST = ("first_name", "last_name", "email", "mobile_phone", "phone", "company", "job_title", "owner", "status", "timezone")  # fmt: skip
WIDE = {"email", "timezone", "street_address"}
AUTOCOMPLETE_ZONES = (
    "Europe/London", "Europe/Paris", "Europe/Berlin", "Europe/Madrid", "Europe/Stockholm",
    "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles",
    "America/Toronto", "America/Sao_Paulo", "Africa/Lagos", "Africa/Johannesburg",
    "Asia/Dubai", "Asia/Kolkata", "Asia/Singapore", "Asia/Tokyo", "Australia/Sydney", "UTC",
)  # fmt: skip


@dataclass(frozen=True)
class Input:
    """One field as the template shows it."""

    field: Field
    text: str
    error: str
    choices: tuple[tuple[str, str], ...] = ()

    @property
    def id(self) -> str:
        return f"f-{self.field.name}"

    @property
    def kind(self) -> str:
        return self.field.kind.name

    @property
    def wide(self) -> bool:
        wide = {Kind.LONG_TEXT, Kind.MULTI_SELECT}
        return self.field.name in WIDE or self.field.kind in wide

    @property
    def type(self) -> str:
        """The input's type; e-mail stays text, since browsers refuse what we accept (José@…)."""
        types = {Kind.MOBILE: "tel", Kind.PHONE: "tel", Kind.DATE: "date"}
        kind = types.get(self.field.kind, "text")
        # A browser shows nothing for a date it cannot read; what was typed must stay.
        return "text" if kind == "date" and self.error else kind

    @property
    def inputmode(self) -> str:
        return {Kind.EMAIL: "email", Kind.NUMBER: "numeric", Kind.DECIMAL: "decimal"}.get(
            self.field.kind, ""
        )

    @property
    def chosen(self) -> list[str]:
        """What is ticked of a multi select."""
        return [text.strip() for text in self.text.split(";")]


class ContactForm:
    """What a person typed about a contact, or the contact's own values when nothing was typed."""

    def __init__(
        self, *, user: User, contact: Contact | None = None, data: Mapping[str, Any] | None = None
    ) -> None:
        self.user = user
        self.contact = contact
        self.bound = data is not None
        self.texts = _typed(data) if data is not None else _stored(contact, user)
        self.errors: dict[str, str] = {}
        self.values: dict[str, Any] = {}
        self.version = version_of(data, contact)
        if self.bound:
            self._validate()

    @property
    def is_valid(self) -> bool:
        return self.bound and not self.errors

    def _validate(self) -> None:
        region = Account.load().default_region
        for field in live_fields():
            text = self.texts[field.name]
            try:
                self.values[field.name] = self._clean(field, text, region)
            except InvalidValue as fault:
                self.errors[field.name] = str(fault)
        if not self.errors and not any(self.values[name] for name in WHO):
            self.errors["first_name"] = NOBODY

    def _clean(self, field: Field, text: str, region: str) -> Any:
        if self.contact is not None and text == stored_text(self.contact, field):
            return current_value(self.contact, field)  # untouched: whatever it is, it stays
        if field.kind is Kind.OWNER:
            if text in dict(self.owner_choices):
                return int(text)
            raise InvalidValue("Choose an owner from the list")
        if field.kind in {Kind.SELECT, Kind.MULTI_SELECT}:
            field = replace(field, options=self._options(field))
        value = clean(field, text, region=region)
        if field.max_length is not None and len(value) > field.max_length:
            raise InvalidValue(f"Too long: at most {field.max_length} characters")
        return value

    def _options(self, field: Field) -> tuple[str, ...]:
        """The choices of a select, and what the contact has although it was taken from them."""
        held = str(current_value(self.contact, field)).split("; ") if self.contact else []
        gone = [text for text in held if text and text not in field.options]
        return (*field.options, *gone)

    @cached_property
    def owner_choices(self) -> tuple[tuple[str, str], ...]:
        """Whom the person may make the owner, and who is the owner now."""
        allowed = assignable_owners(self.user)
        if self.contact is not None:
            allowed |= Q(pk=self.contact.owner_id)
        users = User.objects.filter(allowed).distinct().order_by("first_name", "last_name", "pk")
        return tuple((str(user.pk), str(user)) for user in users)

    def replace(self, name: str, value: Any) -> None:
        """Put a stored value in the place of what was typed."""
        field = field_named(name)
        self.texts[name] = shown_text(field, as_text(value))
        self.values[name] = value
        self.errors.pop(name, None)

    def forgive(self) -> None:
        """Show what was typed as the start of a new attempt: nobody has pressed Save on it."""
        self.errors.clear()
        if self.texts["owner"] not in dict(self.owner_choices):
            self.texts["owner"] = str(self.user.pk)

    def inputs(self) -> list[Input]:
        return [self._input(field) for field in live_fields()]

    @property
    def first_inputs(self) -> list[Input]:
        return [i for i in self.inputs() if i.field.name in FIRST]

    @property
    def more_inputs(self) -> list[Input]:
        return [i for i in self.inputs() if i.field.name not in FIRST and not i.field.custom]

    @property
    def custom_inputs(self) -> list[Input]:
        return [i for i in self.inputs() if i.field.custom]

    @property
    def more_open(self) -> bool:
        """The second part is open when it holds an error or a value."""
        return any(i.error or i.text for i in self.more_inputs)

    @property
    def error_list(self) -> list[tuple[str, str, str]]:
        """(input id, label, sentence) for the summary."""
        labels = {field.name: field.label for field in live_fields()}
        return [(f"f-{name}", labels[name], text) for name, text in self.errors.items()]

    @property
    def zones(self) -> tuple[str, ...]:
        return AUTOCOMPLETE_ZONES

    def _input(self, field: Field) -> Input:
        choices: tuple[tuple[str, str], ...] = ()
        if field.kind is Kind.OWNER:
            choices = self.owner_choices
        elif field.kind is Kind.STATUS:
            choices = (("", "None"), *((s, s) for s in Contact.Status.values))
        elif field.kind is Kind.SELECT:
            choices = (("", "None"), *((o, o) for o in self._options(field)))
        elif field.kind is Kind.MULTI_SELECT:
            choices = tuple((o, o) for o in self._options(field))
        return Input(field, self.texts[field.name], self.errors.get(field.name, ""), choices)


def _typed(data: Mapping[str, Any]) -> dict[str, str]:
    # NUL is no character of a text: neither a browser nor PostgreSQL gives it back.
    return {field.name: _text(data, field).replace("\x00", "") for field in live_fields()}


def _text(data: Mapping[str, Any], field: Field) -> str:
    """A multi select arrives as one value a ticked box; elsewhere the last value counts."""
    if field.kind is Kind.MULTI_SELECT and isinstance(data, QueryDict):
        return "; ".join(str(value) for value in data.getlist(field.name))
    return str(data.get(field.name, ""))


def _stored(contact: Contact | None, user: User) -> dict[str, str]:
    if contact is None:
        return {f.name: str(user.pk) if f.kind is Kind.OWNER else "" for f in live_fields()}
    return {f.name: stored_text(contact, f) for f in live_fields()}


def stored_text(contact: Contact, field: Field) -> str:
    """A saved value as the form shows it."""
    return shown_text(field, as_text(current_value(contact, field)))


def shown_text(field: Field, text: str) -> str:
    return format_phone(text) if text and field.kind in {Kind.MOBILE, Kind.PHONE} else text


def version_of(data: Mapping[str, Any] | None, contact: Contact | None) -> int:
    """The version the form was opened at; one made up by hand counts as the very first."""
    if data is None:
        return contact.version if contact else 0
    text = str(data.get("version", ""))
    if not text.isascii() or not text.isdigit() or len(text) > 10:
        return 0
    return min(int(text), MAX_VERSION)
