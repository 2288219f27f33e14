"""Addresses that change hands between contacts here, each of which has a record there.

An address is on one record at a time. So whoever takes another contact's former address waits until
that one's own update has let go of it: no question for a person, only an order. Of contacts that have
exchanged their addresses none can be the first, since a blank is never sent: that is a question.
"""

from collections.abc import Iterable, Sequence

from contacts.models import Contact
from integrations.connectors.base import NotYet
from integrations.connectors.crm import CrmConnector, Record
from integrations.crm import records, rows
from integrations.crm.vendors import Vendor
from integrations.models import Connection, Delivery
from integrations.models.deliveries import OPEN

CIRCLE = 5  # contacts
WAITS = "{} gives this address to one {} at a time: it waits for another contact's update."
EXCHANGED = (
    "Contacts here have exchanged addresses, and {0} has each address on one {1} only. "
    "Give one of the {1}s another address in {0}, then press Retry."
)


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


def in_a_circle(
    connection: Connection,
    connector: CrmConnector,
    contact: Contact,
    others: Sequence[Record],
    fields: Sequence[str],
) -> bool:
    """Whether those who hold the address wait, in the end, for this contact. Asks the vendor, of at
    most `CIRCLE` contacts; a circle beyond that waits, as long as the schedule of retries."""
    passed = {contact.pk}
    for _ in range(CIRCLE):
        following = set(records.holders(connection, {record.id for record in others}).values())
        if following & passed or not following:
            return bool(following)
        passed |= following
        others = [
            record
            for each in Contact.objects.filter(pk__in=following).exclude(email=None)
            for record in connector.by_email(each.email or "", fields)
            if records.holders(connection, [record.id]).get(record.id) != each.pk
        ]  # whose address is on its own record already waits for nobody
    return False
