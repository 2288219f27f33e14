"""What an import will make happen elsewhere: told by the planner, of the changes it will announce."""

from collections.abc import Iterator, Sequence

from contacts import planning
from contacts.fields import current_value, field_named, from_text
from contacts.leases import Lease
from contacts.models import Contact, Import, ImportRow, Source
from contacts.planning import Line, Tally
from contacts.services import Changes, Values
from contacts.signals import Actor, ContactChange

CHUNK = 1000
Outcome = ImportRow.Outcome


def actor_of(batch: Import, row: ImportRow) -> Actor:
    """Who makes the change of this row, as history names it."""
    detail = f"row {row.number:,} of {batch.filename}"[:120]
    return Actor(batch.created_by, Source.IMPORT, detail)


def planned_values(row: ImportRow) -> Values:
    """The new values of the fields that the plan fills or replaces."""
    return {
        name: from_text(field_named(name), after)
        for name, _, after, outcome in row.changes
        if outcome != "Keep"
    }


def effects_of(batch: Import, lease: Lease) -> list[list[object]]:
    """The sentences for the preview, as they are stored. Reads every planned row, chunk by chunk.

    Raises LeaseLost.
    """
    tally = Tally()
    for rows in _chunks(batch):
        lease.renew()
        tally.add(planning.plan(changes_of(batch, rows)))
    return [[line.text, line.done, line.note] for line in tally.lines]


def lines_of(batch: Import) -> list[Line]:
    """What the preview stored."""
    return [Line(text, done, note) for text, done, note in batch.effects]


def changes_of(batch: Import, rows: Sequence[ImportRow]) -> list[ContactChange]:
    """What committing these planned rows would announce, as if it were done now."""
    contacts = Contact.objects.in_bulk([row.contact_id for row in rows if row.contact_id])
    changes = []
    for row in rows:
        contact = contacts.get(row.contact_id or 0)
        if row.outcome == Outcome.NEW:
            changes.append(_created(batch, row))
        elif contact is not None:
            changes.append(_updated(batch, row, contact))
    return changes


def _created(batch: Import, row: ImportRow) -> ContactChange:
    # A number that no contact has; planners tell several new ones apart by it.
    values = {"owner": batch.owner_id, **row.values}
    fields: Changes = {name: (None, value) for name, value in values.items()}
    return ContactChange(-row.pk, "", actor_of(batch, row), "created", 1, fields)


def _updated(batch: Import, row: ImportRow, contact: Contact) -> ContactChange:
    fields: Changes = {
        name: (current_value(contact, field_named(name)), new)
        for name, new in planned_values(row).items()
    }
    actor = actor_of(batch, row)
    return ContactChange(
        contact.pk, contact.public_id, actor, "updated", contact.version + 1, fields
    )


def _chunks(batch: Import) -> Iterator[list[ImportRow]]:
    rows = ImportRow.objects.filter(batch=batch, outcome__in=[Outcome.NEW, Outcome.UPDATED])
    rows = rows.defer("cells", "problems", "notes").order_by("number")
    through = 0
    while chunk := list(rows.filter(number__gt=through)[:CHUNK]):
        through = chunk[-1].number
        yield chunk
