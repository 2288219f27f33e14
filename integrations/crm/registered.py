"""What CRMs put into the registries."""

from activities.signals import meetings_changed
from contacts import kept as contacts_kept
from contacts import pane_sections, periodic, settings_pages
from contacts.audit_words import register_words
from contacts.merging import counts as merge_counts
from integrations import cards, deliverers, planning, systems
from integrations.crm import (
    accounts,
    helping,
    kept,
    meetings,
    naming,
    pane,
    planner,
    rows,
    sending,
    vendors,
)
from integrations.crm import cards as crm_cards
from integrations.outbox import limits
from integrations.sandbox import mailbox

TILES = {"hubspot": "tile-h", "salesforce": "tile-s"}  # the classes of their colours


def everywhere() -> None:
    """Called once, when all apps are there."""
    planning.register(planner.PLANNER)
    deliverers.register(rows.NAME, sending.DELIVERER)
    for vendor in vendors.CRMS.values():
        limits.register(vendor.kind, vendor.limit)
        systems.register(
            systems.System(
                vendor.kind, vendor.label, vendor.tile, TILES[vendor.kind], helping.reconnect_url
            )
        )
    systems.register_review(rows.NAME, helping.review_url)
    systems.register_names(rows.NAME, naming.names_of)
    meetings_changed.connect(meetings.on_meetings_changed, dispatch_uid="integrations.crm")
    periodic.register(periodic.Step("CRM fields", accounts.STEP, accounts.read_due))
    pane_sections.register(pane_sections.PaneSection(72, pane.section))
    page = settings_pages.SettingsPage("Demo CRM", "demo_crm", 87, mailbox.shown_to)
    settings_pages.register(page)
    cards.register(20, crm_cards.cards)
    contacts_kept.register(kept.KEPT)
    merge_counts.register(kept.MERGED)
    register_words(
        crm__connected="Connected a CRM",
        crm__disconnected="Disconnected a CRM",
        crm__mapped="Changed which fields are sent to a CRM",
        crm__kind="Chose what new contacts become in a CRM",
        crm__link="Chose the CRM record of a contact",
        crm__leave="Left CRM records of a contact as they are",
        crm__merge="Had two CRM records of a contact merged",
        crm__asked_again="Let a contact be looked for in a CRM again",
    )
