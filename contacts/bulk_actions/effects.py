"""What each kind of bulk action does with one chunk of contacts, set by set.

Permission is looked at again for every chunk, for the person who started the action: what that
person may do and see at the moment of writing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from contacts.access import assignable_owners, former_owners, may_delete
from contacts.batches import Batch
from contacts.deleting import remove
from contacts.fields import as_text, current_value, field_named, from_text
from contacts.models import Account, BulkAction, Contact, FieldChange, Source, User
from contacts.signals import Actor

Kind = BulkAction.Kind
DEACTIVATED = "The person who started this no longer has access."
NO_DELETE = "The person who started this may no longer delete contacts."
NO_OWNER = "The person who started this can no longer choose that owner."


class NotAllowed(Exception):
    """The action may not go on; the message tells a person why."""


@dataclass
class Chunk:
    """Some rows of an action: the contacts among them, locked, by public id."""

    action: BulkAction
    user: User
    contacts: dict[str, Contact]
    done: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)

    @property
    def actor(self) -> Actor:
        of = self.action.undoes_id
        what = f"undo of bulk action {of}" if of else f"bulk action {self.action.pk}"
        return Actor(self.user, Source.PERSON, what, bulk=self.action.pk)


def check(action: BulkAction, user: User) -> None:
    """Whether `user` may do this action now. Raises NotAllowed."""
    if not user.is_active:
        raise NotAllowed(DEACTIVATED)
    if action.kind == Kind.DELETE and not may_delete(user, Account.load()):
        raise NotAllowed(NO_DELETE)
    if action.kind == Kind.OWNER and not _may_assign(user, int(action.value)):
        raise NotAllowed(NO_OWNER)


def apply(chunk: Chunk) -> None:
    """Do the action on the contacts of the chunk and sort their ids into done and unchanged."""
    _EFFECTS[Kind(chunk.action.kind)](chunk)


def _may_assign(user: User, owner_id: int) -> bool:
    return User.objects.filter(assignable_owners(user), pk=owner_id).exists()


def _assign_owner(chunk: Chunk) -> None:
    _set(chunk, "owner", int(chunk.action.value))


def _set_status(chunk: Chunk) -> None:
    _set(chunk, "status", chunk.action.value)


def _set(chunk: Chunk, name: str, value: Any) -> None:
    spec = field_named(name)
    batch = Batch()
    for public_id, contact in chunk.contacts.items():
        if current_value(contact, spec) == value:
            chunk.unchanged.append(public_id)
        else:
            batch.update(contact, {name: value}, chunk.actor)
            chunk.done.append(public_id)
    batch.write()


def _delete(chunk: Chunk) -> None:
    remove(list(chunk.contacts.values()), chunk.actor)
    chunk.done.extend(chunk.contacts)


def _undo(chunk: Chunk) -> None:
    """Set each field back that still holds what the action wrote; others are kept.

    A contact is left out, and so refused, where its former owner may not be given it back.
    """
    batch = Batch()
    written = _written_by(chunk)
    owners = set(User.objects.filter(former_owners(chunk.user)).values_list("pk", flat=True))
    for public_id, contact in chunk.contacts.items():
        change = written.get(contact.pk)
        if change is None:
            continue
        spec = field_named(change.field)
        old = from_text(spec, change.old)
        if as_text(current_value(contact, spec)) != change.new:
            chunk.unchanged.append(public_id)
        elif spec.name != "owner" or old in owners:
            batch.update(contact, {spec.name: old}, chunk.actor)
            chunk.done.append(public_id)
    batch.write()


def _written_by(chunk: Chunk) -> dict[int, FieldChange]:
    """What the undone action wrote, by contact. Version 0 was moved here by a merge."""
    changes = FieldChange.objects.filter(
        bulk=chunk.action.undoes_id,
        contact__in=[contact.pk for contact in chunk.contacts.values()],
        version__gt=0,
    )
    return {change.contact_id: change for change in changes}


_EFFECTS: dict[Kind, Callable[[Chunk], None]] = {
    Kind.OWNER: _assign_owner,
    Kind.STATUS: _set_status,
    Kind.DELETE: _delete,
    Kind.UNDO: _undo,
}
