"""What Zapier's part puts into the registries."""

from activities.signals import conversations_changed, meetings_changed
from contacts.audit_words import register_words
from integrations import cards, deliverers, planning, systems
from integrations.zapier import activities, planner, sending
from integrations.zapier import cards as zapier_cards


def everywhere() -> None:
    """Called once, when all apps are there."""
    planning.register(planner.PLANNER)
    deliverers.register(planner.NAME, sending.DELIVERER)
    meetings_changed.connect(activities.on_meetings_changed, dispatch_uid="integrations.zapier")
    conversations_changed.connect(
        activities.on_conversations_changed, dispatch_uid="integrations.zapier"
    )
    systems.register_family(planner.NAME, systems.Look("Zapier", "ZP", "tile-z"))
    cards.register(80, zapier_cards.cards)
    register_words(
        zap__subscribed="A Zap was turned on",
        zap__unsubscribed="A Zap was turned off",
        zap__gone="A Zap was found to be off",
        zap__off="A Zap was switched off, as it could not be reached",
        zap__disconnected="Disconnected a Zap",
    )
