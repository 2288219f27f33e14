"""Text messages to guests: what is in them, and what the sender's answer means."""

from activities import sms
from activities.cleaning import lines
from activities.models import Channel, Reminder
from activities.reminders import opt_outs
from activities.reminders.outcomes import Outcome, Result
from activities.reminders.placeholders import fill, values_of
from activities.reminders.texts import Text

LONGEST = 1000  # characters; providers take up to 1,600
LONGEST_VALUE = 120
LINKS = {"manage_link", "join_link"}


def compose(reminder: Reminder, text: Text, number: str, account: str) -> str:
    """The message as it would be sent now. The first one to a number says how to stop."""
    values = {
        name: value if name in LINKS else _short(value, LONGEST_VALUE)
        for name, value in values_of(reminder.meeting, account).items()
    }
    body = _short(lines(fill(text.body, values), 10_000), LONGEST)
    return f"{body} {opt_outs.SUFFIX}" if _is_first(reminder, number) else body


def _short(text: str, limit: int) -> str:
    """Cut with full stops: the one character for them would make each part half as long."""
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _is_first(reminder: Reminder, number: str) -> bool:
    """A message that may not have arrived does not count."""
    states = (Reminder.State.SENT, Reminder.State.DELIVERED)
    sent = Reminder.objects.filter(
        meeting=reminder.meeting_id, channel=Channel.SMS, sent_to=number, state__in=states
    )
    return not sent.exists()


def send(reminder: Reminder, body: str, number: str) -> Outcome:
    """Hand one message to the sender. After a lost answer it is asked for first."""
    sender = sms.sender()
    if sender is None:
        return Outcome(Result.LATER, sms.setup_hint())
    message = sms.SmsMessage(number, body, reminder.pk)
    try:
        accepted = _found(sender, message, reminder) or sender.send(message)
    except sms.OptedOut as error:
        return Outcome(Result.REFUSED, str(error), opted_out=True)
    except sms.Refused as error:
        return Outcome(Result.REFUSED, str(error))
    except sms.Throttled as error:
        return Outcome(Result.LATER, str(error), retry_after=error.retry_after)
    except sms.NotNow as error:
        return Outcome(Result.LATER, str(error))
    except sms.Ambiguous as error:
        return Outcome(Result.UNKNOWN, str(error))
    return Outcome(Result.ACCEPTED, accepted.words, accepted.id)


def _found(
    sender: sms.SmsSender, message: sms.SmsMessage, reminder: Reminder
) -> sms.Accepted | None:
    """The message, where an attempt whose answer was lost has been accepted after all."""
    return sender.find(message, reminder.due_at) if reminder.resent else None
