"""What a provider tells later about a message it has accepted. A state only goes forward, so a
notice that comes twice, late or out of order changes nothing."""

from django.db.models import F
from django.db.models.functions import Coalesce

from activities.models import Reminder
from activities.models.reminder import MAX_WORDS
from activities.reminders import clock

State = Reminder.State


def accepted(reminder_id: int, provider_id: str) -> bool:
    """It is on its way: also one whose answer was lost, which then need not be sent again."""
    return _forward(
        reminder_id, provider_id, (State.SENDING, State.UNKNOWN), state=State.SENT, words=""
    )


def delivered(reminder_id: int, provider_id: str) -> bool:
    since = (State.SENDING, State.UNKNOWN, State.SENT)
    return _forward(reminder_id, provider_id, since, state=State.DELIVERED, words="")


def not_delivered(reminder_id: int, provider_id: str, words: str) -> bool:
    since = (State.SENDING, State.UNKNOWN, State.SENT)
    return _forward(reminder_id, provider_id, since, state=State.FAILED, words=words[:MAX_WORDS])


def _forward(reminder_id: int, provider_id: str, since: tuple[str, ...], **columns: str) -> bool:
    """Whether it was news. Of a message that was sent twice, the second one's fate counts."""
    rows = Reminder.objects.filter(pk=reminder_id, state__in=since)
    return bool(
        rows.filter(provider_id__in=("", provider_id)).update(
            provider_id=provider_id, next_at=None, sent_at=Coalesce(F("sent_at"), clock.now()),
            ended_at=Coalesce(F("ended_at"), clock.now()),
            **columns,
        )
    )  # fmt: skip
