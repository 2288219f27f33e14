"""Starting Zaps with bookings and conversations: nothing of a contact changes, so no panel has shown
it."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from activities.models import Conversation, Meeting
from activities.signals import ConversationChange, Doer, MeetingChange
from integrations.models import Delivery, ZapierHook
from integrations.outbox import writing
from integrations.webhooks.events import type_of_conversation, type_of_meeting
from integrations.zapier import messages, triggers
from integrations.zapier.planner import NAME, label_of, live, made_through

#: What has happened: the event, the kind and id of what it is about, the contact's two ids, by whom.
Happened = tuple[str, str, str, int | None, str, Doer]
VISITOR = Doer()  # of a conversation: no key can begin, go on with or end one


def on_meetings_changed(changes: list[MeetingChange], **_: Any) -> None:
    """Write what became of meetings into the outbox, in the transaction of the change."""
    hooks = live()
    if not hooks:
        return
    ids = [change.meeting_id for change in changes]
    contacts = dict(Meeting.objects.filter(pk__in=ids).values_list("pk", "contact_public_id"))
    _tell(
        hooks,
        [
            (type_of_meeting(c), "booking", c.public_id, c.contact_id,
             contacts.get(c.meeting_id, ""), c.doer)
            for c in changes
        ],
    )  # fmt: skip


def on_conversations_changed(changes: list[ConversationChange], **_: Any) -> None:
    """The same of conversations. Until it is known whom one is with, it stands under its own id."""
    hooks = live()
    if not hooks:
        return
    ids = [change.conversation_id for change in changes]
    rows = Conversation.objects.filter(pk__in=ids).values_list("pk", "contact_public_id")
    contacts = dict(rows)
    _tell(
        hooks,
        [
            (type_of_conversation(c), "conversation", c.public_id, c.contact_id,
             contacts.get(c.conversation_id) or c.public_id, VISITOR)
            for c in changes
        ],
    )  # fmt: skip


def _tell(hooks: Sequence[ZapierHook], happened: Sequence[Happened]) -> None:
    """But not to the Zaps whose own key has done it: they would start themselves for ever."""
    made = []
    for event_type, kind, public_id, contact_id, contact_public_id, doer in happened:
        started = triggers.started_by(event_type)
        told = _message(event_type, kind, public_id, contact_public_id)
        made += [
            Delivery(
                family=NAME,
                target=hook.target,
                gate=hook.gate,
                kind=event_type,
                event_id=told["id"],
                contact_id=contact_id,
                contact_public_id=contact_public_id,
                changed_by=doer.user,
                sent_to=label_of(hook),
                payload=messages.written(told),
                priority=Delivery.Priority.INTERACTIVE,
            )
            for hook in hooks
            if hook.event in started and not made_through(doer.api_key, hook)
        ]
    writing.enqueue(made)


def _message(
    event_type: str, kind: str, public_id: str, contact_public_id: str
) -> messages.Message:
    now = timezone.now()
    about = {kind: public_id}
    if contact_public_id != public_id:
        about["contact"] = contact_public_id
    return messages.message(
        messages.event_id(public_id, event_type, now.isoformat()), event_type, now, **about
    )
