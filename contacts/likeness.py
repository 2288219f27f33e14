"""What makes two contacts look like one person, though no identifier says so.

Each contact has a few match keys; those who share one are compared. Everything here is pure.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from contacts.models import MatchKey
from contacts.search import fold

Kind = MatchKey.Kind
#: A key that more contacts share says nothing about any two of them: a switchboard's number, a
#: frequent name, the "info" of every company.
CROWD = {
    Kind.NAME_AND_COMPANY: 20,
    Kind.LANDLINE: 5,
    Kind.PLAIN_EMAIL: 20,
    Kind.LOCAL_PART: 30,
    Kind.NAME: 30,
}
SHORTEST_LOCAL_PART = 5
NEAR = 2  # letters, for e-mails of the same name
_LEGAL_FORMS = frozenset(
    [
        "ab",
        "ag",
        "as",
        "bv",
        "co",
        "company",
        "corp",
        "corporation",
        "gmbh",
        "inc",
        "incorporated",
        "kg",
        "limited",
        "llc",
        "llp",
        "ltd",
        "nv",
        "oy",
        "plc",
        "pty",
        "sa",
        "sarl",
        "sas",
        "se",
        "spa",
        "srl",
    ]
)
_SHARED_MAILBOXES = frozenset(
    [
        "accounts",
        "admin",
        "billing",
        "booking",
        "bookings",
        "contact",
        "enquiries",
        "hello",
        "info",
        "invoices",
        "kontakt",
        "mail",
        "marketing",
        "office",
        "reception",
        "sales",
        "service",
        "support",
        "team",
        "welcome",
    ]
)
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Likeness:
    """The fields of a contact that are compared."""

    pk: int
    first_name: str
    last_name: str
    email: str
    phone: str
    company: str


FIELDS = ("pk", "first_name", "last_name", "email", "phone", "company")


def keys_of(contact: Likeness) -> dict[Kind, int]:
    """The contact's match keys; a kind that says nothing about it is left out."""
    name, company = _name(contact), _company(contact)
    local, domain = _address(contact)
    texts = {
        Kind.NAME_AND_COMPANY: f"{name}|{company}" if name and company else "",
        Kind.LANDLINE: contact.phone,
        Kind.PLAIN_EMAIL: f"{local}@{domain}" if local else "",
        Kind.LOCAL_PART: local if _personal(local) else "",
        Kind.NAME: name,
    }
    return {kind: _digest(kind, text) for kind, text in texts.items() if text}


def reasons_for(kinds: set[Kind], one: Likeness, other: Likeness) -> list[str]:
    """Why two contacts that share these kinds of key look like one person; [] if they do not."""
    checks: tuple[tuple[Kind, str, Callable[[Likeness, Likeness], bool]], ...] = (
        (Kind.NAME_AND_COMPANY, "Same name and company", _always),
        (Kind.LANDLINE, "Same landline", _always),
        (Kind.PLAIN_EMAIL, "Emails that differ only in dots, dashes or a +tag", _always),
        (Kind.LOCAL_PART, "Emails that differ in one letter after the @", _near_domains),
        (Kind.NAME, "Same name and similar emails", _similar_emails),
    )
    return [reason for kind, reason, holds in checks if kind in kinds and holds(one, other)]


def _always(one: Likeness, other: Likeness) -> bool:
    return True


def _near_domains(one: Likeness, other: Likeness) -> bool:
    first, second = _address(one)[1], _address(other)[1]
    return first != second and within(first, second, 1)


def _similar_emails(one: Likeness, other: Likeness) -> bool:
    """A letter or two of difference, or the same mailbox name at another provider.

    One that is made of the person's name tells nothing: namesakes have it at every company.
    """
    if not one.email or not other.email:
        return False
    (local, domain), (local2, domain2) = _address(one), _address(other)
    if local == local2:
        return domain != domain2 and _is_chosen(local, one)
    return within(f"{local}@{domain}", f"{local2}@{domain2}", NEAR)


def _name(contact: Likeness) -> str:
    """First and last name in any order, without punctuation; "" unless there are both."""
    words = list(_words(f"{contact.first_name} {contact.last_name}"))
    if not (contact.first_name.strip() and contact.last_name.strip()) or len(words) < 2:
        return ""
    return " ".join(sorted(words))


def _company(contact: Likeness) -> str:
    """Without punctuation and legal form, unless nothing else is left."""
    words = list(_words(contact.company))
    return " ".join([word for word in words if word not in _LEGAL_FORMS] or words)


def _words(text: str) -> Iterator[str]:
    return (match[0] for match in _WORD.finditer(fold(text)))


def _address(contact: Likeness) -> tuple[str, str]:
    """The local part without +tag, dots, dashes and underscores, and the domain; both lower-case."""
    local, at, domain = unicodedata.normalize("NFC", contact.email).lower().rpartition("@")
    if not at:
        return "", ""
    plain = re.sub(r"[.\-_]", "", local.partition("+")[0])
    return plain or local, domain


def _is_chosen(local: str, contact: Likeness) -> bool:
    """Whether three letters or digits are left of a local part without the person's names."""
    rest = fold(local)
    for word in _words(f"{contact.first_name} {contact.last_name}"):
        rest = rest.replace(word, "")
    return len(rest) >= 3


def _personal(local: str) -> bool:
    return len(local) >= SHORTEST_LOCAL_PART and local not in _SHARED_MAILBOXES


def _digest(kind: Kind, text: str) -> int:
    """64 bits with a sign, as a big integer column holds them."""
    digest = hashlib.blake2b(f"{int(kind)}:{text}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def within(one: str, other: str, limit: int) -> bool:
    """Whether at most `limit` letters were put in, left out, changed or swapped with a neighbour.

    Only the part of the table around its diagonal is computed: more than `limit` off it is too far.
    """
    if abs(len(one) - len(other)) > limit:
        return False
    far = limit + 1
    before = [far] * (len(other) + 1)
    row = [min(j, far) for j in range(len(other) + 1)]
    for i, letter in enumerate(one, 1):
        earlier, before, row = before, row, [far] * (len(other) + 1)
        if i <= limit:
            row[0] = i
        for j in range(max(1, i - limit), min(len(other), i + limit) + 1):
            same = letter == other[j - 1]
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (not same))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == other[j - 1]:
                cost = min(cost, earlier[j - 2] + 1)
            row[j] = cost
        if min(row[max(0, i - limit) : i + limit + 1]) > limit:
            return False
    return row[-1] <= limit
