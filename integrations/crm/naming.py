"""What deliveries to a CRM are called on a page: the record that they bring up to date."""

from collections.abc import Sequence

from integrations.crm import rows, vendors
from integrations.models import Connection, Delivery, ExternalRecord
from integrations.systems import Named


def names_of(deliveries: Sequence[Delivery]) -> dict[int, Named]:
    """ "Contact 88217730451", beside the name of its CRM, of those that have a record. Two queries."""
    connections = {row.pk: rows.connection_id(row.target) for row in deliveries}
    crms = Connection.objects.filter(vendor__in=vendors.CRMS)
    known = crms.in_bulk(set(connections.values()))
    linked = ExternalRecord.objects.filter(
        connection__in=known,
        kind=ExternalRecord.Kind.CONTACT,
        contact__in={row.contact_id for row in deliveries if row.contact_id},
    ).exclude(external_id="")
    records = {(row.connection_id, row.contact_id): row for row in linked}
    found = {}
    for row in deliveries:
        record = records.get((connections[row.pk], row.contact_id))
        if record is not None:
            text = f"{record.external_type.capitalize()} {record.external_id}"
            found[row.pk] = Named(text, url_of(record))
    return found


def url_of(record: ExternalRecord) -> str:
    """Where people open it; an address of another scheme is no link."""
    return record.url if record.url.startswith(("https://", "http://")) else ""
