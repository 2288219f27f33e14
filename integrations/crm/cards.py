"""CRMs on the Integrations page: which account is connected, what is linked, what waits for somebody."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Count
from django.urls import reverse
from django.utils import timezone

from contacts.access import may_administer
from contacts.models import User
from integrations import systems
from integrations.cards import Action, Card
from integrations.crm import connecting, records, rows, vendors
from integrations.crm.vendors import Vendor
from integrations.models import Connection, Delivery

State = Connection.State
TEXT = "Creates and updates {}s. Deleting a contact here never deletes one there."
ASK = "An administrator can connect it."
EXPIRED = "Sign-in expired. {} will be sent after you reconnect."


def cards(user: User) -> Iterator[Card]:
    """One account for everybody: administrators manage it, others see that it is there."""
    for vendor in vendors.CRMS.values():
        yield _card(user, vendor, connecting.own(vendor))


def _card(user: User, vendor: Vendor, own: Connection | None) -> Card:
    held = own is not None and own.state == State.NEEDS_RECONNECT
    pill = ("Connected", "pill-ok", "check") if own else ("Not connected", "pill-none", "")
    if held:
        pill = ("Needs reconnect", "pill-warn", "triangle-alert")
    counts = _counts(own) if own is not None else {}
    return Card(
        tile=vendor.tile, tile_class=systems.look_of(vendor.kind).tile_class, name=vendor.label,
        kind="CRM", text=TEXT.format(vendor.record),
        pill=pill[0], pill_class=pill[1], icon=pill[2],
        facts=_facts(vendor, own), notice=_notice(user, own, held=held),
        notice_class="warn" if held else "info", foot=_foot(own, counts),
        actions=tuple(_actions(vendor, own)) if may_administer(user) else (),
    )  # fmt: skip


def _counts(own: Connection) -> dict[str, int]:
    """Deliveries of the last day, by state."""
    since = timezone.now() - timedelta(days=1)
    sent = Delivery.objects.filter(target=rows.target_of(own), created_at__gt=since)
    return dict(sent.order_by().values_list("state").annotate(n=Count("pk")))


def _facts(vendor: Vendor, own: Connection | None) -> tuple[tuple[str, str], ...]:
    if own is None:
        return (("Match by", vendor.matched_by),)
    linked = records.rows_of(own).exclude(external_id="").exclude(contact=None).count()
    return (
        ("Account", own.label),
        ("Match by", vendor.matched_by),
        ("Linked contacts", f"{linked:,}"),
    )


def _notice(user: User, own: Connection | None, *, held: bool) -> str:
    if own is None:
        return "" if may_administer(user) else ASK
    if not held:
        return ""
    n = Delivery.objects.filter(gate=own.gate, state=Delivery.State.NEEDS_RECONNECT).count()
    what = f"{n:,} update{' is' if n == 1 else 's are'} held in order and" if n else "Changes"
    return EXPIRED.format(what)


def _foot(own: Connection | None, counts: dict[str, int]) -> str:
    if own is None:
        return "Not set up"
    if own.held_since is not None:
        return f"Held since {own.held_since.day} {own.held_since:%b}"
    sent, asking = (counts.get(s, 0) for s in (Delivery.State.DELIVERED, Delivery.State.CONFLICT))
    conflicts = f", {asking:,} conflict{'' if asking == 1 else 's'}" if asking else " in 24 hours"
    return f"{sent:,} update{'' if sent == 1 else 's'}{conflicts}"


def _actions(vendor: Vendor, own: Connection | None) -> Iterator[Action]:
    if own is not None:
        yield Action("Manage", reverse("crm_mapping", args=[vendor.kind]))
    if own is None or own.state == State.NEEDS_RECONNECT:
        label = "Connect" if own is None else "Reconnect"
        url = reverse("crm_sign_in", args=[vendor.kind])
        yield Action(label, url, primary=own is not None)
