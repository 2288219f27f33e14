"""Telling webhooks of meetings and conversations: nothing of a contact changes, so no panel has shown it."""

from collections.abc import Mapping, Sequence
from typing import Any

from activities.models import Conversation, Meeting
from activities.signals import ConversationChange, MeetingChange
from contacts.models import User
from integrations.models import Delivery, WebhookSubscription
from integrations.outbox import writing
from integrations.webhooks import events
from integrations.webhooks.planner import NAME, active


def on_meetings_changed(changes: list[MeetingChange], **_: Any) -> None:
    """Write what became of meetings into the outbox, in the transaction of the change."""
    listening = active()
    wanted = [c for c in changes if _wanted(listening, events.type_of_meeting(c))]
    if not wanted:
        return
    ids = [change.meeting_id for change in wanted]
    made = events.of_meetings(ids, wanted)
    contacts = dict(Meeting.objects.filter(pk__in=ids).values_list("pk", "contact_public_id"))
    whose = [(c.contact_id, contacts.get(c.meeting_id, ""), c.doer.user) for c in wanted]
    _tell(listening, made, whose)


def on_conversations_changed(changes: list[ConversationChange], **_: Any) -> None:
    """The same of conversations. Until it is known whom one is with, it stands under its own id."""
    _join_contacts(changes)
    listening = active()
    wanted = [c for c in changes if _wanted(listening, events.type_of_conversation(c))]
    if not wanted:
        return
    ids = [change.conversation_id for change in wanted]
    made = events.of_conversations(ids, wanted)
    rows = Conversation.objects.filter(pk__in=ids).values_list("pk", "contact_public_id")
    contacts = dict(rows)
    whose = [(c.contact_id, contacts.get(c.conversation_id) or c.public_id, None) for c in wanted]
    _tell(listening, made, whose)


def _join_contacts(changes: Sequence[ConversationChange]) -> None:
    """What was told of a conversation before its contact was known comes before what is now, and is
    forgotten with the contact."""
    known = {c.conversation_id: c for c in changes if c.contact_id is not None}
    if not known:
        return
    rows = Delivery.objects.filter(
        contact_id=None, contact_public_id__in=[c.public_id for c in known.values()]
    )
    if not rows.exists():
        return
    contacts = Conversation.objects.filter(pk__in=known).values_list("pk", "contact_public_id")
    for pk, contact_public_id in contacts:
        rows.filter(contact_public_id=known[pk].public_id).update(
            contact_id=known[pk].contact_id, contact_public_id=contact_public_id
        )


def _wanted(listening: Sequence[WebhookSubscription], event_type: str) -> bool:
    return any(each.wants(event_type) for each in listening)


def _tell(
    listening: Sequence[WebhookSubscription],
    made: Mapping[int, events.Event],
    whose: Sequence[tuple[int | None, str, User | None]],
) -> None:
    """Each event, by its place in `whose`, to whoever asked for it, in their order."""
    writing.enqueue(
        [
            Delivery(
                family=NAME,
                target=subscription.target,
                gate=subscription.gate,
                kind=made[number].type,
                event_id=made[number].id,
                contact_id=contact_id,
                contact_public_id=public_id,
                changed_by=user,
                sent_to=subscription.name,
                payload=made[number].body,
                priority=Delivery.Priority.INTERACTIVE,
            )
            for number, (contact_id, public_id, user) in enumerate(whose)
            if number in made
            for subscription in listening
            if subscription.wants(made[number].type)
        ]
    )
