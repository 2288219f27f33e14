"""From what a scheduler tells to the meetings here, in whatever order and however often it tells it.

Events of one connection wait for each other. A body that was taken before changes nothing. What
comes before its booking is noted, and counts when the booking comes.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from activities.inbound.meetings import book_told, cancel_told, move_told
from activities.inbound.reading import Told
from activities.models import ExternalBooking, Meeting, SchedulerConnection, SchedulerEvent
from activities.services import WrongState
from contacts.retrying import retrying

KEPT = timedelta(days=30)
Outcome, State = SchedulerEvent.Outcome, ExternalBooking.State


class Result(NamedTuple):
    """What an event has changed."""

    outcome: str
    meeting: Meeting | None = None


@retrying
@transaction.atomic
def take(
    *, connection_id: int, event: str, digest: str, told: Sequence[Told], outcome: str = "",
    now: datetime | None = None,
) -> str:  # fmt: skip
    """Keep one signed event and do what it tells, of one booking or of each seat in it; the outcome
    of the first that was changed, as a SchedulerEvent.Outcome.

    `told` empty: there is nothing to do, for the reason that `outcome` gives. Raises Busy.
    """
    moment = now or timezone.now()
    rows = SchedulerConnection.objects.select_for_update(of=("self",)).select_related("host")
    connection = rows.get(pk=connection_id)
    if SchedulerEvent.objects.filter(connection=connection, digest=digest).exists():
        return Outcome.NOTHING
    result = Result(outcome or Outcome.IGNORED)
    for each in told:
        applied = _Book(connection, each, moment).apply()
        if result.outcome in {Outcome.IGNORED, Outcome.NOTHING}:
            result = applied
    SchedulerEvent.objects.create(
        connection=connection, event=event, digest=digest, received_at=moment,
        outcome=result.outcome, meeting=result.meeting,
    )  # fmt: skip
    SchedulerConnection.objects.filter(pk=connection.pk).update(received_at=moment)
    return result.outcome


class _Book:
    """One event and the connection's book of bookings that it is entered in."""

    def __init__(self, connection: SchedulerConnection, told: Told, now: datetime) -> None:
        self.connection, self.told, self.now = connection, told, now
        self.row = self._find(told.external_id)

    def apply(self) -> Result:
        if self.told.canceled:
            return self._cancel()
        if self.row is None:
            return self._first_time()
        if self.row.state == State.MOVED:
            return self._late()
        if self.row.meeting is None and self.row.state == State.CANCELED:
            return self._canceled_before()
        return self._again(self.row)

    def _first_time(self) -> Result:
        earlier = self._replaced()
        meeting = earlier.meeting if earlier else None
        if meeting is not None and meeting.is_active:
            result = Result(Outcome.MOVED, self._moved(meeting))
        else:
            result = Result(Outcome.BOOKED, book_told(self.connection, self.told, self.now))
            if meeting is not None:  # called off, to be booked again: this is the new one
                _lead_on(meeting, result.meeting)
        self._enter(State.ACTIVE, result.meeting)
        self._give_place(earlier)
        return result

    def _late(self) -> Result:
        """It was moved on before it came. What it has moved itself has no place any more."""
        earlier = self._replaced()
        self._give_place(earlier)
        meeting = earlier.meeting if earlier else None
        end = self._end_of_chain()
        if meeting is None or not meeting.is_active or end is None or end == meeting:
            return Result(Outcome.NOTHING, end)
        self._canceled(meeting)
        _lead_on(meeting, end)
        return Result(Outcome.MOVED, end)

    def _canceled_before(self) -> Result:
        """The cancellation was quicker: the meeting is kept as one that was called off."""
        earlier = self._replaced()
        meeting = earlier.meeting if earlier else None
        if meeting is not None and meeting.is_active:
            meeting = self._moved(meeting)
        else:
            meeting = book_told(self.connection, self.told, self.now)
        self._enter(State.CANCELED, meeting)
        self._give_place(earlier)
        self._canceled(meeting)
        return Result(Outcome.CANCELED, meeting)

    def _again(self, row: ExternalBooking) -> Result:
        """A booking that is known: moved under the same id, or told twice."""
        meeting = row.meeting
        same = meeting is None or (meeting.starts_at, meeting.ends_at) == (
            self.told.starts_at, self.told.ends_at,
        )  # fmt: skip
        if meeting is None or same or not meeting.is_active or self.told.at <= row.told_at:
            return Result(Outcome.NOTHING, meeting)
        self._enter(State.ACTIVE, meeting)
        return Result(Outcome.MOVED, self._moved(meeting))

    def _cancel(self) -> Result:
        row = self.row
        if row is None:
            self._enter(State.CANCELED, None)
            return Result(Outcome.EARLY)
        if row.state == State.MOVED or row.meeting is None:
            return Result(Outcome.NOTHING, row.meeting)
        self._enter(State.CANCELED, row.meeting)
        canceled = self._canceled(row.meeting)
        return Result(Outcome.CANCELED if canceled else Outcome.NOTHING, row.meeting)

    # --- the book

    def _find(self, external_id: str) -> ExternalBooking | None:
        rows = ExternalBooking.objects.select_related("meeting")
        return rows.filter(connection=self.connection, external_id=external_id).first()

    def _replaced(self) -> ExternalBooking | None:
        replaces = self.told.replaces
        return self._find(replaces) if replaces not in {"", self.told.external_id} else None

    def _enter(self, state: str, meeting: Meeting | None) -> None:
        ExternalBooking.objects.update_or_create(
            connection=self.connection,
            external_id=self.told.external_id,
            defaults={"state": state, "meeting": meeting, "told_at": self.told.at},
        )

    def _give_place(self, earlier: ExternalBooking | None) -> None:
        """Note that the booking replaced has gone on to this one, whether it has come or not."""
        replaces = self.told.replaces
        if replaces in {"", self.told.external_id}:
            return
        moved = {"state": State.MOVED, "moved_to": self.told.external_id, "told_at": self.told.at}
        if earlier is not None:
            ExternalBooking.objects.filter(pk=earlier.pk).exclude(state=State.MOVED).update(**moved)
            return
        ExternalBooking.objects.create(connection=self.connection, external_id=replaces, **moved)

    def _end_of_chain(self) -> Meeting | None:
        """The meeting of the booking that this one has become in the end."""
        row, seen = self.row, set()
        while row is not None and row.moved_to and row.moved_to not in seen:
            seen.add(row.moved_to)
            row = self._find(row.moved_to)
        return row.meeting if row else None

    def _moved(self, meeting: Meeting) -> Meeting:
        return move_told(meeting, self.connection, self.told, self.now)

    def _canceled(self, meeting: Meeting) -> Meeting | None:
        try:
            return cancel_told(meeting, self.told, self.now)
        except WrongState:  # over by now, or called off here
            return None


def _lead_on(meeting: Meeting, to: Meeting | None) -> None:
    """Say of a meeting that was called off which one has its place; one has that of one only."""
    if to is not None and not Meeting.objects.filter(rescheduled_to=to).exists():
        Meeting.objects.filter(pk=meeting.pk, rescheduled_to=None).update(rescheduled_to=to)


def forget_old_events() -> None:
    """Remove the log of more than a month ago; the meetings stay, and what they are known by."""
    SchedulerEvent.objects.filter(received_at__lt=timezone.now() - KEPT).delete()
