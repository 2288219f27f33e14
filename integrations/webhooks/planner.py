"""Which webhooks a change fires: shown before Save, and written into the outbox with it."""

from collections.abc import Sequence
from typing import Any

from activities.models import Meeting
from activities.signals import MeetingChange
from contacts.planning import Effect, Line
from contacts.signals import ContactChange
from integrations.models import Delivery, WebhookSubscription
from integrations.outbox import writing
from integrations.planning import priority_of
from integrations.webhooks import events

NAME = "webhooks"


class WebhookPlanner:
    """Every event to every subscription that asked for it, in the order of the changes."""

    name, order, forgets_deleted = NAME, 50, True

    def effects(self, changes: Sequence[ContactChange]) -> list[Effect]:
        listening = active()
        return [
            Effect(NAME, change.contact_id, subscription.target, events.CONTACT_EVENTS[change.kind])
            for change in changes
            for subscription in listening
            if subscription.wants(events.CONTACT_EVENTS[change.kind])
        ]

    def lines(self, effects: Sequence[Effect]) -> list[Line]:
        number = len(effects)
        return [Line(f"fire {number:,} webhook{'' if number == 1 else 's'}")]

    def deliveries(
        self, effects: Sequence[Effect], changes: Sequence[ContactChange]
    ) -> list[Delivery]:
        """The event of each change is made once, whoever is told of it."""
        told = {(effect.contact_id, effect.kind) for effect in effects}
        by_key = {(c.contact_id, events.CONTACT_EVENTS[c.kind]): c for c in changes}
        made = events.of_contacts([change for key, change in by_key.items() if key in told])
        names = {subscription.target: subscription.name for subscription in active()}
        priority = priority_of(changes)
        return [
            _delivery(made[key], effect.target, names.get(effect.target, ""), by_key[key], priority)
            for effect in effects
            for key in [(effect.contact_id, effect.kind)]
        ]


def active() -> list[WebhookSubscription]:
    return list(WebhookSubscription.objects.filter(active=True).order_by("pk"))


def _delivery(
    event: events.Event, target: str, name: str, change: ContactChange, priority: int
) -> Delivery:
    return Delivery(
        family=NAME,
        target=target,
        gate=target,
        kind=event.type,
        event_id=event.id,
        contact_id=change.contact_id or None,
        contact_public_id=change.public_id,
        contact_version=change.version,
        changed=sorted(change.fields),
        sent_to=name,
        payload=event.body,
        priority=priority,
    )


def on_meetings_changed(changes: list[MeetingChange], **_: Any) -> None:
    """Tell of meetings: nothing of a contact changes, so no panel has shown it."""
    listening = active()
    wanted = [
        change
        for change in changes
        if any(each.wants(events.type_of_meeting(change)) for each in listening)
    ]
    if not wanted:
        return
    ids = [change.meeting_id for change in wanted]
    made = events.of_meetings(ids, wanted)
    contacts = dict(Meeting.objects.filter(pk__in=ids).values_list("pk", "contact_public_id"))
    writing.enqueue(
        [
            Delivery(
                family=NAME,
                target=subscription.target,
                gate=subscription.gate,
                kind=made[number].type,
                event_id=made[number].id,
                contact_id=change.contact_id,
                contact_public_id=contacts.get(change.meeting_id, ""),
                sent_to=subscription.name,
                payload=made[number].body,
                priority=Delivery.Priority.INTERACTIVE,
            )
            for number, change in enumerate(wanted)
            if number in made
            for subscription in listening
            if subscription.wants(events.type_of_meeting(change))
        ]
    )


PLANNER = WebhookPlanner()
