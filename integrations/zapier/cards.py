"""Zapier on the Integrations page, and how each Zap that is subscribed fares."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Max
from django.urls import reverse

from contacts.models import User
from integrations.cards import Action, Card
from integrations.models import Delivery, Gate, ZapierHook
from integrations.zapier.triggers import TRIGGERS

TEXT = "Starts your Zaps when contacts, bookings and conversations change."


@dataclass(frozen=True)
class Row:
    """One hook as its page shows it."""

    hook: ZapierHook
    trigger: str
    state: str
    pill: str
    icon: str
    why: str
    delivered_at: object  # datetime or None


def cards(user: User) -> Iterator[Card]:
    """For administrators, to whose account Zaps belong."""
    if not user.role.administers:
        return
    shown = rows()
    live = sum(row.state in {"Live", "Retrying"} for row in shown)
    bad = sum(row.state in {"Retrying", "Switched off"} for row in shown)
    pill = (f"{live:,} live", "pill-ok", "check") if live else ("No Zaps", "pill-none", "")
    if bad:
        pill = (f"{bad:,} failing", "pill-warn", "triangle-alert")
    yield Card(
        tile="ZP", tile_class="tile-z", name="Zapier", kind="Automation", text=TEXT,
        pill=pill[0], pill_class=pill[1], icon=pill[2], facts=(("Live hooks", f"{live:,}"),),
        actions=(Action("Open" if shown else "Set up", reverse("zapier")),),
    )  # fmt: skip


def rows() -> list[Row]:
    """Every hook, in three queries."""
    hooks = list(ZapierHook.objects.select_related("api_key"))
    gates = Gate.objects.in_bulk([hook.gate for hook in hooks])
    sent = Delivery.objects.filter(
        target__in=[hook.target for hook in hooks], state=Delivery.State.DELIVERED
    )
    last = dict(sent.order_by().values_list("target").annotate(at=Max("settled_at")))
    return [_row(hook, gates.get(hook.gate), last.get(hook.target)) for hook in hooks]


def _row(hook: ZapierHook, gate: Gate | None, delivered_at: object) -> Row:
    state, pill, icon, why = "Live", "pill-ok pill-plain", "circle-check", ""
    if hook.ended_at is not None:
        state, pill, icon = "Disconnecting", "pill-none", "clock"
        why = "Zapier is being told to pause the Zap."
    elif hook.api_key.revoked_at is not None:
        state, pill, icon = "Key revoked", "pill-none", "circle-minus"
        why = "It gets no more events."
    elif hook.off_reason:
        state, pill, icon, why = "Switched off", "pill-warn", "triangle-alert", hook.off_reason
    elif gate is not None and gate.failures:
        state, pill, icon = "Retrying", "pill-info", "rotate-cw"
        why = f"{gate.failures:,} failed in a row. What waits is sent in its order."
    trigger = TRIGGERS.get(hook.event, hook.event)
    return Row(hook, trigger, state, pill, icon, why, delivered_at)
