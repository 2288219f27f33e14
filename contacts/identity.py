"""Reading and comparing what identifies a person: e-mail addresses and phone numbers.

The comparison key is computed here, once, and stored; nothing else lower-cases or compares. The
same function answers for the form, the import, the API and the unique index.
"""

import functools
import re
import unicodedata
from typing import NamedTuple

import email_validator
import idna
import phonenumbers
from phonenumbers import (
    NumberParseException,
    PhoneNumberFormat,
    PhoneNumberType,
    ValidationResult,
)

from contacts.regions import calling

MAX_EMAIL = 254  # RFC 5321 4.5.3.1.3, with erratum 1690 of RFC 3696
MAX_PHONE_INPUT = 60
MAX_EXTENSION = 15  # keeps the stored form within its column
#: Spreadsheets turn +12025550101 into 1.20256E+10: the digits are gone and cannot be guessed.
_SCIENTIFIC = re.compile(r"^\s*[+-]?\d(?:[.,]\d+)?[eE]\+?\d+\s*$")


class InvalidValue(ValueError):
    """A value that cannot be stored; the message is a sentence for the person who typed it."""


class LostNumber(InvalidValue):
    """A phone number whose digits a spreadsheet has thrown away."""


class EmailAddress(NamedTuple):
    value: str  # as typed, trimmed
    key: str  # what is compared


def trim(text: str) -> str:
    """Without blanks, control and invisible format characters at both ends (NBSP, ZWSP, BOM)."""
    start, end = 0, len(text)
    while start < end and _is_blank(text[start]):
        start += 1
    while end > start and _is_blank(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_blank(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in {"Cc", "Cf"}


def parse_email(text: str) -> EmailAddress:
    """Validate an address and compute its key.

    The key is NFC, lower-case (not case-folded: ß is not ss) with the domain as A-label (IDNA
    2008, UTS 46 mapping). Sub-addresses (+tag) and dots are kept: only the provider knows them.
    Raises InvalidValue.
    """
    value = trim(text)
    if len(value) > MAX_EMAIL:
        raise InvalidValue(f"Too long: an email has at most {MAX_EMAIL} characters")
    try:
        parsed = email_validator.validate_email(
            value,
            check_deliverability=False,
            globally_deliverable=False,  # .test and .local are refused by mail servers, not by us
            allow_quoted_local=True,
            strict=True,
        )
    except email_validator.EmailNotValidError as error:
        raise InvalidValue(_email_fault(value)) from error
    local, _, _ = parsed.normalized.rpartition("@")
    domain = _ascii_domain(parsed.domain)
    if "." not in domain:
        raise InvalidValue("The part after the @ needs a dot. Use the form name@example.com")
    local_key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", local).lower())
    return EmailAddress(value=value, key=f"{local_key}@{domain}")


@functools.lru_cache(maxsize=4096)
def _ascii_domain(domain: str) -> str:
    try:
        return idna.encode(domain, uts46=True).decode("ascii").lower()
    except idna.IDNAError as error:
        raise InvalidValue("Check the part after the @") from error


def _email_fault(value: str) -> str:
    if "@" not in value:
        return "An @ is missing. Use the form name@example.com"
    local, _, domain = value.rpartition("@")
    if not local or not domain:
        return "Use the form name@example.com"
    if "," in domain or " " in domain:
        return "A comma or blank is not allowed after the @"
    if "." not in domain:
        return "The part after the @ needs a dot. Use the form name@example.com"
    if len(local.encode()) > 64:
        return "The part before the @ is too long: at most 64 characters"  # RFC 5321 4.5.3.1.1
    return "Use the form name@example.com"


def parse_mobile(text: str, region: str) -> str:
    """A mobile phone as E.164. Raises InvalidValue; an extension is refused, not dropped."""
    number = _parse_number(text, region, PhoneNumberType.MOBILE)
    if number.extension:
        raise InvalidValue("A mobile phone has no extension. Put this number into Phone")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


@functools.lru_cache(maxsize=512)
def example_mobile(region: str) -> str:
    """A mobile phone of nobody, as people of this region write theirs; "" where none is known."""
    number = (
        phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE) if region else None
    )
    return phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL) if number else ""


def parse_phone(text: str, region: str) -> str:
    """A landline as E.164, with `;ext=5` (RFC 3966) where it has one. Raises InvalidValue."""
    number = _parse_number(text, region, PhoneNumberType.UNKNOWN)
    value = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if not number.extension:
        return value
    if len(number.extension) > MAX_EXTENSION:
        raise InvalidValue(f"Too long: an extension has at most {MAX_EXTENSION} digits")
    return f"{value};ext={number.extension}"


def _parse_number(text: str, region: str, kind: int) -> phonenumbers.PhoneNumber:
    value = trim(text)
    if len(value) > MAX_PHONE_INPUT:
        raise InvalidValue(f"Too long: a phone number has at most {MAX_PHONE_INPUT} characters")
    if _SCIENTIFIC.match(value):
        raise LostNumber("A spreadsheet has shortened this number. Format the column as text")
    number, fault = _read(value, region, kind)
    if fault and value.startswith("00"):  # the international prefix of most of the world
        other, other_fault = _read(f"+{value[2:]}", region, kind)
        if not other_fault:
            number, fault = other, ""
    if fault or number is None:
        raise InvalidValue(fault)
    return number


def _read(value: str, region: str, kind: int) -> tuple[phonenumbers.PhoneNumber | None, str]:
    """The number and what is wrong with it ("" when nothing is)."""
    try:
        number = phonenumbers.parse(value, region)
    except NumberParseException as error:
        if error.error_type == NumberParseException.INVALID_COUNTRY_CODE and value.startswith("+"):
            return None, "No country has this code after the +"
        return None, "Use digits, with + and the country code where it is foreign"
    # "Possible" by length, not "valid" by numbering plan: plans change faster than the library.
    reason = phonenumbers.is_possible_number_for_type_with_reason(number, kind)
    if reason == ValidationResult.IS_POSSIBLE:
        return number, ""
    code = calling(number.country_code or 0, region)
    if reason in {ValidationResult.TOO_SHORT, ValidationResult.IS_POSSIBLE_LOCAL_ONLY}:
        return number, f"Too short for {code}"
    if reason == ValidationResult.TOO_LONG:
        return number, f"Too long for {code}"
    return number, f"No number in {code} has this length"


@functools.lru_cache(maxsize=4096)
def format_phone(value: str) -> str:
    """A stored number as people read it: "+44 7700 900142", "+1 202-555-0103 ext. 5"."""
    number, _, extension = value.partition(";ext=")
    try:
        shown = phonenumbers.format_number(
            phonenumbers.parse(number), PhoneNumberFormat.INTERNATIONAL
        )
    except NumberParseException:
        return value
    return f"{shown} ext. {extension}" if extension else shown
