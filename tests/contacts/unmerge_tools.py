"""Merging, undoing and comparing whole tables: what the tests of the undo share."""

import random
from typing import Any

from contacts.fields import known_fields
from contacts.merging.merge import merge_contacts, plan_selected
from contacts.merging.undo import undo_merge
from contacts.merging.undo_plan import UnmergePlan, plan_unmerge
from contacts.models import (
    ConflictRequest,
    Contact,
    FieldChange,
    Identifier,
    ImportRow,
    Merge,
    PossibleDuplicate,
    PropertyKey,
    PublicId,
    User,
)
from contacts.services import update_contact
from tests.factories import by, make_contact

#: They count on, whatever is undone.
COUNTED = {"version", "last_updated_time", "changed_at"}
TABLES = (
    Contact,
    Identifier,
    FieldChange,
    PossibleDuplicate,
    ConflictRequest,
    ConflictRequest.holders.through,
    ImportRow,
    PublicId,
)


def dump() -> dict[str, dict[Any, dict[str, Any]]]:
    """Every row of the tables that a merge touches: {table: {primary key: columns}}. History that
    the merges and their undo added themselves is left out."""
    tables: dict[str, dict[Any, dict[str, Any]]] = {}
    for model in TABLES:
        rows: Any = model._default_manager.order_by("pk")
        if model is FieldChange:
            rows = rows.exclude(source="merge")
        counted = COUNTED if model is not FieldChange else set()
        tables[model.__name__] = {
            row.pk: {k: v for k, v in vars(row).items() if k not in counted and k[0] != "_"}
            for row in rows
        }
    keys = PropertyKey.objects.order_by("contact", "property", "key")
    tables["keys"] = {
        number: {"contact": key.contact_id, "sorts": key.sorts, "key": key.key}
        for number, key in enumerate(keys)
    }
    return tables


def fold(survivor: Contact, *duplicates: Contact, choices: dict[str, str] | None = None) -> Contact:
    """Merge chosen contacts, as they are now."""
    fresh = [Contact.objects.get(pk=contact.pk) for contact in (survivor, *duplicates)]
    plan = plan_selected(contacts=fresh, choices=choices)
    return merge_contacts(plan=plan, actor=by())


def merge_of(survivor: Contact) -> Merge:
    """The last merge into this contact."""
    return Merge.objects.filter(survivor=survivor.public_id).order_by("-pk")[0]


def planned(merge: Merge, choices: dict[str, str] | None = None) -> UnmergePlan:
    merge.refresh_from_db()
    now = PublicId.objects.get(pk=merge.survivor_id).survivor()
    survivor = Contact.objects.get(public_id=now.value)
    return plan_unmerge(merge=merge, survivor=survivor, choices=choices)


def unfold(
    merge: Merge, user: User | None = None, choices: dict[str, str] | None = None
) -> Contact:
    """Undo a merge, wherever its survivor is now."""
    return undo_merge(plan=planned(merge, choices), actor=by(user))


def make_full(owner: User, rng: random.Random, number: int) -> Contact:
    """A contact with some fields, identifiers, former ones and history, at random."""
    values: dict[str, Any] = {"first_name": f"Person {number}"}
    if rng.random() < 0.8:
        values["email"] = f"Person{number}@example.com"
    if rng.random() < 0.6:
        values["mobile_phone"] = f"+1202555{number:04d}"
    for name in ("company", "city", "job_title", "status", "employees", "has_consent", "phone"):
        if rng.random() < 0.5:
            values[name] = {
                "status": rng.choice(["Qualified", "Disqualified"]),
                "employees": number,
                "has_consent": True,
                "phone": f"+1202556{number:04d}",
            }.get(name, f"{name} {number}")
    for name, field in known_fields().items():
        if field.custom and rng.random() < 0.7:
            values[name] = f"Value {number}"
    contact = make_contact(owner, **values)
    for step in range(rng.randrange(3)):
        changed: dict[str, Any] = {rng.choice(["email", "city"]): f"e{step}.{number}@example.org"}
        edit(contact, **changed)
    return Contact.objects.get(pk=contact.pk)


def edit(contact: Contact, user: User | None = None, **values: Any) -> Contact:
    return update_contact(contact_id=contact.pk, actor=by(user), values=values)


def suspect(one: Contact, other: Contact) -> PossibleDuplicate:
    first, second = sorted([one, other], key=lambda contact: contact.pk)
    return PossibleDuplicate.objects.create(first=first, second=second, reason="same company")


def hold(contact: Contact, user: User, *holders: Contact) -> ConflictRequest:
    number = ConflictRequest.objects.count()
    request = ConflictRequest.objects.create(
        reference=f"CR-{number:05d}", requested_by=user, contact=contact
    )
    request.holders.set(holders)
    return request
