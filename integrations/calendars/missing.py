"""Meetings that were booked before their host's calendar was connected: offered, and put into it once.

They are not put in by themselves: a calendar mails the guests of a new event, and they have been
told already. So the host decides, on the Integrations page.
"""

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from activities.models import Meeting
from contacts import history
from contacts.models import User
from contacts.signals import Actor
from integrations.calendars import vendors
from integrations.calendars.events import MAKE, outstanding, target_of
from integrations.calendars.meetings import columns_of, delivery_of
from integrations.models import Connection, ExternalRecord
from integrations.outbox import writing

AT_ONCE = 500


def missing(connection: Connection) -> QuerySet[Meeting]:
    """The host's meetings ahead that are in no calendar: booked before it was connected, or while it
    was not. What stands in another calendar stays there, and what another scheduler has booked has
    its event from there."""
    if connection.user_id is None or connection.vendor not in vendors.UPDATED:
        return Meeting.objects.none()
    own_type = vendors.UPDATED[connection.vendor].calendar_type
    known = ExternalRecord.objects.filter(meeting=OuterRef("pk"))
    nowhere = Q(external_calendar_type="") | Q(
        external_calendar_type=own_type, external_event_id=""
    )
    rows = Meeting.objects.filter(nowhere, host=connection.user_id).upcoming()
    rows = rows.exclude(source=Meeting.Source.SCHEDULER)
    return rows.exclude(Exists(known)).order_by("starts_at", "pk")


def offered(connection: Connection) -> int:
    """How many, those left out whose event is being made."""
    return len(_to_make(connection))


@transaction.atomic
def put_in(connection: Connection, *, user: User) -> int:
    """Have their events made; how many. A second press finds them under way and makes none."""
    locked = Connection.objects.select_for_update().get(pk=connection.pk)
    if locked.state == Connection.State.DISCONNECTED:
        return 0
    found = _to_make(locked)
    stored = {f"external_calendar_{name}": value for name, value in columns_of(locked).items()}
    Meeting.objects.filter(pk__in=[meeting.pk for meeting in found]).update(**stored)
    rows = [delivery_of(meeting, locked, MAKE, {}) for meeting in found]
    for row in rows:
        row.changed_by = user
    writing.enqueue(rows)
    if found:
        history.audit(Actor(user), "calendar.filled", locked.vendor, count=len(found))
    return len(found)


def _to_make(connection: Connection) -> list[Meeting]:
    found = list(missing(connection)[:AT_ONCE])
    under_way = outstanding(target_of(meeting.pk, connection.pk) for meeting in found)
    return [m for m in found if target_of(m.pk, connection.pk) not in under_way]
