"""Which record is a contact's: by its stored id, then by a former address, then by the present one.

Of several with one address the last modified one, and so by phone, only where there is no address. A former and the present
address on two records is a question for a person, and so are two records of contacts that were merged
here. What a vendor has merged is followed; what it has deleted is looked for anew.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from contacts.models import Contact, Identifier
from integrations.connectors.base import TargetGone
from integrations.connectors.crm import CrmConnector, Record
from integrations.models import ExternalRecord

FORMERS = 5  # former addresses that are looked for, the last ones


class Several(Exception):
    """More than one record may be the contact's; the linked one, if any, is the first."""

    def __init__(self, records: Sequence[Record], linked: str = "") -> None:
        super().__init__("several records")
        self.records = list(records)
        self.linked = linked


@dataclass(frozen=True)
class Person:
    """By what a contact is found."""

    email: str
    former: tuple[str, ...]  # addresses, the last first
    phones: tuple[str, ...]
    keys: frozenset[str]  # every former address and number
    public_id: str = ""


@dataclass(frozen=True)
class Match:
    """The record, if any. `linked`: it was the contact's before. `among`: so many could be it."""

    record: Record | None = None
    linked: bool = False
    among: int = 1


def person_of(contact: Contact) -> Person:
    rows = list(Identifier.objects.filter(contact=contact, current=False).order_by("-since", "-pk"))
    emails = [row.key for row in rows if row.kind == Identifier.Kind.EMAIL]
    phones = dict.fromkeys(each for each in (contact.mobile_phone, contact.phone) if each)
    keys = frozenset(row.key for row in rows)
    return Person(contact.email, tuple(emails[:FORMERS]), tuple(phones), keys, contact.public_id)


def find(
    connector: CrmConnector,
    person: Person,
    links: Sequence[ExternalRecord],
    fields: Sequence[str],
    free: Callable[[list[Record]], list[Record]],
) -> Match:
    """`free` leaves out records that are other contacts': a number is no proof. Raises Several, and the connector's errors."""
    known = linked_records(connector, links, fields)
    if len(known) > 1:
        raise Several(known, known[0].id)
    if known:
        return Match(known[0], linked=True)
    carrying = connector.by_key(person.public_id, fields)
    if len(carrying) > 1:
        raise Several(carrying)
    if carrying:
        return Match(carrying[0])
    found = {each.record.id: each for each in _by_addresses(connector, person, fields)}
    if len(found) > 1:
        raise Several([each.record for each in found.values()])
    if found:
        among = next(iter(found.values()))
        return Match(among.record, among=among.number)
    return Match() if person.email else _by_phones(connector, person, fields, free)


def linked_records(
    connector: CrmConnector, links: Sequence[ExternalRecord], fields: Sequence[str]
) -> list[Record]:
    """What the links lead to now: merged ones are the same record, deleted ones are left out."""
    found: dict[str, Record] = {}
    for link in links:
        try:
            record = connector.read(link.external_id, fields)
        except TargetGone:
            continue
        found.setdefault(record.id, record)
    return list(found.values())


@dataclass(frozen=True)
class _Among:
    record: Record
    number: int


def _by_addresses(connector: CrmConnector, person: Person, fields: Sequence[str]) -> list[_Among]:
    """Of each former address and of the present one the record that was modified last."""
    current = [person.email] if person.email else []
    found = (connector.by_email(address, fields) for address in (*person.former, *current))
    return [_Among(rows[0], len(rows)) for rows in found if rows]


def _by_phones(
    connector: CrmConnector,
    person: Person,
    fields: Sequence[str],
    free: Callable[[list[Record]], list[Record]],
) -> Match:
    for number in person.phones:
        rows = free(connector.by_phone(number, fields))
        if rows:
            return Match(rows[0], among=len(rows))
    return Match()
