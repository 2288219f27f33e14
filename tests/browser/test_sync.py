"""Sync activity and the pages of webhooks: light and dark, desktop and phone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Page, expect

from contacts.models import Contact, User
from contacts.services import update_contact
from contacts.signals import Actor
from integrations.models import Delivery
from integrations.webhooks import subscriptions
from tests.browser.test_screens import fit_and_accessible
from tests.contacts.imports.engine import commit, plan
from tests.factories import by, make_contact

pytestmark = pytest.mark.skipif(
    bool(settings.DATABASE_URL), reason="the screens are looked at on the embedded database"
)
State = Delivery.State
ROWS: tuple[tuple[str, list[str], str, str], ...] = (
    ("contact.updated", ["email", "mobile_phone"], State.DELIVERED, ""),
    ("contact.updated", ["email"], State.RETRYING, "The receiver answered 503."),
    ("contact.merged", [], State.NEEDS_RECONNECT, "Sign-in expired, held in order."),
    ("contact.updated", ["company"], State.CONFLICT, "Email is on another HubSpot contact."),
    ("booking.canceled", [], State.SKIPPED, "iCloud events do not update automatically."),
    ("contact.created", [], State.FAILED, "Parked: the process that was sending it ended."),
    ("contact.updated", ["city"], State.PENDING, ""),
    ("contact.updated", ["city"], State.SUPERSEDED, "A later change took its place."),
)


@pytest.fixture
def sent(administrator: User) -> Any:
    """One delivery in each state."""
    hook, _ = subscriptions.create(
        name="Billing", url="https://hooks.example.com/kith", wanted=["contact", "booking.canceled"],
        actor=Actor(administrator),
    )  # fmt: skip
    now = timezone.now()
    for number, (kind, changed, state, words) in enumerate(ROWS):
        contact = make_contact(administrator, first_name="Marcus", last_name=f"Oyelaran {number}")
        Delivery.objects.filter(contact_id=contact.pk).delete()
        waits = state in {State.RETRYING, State.PENDING}
        Delivery.objects.create(
            family="webhooks", target=hook.target, gate=hook.gate, kind=kind, changed=changed,
            contact_id=contact.pk, contact_public_id=contact.public_id, sent_to=hook.name,
            state=state, words=words, attempts=1, begun_at=now, payload="{}",
            settled_at=now + timedelta(seconds=0.4), created_at=now - timedelta(hours=number * 2),
            next_at=now + timedelta(minutes=2) if waits else None,
        )  # fmt: skip
    return hook


SCREENS = {
    "sync": "/sync/",
    "sync-none": "/sync/?q=nobody",
    "sync-filtered": "/sync/?since=day&by=nobody",
    "delivery": "/sync/{failed}/",
    "contacts-sync": "/contacts/?sort=name",
    "webhooks": "/settings/webhooks/",
    "webhook-new": "/settings/webhooks/new/",
    "webhook": "/settings/webhooks/{hook}/",
}


def test_screens(
    page: Page,
    size: str,
    look: tuple[str, str],
    themed: User,
    sent: Any,
    enter: Callable[[User, str], Page],
    picture: Callable[[str], None],
) -> None:
    enter(themed, "/sync/")
    base = page.url.removesuffix("/sync/")
    failed = Delivery.objects.get(state=State.FAILED)
    for name, path in SCREENS.items():
        page.goto(base + path.format(hook=sent.public_id, failed=failed.pk))
        fit_and_accessible(page, size)
        picture(name)


def test_a_webhook_is_made_its_secret_kept_and_paused(
    administrator: User, enter: Callable[[User, str], Page]
) -> None:
    page = enter(administrator, "/settings/webhooks/new/")
    page.get_by_label("Name").fill("Billing")
    page.get_by_label("Address").fill("https://hooks.example.com/kith")
    page.get_by_role("button", name="Create webhook").click()
    expect(page.get_by_text("Keep this secret now.")).to_be_visible()
    page.get_by_role("link", name="I have kept it").click()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Billing paused", exact=True)).to_be_visible()


def test_import_screens(
    page: Page,
    size: str,
    themed: User,
    sent: Any,
    enter: Callable[[User, str], Page],
    picture: Callable[[str], None],
) -> None:
    """The preview says what follows elsewhere; an import can be undone, and says what stays."""
    make_contact(themed, first_name="Ada", email="ada@example.com")
    batch = plan(
        "Email,First Name,City\nada@example.com,,Turin\nnew@example.com,New,Bath\n", themed
    )
    enter(themed, f"/imports/{batch.pk}/preview/")
    fit_and_accessible(page, size)
    picture("import-preview")
    commit(batch)
    update_contact(
        contact_id=Contact.objects.get(email="new@example.com").pk, actor=by(themed),
        values={"company": "Analytical"},
    )  # fmt: skip
    page.goto(page.url.replace("preview", "result"))
    fit_and_accessible(page, size)
    picture("import-result")
    page.get_by_role("link", name="Undo import").click()
    fit_and_accessible(page, size)
    picture("import-undo")
    page.get_by_role("button", name="Undo import").click()
    page.get_by_role("heading", name="Import undone").wait_for()
    fit_and_accessible(page, size)
    picture("import-undone")


def test_news_come_by_themselves_and_leave_the_focus_where_it_is(
    administrator: User, sent: Any, enter: Callable[[User, str], Page]
) -> None:
    page = enter(administrator, "/sync/")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    retry = page.get_by_role("button", name="Retry now").first
    retry.focus()
    Delivery.objects.filter(state=State.RETRYING).update(words="Another answer.")
    expect(page.get_by_text("Another answer.").first).to_be_visible(timeout=10_000)
    expect(retry).to_be_focused()
