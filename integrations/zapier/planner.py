"""Which Zaps a change starts: shown before Save, and written into the outbox with it."""

from collections.abc import Sequence

from django.utils import timezone

from contacts.models import ApiKey
from contacts.planning import Effect, Line
from contacts.signals import ContactChange
from integrations.models import Delivery, ZapierHook
from integrations.planning import priority_of
from integrations.zapier import messages, triggers

NAME = "zapier"


class ZapierPlanner:
    """Every change to every hook that asked for it, but for those that its own key has made."""

    name, order, forgets_deleted = NAME, 55, True

    def effects(self, changes: Sequence[ContactChange]) -> list[Effect]:
        hooks = live()
        found = [(change, *triggers.of_contact(change)) for change in changes] if hooks else []
        return [
            Effect(NAME, change.contact_id, hook.target, event_type)
            for change, event_type, started in found
            for hook in hooks
            if hook.event in started and not made_through(change.actor.api_key, hook)
        ]

    def lines(self, effects: Sequence[Effect]) -> list[Line]:
        number = len(effects)
        return [Line(f"fire {number:,} Zapier hook{'' if number == 1 else 's'}")]

    def deliveries(
        self, effects: Sequence[Effect], changes: Sequence[ContactChange]
    ) -> list[Delivery]:
        """The message of each change is made once, whoever is told of it."""
        now = timezone.now()
        by_key = {(c.contact_id, triggers.of_contact(c)[0]): c for c in changes}
        told = {key: messages.of_contact(by_key[key], key[1], now) for key in _keys(effects)}
        labels = {hook.target: label_of(hook) for hook in live()}
        priority = priority_of(changes)
        return [
            Delivery(
                family=NAME,
                target=effect.target,
                gate=effect.target,
                kind=effect.kind,
                event_id=told[key]["id"],
                contact_id=effect.contact_id or None,
                contact_public_id=by_key[key].public_id,
                contact_version=by_key[key].version,
                changed=sorted(by_key[key].fields),
                sent_to=labels.get(effect.target, ""),
                payload=messages.written(told[key]),
                priority=priority,
            )
            for effect in effects
            for key in _keys([effect])
        ]


def _keys(effects: Sequence[Effect]) -> list[tuple[int, str]]:
    return list(dict.fromkeys((effect.contact_id, effect.kind) for effect in effects))


def live() -> list[ZapierHook]:
    return list(ZapierHook.objects.live().order_by("pk"))


def label_of(hook: ZapierHook) -> str:
    """Beside the name of the system."""
    return f"{triggers.TRIGGERS.get(hook.event, hook.event)} hook"


def made_through(key: ApiKey | None, hook: ZapierHook) -> bool:
    """Whether it came through the key that the Zap uses: the Zap would start itself for ever."""
    return key is not None and key.pk == hook.api_key_id


PLANNER = ZapierPlanner()
