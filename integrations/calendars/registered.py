"""What calendars put into the registries."""

from django.conf import settings
from django.urls import reverse

from activities import busy as activities_busy
from activities.signals import meetings_changed
from contacts import erasing, navigation, periodic, settings_pages
from contacts.audit_words import register_words
from contacts.models import OutgoingMail, User
from contacts.people import letters
from integrations import cards, deliverers, planning
from integrations.calendars import (
    busy,
    events,
    forgetting,
    meetings,
    planner,
    sending,
    vendors,
)
from integrations.calendars import cards as calendar_cards
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
    letters.LINKS[OutgoingMail.Kind.RECONNECT] = _page
    cards.register(10, calendar_cards.cards)
    navigation.register(
        navigation.Entry("Integrations", "plug", "integration_list", 50, compact=False)
    )
    register_words(
        calendar__connected="Connected a calendar", calendar__disconnected="Disconnected a calendar"
    )


def _forget_past() -> None:
    forgetting.forget_past()


def _page(_user: User) -> str:
    """Where somebody connects a calendar again."""
    return f"{settings.PUBLIC_URL}{reverse('integration_list')}"
