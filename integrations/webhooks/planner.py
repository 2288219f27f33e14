"""Which webhooks a change fires: shown before Save, and written into the outbox with it."""

from collections.abc import Sequence

from contacts.planning import Effect, Line
from contacts.signals import ContactChange
from integrations.models import Delivery, WebhookSubscription
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


PLANNER = WebhookPlanner()
