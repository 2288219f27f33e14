"""Putting deliveries into the outbox, and taking back those that no longer count."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from contacts.background import hint_after_commit
from integrations.models import Delivery
from integrations.models.deliveries import WAITING
from integrations.outbox import gates

State = Delivery.State
ROWS_A_STATEMENT = 500
KEPT_FOR = timedelta(days=90)
PRUNED_AT_ONCE = 2000
ONE_BY_ONE = 5  # contacts; more than that are a batch, and one hint does for all
NEWER = "A later change took its place."
DELETED = "The contact was deleted."


def enqueue(deliveries: Sequence[Delivery]) -> None:
    """Write the rows in the transaction of their cause, and have a worker told after its commit.

    Where only the latest state counts, older rows of the same contact and target are superseded.
    A constant number of statements for each 500 rows.
    """
    if not deliveries:
        return
    gates.ensure(delivery.gate for delivery in deliveries)
    made = Delivery.objects.bulk_create(deliveries, batch_size=ROWS_A_STATEMENT)
    _supersede([row for row in made if row.latest_only])
    _hint(made)


def _supersede(made: Sequence[Delivery]) -> None:
    contacts = sorted({row.contact_id for row in made if row.contact_id is not None})
    for start in range(0, len(contacts), ROWS_A_STATEMENT):
        newer = Delivery.objects.filter(
            contact_id=OuterRef("contact_id"),
            target=OuterRef("target"),
            pk__gt=OuterRef("pk"),
            latest_only=True,
        )
        older = Delivery.objects.filter(
            Exists(newer),
            contact_id__in=contacts[start : start + ROWS_A_STATEMENT],
            latest_only=True,
            state__in=(*WAITING, State.CONFLICT),
        )
        older.update(state=State.SUPERSEDED, next_at=None, words=NEWER, settled_at=timezone.now())


def cancel(which: Q, words: str) -> int:
    """Take back what has not begun; how many."""
    rows = Delivery.objects.filter(which, state__in=(*WAITING, State.CONFLICT, State.FAILED))
    return rows.update(state=State.CANCELLED, next_at=None, words=words, settled_at=timezone.now())


def forget(
    contact_ids: Iterable[int], public_ids: Iterable[str], *, families: Iterable[str]
) -> int:
    """Take back what is planned for deleted contacts, and empty what was sent of them."""
    which = Q(contact_id__in=list(contact_ids)) | Q(contact_public_id__in=list(public_ids))
    which &= Q(family__in=list(families))
    cancel(which, DELETED)
    return Delivery.objects.filter(which).exclude(payload="").update(payload="")


def repoint(contact_ids: Iterable[int], survivor: int) -> None:
    """A merge: what is still to be sent of the duplicates keeps its place before the survivor's."""
    Delivery.objects.filter(contact_id__in=list(contact_ids)).update(contact_id=survivor)


def give_back(contact_id: int, public_id: str) -> None:
    """The undo of a merge: a record that came out again has its own deliveries back."""
    Delivery.objects.filter(contact_public_id=public_id).update(contact_id=contact_id)


def _hint(made: Sequence[Delivery]) -> None:
    from integrations.tasks import deliver_due, deliver_of_contact

    contacts = {row.contact_id for row in made if row.next_at is not None}
    known = sorted(contact for contact in contacts if contact is not None)
    if len(known) == len(contacts) <= ONE_BY_ONE:
        for contact_id in known:
            hint_after_commit(deliver_of_contact, contact_id)
    elif contacts:
        hint_after_commit(deliver_due)


def prune() -> None:
    """Forget what ended long ago, some at a time; the relay comes again."""
    ended = Delivery.objects.filter(next_at=None, created_at__lt=timezone.now() - KEPT_FOR).exclude(
        state=State.NEEDS_RECONNECT
    )
    ids = list(ended.order_by("pk").values_list("pk", flat=True)[:PRUNED_AT_ONCE])
    Delivery.objects.filter(pk__in=ids, next_at=None).delete()
