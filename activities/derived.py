"""What contacts store of their meetings: how many are ahead, and when the next one is."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Count, DateTimeField, F, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from activities.models import Meeting
from contacts.models import Contact
from contacts.models.never import NONE_AHEAD
from contacts.paging import Moment


def refresh_contacts(ids: Iterable[int | None], now: datetime | None = None) -> None:
    """Count again, in the transaction that changed the meetings of these contacts."""
    wanted = sorted({pk for pk in ids if pk is not None})
    # Locked first: the counting statement must see what those before it have committed.
    locked = list(
        Contact.objects.select_for_update().filter(pk__in=wanted).order_by("pk")
        .values_list("pk", flat=True)
    )  # fmt: skip
    if not locked:
        return
    ahead = Meeting.objects.filter(contact=OuterRef("pk")).upcoming(now or timezone.now())
    number = ahead.order_by().values("contact").annotate(number=Count("pk")).values("number")
    Contact.objects.filter(pk__in=locked).update(
        upcoming_meetings=Coalesce(Subquery(number), 0),
        next_meeting_time=Subquery(ahead.order_by("starts_at").values("starts_at")[:1]),
    )


def outdated_contacts(now: datetime, limit: int) -> list[int]:
    """Contacts whose next meeting has begun, found by the index of the list's sort."""
    next_time = Coalesce(F("next_meeting_time"), Moment(NONE_AHEAD), output_field=DateTimeField())
    rows = Contact.objects.annotate(next_time=next_time).filter(next_time__lte=now)
    return list(rows.order_by("next_time", "pk").values_list("pk", flat=True)[:limit])
