"""What a delete, or a field set on several contacts, will make happen elsewhere: told before it.

The same plan that the write announces, made of changes that are not saved (as plan_update does it).
"""

from collections.abc import Iterable
from typing import Any

from contacts import planning
from contacts.fields import current_value, field_named
from contacts.models import Contact
from contacts.planning import Plan
from contacts.services import change_of
from contacts.signals import Actor


def effects_of_delete(contacts: Iterable[Contact], actor: Actor) -> Plan:
    """What deleting these contacts will make happen elsewhere. Reads only."""
    return planning.plan([change_of(contact, actor, "deleted", {}) for contact in contacts])


def effects_of_set(contacts: Iterable[Contact], name: str, value: Any, actor: Actor) -> Plan:
    """What giving one field this value on all of them will make happen elsewhere. Reads only."""
    spec = field_named(name)
    changes = []
    for contact in contacts:
        old = current_value(contact, spec)
        if old != value:
            changes.append(change_of(contact, actor, "updated", {name: (old, value)}))
    return planning.plan(changes)
