"""What `contacts` announces. Others listen; contacts does not know them."""

from dataclasses import dataclass, field
from typing import Any

from django.dispatch import Signal

from contacts.models import Source, User


@dataclass(frozen=True)
class Actor:
    """Who or what makes a change: a person, an import, the command line."""

    user: User | None
    source: Source = Source.PERSON
    detail: str = ""


@dataclass(frozen=True)
class ContactChange:
    """One change of one contact, as planned and announced."""

    contact_id: int
    public_id: str
    actor: Actor
    kind: str  # "created", "updated", "merged", "deleted"
    version: int
    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)  # name -> (old, new)
    moved_ids: tuple[str, ...] = ()  # of a merge: the ids that were folded in


#: Sent inside the transaction with `changes`, a list of ContactChange (an import sends a batch).
contacts_changed = Signal()


def announce(*changes: ContactChange) -> None:
    """Tell the listeners; an error of theirs undoes the change, since nothing may be lost."""
    if changes:
        contacts_changed.send(sender=ContactChange, changes=list(changes))
