"""Any number of made-up contacts, the same every time: what speed is measured on.

Contact number n is the same in every crowd (only its days count back from `until`). A third of the
surnames are common ones, the others rare, so that a search finds anything from nobody to most.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from contacts.models import Contact, Identifier, Source
from contacts.models.contact import BASE36
from contacts.sample import names
from contacts.search import derive, fold

BLOCK = 1000  # contacts that share one source of chance
_STARTS = [
    "b",
    "br",
    "c",
    "d",
    "f",
    "g",
    "gr",
    "h",
    "k",
    "kl",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "sch",
    "st",
    "t",
    "tr",
    "v",
    "w",
    "z",
]
_MIDDLES = ["a", "e", "i", "o", "u", "ei", "au", "ar", "el", "in", "on"]
_ENDS = [
    "b",
    "ck",
    "ld",
    "lt",
    "m",
    "n",
    "nd",
    "ng",
    "r",
    "rs",
    "ss",
    "tt",
    "x",
    "berg",
    "dal",
    "ham",
    "ley",
    "man",
    "mann",
    "ov",
    "ova",
    "sen",
    "ski",
    "son",
    "ton",
]
_PLACES = [place for place in names.PLACES for _ in range(place.share)]
_FIRSTS = {place.country: place.first.split() for place in names.PLACES}
_LASTS = {place.country: place.last.split() for place in names.PLACES}
_DOMAINS = [f"{a}{b}.example".lower() for a in names.COMPANY_FIRST for b in names.COMPANY_LAST]
_STATUSES = ("", "", "", *Contact.Status.values)
_SOURCES = (Source.PERSON, Source.IMPORT, Source.BOOKING, Source.FORM)


def crowd(
    first: int, count: int, *, owners: Sequence[int], until: datetime
) -> Iterator[tuple[Contact, list[Identifier]]]:
    """Contacts number `first` and following, with their primary keys and identifiers; not saved.

    `owners` are ids of users, each with a smaller share than the one before.
    """
    weights = [1 / place for place in range(1, len(owners) + 1)]
    block, chance = -1, random.Random()
    for number in range(first - first % BLOCK, first + count):
        if number // BLOCK != block:
            block = number // BLOCK
            chance.seed(block)
        contact = _contact(chance, number, until)
        contact.owner_id = chance.choices(owners, weights)[0]
        if number >= first:
            derive(contact)
            yield contact, list(_identifiers(contact))


def _contact(chance: random.Random, number: int, until: datetime) -> Contact:
    place = chance.choice(_PLACES)
    first = chance.choice(_FIRSTS[place.country])
    last = chance.choice(_LASTS[place.country]) if chance.random() < 0.35 else _rare_name(chance)
    city, zone = chance.choice(place.cities)
    created = until - timedelta(seconds=chance.random() ** 2 * 5 * 365 * 86400)
    met = created + (until - created) * chance.random() ** 0.4
    working = chance.random() < 0.85
    return Contact(
        pk=number,
        public_id="CTC-" + "".join(chance.choices(BASE36, k=12)),
        first_name=first,
        last_name=last,
        email=_email(chance, first, last, number) if chance.random() < 0.92 else "",
        mobile_phone=_mobile(number) if chance.random() < 0.75 else "",
        phone=f"+44207946{chance.randrange(10000):04}" if chance.random() < 0.1 else "",
        company=_company(chance) if working else "",
        job_title=chance.choice(names.JOBS) if working else "",
        city=city,
        country=place.country,
        timezone=zone,
        status=chance.choice(_STATUSES),
        source=chance.choice(_SOURCES),
        creation_time=created,
        last_updated_time=created,
        last_interacted_time=met if chance.random() < 0.8 else None,
    )


def _rare_name(chance: random.Random) -> str:
    syllables = chance.choice(_STARTS), chance.choice(_MIDDLES), chance.choice(_STARTS)
    return "".join((*syllables, chance.choice(_MIDDLES), chance.choice(_ENDS))).capitalize()


def _company(chance: random.Random) -> str:
    return f"{chance.choice(names.COMPANY_FIRST)} {chance.choice(names.COMPANY_LAST)}"


def _email(chance: random.Random, first: str, last: str, number: int) -> str:
    plain = fold(f"{first}.{last}")
    return f"{plain}{number}@{chance.choice(_DOMAINS)}"


def _mobile(number: int) -> str:
    """A number of its own for each contact, in an order that looks like none.

    American ones: 30 areas of 8 million; more than that would repeat.
    """
    place = number * 104_395_301 % 240_000_000
    area, line = divmod(place, 8_000_000)
    return f"+1{names.US_AREAS[area]}{2_000_000 + line}"


def _identifiers(contact: Contact) -> Iterator[Identifier]:
    """The keys need no parsing: the addresses are plain and in lower case, the phones E.164."""
    for kind in Identifier.Kind.values:
        value = getattr(contact, kind)
        if value:
            since = contact.creation_time
            yield Identifier(kind=kind, key=value, value=value, contact_id=contact.pk, since=since)
