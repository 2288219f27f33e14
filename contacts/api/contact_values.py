"""From what a client sent about a contact to values that the services take (contacts.cleaning)."""

from collections.abc import Callable, Iterator
from typing import Any

from contacts.api.bodies import ContactChanges, Details, Identifiers, NewContact
from contacts.api.errors import ApiError, bad
from contacts.api_keys import Holder
from contacts.cleaning import blank_of, clean, clean_text, multi_select
from contacts.fields import BY_NAME, CUSTOM, IDENTIFIER_FIELDS, Field, Kind, known_fields
from contacts.identity import InvalidValue
from contacts.models import Account, User
from contacts.objects import number_of
from contacts.services import Values

REQUIRED = "At least one of 'email' or 'mobile_phone' is required."
NOTHING = "At least one field must be provided to update."
SAID: dict[Kind, Callable[[str, str], ApiError]] = {
    Kind.EMAIL: lambda text, name: bad(f"Invalid email format: '{text}'", name),
    Kind.MOBILE: lambda text, name: bad(f"Invalid phone format: '{text}'", name),
    Kind.PHONE: lambda text, name: bad(f"Invalid phone format: '{text}'", name),
    Kind.TIME_ZONE: lambda text, name: bad(f"Invalid timezone: '{text}'", name),
}
MISSPELLED = "terms_of_sevice"


def values_of_new(body: NewContact, holder: Holder) -> Values:
    """Raises ApiError: the first thing that is wrong."""
    region = Account.load().default_region
    if not _text(body.email) and not _text(body.mobile_phone):
        raise bad(REQUIRED, "email")
    for name in ("first_name", "last_name"):
        if not _cleaned(BY_NAME[name], getattr(body, name), region):
            raise bad(f"{name} is required", name)
    values = {
        name: _cleaned(BY_NAME[name], getattr(body, name), region) for name in IDENTIFIER_FIELDS
    }
    values |= dict(_details(body, region))
    values.setdefault("owner", holder.owner_id)
    return {"owner": values.pop("owner"), **values}


def values_of_changes(body: ContactChanges | None) -> Values:
    """Raises ApiError. An absent field stays as it is."""
    if body is None or not body.model_fields_set:
        raise bad(NOTHING, "body")
    return dict(_details(body, Account.load().default_region))


def values_of_identifiers(body: Identifiers) -> Values:
    """Raises ApiError."""
    given = [name for name in IDENTIFIER_FIELDS if name in body.model_fields_set]
    if not given:
        raise bad(REQUIRED, "email")
    region = Account.load().default_region
    return {name: _cleaned(BY_NAME[name], getattr(body, name), region) for name in given}


def _details(body: Details, region: str) -> Iterator[tuple[str, Any]]:
    given = body.given
    if MISSPELLED in given:
        given.setdefault("terms_of_service", given[MISSPELLED])
    for name, value in given.items():
        if name == "owner":
            if value is not None or not isinstance(body, NewContact):
                yield name, _owner(value)
        elif name == "custom_fields":
            yield from _custom(value, region)
        elif name in BY_NAME and name not in IDENTIFIER_FIELDS:
            yield name, _cleaned(BY_NAME[name], value, region)


def _cleaned(field: Field, value: Any, region: str) -> Any:
    """The value to store; null is blank. Raises ApiError with the words of api.md."""
    if value is None:
        return blank_of(field)
    if not isinstance(value, str):
        return value
    try:
        return clean(field, value, region=region)
    except InvalidValue as fault:
        if field.kind is Kind.STATUS:
            return ""
        if field.kind in SAID:
            raise SAID[field.kind](value, field.name) from None
        raise bad(f"Invalid value for {field.name}: {fault}", field.name) from None


def _owner(public_id: str | None) -> int:
    pk = number_of("USR", public_id or "")
    if pk is None or not User.objects.filter(pk=pk, is_active=True).exists():
        raise bad(f"Invalid owner: '{public_id}'", "owner")
    return pk


def _custom(given: Any, region: str) -> Iterator[tuple[str, str]]:
    known = known_fields()
    for name, value in _pairs(given):
        field = known.get(CUSTOM + name)
        if field is None or field.archived:
            text = f"Custom field '{name}' does not exist in field library"
            raise bad(text, "custom_fields")
        try:
            yield field.name, _custom_value(field, value, region)
        except InvalidValue as fault:
            raise bad(f"Invalid value for '{name}': {fault}", "custom_fields") from None


def _pairs(given: Any) -> list[tuple[str, Any]]:
    """Name and value, from an array of both or from an object."""
    if given is None:
        return []
    if isinstance(given, dict):
        return list(given.items())
    pairs = []
    for each in given if isinstance(given, list) else [None]:
        if not isinstance(each, dict) or set(each) != {"name", "value"}:
            raise bad("custom_fields: use objects with a name and a value", "custom_fields")
        if not isinstance(each["name"], str):
            raise bad("custom_fields: a name is a text", "custom_fields")
        pairs.append((each["name"], each["value"]))
    if len(dict(pairs)) < len(pairs):
        raise bad("custom_fields: a name stands there more than once", "custom_fields")
    return pairs


def _custom_value(field: Field, value: Any, region: str) -> str:
    """The text that is stored. Raises InvalidValue."""
    if value is None:
        return ""
    if field.kind is Kind.MULTI_SELECT and isinstance(value, list):
        if not all(isinstance(each, str) for each in value):
            raise InvalidValue("Use texts")
        return multi_select(value, field.options)
    if isinstance(value, bool):
        value = "yes" if value else "no"
    elif isinstance(value, int | float):
        value = _spelled(value)
    if not isinstance(value, str):
        raise InvalidValue("Use a text, a number, true or false")
    return str(clean(field, value, region=region))


def _spelled(value: int | float) -> str:
    """Digits without an exponent, as far as there are any."""
    if isinstance(value, int):
        if abs(value) >= 10**40:
            raise InvalidValue("Too large")
        return str(value)
    return f"{value:.6f}".rstrip("0").rstrip(".") if abs(value) < 1e15 else str(value)


def _text(value: str | None) -> str:
    return clean_text(value[:1000], BY_NAME["street_address"]) if value else ""
