"""What a bulk action is called, and what became of it, in words."""

from collections.abc import Iterable

from contacts.fields import owner_names
from contacts.models import BulkAction

Kind = BulkAction.Kind


def counted(number: int) -> str:
    return f"{number:,} contact{'' if number == 1 else 's'}"


def target_names(actions: Iterable[BulkAction]) -> dict[str, str]:
    """The names of the owners that these actions assign, by id, in one query."""
    found = [action.undoes or action for action in actions]
    return owner_names(action.value for action in found if action.kind == Kind.OWNER)


def title(action: BulkAction, owners: dict[str, str]) -> str:
    """What it does, as a heading: "Set owner to Tom Reyes"."""
    match action.kind:
        case Kind.OWNER:
            return f"Set owner to {owners.get(action.value, 'a former colleague')}"
        case Kind.STATUS:
            return f"Set status to {action.value}" if action.value else "Remove the status"
        case Kind.DELETE:
            return "Delete"
    assert action.undoes is not None
    return f"Undo: {title(action.undoes, owners)}"


def told(action: BulkAction, owners: dict[str, str]) -> str:
    """What was done, for a toast: "Owner set to Tom Reyes on 202 contacts. 12 already had it"."""
    number = counted(action.done)
    match action.kind:
        case Kind.OWNER:
            said = f"Owner set to {owners.get(action.value, 'a former colleague')} on {number}"
        case Kind.STATUS if action.value:
            said = f"Status set to {action.value} on {number}"
        case Kind.STATUS:
            said = f"Status removed from {number}"
        case Kind.DELETE:
            said = f"{number} deleted"
        case _:
            said = f"Set back on {number}"
    return ". ".join([said, *_rest(action)])


def _rest(action: BulkAction) -> list[str]:
    rest = []
    if action.unchanged:
        kept = "changed since and kept" if action.kind == Kind.UNDO else "already had it"
        rest.append(f"{action.unchanged:,} {kept}")
    if action.refused:
        rest.append(f"{action.refused:,} not available")
    return rest
