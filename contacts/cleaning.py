"""From what was typed to what is stored: the same for forms, imports and the API."""

import re
import unicodedata
import zoneinfo
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from contacts.fields import YES_NO, Field, Kind
from contacts.identity import InvalidValue, parse_email, parse_mobile, parse_phone
from contacts.identity import trim as trim_ends
from contacts.models import Contact

MAX_EMPLOYEES = 2_147_483_647  # what a PostgreSQL integer holds
MAX_DIGITS, MAX_DECIMALS = 15, 6  # before and after the point, of a number property
DATE_FORMATS = ("%Y-%m-%d", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%Y/%m/%d")
FIRST_YEAR = 1000  # a date sorts by its four digits
_NUMBER = re.compile(r"([+\-\u2212]?)(\d+)(?:\.(\d+))?", re.ASCII)
_GROUPED = re.compile(r"[+\-\u2212]?\d{1,3}(,\d{3})+(\.\d+)?", re.ASCII)


def clean(field: Field, value: str, *, region: str) -> Any:
    """A typed text as the value to store; `blank_of(field)` for blank. Raises InvalidValue.

    Owner is not handled here: it depends on who asks (see forms and imports).
    """
    if not trim_ends(value):
        return blank_of(field)
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
            return _one_of(value, [str(status) for status in Contact.Status.values])
        case Kind.TIME_ZONE:
            return _time_zone(value)
        case Kind.DECIMAL:
            return _decimal(value)
        case Kind.DATE:
            return _date(value)
        case Kind.SELECT:
            return _select(value, field.options)
        case Kind.MULTI_SELECT:
            return multi_select(re.split(r"[;\n]", value), field.options)
    return clean_text(value, field)


def blank_of(field: Field) -> Any:
    if field.kind is Kind.NUMBER:
        return None
    return False if field.kind is Kind.YES_NO else ""


def clean_text(value: str, field: Field) -> str:
    """Trimmed and NFC-free (kept as typed), without NUL and control characters.

    Line ends stay in long text only. Raises InvalidValue when too long.
    """
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


def _whole_number(value: str) -> int:
    digits = trim_ends(value).replace(",", "").replace(" ", "")
    if not digits.isascii() or not digits.isdigit():
        raise InvalidValue("Use a whole number")
    if len(digits) > 10 or int(digits) > MAX_EMPLOYEES:
        raise InvalidValue(f"Use a number up to {MAX_EMPLOYEES:,}")
    return int(digits)


def _decimal(value: str) -> str:
    """The shortest text of the number: "1,200.50" is "1200.5"."""
    text = trim_ends(value).replace("\u00a0", "").replace(" ", "")
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise InvalidValue("Use a number such as 1200 or 12.5")
    whole, decimals = found[2].lstrip("0") or "0", (found[3] or "").rstrip("0")
    if len(whole) > MAX_DIGITS or len(decimals) > MAX_DECIMALS:
        raise InvalidValue(f"Use at most {MAX_DIGITS} digits, and {MAX_DECIMALS} after the point")
    number = f"{whole}.{decimals}" if decimals else whole
    return f"-{number}" if found[1] in {"-", "\u2212"} and number != "0" else number


def _date(value: str) -> str:
    """ISO 8601. Forms whose day and month could be swapped (03/04/2026) are refused."""
    text = " ".join(trim_ends(value).split())
    try:
        found = datetime.fromisoformat(text).date()
    except ValueError:
        found = _named_month(text)
    if found.year < FIRST_YEAR:
        raise InvalidValue(f"Use a year from {FIRST_YEAR} on")
    return found.isoformat()


def _named_month(text: str) -> date:
    for form in DATE_FORMATS:
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    raise InvalidValue("Use a date such as 2026-11-23")


def _yes_no(value: str) -> bool:
    word = trim_ends(value).casefold()
    if word in {"yes", "y", "true", "1", "on", "x"}:
        return True
    if word in {"no", "n", "false", "0", "off"}:
        return False
    raise InvalidValue("Use yes or no")


def _select(value: str, options: tuple[str, ...]) -> str:
    if options == YES_NO:
        return YES_NO[0] if _yes_no(value) else YES_NO[1]
    return _one_of(value, options)


def _one_of(value: str, options: Iterable[str]) -> str:
    wanted = trim_ends(value).casefold()
    for option in options:
        if option.casefold() == wanted:
            return option
    raise InvalidValue(f"Use one of {', '.join(options)}")


def multi_select(values: Iterable[str], options: tuple[str, ...]) -> str:
    """The chosen options in the order of the property, joined by "; ". Raises InvalidValue."""
    chosen = {_one_of(value, options) for value in values if trim_ends(value)}
    return "; ".join(option for option in options if option in chosen)


#: Without the server's own zone: what it means depends on the machine.
_ZONES = {name.casefold(): name for name in zoneinfo.available_timezones() if name != "localtime"}


def _time_zone(value: str) -> str:
    try:
        return _ZONES[trim_ends(value).casefold()]
    except KeyError:
        raise InvalidValue("Use a time zone such as Europe/London") from None
