"""Rows of the Activities page: each with its contact where there is one, else what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import prefetch_related_objects

from activities.models import FormSubmission, Meeting
from contacts.erasing import ERASED
from contacts.models import AuditEntry, Contact, User
from contacts.public_ids import ends_of

GONE = "Contact deleted"
ANONYMOUS = "Personal data erased"


@dataclass(frozen=True)
class Row:
    """One activity. `contact` is the one it belongs to, where this person sees it; `fate` says what
    became of one that is gone."""

    activity: Meeting | FormSubmission
    contact: Contact | None = None
    fate: str = ""

    @property
    def initials(self) -> str:
        return initials_of(self.activity.guest)


def rows_of(
    activities: Sequence[Meeting] | Sequence[FormSubmission], user: User, *related: str
) -> list[Row]:
    """Three queries and one for each of `related`, whatever the number of rows.

    Joined, what is related would cost the index its order.
    """
    prefetch_related_objects(activities, *related)
    wanted = {each.contact_id for each in activities if each.contact_id}
    contacts = Contact.objects.visible_to(user).in_bulk(wanted)
    fates = fates_of([each.contact_public_id for each in activities if not each.contact_id])
    return [
        Row(each, contacts.get(each.contact_id or 0), fates.get(each.contact_public_id, ""))
        for each in activities
    ]


def initials_of(name: str) -> str:
    """Of the guest as booked: up to two letters."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "?"


def fates_of(public_ids: Sequence[str]) -> dict[str, str]:
    """What became of contacts that are no longer linked, by the id that they had then."""
    ends = ends_of(filter(None, public_ids))
    gone = {first: end for first, (end, state) in ends.items() if state == "deleted"}
    entries = AuditEntry.objects.filter(action=ERASED, object_id__in=set(gone.values()))
    erased = set(entries.values_list("object_id", flat=True)) if gone else set()
    return {first: ANONYMOUS if end in erased else GONE for first, end in gone.items()}
