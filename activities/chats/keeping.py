"""What time does to conversations: a step of the relay, safe in several at once."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from activities.chats.talk import change_of
from activities.models import Conversation
from activities.models.conversation import RESUMES_FOR, SILENT_FOR
from activities.signals import announce_conversations

BATCH = 500
MARGIN = timedelta(minutes=5)  # an answer may be on its way
TEST_KEPT = timedelta(days=1)
State = Conversation.State


def keep_up(now: datetime | None = None) -> None:
    """Abandon what has been silent for ten minutes; forget what nobody has said a word in."""
    moment = now or timezone.now()
    while _abandon(moment):
        pass
    over = moment - RESUMES_FOR - MARGIN
    _forget(Conversation.objects.filter(answered=0, last_message_at__lte=over))
    _forget(Conversation.objects.filter(is_test=True, last_message_at__lte=moment - TEST_KEPT))


@transaction.atomic
def _abandon(now: datetime) -> int:
    """Some of those that are silent; how many. An answer on its way has locked its own: then that
    one is looked at again when it is written, and is silent no more."""
    silent = Conversation.objects.filter(state=State.ACTIVE, last_message_at__lte=now - SILENT_FOR)
    ids = list(silent.order_by("last_message_at").values_list("pk", flat=True)[:BATCH])
    rows = list(silent.select_for_update().filter(pk__in=ids).order_by("pk"))
    Conversation.objects.filter(pk__in=[row.pk for row in rows]).update(state=State.ABANDONED)
    told = [row for row in rows if row.answered and not row.is_test]
    announce_conversations(*(change_of(row, "abandoned") for row in told))
    return len(rows)


@transaction.atomic
def _forget(rows: QuerySet[Conversation]) -> None:
    ids = list(rows.order_by("last_message_at").values_list("pk", flat=True)[:BATCH])
    Conversation.objects.filter(pk__in=ids).delete()
