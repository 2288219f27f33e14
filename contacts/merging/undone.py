"""What an undone merge leaves with the former survivor: its history tells of the other's values."""

from collections.abc import Collection

from django.db.models import Q

from contacts.fields import IDENTIFIER_FIELDS
from contacts.models import Contact, FieldChange, Identifier, Merge, Source
from contacts.public_ids import ends_of, ids_behind


def forget_in_others(contacts: Collection[Contact]) -> None:
    """Take these contacts out of the history of those that they were once merged into and came out
    of again: what the merge and its undo wrote, and every mention of an identifier.

    That there was a merge stays in the audit. A constant number of queries.
    """
    ids = ids_behind(*(contact.public_id for contact in contacts))
    undone = Merge.objects.filter(duplicates__in=ids, undone_at__isnull=False)
    pairs = list(undone.values_list("survivor_id", "duplicates"))
    if not pairs:
        return
    here = ends_of(survivor for survivor, _ in pairs).values()
    others = Contact.objects.filter(public_id__in=[public_id for public_id, _ in here])
    others = others.exclude(pk__in=[contact.pk for contact in contacts])
    written = Q(pk__in=[])
    for public_id in {duplicate for _, duplicate in pairs if duplicate in ids}:
        written |= Q(source=Source.MERGE, detail__contains=public_id)
    values = set(Identifier.objects.filter(contact__in=contacts).values_list("value", flat=True))
    named = Q(old__in=values) | Q(new__in=values)
    told = FieldChange.objects.filter(contact__in=others)
    told.filter(written | Q(named, field__in=IDENTIFIER_FIELDS)).delete()
