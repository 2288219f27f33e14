"""What people connect themselves, on the Integrations page: the API and webhooks."""

from collections.abc import Iterator
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from contacts.access import may_administer
from contacts.models import ApiKey, User
from integrations.cards import Action, Card
from integrations.models import Delivery, WebhookSubscription
from integrations.webhooks import events
from integrations.webhooks.planner import NAME

API = "Add, update and delete contacts from a program, with the same merge rules as this screen."
HOOKS = (
    "Sends each change to an address of your own, signed so that you can check where it came from."
)
CONNECTED = ("Not connected", "Connected")
LOOKS = ("pill-none", "pill-ok")
OFF = "{} switched off, since its receiver did not answer for days or wants no more."


def cards(user: User) -> Iterator[Card]:
    """For administrators: nobody else can make a key or a webhook."""
    if may_administer(user):
        yield _api()
        yield _webhooks()


def _api() -> Card:
    keys = ApiKey.objects.filter(revoked_at=None)
    used = keys.exclude(last_used_at=None).order_by("-last_used_at").first()
    last = timezone.localtime(used.last_used_at) if used and used.last_used_at else None
    return Card(
        tile="AP", name="Contacts API", kind="For developers", text=API,
        pill=CONNECTED[bool(keys)], pill_class=LOOKS[bool(keys)], facts=(("Active keys", f"{len(keys):,}"),),
        foot=f"Last call {last.day} {last:%b}, {last:%H:%M}" if last else "No call yet",
        actions=(
            Action("Documentation", reverse("api_docs")),
            Action("Manage keys", reverse("api_key_list")),
        ),
    )  # fmt: skip


def _webhooks() -> Card:
    active = WebhookSubscription.objects.filter(active=True).count()
    off = WebhookSubscription.objects.filter(active=False).exclude(disabled_reason="").count()
    since = timezone.now() - timedelta(days=1)
    rows = Delivery.objects.filter(family=NAME, created_at__gt=since)
    sent = rows.filter(state=Delivery.State.DELIVERED).count()
    return Card(
        tile="WH", name="Webhooks", kind="For developers", text=HOOKS,
        pill=CONNECTED[bool(active)], pill_class=LOOKS[bool(active)],
        facts=(("Active webhooks", f"{active:,}"), ("Events", f"{len(events.TYPES):,} available"),
               ("Delivery", "At least once, in order")),
        notice=OFF.format(f"{off:,} webhook{' was' if off == 1 else 's were'}") if off else "",
        foot=f"{sent:,} update{'' if sent == 1 else 's'} in 24 hours",
        actions=(Action("Manage", reverse("webhook_list")),),
    )  # fmt: skip
