"""What `contacts` announces. Others listen; contacts does not know them."""

from dataclasses import dataclass, field
from typing import Any

from django.dispatch import Signal

from contacts.models import ApiKey, Source, User
from contacts.planning import Plan
from contacts.planning import plan as make_plan


@dataclass(frozen=True)
class Actor:
    """Who or what makes a change: a person, an import, the command line, an API key."""

    user: User | None
    source: Source = Source.PERSON
    detail: str = ""
    bulk: int | None = None  # the bulk action in which it happens
    api_key: ApiKey | None = None


@dataclass(frozen=True)
class ContactChange:
    """One change of one contact, as planned and announced."""

    contact_id: int  # 0 where the record was deleted before ("erased")
    public_id: str
    actor: Actor
    #: "created", "updated"; "deleted", "erased" (a delete, and more); "merged" (into this contact)
    #: and its undo, "unmerged"; then each record that has come back out of it is "restored": its
    #: fields from the survivor's values, which its rows followed until now, to its own.
    kind: str
    version: int
    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)  # name -> (old, new)
    moved_ids: tuple[str, ...] = ()  # the ids that were folded in, or that came out again
    merged_pks: tuple[int, ...] = ()  # and their primary keys, which planners look things up by


#: Sent inside the transaction with `changes`, a list of ContactChange (an import sends a batch),
#: and `plan`, the effects that the planners named for them.
contacts_changed = Signal()


def announce(*changes: ContactChange, plan: Plan | None = None) -> None:
    """Tell the listeners; an error of theirs undoes the change, since nothing may be lost.

    `plan` is given where it had to be made before the write (a merge moves what it looks at).
    """
    if changes:
        known = plan if plan is not None else make_plan(changes)
        contacts_changed.send(sender=ContactChange, changes=list(changes), plan=known)
