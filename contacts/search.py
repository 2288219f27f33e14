"""What a contact is found by, and in what order it stands: derived at every write, stored.

`search_text` is one line: a blank before each word, accents folded, lower-case, phone digits. A
word of three characters and more is found anywhere in it (a trigram index on PostgreSQL serves
that), a shorter one only at the beginning of a word.
"""

import re
import unicodedata
from typing import TYPE_CHECKING

import phonenumbers
from django.db.models import Q

if TYPE_CHECKING:
    from contacts.models import Contact

#: Sorts after every other text (the last code point), so blanks come last in ascending order.
LAST = "\U0010ffff"
SORT_KEY_LENGTH = 120
DERIVED = ("search_text", "sort_name", "sort_email", "sort_company", "sort_status")
MAX_QUERY = 200
MAX_WORDS = 8
_PHONE_LIKE = re.compile(r"^[\d\s()+./\-\u2010-\u2015\u00a0]*\d[\d\s()+./\-\u2010-\u2015\u00a0]*$")
_SPECIAL = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i"})


def fold(text: str) -> str:
    """Lower-case, compatibility forms and accents folded, invisible characters dropped."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_SPECIAL))
    kept = (c for c in decomposed if unicodedata.category(c) not in {"Mn", "Cf", "Cc", "Cs", "Co"})
    return " ".join("".join(c if not c.isspace() else " " for c in kept).casefold().split())


def sort_key(text: str) -> str:
    """How a text sorts: folded, blanks last, cut to the width of the index."""
    return fold(text)[:SORT_KEY_LENGTH] or LAST


def derive(contact: "Contact") -> None:
    """Set the derived columns of a contact from its fields. Save DERIVED with the fields."""
    phones = " ".join(re.sub(r"\D", "", phone) for phone in (contact.mobile_phone, contact.phone))
    words = fold(
        f"{contact.first_name} {contact.last_name} {contact.email} {contact.company} {phones}"
    )
    contact.search_text = f" {words}" if words else ""
    contact.sort_name = sort_key(contact.display_name)
    contact.sort_email = sort_key(contact.email)
    contact.sort_company = sort_key(contact.company)
    contact.sort_status = contact.status or LAST


def search_condition(text: str, *, region: str) -> Q | None:
    """The condition for a query as typed; None when it holds nothing to search for.

    Every word must match. A query that reads as a phone number also matches by its digits, in
    national or international form.
    """
    text = text[:MAX_QUERY]
    words = fold(text).split()[:MAX_WORDS]
    if not words:
        return None
    every = Q()
    for word in words:
        every &= _contains(word)
    return every | _phone_condition(text, region) if _PHONE_LIKE.match(text) else every


def _contains(word: str) -> Q:
    digits = re.sub(r"\D", "", word)
    if len(digits) >= 3 and _PHONE_LIKE.match(word):
        return Q(search_text__contains=word) | Q(search_text__contains=digits.lstrip("0") or digits)
    needle = word if len(word) >= 3 else f" {word}"
    return Q(search_text__contains=needle)


def _phone_condition(text: str, region: str) -> Q:
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", text))
    needles = {digits.lstrip("0") or digits}
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        pass
    else:
        needles.add(str(number.national_number))
    condition = Q()
    for needle in sorted(needles):
        condition |= Q(search_text__contains=needle if len(needle) >= 3 else f" {needle}")
    return condition
