"""What deliveries to calendars are called on a page: the meeting whose event they change."""

from collections.abc import Sequence

from django.utils import timezone

from activities.models import Meeting
from integrations.calendars.planner import OTHERS
from integrations.models import Delivery
from integrations.systems import Named


def names_of(deliveries: Sequence[Delivery]) -> dict[int, Named]:
    """ "Advisory hour, 26 Nov"; behind the name of a calendar that is not kept up. One query.

    Whoever sees a delivery sees its contact, and so the meeting."""
    wanted = {row.pk: int(row.target.split(" ")[1]) for row in deliveries}
    columns = ("pk", "subject", "starts_at")
    rows = Meeting.objects.filter(pk__in=set(wanted.values())).values_list(*columns)
    meetings = {pk: (subject, timezone.localtime(at)) for pk, subject, at in rows}
    found = {}
    for row in deliveries:
        if (meeting := meetings.get(wanted[row.pk])) is not None:
            subject, at = meeting
            told = f"{subject}, {at.day} {at:%b}"
            found[row.pk] = Named(f"{row.sent_to}: {told}" if row.family == OTHERS else told)
    return found
