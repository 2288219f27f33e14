"""STOP: a number that replied with it gets no text message until it says START."""

from activities import sms
from activities.models import Reminder, SmsReply

STOP_WORDS = {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"}
START_WORDS = {"START", "YES", "UNSTOP"}
SUFFIX = "Reply STOP to stop."


def has_stopped(number: str, sender: str) -> bool:
    """Whether the number's last word to this sender was to stop."""
    said = SmsReply.objects.filter(number=number, sender=sender)
    return bool(said.order_by("-pk").values_list("stop", flat=True).first())


def note(*, number: str, sender: str, stop: bool, message_id: str) -> bool:
    """Keep what a number said; False where this very message was noted before."""
    _, new = SmsReply.objects.get_or_create(
        message_id=message_id, defaults={"number": number, "sender": sender, "stop": stop}
    )
    return new


def heard(*, number: str, sender: str, body: str, message_id: str) -> bool:
    """A reply has come in; whether it was one of the words that decide something."""
    word = body.strip().strip(".!").upper()
    if word not in STOP_WORDS | START_WORDS:
        return False
    note(number=number, sender=sender, stop=word in STOP_WORDS, message_id=message_id)
    return True


def refused(reminder: Reminder) -> None:
    """The provider knows of a STOP that never reached us."""
    sender = sms.sender()
    if sender is not None and reminder.sent_to:
        note(
            number=reminder.sent_to,
            sender=sender.identity,
            stop=True,
            message_id=f"reminder-{reminder.pk}-{reminder.attempts}",
        )
