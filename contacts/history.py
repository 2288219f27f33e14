"""Keeping and reading what changed: history (values) and audit (ids)."""

from collections.abc import Iterable
from typing import Any

from contacts.fields import as_text, known_fields
from contacts.models import AuditEntry, Contact, FieldChange
from contacts.signals import Actor

KEY = "key"  # in an entry's detail: the id of the API key that did it


def field_changes(
    contact: Contact, changes: dict[str, tuple[Any, Any]], actor: Actor
) -> list[FieldChange]:
    """Unsaved history rows of one save, at the contact's new version."""
    return [
        FieldChange(
            contact=contact,
            version=contact.version,
            field=name,
            old=as_text(old),
            new=as_text(new),
            at=contact.last_updated_time,
            source=actor.source,
            actor=actor.user,
            api_key=actor.api_key,
            detail=actor.detail,
            bulk_id=actor.bulk,
        )
        for name, (old, new) in changes.items()
        if name in known_fields()
    ]


def record(contact: Contact, changes: dict[str, tuple[Any, Any]], actor: Actor) -> None:
    """Write the history of one save."""
    FieldChange.objects.bulk_create(field_changes(contact, changes, actor))


def changed_since(contact: Contact, version: int) -> dict[str, FieldChange]:
    """By field, the first change after `version`: its `old` is what a form of then showed."""
    first: dict[str, FieldChange] = {}
    rows: Iterable[FieldChange] = (
        FieldChange.objects.filter(contact=contact, version__gt=version)
        .select_related("actor")
        .order_by("version", "pk")
    )
    for row in rows:
        first.setdefault(row.field, row)
    return first


def last_changes(contact: Contact, names: Iterable[str]) -> dict[str, FieldChange]:
    """By field, the latest change of these fields on this contact."""
    last: dict[str, FieldChange] = {}
    rows = FieldChange.objects.filter(contact=contact, field__in=list(names), version__gt=0)
    for row in rows.select_related("actor").order_by("-at", "-pk"):
        last.setdefault(row.field, row)
    return last


def audit(actor: Actor, action: str, object_id: str = "", **detail: Any) -> AuditEntry:
    """Append to the audit. `detail` holds ids and counts only, never a value of a contact."""
    detail |= _key_of(actor)
    return AuditEntry.objects.create(
        actor=actor.user, source=actor.source, action=action, object_id=object_id, detail=detail
    )


def audit_each(actor: Actor, action: str, object_ids: Iterable[str]) -> None:
    """Append one entry for each id, as when several contacts are deleted together."""
    AuditEntry.objects.bulk_create(
        AuditEntry(
            actor=actor.user,
            source=actor.source,
            action=action,
            object_id=object_id,
            detail=_key_of(actor),
        )
        for object_id in object_ids
    )


def _key_of(actor: Actor) -> dict[str, str]:
    """Which API key it was, where it was one."""
    return {KEY: actor.api_key.public_id} if actor.api_key else {}
