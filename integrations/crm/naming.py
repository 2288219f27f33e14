"""What deliveries to a CRM are called on a page: the record that they bring up to date."""

from collections.abc import Sequence

from integrations.crm import rows, vendors
from integrations.models import Connection, Delivery, ExternalRecord


def names_of(deliveries: Sequence[Delivery]) -> dict[int, str]:
    """ "HubSpot contact 88217730451" of those that have a record. Two queries."""
    connections = {row.pk: rows.connection_id(row.target) for row in deliveries}
    known = Connection.objects.in_bulk(set(connections.values()))
    linked = ExternalRecord.objects.filter(
        connection__in=known,
        kind=ExternalRecord.Kind.CONTACT,
        contact__in={row.contact_id for row in deliveries if row.contact_id},
    ).exclude(external_id="")
    columns = ("connection", "contact", "external_id")
    records = {(at, of): record for at, of, record in linked.values_list(*columns)}
    found = {}
    for row in deliveries:
        connection = known.get(connections[row.pk])
        record = records.get((connections[row.pk], row.contact_id))
        if connection is not None and record and connection.vendor in vendors.CRMS:
            found[row.pk] = f"{vendors.vendor_of(connection).record} {record}"
    return found
