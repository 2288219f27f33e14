"""Starting a bulk action or the undo of one: the rows are frozen first, then somebody runs it."""

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from contacts import history
from contacts.access import may_administer
from contacts.background import hint_after_commit
from contacts.bulk_actions import running
from contacts.bulk_actions.selecting import NO_MATCH, BadSelection, Selection, insert_rows
from contacts.models import BulkAction, BulkRow, User
from contacts.models.bulk import UNDO_FOR
from contacts.retrying import retrying
from contacts.signals import Actor
from contacts.tasks import run_bulk_action

SMALL = 200  # rows: done at once, while the person waits
FORGET_AT_ONCE = 5000  # rows, in one statement of the sweep
Kind = BulkAction.Kind


class Grown(Exception):
    """More contacts match than the person has confirmed; nothing was started."""


class CannotUndo(Exception):
    """The message tells a person why."""


def start(
    *, user: User, kind: Kind, value: str = "", selection: Selection, confirmed: int | None = None
) -> BulkAction:
    """Freeze the selection and begin; a small action is finished when this returns.

    `value` is the owner's id or the status. Raises Grown when more than `confirmed` contacts match
    a list, BadSelection when there are none.
    """
    action = _start(user=user, kind=kind, value=value, selection=selection, confirmed=confirmed)
    return _begun(action)


@retrying
@transaction.atomic
def _start(
    *, user: User, kind: Kind, value: str, selection: Selection, confirmed: int | None
) -> BulkAction:
    action = BulkAction.objects.create(kind=kind, value=value, started_by=user)
    total = selection.freeze(action)
    if selection.everything and confirmed is not None and total > confirmed:
        raise Grown
    if not total + selection.unreadable:
        raise BadSelection(NO_MATCH)
    action.total = total + selection.unreadable
    action.done_rows = action.refused = selection.unreadable
    return _announced(action)


def start_undo(*, action_id: int, user: User) -> BulkAction:
    """Begin to set back what an action wrote. Raises CannotUndo."""
    return _begun(_start_undo(action_id=action_id, user=user))


@retrying
@transaction.atomic
def _start_undo(*, action_id: int, user: User) -> BulkAction:
    action = BulkAction.objects.get(pk=action_id)
    if action.running:
        raise CannotUndo("It is still running. Stop it, or wait until it is done.")
    if not action.undoable:
        raise CannotUndo("It can no longer be undone.")
    try:
        with transaction.atomic():
            undo = BulkAction.objects.create(kind=Kind.UNDO, undoes=action, started_by=user)
    except IntegrityError:  # the database holds to one undo, also against two clicks at once
        raise CannotUndo("It has been undone already.") from None
    undo.total = insert_rows(undo, action.rows.filter(outcome=BulkRow.Outcome.DONE))
    return _announced(undo)


def _announced(action: BulkAction) -> BulkAction:
    action.save(update_fields=["total", "done_rows", "refused"])
    history.audit(
        Actor(action.started_by), "bulk.started", str(action.pk), kind=action.kind, total=action.total
    )  # fmt: skip
    if action.total > SMALL:
        hint_after_commit(run_bulk_action, action.pk)
    return action


def _begun(action: BulkAction) -> BulkAction:
    """A small action is done at once; where others are in its way, the relay goes on with it."""
    if action.total <= SMALL:
        running.run(action.pk)
        action.refresh_from_db()
    return action


def actions_of(user: User) -> QuerySet[BulkAction]:
    """The actions that `user` may look at, stop and undo: one's own; for administrators, all."""
    actions = BulkAction.objects.select_related("started_by")
    return actions if may_administer(user) else actions.filter(started_by=user)


def forget_old_rows(older_than: timedelta = UNDO_FOR) -> int:
    """Remove some rows of actions that can no longer be undone; the counts stay."""
    ended = BulkAction.objects.filter(finished_at__lt=timezone.now() - older_than)
    old = BulkRow.objects.filter(action__in=ended).order_by("pk").values("pk")[:FORGET_AT_ONCE]
    return BulkRow.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()[0]
