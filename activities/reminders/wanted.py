"""Whether a message that is due should still go out, looked at just before it leaves."""

from datetime import datetime, timedelta
from typing import NamedTuple

from activities import sms
from activities.models import Channel, Meeting, Reminder, ReminderKind
from activities.reminders import opt_outs
from activities.reminders.planning import CHANGED
from contacts.identity import InvalidValue, parse_email

State = Reminder.State
TOO_LATE = "Too late: the meeting has begun."
LATER_ONE = "A later reminder took its place."
NO_EMAIL = "The guest has no email."
NO_MOBILE = "The guest has no mobile phone."
NO_CONSENT = "The guest did not agree to text messages."
STOPPED = "This number replied STOP."


class Reason(NamedTuple):
    """Why it does not go out, and the state that says so."""

    state: str
    words: str


def why_not(reminder: Reminder, address: str, now: datetime) -> Reason | None:
    """None where it is to be sent to `address` now."""
    if not _still_meant(reminder):
        return Reason(State.CANCELED, CHANGED)
    if now >= last_moment(reminder):
        words = f"{TOO_LATE} {reminder.words}" if reminder.words else TOO_LATE
        return Reason(State.SKIPPED, words[:300])
    if _has_later(reminder, now):
        return Reason(State.SKIPPED, LATER_ONE)
    reason = _mail_reason(address) if reminder.channel == Channel.EMAIL else None
    if reminder.channel == Channel.SMS:
        reason = _sms_reason(reminder.meeting, address)
    return Reason(State.SKIPPED, reason) if reason else None


def last_moment(reminder: Reminder) -> datetime:
    """Until when it is of use: the start, for a cancellation the end."""
    meeting = reminder.meeting
    return meeting.ends_at if reminder.kind == ReminderKind.CANCELED else meeting.starts_at


def _still_meant(reminder: Reminder) -> bool:
    """Of the meeting as it is now; what was planned for its earlier time only if a person says so."""
    meeting = reminder.meeting
    right_state = (meeting.status == Meeting.Status.CANCELED) == (
        reminder.kind == ReminderKind.CANCELED
    )
    ended = meeting.status in {Meeting.Status.COMPLETED, Meeting.Status.NO_SHOW}
    of_now = reminder.sequence == meeting.sequence or reminder.again > 0
    return right_state and of_now and not ended and not meeting.in_trash


def _has_later(reminder: Reminder, now: datetime) -> bool:
    """Whether a reminder that is closer to the start is due as well: a minute later at least."""
    if reminder.kind != ReminderKind.REMINDER or reminder.again:
        return False
    if now < reminder.due_at + timedelta(minutes=1):
        return False
    return Reminder.objects.filter(
        meeting=reminder.meeting_id,
        kind=ReminderKind.REMINDER,
        channel=reminder.channel,
        sequence=reminder.sequence,
        due_at__gt=reminder.due_at,
        due_at__lte=now,
    ).exclude(state=State.CANCELED).exists()  # fmt: skip


def _mail_reason(address: str) -> str:
    if not address:
        return NO_EMAIL
    try:
        parse_email(address)
    except InvalidValue as fault:  # never two recipients, nor a header
        return f"The email cannot be used: {fault}"
    return ""


def _sms_reason(meeting: Meeting, number: str) -> str:
    sender = sms.sender()
    if not meeting.sms_consent:
        return NO_CONSENT
    if not number:
        return NO_MOBILE
    if sender is None:
        return f"Text messages are not set up. {sms.setup_hint()}"[:300]
    return STOPPED if opt_outs.has_stopped(number, sender.identity) else ""
