"""Which messages a meeting will have: rows written in the transaction that changes the meeting.

A reminder whose time has passed is not planned. Text and address are not copied: both are looked
up when it is sent. A calendar's changed texts therefore hold for what is sent from then on; and
when its reminders are changed, those of meetings ahead are planned again (`replan`).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models import F, Q

from activities.models import (
    BookingCalendar,
    Channel,
    Meeting,
    MeetingEvent,
    Reminder,
    ReminderKind,
)
from activities.reminders import clock
from activities.reminders.texts import Text, Texts
from activities.signals import MeetingChange

Kind, State = MeetingEvent.Kind, Reminder.State
BATCH = 500
#: What the guest is told at once when something happens to the meeting.
NOTICES: dict[str, str] = {
    Kind.SCHEDULED: ReminderKind.CONFIRMATION,
    Kind.CANCELED_THEN_RESCHEDULED: ReminderKind.CONFIRMATION,
    Kind.RESCHEDULED: ReminderKind.RESCHEDULED,
    Kind.CANCELED: ReminderKind.CANCELED,
    Kind.RESCHEDULE_REQUESTED: ReminderKind.CANCELED,
}
OVER = "The meeting was over."
CHANGED = "The meeting was canceled or moved."
NOT_WANTED = "The booking calendar no longer has this reminder."


def follow(changes: Sequence[MeetingChange]) -> list[int]:
    """Plan and cancel what these changes of meetings call for; the meetings with something to tell.

    Called inside the transaction of the changes.
    """
    kinds = {change.meeting_id: change.kind for change in changes}
    moved = [pk for pk, kind in kinds.items() if kind == Kind.REASSIGNED]
    told = [pk for pk, kind in kinds.items() if kind in NOTICES]
    ended = [pk for pk, kind in kinds.items() if kind in (Kind.COMPLETED, Kind.NO_SHOW)]
    if moved:
        _carry_over(moved)
    if ended:
        cancel_waiting(ended, OVER)
    if told:
        cancel_waiting(told, CHANGED)
        meetings = list(Meeting.objects.filter(pk__in=told))
        plan(meetings, {pk: NOTICES[kinds[pk]] for pk in told}, clock.now())
    return told


def plan(meetings: Sequence[Meeting], notices: dict[int, str], now: datetime) -> None:
    """Write the rows of these meetings: the notice of now, if any, and the reminders ahead."""
    texts = Texts(meeting.calendar_id for meeting in meetings)
    rows = (
        row
        for meeting in meetings
        for row in _rows(meeting, texts, notices.get(meeting.pk, ""), now)
    )
    Reminder.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)


def _rows(meeting: Meeting, texts: Texts, notice: str, now: datetime) -> Iterable[Reminder]:
    for text in texts.enabled(meeting.calendar_id, notice):
        if _may_have(meeting, text):
            yield _row(meeting, text, now)
    if not meeting.is_active:
        return
    for text in texts.enabled(meeting.calendar_id, ReminderKind.REMINDER):
        due = meeting.starts_at - timedelta(minutes=text.minutes_before)
        if due > now and _may_have(meeting, text):
            yield _row(meeting, text, due)


def _may_have(meeting: Meeting, text: Text) -> bool:
    """Text messages need the consent that was given for this meeting."""
    return text.channel != Channel.SMS or meeting.sms_consent


def _row(meeting: Meeting, text: Text, due: datetime) -> Reminder:
    return Reminder(
        meeting=meeting,
        kind=text.kind,
        channel=text.channel,
        minutes_before=text.minutes_before,
        sequence=meeting.sequence,
        due_at=due,
        next_at=due,
    )


def cancel_waiting(meeting_ids: Sequence[int], words: str) -> None:
    """What has not left will not leave; what is being sent at this moment goes on."""
    waiting = Reminder.objects.filter(meeting__in=meeting_ids, next_at__isnull=False)
    now = clock.now()
    waiting.filter(state=State.SCHEDULED).update(
        state=State.CANCELED, next_at=None, ended_at=now, words=words
    )
    waiting.filter(state=State.UNKNOWN).update(next_at=None, ended_at=now)


def _carry_over(meeting_ids: Sequence[int]) -> None:
    """Another host: the time stands, and so do its messages, which name whoever hosts then.

    All of them, sent or not: which one failed and was sent again stays told by their sequence.
    """
    for pk, sequence in Meeting.objects.filter(pk__in=meeting_ids).values_list("pk", "sequence"):
        its = Reminder.objects.filter(meeting=pk, sequence=sequence - 1)
        its.update(sequence=sequence)


def replan(calendar: BookingCalendar, now: datetime | None = None) -> None:
    """The reminders of a calendar were changed: plan those of its meetings ahead again.

    Inside the transaction that saves the texts. What has left already stays as it is.
    """
    moment = now or clock.now()
    texts = Texts([calendar.pk]).enabled(calendar.pk, ReminderKind.REMINDER)
    ahead = Meeting.objects.filter(calendar=calendar).upcoming(moment)
    its = Reminder.objects.filter(meeting__in=ahead, kind=ReminderKind.REMINDER, attempts=0)
    wanted = Q(pk__in=[])
    for text in texts:
        wanted |= Q(channel=text.channel, minutes_before=text.minutes_before)
    its.filter(state=State.SCHEDULED, next_at__isnull=False).exclude(wanted).update(
        state=State.CANCELED, next_at=None, ended_at=moment, words=NOT_WANTED
    )
    of_now = Q(meeting__sequence=F("sequence"), due_at__gt=moment, words=NOT_WANTED)
    its.filter(wanted, of_now, state=State.CANCELED).update(
        state=State.SCHEDULED, next_at=F("due_at"), ended_at=None, words=""
    )
    plan(list(ahead), {}, moment)


def plan_upcoming(now: datetime | None = None) -> None:
    """Plan the reminders of every meeting ahead: for meetings that were made in bulk."""
    moment = now or clock.now()
    plan(list(Meeting.objects.upcoming(moment)), {}, moment)
