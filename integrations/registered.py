"""What this app puts into the registries of the apps below."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from activities import sms
from activities.signals import conversations_changed, meetings_changed
from contacts import demo_parts, navigation, pane_sections, periodic, settings_pages, vault
from contacts.audit_words import register_words
from contacts.finding import bounded_count
from contacts.models import Contact, OutgoingMail, User
from contacts.pane_sections import PaneSection, Shown
from contacts.people import letters
from contacts.relaying import EVERY
from contacts.settings_pages import SettingsPage
from contacts.signals import contacts_changed
from integrations import cards, deliverers, planning, sync_state, systems
from integrations.activity import lines_of, newest_of
from integrations.calendars import registered as calendars
from integrations.connectors import twilio
from integrations.crm import registered as crm
from integrations.models import Connection, Delivery, WebhookSubscription
from integrations.outbox import limits, reconciling, sweeping, writing
from integrations.sandbox import demo, mailbox
from integrations.webhooks import activities as webhook_activities
from integrations.webhooks import cards as webhook_cards
from integrations.webhooks import planner as webhooks
from integrations.webhooks import sending
from integrations.zapier import registered as zapier

STATUS_PATH = "/hooks/twilio/status/{}/"
REPLIES_PATH = "/hooks/twilio/messages/"


def everywhere() -> None:
    """Called once, when all apps are there."""
    register_sms(settings.TWILIO)
    demo_parts.register(demo.part)
    page = SettingsPage("Sent messages", "sent_messages", 85, mailbox.shown_to)
    settings_pages.register(page)
    faults = SettingsPage("Demo faults", "demo_faults", 88, mailbox.shown_to)
    settings_pages.register(faults)
    engine()
    pages()
    calendars.everywhere()
    crm.everywhere()
    zapier.everywhere()


def pages() -> None:
    """Where people see what is sent, and to whom."""
    navigation.register(
        navigation.Entry(
            "Sync activity", "refresh-cw", "sync_activity", 40, compact=False, count=attention
        )
    )
    settings_pages.register(SettingsPage("Webhooks", "webhook_list", 66, count=switched_off))
    pane_sections.register(PaneSection(70, records_section))
    sync_state.register()
    cards.register(90, webhook_cards.cards)
    systems.register_family(webhooks.NAME, systems.Look("Webhooks", "WH", "tile-h"))
    systems.register_family("other calendars", systems.Look("Other calendars", "OC"))
    letters.LINKS[OutgoingMail.Kind.RECONNECT] = lambda _: _address_of("integration_list")
    letters.LINKS[OutgoingMail.Kind.WEBHOOK_OFF] = lambda _: _address_of("webhook_list")
    letters.LINKS[OutgoingMail.Kind.WEBHOOK_GONE] = lambda _: _address_of("sync_activity")
    register_words(
        webhook__created="Made a webhook",
        webhook__changed="Changed a webhook",
        webhook__rotated="Made a new secret for a webhook",
        webhook__paused="Paused a webhook",
        webhook__resumed="Resumed a webhook",
        webhook__deleted="Deleted a webhook",
        webhook__disabled="A webhook was switched off",
        webhook__gone="A webhook was deleted, as its receiver asked",
        webhook__tested="Sent a test event",
        delivery__retried="Had deliveries sent again",
    )


def _address_of(page: str) -> str:
    return f"{settings.PUBLIC_URL}{reverse(page)}"


def attention(user: User) -> int:
    """How many deliveries only a person can bring on."""
    return bounded_count(Delivery.objects.visible_to(user).need_attention())


def switched_off(_user: User) -> int:
    """Webhooks that failed for days."""
    return WebhookSubscription.objects.filter(active=False).exclude(disabled_reason="").count()


def records_section(request: HttpRequest, contact: Contact) -> Shown | None:
    """The last delivery of this contact to each target."""
    lines = lines_of(newest_of(contact), request.user)  # type: ignore[arg-type]
    return Shown("integrations/_records.html", {"lines": lines}) if lines else None


def engine() -> None:
    """The outbox, what fills it and what empties it."""
    planning.register(webhooks.PLANNER)
    deliverers.register(webhooks.NAME, sending.DELIVERER)
    contacts_changed.connect(planning.on_contacts_changed, dispatch_uid="integrations.outbox")
    told = "integrations.webhooks"
    meetings_changed.connect(webhook_activities.on_meetings_changed, dispatch_uid=told)
    conversations_changed.connect(webhook_activities.on_conversations_changed, dispatch_uid=told)
    periodic.register(periodic.Step("deliveries", EVERY, sweeping.new_sweep().look))
    periodic.register(periodic.Step("old deliveries", 60.0, writing.prune))
    periodic.register(periodic.Step("unknown deliveries", reconciling.EVERY, reconciling.step))
    periodic.register(periodic.Step("limits", limits.EVERY, limits.apply))
    vault.register(WebhookSubscription, "secret", purpose=WebhookSubscription.PURPOSE)
    vault.register(WebhookSubscription, "earlier_secret", purpose=WebhookSubscription.PURPOSE)
    for column in ("access_token", "refresh_token"):
        vault.register(Connection, column, purpose=Connection.PURPOSE)


def register_sms(account: dict[str, Any] | None) -> None:
    """Text messages go through this Twilio account; None where there is none."""
    if account is None:
        sms.register(None, hint=twilio.SETUP)
        return
    sms.register(
        twilio.TwilioSender(
            twilio.TwilioAccount(**account),
            status_url=settings.PUBLIC_URL + STATUS_PATH,
            replies_url=settings.PUBLIC_URL + REPLIES_PATH,
        )
    )
