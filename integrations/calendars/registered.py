"""What calendars put into the registries."""

from activities import busy as activities_busy
from activities.signals import meetings_changed
from contacts import erasing, navigation, periodic, settings_pages
from contacts.audit_words import register_words
from contacts.models import User
from integrations import cards, deliverers, planning, systems
from integrations.calendars import (
    busy,
    events,
    forgetting,
    meetings,
    naming,
    planner,
    sending,
    vendors,
)
from integrations.calendars import cards as calendar_cards
from integrations.models import Connection
from integrations.outbox import limits
from integrations.sandbox import mailbox


def everywhere() -> None:
    """Called once, when all apps are there."""
    planning.register(planner.PLANNER)
    planning.register(planner.OTHER_PLANNER)
    deliverers.register(events.NAME, sending.DELIVERER)
    for vendor in vendors.UPDATED.values():
        limits.register(vendor.kind, vendor.limit)
    meetings_changed.connect(meetings.on_meetings_changed, dispatch_uid="integrations.calendars")
    activities_busy.register("calendars", busy.busy_source)
    periodic.register(periodic.Step("busy times", busy.STEP, busy.read_due))
    periodic.register(periodic.Step("past events", forgetting.HOUR, _forget_past))
    erasing.register(forgetting.ERASER)
    page = settings_pages.SettingsPage("Demo calendars", "demo_calendars", 86, mailbox.shown_to)
    settings_pages.register(page)
    for vendor in vendors.UPDATED.values():
        systems.register(
            systems.System(vendor.kind, vendor.label, vendor.tile, vendor.tile_class, _sign_in)
        )
    for family in (events.NAME, planner.OTHERS):
        systems.register_names(family, naming.names_of)
    cards.register(10, calendar_cards.cards)
    navigation.register(
        navigation.Entry("Integrations", "plug", "integration_list", 50, compact=False)
    )
    register_words(
        exchange__on="Turned Exchange Server on",
        exchange__off="Turned Exchange Server off",
        calendar__connected="Connected a calendar",
        calendar__disconnected="Disconnected a calendar",
        calendar__filled="Put earlier meetings into a calendar",
    )


def _forget_past() -> None:
    forgetting.forget_past()


def _sign_in(connection: Connection, user: User) -> str:
    """Where somebody signs in again to a calendar of their own."""
    set_up = vendors.UPDATED[connection.vendor].config is not None
    mine = connection.user_id == user.pk and set_up
    return vendors.UPDATED[connection.vendor].connect_page if mine else ""
