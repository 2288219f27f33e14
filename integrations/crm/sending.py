"""From a delivery to the CRM: one contact, one meeting, or a hundred contacts of an import at once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from activities.reminders import clock
from contacts.models import Contact
from integrations.connectors.base import Done, SkippedByPolicy
from integrations.connectors.crm import CrmConnector
from integrations.crm import meetings, records, rows, vendors
from integrations.crm.bundles import Bundle, Outcome
from integrations.crm.deciding import Asked
from integrations.crm.syncing import ContactSync
from integrations.models import Connection, CrmAccount, Delivery
from integrations.outbox import gates

DISCONNECTED = "{} was disconnected."
REMOVED = "The contact no longer exists."
NOTHING = Asked(frozenset())
TIGHT = 0.9  # of the vendor's calls of a day; the rest is for people
LOOKED_AGAIN = timedelta(minutes=15)  # a day's calls come back one by one


class CrmDeliverer:
    """Safe to repeat: what is there already is not written again."""

    reads_back = True

    def deliver(self, delivery: Delivery) -> Done:
        connection = _connected(delivery)
        with _connector(connection) as connector:
            return _deliver(delivery, connection, connector)

    def deliver_many(self, deliveries: Sequence[Delivery]) -> list[Outcome | None]:
        """Contacts of one account, by batch calls; None for those that need more than these."""
        try:
            connection = _connected(deliveries[0])
        except SkippedByPolicy as error:
            return [error] * len(deliveries)
        with _connector(connection) as connector:
            return Bundle(connection, connector, deliveries).run()

    def takes_many(self, delivery: Delivery) -> bool:
        return "meeting" not in rows.asked_in(delivery)

    def gave_up(self, delivery: Delivery) -> None:
        """The row says so; there is nothing to switch off."""


def _connected(delivery: Delivery) -> Connection:
    found = Connection.objects.filter(pk=rows.connection_id(delivery.target)).first()
    if found is None or found.state == Connection.State.DISCONNECTED:
        raise SkippedByPolicy(DISCONNECTED.format(delivery.sent_to))
    return found


@contextmanager
def _connector(connection: Connection) -> Iterator[CrmConnector]:
    """Afterwards the backlog is held where little is left of the day's calls."""
    account = CrmAccount.objects.filter(connection=connection).select_related("connection").first()
    connector = vendors.connector_of(connection, account)
    try:
        yield connector
    finally:
        if connector.used >= TIGHT:
            gates.hold_backlog(connection.gate, clock.now() + LOOKED_AGAIN)


def _deliver(delivery: Delivery, connection: Connection, connector: CrmConnector) -> Done:
    contact = Contact.objects.filter(pk=delivery.contact_id or 0).first()
    if contact is None:
        raise SkippedByPolicy(REMOVED)
    asked = rows.asked_in(delivery)
    if "meeting" not in asked:
        sync = ContactSync(connection, contact, connector)
        return sync.run(delivery, Asked(frozenset(asked["fields"])))
    known = records.links(connection, contact)
    if known and len(known) == 1:
        record = known[0].external_id
    else:
        record = ContactSync(connection, contact, connector).run(delivery, NOTHING).external_id
    return meetings.log(connection, connector, int(asked["meeting"]), record)


DELIVERER = CrmDeliverer()
