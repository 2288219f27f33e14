"""Sending a message again because a person wants it: a new row, so that the first one stays as the
record of what became of it."""

from django.db import transaction

from activities.models import Meeting, Reminder
from activities.reminders import clock
from activities.reminders.addresses import address_of
from activities.reminders.wanted import why_not
from activities.tasks import send_reminders_of
from contacts import history
from contacts.background import hint_after_commit
from contacts.models import User
from contacts.signals import Actor

State = Reminder.State
NOT_OVER = "It has not ended: its state is {state}. Nothing was sent."


class CannotSendAgain(Exception):
    """The message tells a person why; nothing was sent."""


def may_be_sent_again(reminder: Reminder) -> bool:
    """It failed for good, or nobody knows what became of it and nothing more is tried."""
    return reminder.next_at is None and reminder.state in {State.FAILED, State.UNKNOWN}


@transaction.atomic
def send_again(*, reminder_id: int, user: User) -> Reminder:
    """Have the message sent once more. Pressed twice it is sent once. Raises CannotSendAgain."""
    reminder = Reminder.objects.select_for_update().get(pk=reminder_id)
    reminder.meeting = Meeting.objects.select_related("host", "contact").get(pk=reminder.meeting_id)
    if not may_be_sent_again(reminder):
        state = reminder.get_state_display().lower()
        raise CannotSendAgain(NOT_OVER.format(state=state))
    now = clock.now()
    new = Reminder(
        meeting=reminder.meeting,
        kind=reminder.kind,
        channel=reminder.channel,
        minutes_before=reminder.minutes_before,
        sequence=reminder.sequence,
        again=reminder.again + 1,
        due_at=now,
        next_at=now,
    )
    reason = why_not(new, address_of(new.meeting, new.channel), now)
    if reason is not None:
        raise CannotSendAgain(f"{reason.words} Nothing was sent.")
    made = Reminder.objects.bulk_create([new], ignore_conflicts=True)
    history.audit(Actor(user), "reminder.sent_again", reminder.meeting.public_id)
    hint_after_commit(send_reminders_of, reminder.meeting_id)
    return made[0]
