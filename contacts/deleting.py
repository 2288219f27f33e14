"""Deleting a contact for good: what goes, what stays (product, section 7)."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from contacts import history
from contacts.fields import FIELDS, current_value, is_blank
from contacts.models import ConflictRequest, Contact, ImportRow, Merge, PublicId
from contacts.retrying import retrying
from contacts.services import change_of, lock_contact
from contacts.signals import Actor, announce

DETAIL_FIELDS = [f for f in FIELDS if f.name not in {"first_name", "last_name", "owner"}]


@dataclass(frozen=True)
class Removal:
    """What a delete will remove, in counts, for the pop-up."""

    emails: int
    mobile_phones: int
    details: int
    changes: int
    merges: int  # merges whose undo ends


def plan_delete(contact: Contact) -> Removal:
    """Count what goes with the contact. Reads only."""
    kinds = list(contact.identifiers.values_list("kind", flat=True))
    details = [f for f in DETAIL_FIELDS if not f.identifies]
    return Removal(
        emails=kinds.count("email"),
        mobile_phones=kinds.count("mobile_phone"),
        details=sum(not is_blank(current_value(contact, field)) for field in details),
        changes=contact.history.count(),
        merges=_merges_of(contact).exclude(before={}).count(),
    )


@retrying
@transaction.atomic
def delete_contact(*, contact_id: int, actor: Actor) -> str:
    """Remove the record, its identifiers, its history and every copy of its values.

    Only the id remains (state "deleted"), so links and the API can say so. Returns that id.
    Raises ContactGone when it is already gone.
    """
    contact = lock_contact(contact_id)
    public_id = contact.public_id
    change = change_of(contact, actor, "deleted", {})
    _merges_of(contact).update(before={}, result={})
    ImportRow.objects.filter(contact=contact).update(
        cells=[], values={}, changes=[], notes=[], email_key="", phone_key=""
    )
    # Where this contact stood in the way of a save, what was typed there names it: the conflict is
    # gone with it, and so are the values.
    ConflictRequest.objects.filter(holders=contact).update(
        typed={}, state=ConflictRequest.State.RESOLVED, resolved_at=timezone.now()
    )
    announce(change)  # listeners still find the record; afterwards only its id
    contact.delete()
    PublicId.objects.filter(pk=public_id).update(
        state=PublicId.State.DELETED, changed_at=timezone.now()
    )
    history.audit(actor, "contact.deleted", public_id)
    return public_id


def _merges_of(contact: Contact) -> QuerySet[Merge]:
    """Every merge that this contact came out of, directly or through a chain."""
    ids = {contact.public_id}
    layer = ids
    while layer:
        layer = set(PublicId.objects.filter(merged_into__in=layer).values_list("value", flat=True))
        ids |= layer
    return Merge.objects.filter(survivor__in=ids)
