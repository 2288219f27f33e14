"""What counts as the same e-mail address or mobile phone, and what is refused in which words."""

import pytest

from contacts.identity import (
    InvalidValue,
    LostNumber,
    format_phone,
    parse_email,
    parse_mobile,
    parse_phone,
)
from tests.shared import shared_json


def email_key(text: str) -> str | None:
    try:
        return parse_email(text).key
    except InvalidValue:
        return None


def mobile(text: str) -> str | None:
    try:
        return parse_mobile(text, "US")
    except InvalidValue:
        return None


def test_pairs_of_addresses_are_the_same_person_exactly_where_they_should_be() -> None:
    pairs = shared_json("corpora/own/identity/email_pairs.json")
    wrong = [
        pair
        for pair in pairs
        if pair["same"] is not None
        and (email_key(pair["a"]) == email_key(pair["b"])) != pair["same"]
    ]
    assert pairs and not wrong


def test_pairs_of_phones_are_the_same_person_exactly_where_they_should_be() -> None:
    pairs = shared_json("corpora/own/identity/phone_pairs.json")
    wrong = [
        pair
        for pair in pairs
        if pair["same"] is not None and (mobile(pair["a"]) == mobile(pair["b"])) != pair["same"]
    ]
    assert pairs and not wrong


def test_an_address_is_kept_as_typed_without_the_blanks_around_it() -> None:
    assert parse_email("\u00a0Ada.Lovelace@Example.COM\u200b").value == "Ada.Lovelace@Example.COM"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("john.doe@invalid", "needs a dot"),
        ("ada", "An @ is missing"),
        ("anton@varga,foto.example", "comma"),
        ("a" * 65 + "@example.com", "before the @ is too long"),
        ("a" * 250 + "@example.com", "at most 254"),
        ("ada@example.com\x00b", "Use the form"),
        ("", "An @ is missing"),
    ],
)
def test_a_refused_address_says_what_is_wrong(typed: str, said: str) -> None:
    with pytest.raises(InvalidValue, match=said):
        parse_email(typed)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("+91999999", r"Too short for India \(\+91\)"),
        ("07700 90", r"Too short for United Kingdom \(\+44\)"),
        ("+44 7700 900142 99", r"Too long for United Kingdom \(\+44\)"),
        ("+999999999999999", "No country has this code"),
        ("call me", "Use digits"),
        ("+12025550103 ext. 5", "has no extension"),
        ("9" * 300, "at most 60"),
    ],
)
def test_a_refused_mobile_phone_says_what_is_wrong(typed: str, said: str) -> None:
    with pytest.raises(InvalidValue, match=said):
        parse_mobile(typed, "GB")


def test_a_number_that_a_spreadsheet_has_shortened_is_not_guessed() -> None:
    with pytest.raises(LostNumber):
        parse_phone("2.02556E+09", "US")


def test_a_landline_keeps_its_extension() -> None:
    stored = parse_phone("(202) 555-0103 ext. 5", "US")
    assert (stored, format_phone(stored)) == ("+12025550103;ext=5", "+1 202-555-0103 ext. 5")


def test_an_extension_longer_than_its_column_is_refused() -> None:
    with pytest.raises(InvalidValue, match="extension has at most 15"):
        parse_phone("+12025550103 ext. 12345678901234567890", "US")


def test_national_numbers_are_read_in_the_accounts_region() -> None:
    assert parse_mobile("07700 900142", "GB") == "+447700900142"
