"""Sending what is due: claimed, addressed, begun, sent with no transaction open, settled.

A row is claimed by a guarded update that sets `next_at` to when its worker must have been killed.
Before anything leaves, a second one marks it as being sent: whoever finds such a row overdue does
not know whether the guest has the message. It is sent once more then, flagged, and never a third
time. A worker whose claim was taken over writes nothing any more: its token is no longer there.

What is late: a reminder is sent until the meeting begins, a cancellation until it would have ended.
Of several reminders that are due at once, after a standstill, only the last is sent.
"""

import logging
import time
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Case, F, Value, When

from activities.models import Channel, Meeting, Reminder
from activities.reminders import clock, mailing, opt_outs, texting
from activities.reminders.addresses import address_of
from activities.reminders.outcomes import Outcome, Result, Unreachable
from activities.reminders.texts import Texts
from activities.reminders.wanted import last_moment, why_not

logger = logging.getLogger(__name__)
State = Reminder.State
LEASE = timedelta(minutes=2)  # longer than the slowest conversation with a mail server
BATCH = 25
STALE_AFTER = 1.0  # seconds that what was read about a batch is good for
FOR_SECONDS = 20.0  # a worker does something else in between
FIRST_RETRY, LONGEST_RETRY = timedelta(seconds=30), timedelta(minutes=15)
ATTEMPTS = 50
RESEND_AFTER = timedelta(minutes=1)  # the answer, or a delivery status, may still come
HOURLY = 10  # messages to one address
WAIT_FOR_ADDRESS = timedelta(minutes=10)
DIED = "The process that was sending it ended before the answer was known."
TOO_MANY = "Waiting: this address has had 10 messages within an hour."
NO_TIME = "No time was left to try again."
FAULT = "It ended because of a fault on our side, which has been logged."


def due(limit: int) -> tuple[int | None, int]:
    """What has waited longest of all that should be sent by now, and how many wait, up to `limit`."""
    waiting = Reminder.objects.filter(next_at__lte=clock.now()).order_by("next_at", "pk")
    ids = list(waiting.values_list("pk", flat=True)[:limit])
    return (ids[0] if ids else None), len(ids)


def run(meeting_id: int | None = None, *, seconds: float = FOR_SECONDS) -> int:
    """Send what is due, of one meeting or of all, for a while; how many were taken on."""
    began, taken = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        batch = claim(BATCH, meeting_id)
        if not batch:
            break
        taken += len(batch)
        _send_all(batch)
    return taken


def claim(limit: int, meeting_id: int | None = None) -> list[Reminder]:
    """Take messages that are due and that nobody else has."""
    now, token = clock.now(), str(uuid.uuid4())
    due = Reminder.objects.filter(next_at__lte=now)
    if meeting_id is not None:
        due = due.filter(meeting=meeting_id)
    skip = connection.features.has_select_for_update_skip_locked
    with transaction.atomic():
        rows = due.select_for_update(skip_locked=skip).order_by("next_at", "pk")
        ids = list(rows.values_list("pk", flat=True)[:limit])
        mine = due.filter(pk__in=ids)
        mine.filter(state=State.SENDING, resent=True).update(
            state=State.UNKNOWN, next_at=None, ended_at=now, words=DIED
        )
        mine.filter(state=State.SENDING).update(state=State.UNKNOWN, words=DIED)
        mine.update(lease_token=token, next_at=now + LEASE)
    taken = Reminder.objects.filter(pk__in=ids, lease_token=token)
    rows = taken.select_related("meeting__host", "meeting__contact")
    rows = rows.prefetch_related("meeting__contact__identifiers")
    return list(rows.order_by("due_at", "pk"))


class _Round:
    """What the messages of one batch have in common: read a moment ago, or now."""

    def __init__(self, batch: Sequence[Reminder]) -> None:
        self.texts = Texts(reminder.meeting.calendar_id for reminder in batch)
        self.clock = clock.Clock()
        self.read_at = time.monotonic()

    def refresh(self, reminder: Reminder) -> None:
        """The contact may have been edited while the messages before this one were being sent."""
        if time.monotonic() - self.read_at > STALE_AFTER:
            reminder.refresh_from_db(fields=["sequence"])  # another host's, by now
            meetings = Meeting.objects.select_related("host", "contact")
            reminder.meeting = meetings.get(pk=reminder.meeting_id)


def _send_all(batch: Sequence[Reminder]) -> None:
    round_ = _Round(batch)
    mails = [reminder for reminder in batch if reminder.channel == Channel.EMAIL]
    with mailing.Mailer() as mailer:
        for number, reminder in enumerate(mails):
            try:
                _handle(reminder, round_, mailer)
            except Unreachable as error:
                _put_off(mails[number:], str(error))
                break
    for reminder in batch:
        if reminder.channel == Channel.SMS:
            _handle(reminder, round_, None)


def _handle(reminder: Reminder, round_: _Round, mailer: mailing.Mailer | None) -> None:
    """One claimed message. Raises Unreachable with nothing begun."""
    round_.refresh(reminder)
    address = address_of(reminder.meeting, reminder.channel)
    reason = why_not(reminder, address, round_.clock.now())
    if reason is not None:
        _write(reminder, state=_ended(reminder, reason.state), next_at=None, words=reason.words)
        return
    letter = _written(reminder, address, round_.texts)
    if letter is None:
        return
    if mailer is not None:
        mailer.open()
    if _begin(reminder, address, round_.clock.now()):
        _settle(reminder, _dispatch(reminder, letter, address, mailer), round_.clock.now())


def _ended(reminder: Reminder, state: str) -> str:
    """One that may have been sent before stays unknown, whatever became of it since."""
    return State.UNKNOWN if reminder.state == State.UNKNOWN else state


def _written(reminder: Reminder, address: str, texts: Texts) -> Any:
    """The mail or the text of the message; None, and settled, where it cannot be made."""
    key = (reminder.channel, reminder.kind, reminder.minutes_before)
    text = texts.find(reminder.meeting.calendar_id, key)
    try:
        if reminder.channel == Channel.EMAIL:
            return mailing.compose(reminder, text, address, texts.account)
        return texting.compose(reminder, text, address, texts.account)
    except Exception as error:  # a fault of ours; it must not hold up the others
        logger.error("reminder %s cannot be written", reminder.pk, exc_info=error)
        _write(reminder, state=_ended(reminder, State.FAILED), next_at=None, words=FAULT)
        return None


def _begin(reminder: Reminder, address: str, now: datetime) -> bool:
    """Mark the message as being sent; not so where it is no longer ours, or has to wait."""
    before: dict[str, Any] = {
        "state": reminder.state, "begun_at": reminder.begun_at, "resent": reminder.resent,
        "sent_to": reminder.sent_to,
    }  # fmt: skip
    again = reminder.state == State.UNKNOWN
    taken = _write(
        reminder,
        state=State.SENDING,
        begun_at=now,
        next_at=now + LEASE,
        attempts=F("attempts") + 1,
        sent_to=address,
        resent=reminder.resent or again,
    )
    if not taken:
        return False
    if _too_many(reminder, address, now):  # counted with itself: of several workers, each sees all
        _write(
            reminder, **before, attempts=F("attempts") - 1, next_at=now + WAIT_FOR_ADDRESS,
            words=TOO_MANY,
        )  # fmt: skip
        return False
    reminder.resent, reminder.sent_to = reminder.resent or again, address
    reminder.attempts += 1
    return True


def _too_many(reminder: Reminder, address: str, now: datetime) -> bool:
    lately = Reminder.objects.filter(sent_to=address, begun_at__gt=now - timedelta(hours=1))
    return lately.count() > HOURLY


def _dispatch(
    reminder: Reminder, letter: Any, address: str, mailer: mailing.Mailer | None
) -> Outcome:
    try:
        if mailer is not None:
            return mailer.send(letter)
        return texting.send(reminder, letter, address)
    except Exception as error:  # of a back end or provider that breaks its word
        logger.error("reminder %s: unexpected failure", reminder.pk, exc_info=error)
        return Outcome(Result.UNKNOWN, FAULT)


def _settle(reminder: Reminder, outcome: Outcome, now: datetime) -> None:
    """Write what became of the attempt, unless a delivery status was faster."""
    columns: dict[str, Any] = {"words": outcome.words, "next_at": None}
    match outcome.result:
        case Result.ACCEPTED:
            columns |= {"state": State.SENT, "sent_at": now, "provider_id": outcome.provider_id}
        case Result.REFUSED:
            columns["state"] = State.FAILED
        case Result.LATER:
            columns |= _retry(reminder, outcome, now)
        case Result.UNKNOWN:
            once_more = not reminder.resent and now + RESEND_AFTER < last_moment(reminder)
            columns["state"] = State.UNKNOWN
            columns["next_at"] = now + RESEND_AFTER if once_more else None
    # Where the person was erased meanwhile, the words would bring the address back.
    if columns["words"]:
        columns["words"] = Case(When(sent_to="", then=Value("")), default=Value(columns["words"]))
    _write(reminder, while_state=State.SENDING, **columns)
    if outcome.opted_out:
        opt_outs.refused(reminder)


def _retry(reminder: Reminder, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """When to try again; a failure where the meeting will have begun by then."""
    pause = min(FIRST_RETRY * 2 ** min(reminder.attempts - 1, 10), LONGEST_RETRY)
    next_at = now + max(pause, timedelta(seconds=outcome.retry_after))
    if reminder.attempts >= ATTEMPTS or next_at >= last_moment(reminder):
        return {"state": State.FAILED, "words": f"{outcome.words} {NO_TIME}".strip()}
    return {"state": State.SCHEDULED, "next_at": next_at}


def _put_off(reminders: Sequence[Reminder], words: str) -> None:
    """Nothing can leave at present: all of them wait, and no attempt is counted."""
    for reminder in reminders:
        _write(reminder, next_at=clock.now() + FIRST_RETRY, words=words)


def _write(reminder: Reminder, *, while_state: str = "", **columns: Any) -> bool:
    """A write that only the holder of the claim can make; whether it was."""
    if "next_at" in columns:
        columns["ended_at"] = None if columns["next_at"] else clock.now()
    mine = Reminder.objects.filter(pk=reminder.pk, lease_token=reminder.lease_token)
    mine = mine.filter(state=while_state) if while_state else mine.filter(next_at__isnull=False)
    return bool(mine.update(**columns))
