"""What a contact is found by, and in what order it stands: derived at every write, stored.

`search_text` is one line: a blank before each word, accents folded, lower-case, phone digits, marks
as letters. A word of three characters and more is found anywhere in it, a shorter one only at the
beginning of a word. Which index serves that is in `contacts.search_index`.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import reduce
from operator import and_, or_
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
#: The marks of ASCII, each written as a letter that folding leaves none of. PostgreSQL's trigrams
#: end words at marks: "com" would begin a word in most addresses, and "o.b" have no trigram.
MARKS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
LETTERS = "àáâãäåçèéêëìíîïñòóôõöùúûüýÿāăąćĉ"
_AS_LETTERS = str.maketrans(MARKS, LETTERS)

#: What a query looks for: in one of these ways every word is found in one of its spellings. A
#: spelling that begins with a blank begins a word.
Wanted = tuple[tuple[tuple[str, ...], ...], ...]


def fold(text: str) -> str:
    """Lower-case, compatibility forms and accents folded, invisible characters dropped."""
    if text.isascii() and text.isprintable():
        return " ".join(text.lower().split())
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_SPECIAL))
    kept = (c for c in decomposed if unicodedata.category(c) not in {"Mn", "Cf", "Cc", "Cs", "Co"})
    return " ".join("".join(c if not c.isspace() else " " for c in kept).casefold().split())


def sort_key(text: str) -> str:
    """How a text sorts: folded, blanks last, cut to the width of the index."""
    return fold(text)[:SORT_KEY_LENGTH] or LAST


def derive(contact: "Contact") -> None:
    """Set the derived columns of a contact from its fields. Save DERIVED with the fields."""
    phones = " ".join(re.sub(r"\D", "", phone) for phone in (contact.mobile_phone, contact.phone))
    contact.search_text = spelled(
        f"{contact.first_name} {contact.last_name} {contact.email} {contact.company} {phones}"
    )
    contact.sort_name = sort_key(contact.display_name)
    contact.sort_email = sort_key(contact.email)
    contact.sort_company = sort_key(contact.company)
    contact.sort_status = contact.status or LAST


def spelled(text: str) -> str:
    """A text as it is stored to be searched; what `reading` compares with."""
    words = fold(text)
    return f" {words}".translate(_AS_LETTERS) if words else ""


def wanted(text: str, *, region: str) -> Wanted:
    """What a query as typed looks for; empty when it holds nothing to search for.

    Every word must match. A query that reads as a phone number also matches by its digits, in
    national or international form.
    """
    text = text[:MAX_QUERY]
    words = fold(text).split()[:MAX_WORDS]
    if not words:
        return ()
    ways = [tuple(_shortest(_spellings(word)) for word in words)]
    if _PHONE_LIKE.match(text):
        ways.append((_shortest(map(_needle, phone_needles(text, region))),))
    return tuple(dict.fromkeys(ways))


def beyond(text: str) -> str:
    """What of a query is not looked for, in words; "" where all of it is."""
    if len(text) > MAX_QUERY:
        return f"The search is longer than {MAX_QUERY} characters. What follows was left out."
    words = fold(text).split()
    if len(words) > MAX_WORDS:
        return f"The search has more than {MAX_WORDS} words. What follows “{words[MAX_WORDS - 1]}” was left out."
    return ""


def reading(wanted: Wanted, column: str = "search_text") -> Q:
    """The condition that reads each text: what any index must agree with."""
    return reduce(
        or_,
        (
            reduce(
                and_, (reduce(or_, (Q(**{f"{column}__contains": n}) for n in word)) for word in way)
            )
            for way in wanted
        ),
    )


def phone_needles(text: str, region: str) -> list[str]:
    """The digits by which a number, or a part of one, in any form, is found in a stored one."""
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", text))
    needles = {digits.lstrip("0") or digits}
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        pass
    else:
        needles.add(str(number.national_number))
    return sorted(needles)


def _spellings(word: str) -> list[str]:
    """The word itself; a group of digits also without what it may be written with."""
    digits = re.sub(r"\D", "", word)
    if len(digits) >= 3 and _PHONE_LIKE.match(word):
        return [_needle(word), _needle(digits.lstrip("0") or digits)]
    return [_needle(word)]


def _needle(word: str) -> str:
    return (word if len(word) >= 3 else f" {word}").translate(_AS_LETTERS)


def _shortest(needles: Iterable[str]) -> tuple[str, ...]:
    """Without those that hold another one: whatever has them has that."""
    needles = sorted(set(needles), key=len)
    return tuple(n for i, n in enumerate(needles) if not any(other in n for other in needles[:i]))
