"""What single cells say: protected formulas, several values in one cell, addresses, numbers."""

import re

_SEVERAL = re.compile(r"\s+:::\s+")
_EMAIL = re.compile(r"\s*[^\s@,;]+@[^\s@,;]+\.[^\s@,;]+\s*")
_PHONE = re.compile(r"\s*'?(?:tel:)?[+(]?\d[\d\s().\-/]{5,}\s*")


def first_value(cell: str) -> tuple[str, list[str]]:
    """The first of several values in one cell, and the rest. Google joins them by " ::: "."""
    values = [value for value in _SEVERAL.split(cell.strip()) if value]
    return (values[0], values[1:]) if values else ("", [])


def looks_like_email(cell: str) -> bool:
    return _EMAIL.fullmatch(first_value(cell)[0]) is not None


def looks_like_phone(cell: str) -> bool:
    value = first_value(cell)[0]
    digits = sum(character.isdigit() for character in value)
    # 2024-03-12 and 3.5.2024 are days.
    is_day = re.match(r"(\d{4}[-/.]\d\d?[-/.]\d\d?|\d\d?[-/.]\d\d?[-/.]\d{4})\b", value)
    return _PHONE.fullmatch(value) is not None and 7 <= digits <= 15 and not is_day
