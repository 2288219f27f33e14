"""Undoing saves: what can go back, what was changed since, and doing it.

The core is `what_goes_back`: from history rows of one contact it tells which fields still hold
what those rows wrote. One save, an import's rows of a contact or a bulk edit are undone alike.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.core import signing
from django.db import transaction
from django.utils import timezone

from contacts import history
from contacts.access import assignable_owners
from contacts.fields import Kind, as_text, current_value, from_text, known_fields
from contacts.models import Contact, FieldChange, Source, User
from contacts.retrying import retrying
from contacts.services import Values, lock_contact, update_contact
from contacts.signals import Actor

UNDO_FOR = timedelta(days=30)
UNDID = "undid an edit"  # how the history tells of it
SALT = "contacts.undoing"


@dataclass(frozen=True)
class Undoable:
    """What undoing some changes of one contact would do."""

    values: Values = field(default_factory=dict)  # field -> the value it goes back to
    #: Fields that no longer hold what those changes wrote, each with its last change since.
    changed_since: dict[str, FieldChange | None] = field(default_factory=dict)
    refused: tuple[str, ...] = ()  # an owner whom the person may not choose, or who has left
    already: tuple[str, ...] = ()  # hold the old value again


@dataclass(frozen=True)
class Undone:
    """What was undone, and on which contact as it is now."""

    contact: Contact
    plan: Undoable

    @property
    def text(self) -> str:
        """What is told: "2 fields set back. City was changed since by Sofia and stays."."""
        return " ".join(_sentences(self.plan))


def changes_of_save(contact: Contact, version: int) -> list[FieldChange]:
    """The history rows of the save that made `version`; none for one that came from a merge."""
    rows = FieldChange.objects.filter(contact=contact, version=version, version__gt=0)
    return list(rows.select_related("actor").order_by("pk"))


def may_undo(rows: Sequence[FieldChange]) -> bool:
    """Whether a save can be undone at all: an edit (not the making of a contact, and not a merge,
    which is undone as a whole), not older than 30 days."""
    if not rows or rows[0].source == Source.MERGE:
        return False
    if any(row.field == "owner" and not row.old for row in rows):
        return False
    return timezone.now() - rows[0].at <= UNDO_FOR


def what_goes_back(
    contact: Contact, rows: Iterable[FieldChange], *, owners: Iterable[str] | None = None
) -> Undoable:
    """What of these changes (history rows of this contact) can be taken back.

    A field goes back when it still holds what the last of its rows wrote, to the value from before
    the first of them. `owners` are the ids, as text, of whom the person may make an owner; None
    allows everybody who exists. Reads only.
    """
    known = known_fields()
    first: dict[str, FieldChange] = {}
    last: dict[str, FieldChange] = {}
    for row in sorted(rows, key=lambda row: (row.version, row.pk)):
        if row.field in known and row.version > 0:
            first.setdefault(row.field, row)
            last[row.field] = row
    changed = [
        name
        for name, row in last.items()
        if row.new != as_text(current_value(contact, known[name]))
    ]
    since = history.last_changes(contact, changed) if changed else {}
    values: Values = {}
    stays: dict[str, FieldChange | None] = {}
    refused, already = [], []
    for name, row in first.items():
        if row.old == as_text(current_value(contact, known[name])):
            already.append(name)
        elif name in changed:
            stays[name] = since.get(name)
        elif known[name].kind is Kind.OWNER and not _may_own(row.old, owners):
            refused.append(name)
        else:
            values[name] = from_text(known[name], row.old)
    return Undoable(values, stays, tuple(refused), tuple(already))


def _may_own(pk: str, owners: Iterable[str] | None) -> bool:
    if owners is not None:
        return pk in set(owners)
    return bool(pk) and User.objects.filter(pk=pk).exists()


@retrying
@transaction.atomic
def undo_changes(
    *,
    contact_id: int,
    changes: Iterable[int],
    actor: Actor,
    owners: Iterable[str] | None = None,
) -> Undone:
    """Take back the history rows with these ids, as far as they can be, by an ordinary save.

    Raises ContactGone, and IdentifierTaken when an old address or number belongs to another
    contact now; then nothing was changed.
    """
    contact = lock_contact(contact_id)
    rows = FieldChange.objects.filter(contact=contact, pk__in=list(changes))
    plan = what_goes_back(contact, rows, owners=owners)
    if plan.values:
        contact = update_contact(contact_id=contact_id, actor=actor, values=plan.values)
    return Undone(contact, plan)


def undo_save(*, contact_id: int, version: int, user: User) -> Undone:
    """Undo one save of a contact for a person. Raises as `undo_changes`, and LookupError when that
    save cannot be undone."""
    contact = Contact.objects.filter(pk=contact_id).first()
    rows = changes_of_save(contact, version) if contact else []
    if not may_undo(rows):
        raise LookupError("no such save")
    return undo_changes(
        contact_id=contact_id,
        changes=[row.pk for row in rows],
        actor=Actor(user, Source.PERSON, UNDID),
        owners=assignable_ids(user),
    )


def assignable_ids(viewer: User) -> set[str]:
    """The ids, as history stores them, of those whom `viewer` may make an owner."""
    users = User.objects.filter(assignable_owners(viewer))
    return {str(pk) for pk in users.values_list("pk", flat=True)}


def _sentences(plan: Undoable) -> list[str]:
    known = known_fields()
    count = len(plan.values)
    if count:
        sentences = [f"{count} field{'s' if count > 1 else ''} set back."]
    elif plan.changed_since or plan.refused:
        sentences = ["Nothing was set back."]
    else:
        return ["This was undone already."]
    for name, change in plan.changed_since.items():
        by = f" by {change.actor or Source(change.source).label}" if change else ""
        sentences.append(f"{known[name].label} was changed since{by} and stays.")
    for name in plan.refused:
        sentences.append(
            f"{known[name].label} stays: your role does not let you make that person the owner."
        )
    return sentences


# --- what the Undo button carries


@dataclass(frozen=True)
class Asked:
    """What a token asks to undo: a save of a contact, or a merge."""

    public_id: str = ""
    version: int = 0
    merge: int = 0


class NoSuchUndo(Exception):
    """The token is not ours, not this person's, or older than 30 days."""


def token_for_save(user: User, public_id: str, version: int) -> str:
    """Signed, for this person alone: lets the Undo button post without a page of its own."""
    return signing.dumps(["save", user.pk, public_id, version], salt=SALT)


def token_for_merge(user: User, merge: int) -> str:
    return signing.dumps(["merge", user.pk, merge], salt=SALT)


def read_token(user: User, token: str) -> Asked:
    """Raises NoSuchUndo."""
    try:
        kind, owner, *rest = signing.loads(token, salt=SALT, max_age=UNDO_FOR)
    except signing.BadSignature:
        raise NoSuchUndo from None
    if owner != user.pk:
        raise NoSuchUndo
    return Asked(merge=rest[0]) if kind == "merge" else Asked(rest[0], rest[1])
