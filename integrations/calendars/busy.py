"""When hosts are busy elsewhere: read by workers every two minutes, told to booking pages from rows.

A booking page never waits for a calendar. What was read is vouched for for half an hour, which covers
a vendor's trouble or ours; after that, or where nothing was read yet, no time of the host is offered
(activities.busy says why). Somebody who books elsewhere within the two minutes may be booked twice.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone

from activities.busy import BusyUnknown
from activities.models import BookingCalendar, Meeting
from activities.scheduling import Span
from integrations import connections
from integrations.calendars import vendors
from integrations.connectors.base import ConnectorError, ReconnectRequired
from integrations.models import BusyTime, BusyView, Connection, ExternalRecord
from integrations.outbox import gates
from integrations.outbox.schedule import LONGEST_ASKED, scaled

logger = logging.getLogger(__name__)
STEP = 5.0  # seconds between looks for calendars to be read
EVERY = timedelta(minutes=2)
VOUCHED_FOR = timedelta(minutes=30)
AFTER_TROUBLE = timedelta(minutes=5)
DAYS, MARGIN = 60, 2  # read at least so far ahead, and further than the last day that is offered
AT_ONCE = 20
STORED = 500  # rows a statement
State = Connection.State


def busy_source(host_id: int, start: datetime, end: datetime) -> Iterable[Span]:
    """An activities.busy.BusySource: two queries, and no call to anybody."""
    views = BusyView.objects.filter(connection__user=host_id).exclude(
        connection__state=State.DISCONNECTED
    )
    oldest = timezone.now() - VOUCHED_FOR
    known = list(views.values_list("connection", "read_at", "through"))
    for _, read_at, through in known:
        if read_at is None or read_at < oldest or through is None or through < end:
            raise BusyUnknown
    if not known:
        return []
    rows = BusyTime.objects.filter(
        connection__in=[pk for pk, _, _ in known], ends_at__gt=start, starts_at__lt=end
    )
    return [Span(*each) for each in rows.values_list("starts_at", "ends_at")]


def read_due() -> None:
    """A step of the relay: have workers read what is due; without a broker, read one here."""
    from integrations.tasks import read_busy_times

    try:
        for pk in due():
            read_busy_times.apply_async((pk,), expires=EVERY.total_seconds())
    except Exception:  # whatever the broker's client raises when the broker is away
        for pk in due()[:1]:
            read(pk)


def due() -> list[int]:
    """Connections that are to be read now."""
    now = timezone.now()
    views = BusyView.objects.filter(next_at__lte=now, connection__state=State.CONNECTED)
    held = set(gates.held(now).values_list("key", flat=True))
    rows = views.order_by("next_at").select_related("connection")
    return [view.connection_id for view in rows if view.connection.gate not in held][:AT_ONCE]


def read(connection_id: int) -> bool:
    """Read one calendar, unless somebody else does; whether it was read."""
    now = timezone.now()
    mine = BusyView.objects.filter(connection=connection_id, next_at__lte=now)
    if not mine.update(next_at=now + EVERY):
        return False
    connection = Connection.objects.filter(pk=connection_id, state=State.CONNECTED).first()
    if connection is None:
        return False
    through = now + timedelta(days=_days(connection) + MARGIN)
    try:
        connector = vendors.connector_of(connection)
        spans = connector.busy(now, through, besides=_own(connection, now))
    except ReconnectRequired as error:
        connections.needs_reconnect(connection.gate, str(error))
        return False
    except ConnectorError as error:
        _put_off(connection, error)
        return False
    return _store(connection, merged(spans), now, through)


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same time in as few stretches as there are."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return found


def _days(connection: Connection) -> int:
    calendars = BookingCalendar.objects.filter(host=connection.user_id or 0)
    return max(DAYS, calendars.aggregate(most=Max("horizon_days"))["most"] or 0)


def _own(connection: Connection, now: datetime) -> frozenset[str]:
    """Our own events, whose time the meetings themselves take."""
    meetings = Meeting.objects.filter(host=connection.user_id or 0, ends_at__gt=now)
    rows = ExternalRecord.objects.filter(
        connection=connection, meeting_id__in=meetings.values("pk")
    )
    return frozenset(rows.values_list("external_id", flat=True))


@transaction.atomic
def _store(connection: Connection, spans: list[Span], now: datetime, through: datetime) -> bool:
    """Not where it was disconnected while it was read."""
    views = BusyView.objects.filter(connection=connection)
    if not views.update(read_at=now, through=through):
        return False
    BusyTime.objects.filter(connection=connection).delete()
    rows = [BusyTime(connection=connection, starts_at=s.start, ends_at=s.end) for s in spans]
    BusyTime.objects.bulk_create(rows, batch_size=STORED)
    return True


def _put_off(connection: Connection, error: ConnectorError) -> None:
    logger.warning("busy times of %s could not be read: %s", connection.gate, type(error).__name__)
    asked = timedelta(seconds=getattr(error, "retry_after", 0.0))
    if asked:  # of the account, whatever is done with it
        gates.ensure([connection.gate])
        gates.hold(
            connection.gate, timezone.now() + scaled(min(asked.total_seconds(), LONGEST_ASKED))
        )
    views = BusyView.objects.filter(connection=connection)
    views.update(next_at=F("next_at") + max(AFTER_TROUBLE, asked) - EVERY)
