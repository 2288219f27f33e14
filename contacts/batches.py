"""Writing many contacts at once, set by set: never one statement a row.

What imports and bulk actions share; one contact at a time is contacts.services. The caller has
locked the contacts that exist, in id order, and is inside a transaction.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F
from django.utils import timezone

from contacts import history
from contacts.fields import (
    IDENTIFIER_FIELDS,
    column,
    current_value,
    field_named,
    set_value,
)
from contacts.models import Contact, FieldChange, Identifier, PublicId
from contacts.property_keys import write_property_keys
from contacts.search import DERIVED, derive
from contacts.services import Changes, Values, change_of, identifier_key
from contacts.signals import Actor, announce

ROWS_A_STATEMENT = 2000  # of history
#: Nothing but these is in the derived columns (contacts.search.derive).
DERIVED_FROM = {
    "first_name", "last_name", "email", "mobile_phone", "phone", "company", "status",
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One contact of a batch, its fields already as they will be, and what changed."""

    contact: Contact
    changes: Changes
    actor: Actor


@dataclass
class Batch:
    """Contacts to be written together, by `write`."""

    created: list[Entry] = field(default_factory=list)
    updated: list[Entry] = field(default_factory=list)
    _columns: set[str] = field(default_factory=set)

    def create(self, contact: Contact, names: Iterable[str], actor: Actor) -> None:
        """Add an unsaved contact; `names` are the fields that history shall mention."""
        derive(contact)
        changes: Changes = {
            name: (None, current_value(contact, field_named(name))) for name in names
        }
        self.created.append(Entry(contact, changes, actor))

    def update(self, contact: Contact, values: Values, actor: Actor) -> None:
        """Put cleaned values onto a locked contact, as its next version."""
        changes: Changes = {}
        for name, new in values.items():
            spec = field_named(name)
            changes[name] = (current_value(contact, spec), new)
            set_value(contact, spec, new)
            self._columns.add(column(spec))
        contact.version += 1
        contact.last_updated_time = timezone.now()
        if not DERIVED_FROM.isdisjoint(changes):
            self._derive(contact)
        self.updated.append(Entry(contact, changes, actor))

    def _derive(self, contact: Contact) -> None:
        before = {name: getattr(contact, name) for name in DERIVED}
        derive(contact)
        self._columns |= {name for name, was in before.items() if getattr(contact, name) != was}

    def write(self) -> None:
        """Contacts, identifiers, property keys, history, and the announcement.

        Raises IntegrityError when somebody else saved one of the identifiers this very moment.
        """
        made = [entry.contact for entry in self.created]
        PublicId.objects.bulk_create([PublicId(value=contact.public_id) for contact in made])
        Contact.objects.bulk_create(made)
        self._write_updated([entry.contact for entry in self.updated])
        self._write_identifiers()
        write_property_keys(
            [entry.contact for entry in self.created if entry.contact.custom]
            + [entry.contact for entry in self.updated if _any_custom(entry.changes)]
        )
        self._write_history()

    def _write_updated(self, contacts: list[Contact]) -> None:
        """In one plain statement where all get the same values, as in a bulk action."""
        if not contacts:
            return
        columns = sorted(self._columns)
        if all(_same(contacts, name) for name in columns):
            now = contacts[-1].last_updated_time
            for contact in contacts:
                contact.last_updated_time = now
            Contact.objects.filter(pk__in=[contact.pk for contact in contacts]).update(
                **{name: getattr(contacts[0], name) for name in columns},
                version=F("version") + 1,
                last_updated_time=now,
            )
        else:
            Contact.objects.bulk_update(contacts, [*columns, "version", "last_updated_time"])

    def _write_identifiers(self) -> None:
        for kind in IDENTIFIER_FIELDS:
            moving = [entry.contact.pk for entry in self.updated if kind in entry.changes]
            if moving:
                current = Identifier.objects.filter(contact__in=moving, kind=kind, current=True)
                current.update(current=False, since=timezone.now())
        rows = [
            Identifier(kind=kind, key=identifier_key(kind, value), value=value, contact=contact)
            for contact, kind, value in self._new_identifiers()
            if value
        ]
        # In key order, so that two batches at once wait for each other and not in a circle.
        Identifier.objects.bulk_create(sorted(rows, key=lambda row: (row.kind, row.key)))

    def _new_identifiers(self) -> Iterable[tuple[Contact, str, str]]:
        for kind in IDENTIFIER_FIELDS:
            for entry in self.created:
                yield entry.contact, kind, getattr(entry.contact, kind)
            for entry in self.updated:
                if kind in entry.changes:
                    yield entry.contact, kind, entry.changes[kind][1]

    def _write_history(self) -> None:
        entries = [*self.created, *self.updated]
        rows = [
            row for each in entries for row in history.field_changes(each.contact, each.changes, each.actor)
        ]  # fmt: skip
        FieldChange.objects.bulk_create(rows, batch_size=ROWS_A_STATEMENT)
        announce(
            *(change_of(e.contact, e.actor, "created", e.changes) for e in self.created),
            *(change_of(e.contact, e.actor, "updated", e.changes) for e in self.updated),
        )


def _any_custom(changes: Changes) -> bool:
    return any(field_named(name).custom for name in changes)


def _same(contacts: list[Contact], name: str) -> bool:
    first: Any = getattr(contacts[0], name)
    return all(getattr(contact, name) == first for contact in contacts)
