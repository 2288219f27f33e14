"""Deleting contacts for good: what goes, what stays (product, section 7)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from contacts import history
from contacts.exporting.contents import files_with, withdraw
from contacts.fields import current_value, is_blank, known_fields
from contacts.imports.forgetting import forget_rows
from contacts.merging.undone import forget_in_others
from contacts.models import (
    ConflictRequest,
    Contact,
    FieldChange,
    FirstAnswer,
    Identifier,
    Merge,
    MovedRow,
    PublicId,
)
from contacts.models.contact import PLACE
from contacts.public_ids import ids_behind
from contacts.retrying import retrying
from contacts.services import change_of, lock_contact
from contacts.signals import Actor, announce

NOT_DETAILS = {"first_name", "last_name", "owner"}


@dataclass(frozen=True)
class Removal:
    """What a delete will remove, in counts, for the pop-up."""

    emails: int
    mobile_phones: int
    details: int
    changes: int
    merges: int  # merges whose undo ends
    exports: int  # files that hold one of the contacts, and are withdrawn


def plan_delete(contacts: Sequence[Contact]) -> Removal:
    """Count what goes with the contacts, in a constant number of queries. Reads only."""
    kinds = list(Identifier.objects.filter(contact__in=contacts).values_list("kind", flat=True))
    details = [
        field
        for name, field in known_fields().items()
        if name not in NOT_DETAILS and not field.identifies
    ]
    return Removal(
        emails=kinds.count("email"),
        mobile_phones=kinds.count("mobile_phone"),
        details=sum(not is_blank(current_value(c, field)) for c in contacts for field in details),
        changes=FieldChange.objects.filter(contact__in=contacts).count(),
        merges=merges_of(contacts).exclude(before={}).count(),
        exports=len(files_with([contact.public_id for contact in contacts])),
    )


@retrying
@transaction.atomic
def delete_contact(*, contact_id: int, actor: Actor) -> str:
    """Remove the record, its identifiers, its history and every copy of its values.

    Only the id remains (state "deleted"), so links and the API can say so. Returns that id.
    Raises ContactGone when it is already gone.
    """
    contact = lock_contact(contact_id)
    remove([contact], actor)
    return contact.public_id


def remove(contacts: Sequence[Contact], actor: Actor) -> None:
    """Remove contacts that the caller has locked, inside its transaction, set by set."""
    public_ids = [contact.public_id for contact in contacts]
    forget_copies(contacts)
    # Listeners still find the records; afterwards only their ids.
    announce(*(change_of(contact, actor, "deleted", {}) for contact in contacts))
    remove_records(contacts)
    history.audit_each(actor, "contact.deleted", public_ids)


def forget_copies(contacts: Sequence[Contact]) -> None:
    """Empty what holds the contacts' values outside their own rows."""
    merges = merges_of(contacts)
    MovedRow.objects.filter(merge__in=merges).delete()
    Merge.objects.filter(pk__in=merges).update(before={}, result={}, records={})
    forget_in_others(contacts)
    forget_rows(contacts)
    withdraw([contact.public_id for contact in contacts])
    ids = ids_behind(*(contact.public_id for contact in contacts))
    FirstAnswer.objects.filter(about__in=ids).update(body="")
    # Where a contact stood in the way of a save, what was typed there names it: the conflict is
    # gone with it, and so are the values.
    ConflictRequest.objects.filter(holders__in=contacts).update(
        typed={}, state=ConflictRequest.State.RESOLVED, resolved_at=timezone.now()
    )


def remove_records(contacts: Sequence[Contact]) -> None:
    """Remove the rows with all that belongs to them; of their ids only the state remains."""
    public_ids = [contact.public_id for contact in contacts]
    record = Contact.objects.filter(public=OuterRef("pk"))
    PublicId.objects.filter(pk__in=public_ids).update(
        listed_at=Subquery(record.values_list(PLACE)), listed_row=Subquery(record.values("pk"))
    )
    Contact.objects.filter(pk__in=[contact.pk for contact in contacts]).delete()
    PublicId.objects.filter(pk__in=public_ids).update(
        state=PublicId.State.DELETED, changed_at=timezone.now()
    )


def merges_of(contacts: Iterable[Contact]) -> QuerySet[Merge]:
    """Every merge that these contacts came out of or went into, directly or through a chain."""
    ids = ids_behind(*(contact.public_id for contact in contacts))
    return Merge.objects.filter(Q(survivor__in=ids) | Q(duplicates__in=ids)).distinct()
