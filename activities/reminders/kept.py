"""What the Delete pop-up says of reminders: they still go out."""

from collections.abc import Sequence

from django.db.models import Count, Min
from django.utils import timezone

from activities.reminders.planner import upcoming
from contacts.kept import Kept, Line
from contacts.models import Contact

STILL = "Not affected. They will still be sent"


def tell(contacts: Sequence[Contact] | None) -> Line | None:
    """The reminders of these contacts that are still to be sent, and when the next one is."""
    if contacts is None:
        return Line("Reminders", f"{STILL}.")
    found = upcoming([contact.pk for contact in contacts]).aggregate(
        number=Count("pk"), first=Min("due_at")
    )
    number = found["number"]
    if not number:
        return None
    when = timezone.localtime(found["first"])
    label = f"{number:,} reminder{'' if number == 1 else 's'}"
    return Line(label, f"{STILL}, the next one on {when:%a} {when.day} {when:%b}, {when:%H:%M}.")


KEPT = Kept(20, tell)
