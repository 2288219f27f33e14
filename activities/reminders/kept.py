"""What the Delete pop-up says of reminders: they still go out."""

from collections.abc import Sequence

from django.db.models import Count, Min
from django.utils import timezone

from activities.reminders.planner import upcoming
from contacts.kept import Kept, Line
from contacts.models import Contact

UNCHANGED = "Not affected."
STILL = f"{UNCHANGED} They will still be sent"


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
    due = f"{when:%a} {when.day} {when:%b}, {when:%H:%M}"
    if number == 1:
        return Line("1 reminder", f"{UNCHANGED} It will still be sent, on {due}.")
    return Line(f"{number:,} reminders", f"{STILL}, the next one on {due}.")


KEPT = Kept(20, tell)
