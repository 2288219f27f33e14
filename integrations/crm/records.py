"""Which record there is which contact here: ExternalRecord, as CRMs use it.

A row with an id is a link. One without is either a record that is being made (an answer may have been
lost), or the note that a person has left the contact without one.
"""

from collections.abc import Iterable

from django.db.models import QuerySet
from django.utils import timezone

from contacts.models import Contact
from integrations.connectors.crm import Record
from integrations.models import Connection, ExternalRecord

MAKING, LEFT = "making", "left"
CONTACT = ExternalRecord.Kind.CONTACT


def rows_of(connection: Connection) -> QuerySet[ExternalRecord]:
    return ExternalRecord.objects.filter(connection=connection, kind=CONTACT)


def links(connection: Connection, contact: Contact) -> list[ExternalRecord]:
    """The oldest first; more than one after a merge of contacts."""
    return list(rows_of(connection).filter(contact=contact).exclude(external_id="").order_by("pk"))


def linked_ids(connection: Connection, contact_ids: Iterable[int]) -> set[int]:
    """Those of the contacts that have a record there, in one query."""
    rows = rows_of(connection).filter(contact__in=set(contact_ids)).exclude(external_id="")
    return {pk for pk in rows.values_list("contact", flat=True) if pk is not None}


def left_ids(connection: Connection, contact_ids: Iterable[int]) -> set[int]:
    """Those of the contacts that a person has left without a record."""
    rows = rows_of(connection).filter(contact__in=set(contact_ids), external_type=LEFT)
    return {pk for pk in rows.values_list("contact", flat=True) if pk is not None}


def keep(connection: Connection, contact: Contact, record: Record) -> None:
    """Link the contact to this record and no other."""
    values = {
        "external_id": record.id,
        "external_type": record.kind,
        "version": record.modified,
        "url": record.url,
        "seen_at": timezone.now(),
        "contact": contact,
    }
    own = rows_of(connection).filter(contact=contact)
    first = own.order_by("pk").first()
    if first is None:
        ExternalRecord.objects.create(connection=connection, kind=CONTACT, **values)
        return
    own.exclude(pk=first.pk).delete()
    own.filter(pk=first.pk).update(**values)


def making(connection: Connection, contact: Contact) -> ExternalRecord | None:
    return rows_of(connection).filter(contact=contact, external_type=MAKING).first()


def begin(connection: Connection, contact: Contact) -> ExternalRecord:
    """Note that a record is about to be made: whatever becomes of the answer, the next try looks."""
    return making(connection, contact) or ExternalRecord.objects.create(
        connection=connection, kind=CONTACT, contact=contact, external_type=MAKING
    )


def forget(connection: Connection, contact: Contact) -> None:
    """The contact has no record there, and nothing is being made."""
    rows_of(connection).filter(contact=contact).delete()


def leave(connection: Connection, contact: Contact, linked: str) -> None:
    """A person has decided that it stays linked to `linked`, or goes without a record."""
    own = rows_of(connection).filter(contact=contact)
    if not linked or not own.filter(external_id=linked).exists():
        own.delete()
        ExternalRecord.objects.create(
            connection=connection, kind=CONTACT, contact=contact, external_type=LEFT
        )
        return
    own.exclude(external_id=linked).delete()


def is_left(connection: Connection, contact: Contact) -> bool:
    return bool(left_ids(connection, [contact.pk]))


def holders(
    connection: Connection, record_ids: Iterable[str], *, besides: Contact | None = None
) -> dict[str, int]:
    """Records that are (other) contacts' here: record id -> contact."""
    rows = rows_of(connection).filter(external_id__in=[pk for pk in record_ids if pk])
    rows = rows.exclude(contact=None)
    if besides is not None:
        rows = rows.exclude(contact=besides)
    return {pk: contact for pk, contact in rows.values_list("external_id", "contact") if contact}
