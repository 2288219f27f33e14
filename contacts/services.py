"""Writing contacts: the only way in for pages, admin, merge and command line.

Each function is one transaction; it keeps history, identifiers and search columns together and
announces the change. An import does the same in batches (contacts.imports.committing).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from contacts import history, planning
from contacts.fields import (
    IDENTIFIER_FIELDS,
    column,
    current_value,
    field_named,
    from_text,
    known_fields,
    set_value,
)
from contacts.identity import parse_email
from contacts.models import Contact, FieldChange, Identifier, PublicId, new_public_id
from contacts.planning import NOTHING, Plan, PlanChanged
from contacts.property_keys import write_property_keys
from contacts.retrying import Stale, retrying
from contacts.search import DERIVED, derive
from contacts.signals import Actor, ContactChange, announce

Values = dict[str, Any]  # field name -> value as contacts.fields.clean gives it; owner as user id
Changes = dict[str, tuple[Any, Any]]


class ContactGone(Exception):
    """The contact was deleted or merged away since it was read."""


class IdentifierTaken(Exception):
    """An e-mail or mobile phone belongs to another contact, now or formerly.

    `holders` maps the field ("email", "mobile_phone") to that contact's primary key. Whether its
    existence may be shown is for the caller to decide, by `visible_to`.
    """

    def __init__(self, holders: dict[str, int]) -> None:
        super().__init__("identifier taken")
        self.holders = holders


@dataclass(frozen=True)
class FieldConflict:
    """A field that somebody else changed while it was being edited."""

    field: str
    base: Any  # what the form showed when it was opened
    theirs: Any  # what is saved now
    mine: Any  # what was typed
    by: FieldChange  # their change


class EditConflict(Exception):
    """Others changed some of the same fields since `base_version`; nothing was saved."""

    def __init__(self, fields: list[FieldConflict], version: int) -> None:
        super().__init__("edit conflict")
        self.fields = fields
        self.version = version


@retrying
@transaction.atomic
def create_contact(*, actor: Actor, values: Values, **times: Any) -> Contact:
    """Make a contact. `times` may set creation_time and last_interacted_time (sample data).

    Raises IdentifierTaken; then nothing was made.
    """
    contact = Contact(public_id=new_public_id(), source=actor.source, **times)
    changes: Changes = {}
    for name, value in values.items():
        field = field_named(name)
        old = None if name == "owner" else current_value(contact, field)
        set_value(contact, field, value)
        if value != old:
            changes[name] = (old, value)
    derive(contact)
    PublicId.objects.create(value=contact.public_id)
    contact.save(force_insert=True)
    set_identifiers(contact, {n: v for n, v in values.items() if n in IDENTIFIER_FIELDS})
    if contact.custom:
        write_property_keys([contact])
    history.record(contact, changes, actor)
    announce(change_of(contact, actor, "created", changes))
    return contact


@retrying
@transaction.atomic
def update_contact(
    *,
    contact_id: int,
    actor: Actor,
    values: Values,
    base_version: int | None = None,
    shown_plan: str | None = None,
) -> Contact:
    """Save the fields in `values` that differ from what the editor saw at `base_version`.

    Changes of different fields by two people are both kept. `shown_plan` is the digest of what the
    editor was told will happen elsewhere. Raises EditConflict for a field that both changed,
    IdentifierTaken, ContactGone, PlanChanged; then nothing was saved.
    """
    contact = lock_contact(contact_id)
    changes = edits_of(contact, values, base_version)
    if changes:
        apply_changes(contact, changes, actor)
        change = change_of(contact, actor, "updated", changes)
        plan = planning.plan([change])
        if shown_plan is not None and shown_plan != plan.digest:
            raise PlanChanged(plan)
        announce(change, plan=plan)
    return contact


def plan_update(
    contact: Contact, *, actor: Actor, values: Values, base_version: int | None
) -> Plan:
    """What saving these values will make happen elsewhere. Reads only; conflicts are left out."""
    try:
        changes = edits_of(contact, values, base_version)
    except EditConflict as conflict:
        disputed = {field.field for field in conflict.fields}
        rest = {name: value for name, value in values.items() if name not in disputed}
        changes = edits_of(contact, rest, base_version)
    return planning.plan([change_of(contact, actor, "updated", changes)]) if changes else NOTHING


@retrying
@transaction.atomic
def release_identifier(*, contact_id: int, identifier_id: int, actor: Actor) -> Identifier:
    """Forget a former identifier, so that it may belong to somebody else.

    Raises ContactGone when the contact, or that former identifier of it, is no longer there.
    """
    contact = lock_contact(contact_id)
    identifier = contact.identifiers.filter(pk=identifier_id, current=False).first()
    if identifier is None:
        raise ContactGone
    identifier.delete()
    history.audit(actor, "identifier.released", contact.public_id, kind=identifier.kind)
    return identifier


def set_back(*, contact_id: int, change_id: int, actor: Actor) -> Contact:
    """Give one field the value it had before a change in its history.

    Raises ContactGone, IdentifierTaken, InvalidValue's kin never: the value was stored before.
    """
    change = FieldChange.objects.filter(contact_id=contact_id, pk=change_id).first()
    if change is None or change.field not in known_fields():
        raise ContactGone
    value = from_text(field_named(change.field), change.old)
    if change.field == "owner" and value is None:
        raise ContactGone
    return update_contact(contact_id=contact_id, actor=actor, values={change.field: value})


def lock_contact(contact_id: int) -> Contact:
    """The contact, locked until the transaction ends. Raises ContactGone."""
    contact = Contact.objects.select_for_update().filter(pk=contact_id).first()
    if contact is None:
        raise ContactGone
    return contact


def apply_changes(
    contact: Contact, changes: Changes, actor: Actor, *, version: int = 0, **extra: Any
) -> None:
    """Write `changes` to a locked contact: fields, identifiers, search columns, history.

    `version` sets the new version (by default the next), `extra` further columns (a merge's
    times). Raises IdentifierTaken, and Stale when the row is not the one that was read.
    """
    was = contact.version
    for name, (_, new) in changes.items():
        set_value(contact, field_named(name), new)
    for extra_column, value in extra.items():
        setattr(contact, extra_column, value)
    contact.version = version or was + 1
    contact.last_updated_time = timezone.now()
    derive(contact)
    columns = {column(field_named(name)) for name in changes} | {*extra, *DERIVED}
    columns |= {"version", "last_updated_time"}
    written = Contact.objects.filter(pk=contact.pk, version=was).update(
        **{name: getattr(contact, name) for name in columns}
    )
    if not written:
        raise Stale
    set_identifiers(contact, {n: new for n, (_, new) in changes.items() if n in IDENTIFIER_FIELDS})
    if "custom" in columns:
        write_property_keys([contact])
    history.record(contact, changes, actor)


def set_identifiers(contact: Contact, values: dict[str, str]) -> None:
    """Make `values` the contact's current identifiers; what was current becomes former.

    Raises IdentifierTaken with every holder, found before the write or by the unique index.
    """
    wanted = {kind: identifier_key(kind, value) for kind, value in values.items() if value}
    taken = holders_of(wanted, besides=contact.pk)
    if taken:
        raise IdentifierTaken(taken)
    try:
        with transaction.atomic():
            for kind in sorted(values):  # always e-mail first: two saves cannot wait in a circle
                _set_identifier(contact, kind, wanted.get(kind, ""), values[kind])
    except IntegrityError:
        taken = holders_of(wanted, besides=contact.pk)
        if not taken:  # it was there a moment ago and is gone again
            raise Stale from None
        raise IdentifierTaken(taken) from None


def _set_identifier(contact: Contact, kind: str, key: str, value: str) -> None:
    own = Identifier.objects.filter(contact=contact, kind=kind)
    own.filter(current=True).exclude(key=key).update(current=False, since=timezone.now())
    if not key:
        return
    if not own.filter(key=key).update(value=value, current=True):
        Identifier.objects.create(contact=contact, kind=kind, key=key, value=value)


def identifier_key(kind: str, value: str) -> str:
    """The comparison key of a cleaned value. A mobile phone's E.164 form is its own key."""
    return parse_email(value).key if kind == Identifier.Kind.EMAIL else value


def holders_of(keys: dict[str, str], *, besides: int | None = None) -> dict[str, int]:
    """Which other contact holds each of these keys, now or formerly: {field: contact id}."""
    found = {}
    for kind, key in keys.items():
        row = Identifier.objects.filter(kind=kind, key=key).exclude(contact=besides)
        holder = row.values_list("contact_id", flat=True).first()
        if holder is not None:
            found[kind] = holder
    return found


def with_edits(contact: Contact, values: Values, base_version: int | None) -> Values:
    """The contact's values of now with the editor's changes laid over them.

    What a merge takes as the new entry: a stale form must not bring old values back. Raises
    EditConflict.
    """
    changes = edits_of(contact, values, base_version)
    current = {name: current_value(contact, field) for name, field in known_fields().items()}
    return {**current, **{name: new for name, (_, new) in changes.items()}}


def edits_of(contact: Contact, values: Values, base_version: int | None) -> Changes:
    """What the editor changed: {field: (saved now, typed)}.

    Raises EditConflict where somebody else changed the same field since `base_version`.
    """
    changes: Changes = {}
    conflicts = []
    fresh = base_version is None or base_version == contact.version
    since = {} if fresh else history.changed_since(contact, base_version or 0)
    for name, mine in values.items():
        theirs = current_value(contact, field_named(name))
        base = from_text(field_named(name), since[name].old) if name in since else theirs
        if mine in (theirs, base):
            continue
        if name in since:
            conflicts.append(FieldConflict(name, base, theirs, mine, since[name]))
        else:
            changes[name] = (theirs, mine)
    if conflicts:
        raise EditConflict(conflicts, contact.version)
    return changes


def change_of(
    contact: Contact, actor: Actor, kind: str, changes: Changes, moved_ids: Iterable[str] = ()
) -> ContactChange:
    """The announcement of a change that was just written."""
    return ContactChange(
        contact_id=contact.pk,
        public_id=contact.public_id,
        actor=actor,
        kind=kind,
        version=contact.version,
        fields=changes,
        moved_ids=tuple(moved_ids),
    )
