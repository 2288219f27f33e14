"""Addresses that change hands between contacts here, each of which has a record there.

An address is on one record at a time. So whoever takes another contact's former address waits until
that one's own update has let go of it: no question for a person, only an order. Of contacts that have
exchanged their addresses none can be the first. There one record is left without an address for the
moment until its new one is free; its delivery stays open until that is written.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress

from contacts.identity import InvalidValue, parse_email
from contacts.models import Contact, Identifier
from integrations.connectors.base import NotYet
from integrations.connectors.crm import AddressTaken, CrmConnector, Record
from integrations.crm import records, rows
from integrations.crm.vendors import Vendor
from integrations.models import Connection, Delivery
from integrations.models.deliveries import OPEN

WAITS = "{} gives this address to one {} at a time: it waits for another contact's update."


def comes_free(
    connection: Connection, contact: Contact, others: Sequence[Record], addresses: Iterable[str]
) -> bool:
    """Whether all of these are other contacts' here, whose own new addresses are still to be sent,
    and will take the place of one of `addresses`."""
    ids = {record.id for record in others}
    holders = records.holders(connection, ids, besides=contact)
    wanted = {each.lower() for each in addresses if each}
    leading = all(record.emails and record.emails[0] in wanted for record in others)
    if not ids or set(holders) != ids or not leading:
        return False
    sent = Delivery.objects.filter(
        target=rows.target_of(connection), contact_id__in=holders.values(), state__in=OPEN
    )
    moving = {row.contact_id for row in sent if "email" in rows.asked_in(row).get("fields", ())}
    return moving == set(holders.values())


def wait(vendor: Vendor) -> NotYet:
    return NotYet(WAITS.format(vendor.label, vendor.record))


def let_go(
    connector: CrmConnector, vendor: Vendor, contact: Contact, record: Record, fields: Sequence[str]
) -> bool:
    """Take an address off the contact's record that is another contact's by now; whether nothing
    stands against waiting. A vendor that keeps it as a further one has let go of nothing: then the
    record is as it was."""
    held = record.values.get(vendor.email, "")
    if not held or not _is_anothers(held, contact):
        return True
    freed = connector.let_go_of_address(record, fields)
    if held.lower() not in freed.emails:
        return True
    with suppress(AddressTaken):  # it is a further one of this record, which finds it as well
        connector.update(freed, {vendor.email: held}, fields)
    return False


def _is_anothers(address: str, contact: Contact) -> bool:
    try:
        key = parse_email(address).key
    except InvalidValue:
        return False
    rows_ = Identifier.objects.filter(kind=Identifier.Kind.EMAIL, key=key, current=True)
    return rows_.exclude(contact=contact).exists()
