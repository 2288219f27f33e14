"""Deliveries to a CRM: all of one contact at one connection are one target, so they go in order."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Exists, OuterRef

from integrations.crm import vendors
from integrations.models import Connection, Delivery
from integrations.models.deliveries import OPEN

NAME = "crm"
CHUNK = 500
HELD = "It waits for somebody to sign in again."
State = Delivery.State


def target_of(connection: Connection) -> str:
    return target_of_id(connection.pk)


def target_of_id(connection_id: int) -> str:
    return f"connection {connection_id}"


def connection_id(target: str) -> int:
    return int(target.rpartition(" ")[2])


def active() -> list[Connection]:
    """The accounts that are kept up, with what is known of them."""
    rows = Connection.objects.filter(vendor__in=vendors.CRMS, user=None)
    rows = rows.exclude(state=Connection.State.DISCONNECTED).select_related("crm")
    rows = rows.defer("crm__remote_fields")  # long, and needed only where something is sent
    return list(rows.order_by("pk"))


def outstanding(connection: Connection, contact_ids: Iterable[int]) -> dict[int, set[str]]:
    """By contact, the fields that earlier deliveries still have to bring, failed ones included."""
    wanted = sorted(set(contact_ids))
    found: dict[int, set[str]] = {}
    arrived = Delivery.objects.filter(
        contact_id=OuterRef("contact_id"), target=OuterRef("target"), latest_only=True,
        pk__gt=OuterRef("pk"), state=State.DELIVERED,
    )  # fmt: skip
    for start in range(0, len(wanted), CHUNK):
        rows = Delivery.objects.filter(
            family=NAME,
            target=target_of(connection),
            contact_id__in=wanted[start : start + CHUNK],
            latest_only=True,
            state__in=(*OPEN, State.CONFLICT, State.FAILED),
        ).filter(~Exists(arrived))
        for contact_id, payload in rows.values_list("contact_id", "payload"):
            found.setdefault(contact_id or 0, set()).update(_fields_in(payload))
    return found


def asked_in(delivery: Delivery) -> Mapping[str, Any]:
    """What a delivery is to bring: {"fields": […]} or {"meeting": id}."""
    asked: dict[str, Any] = json.loads(delivery.payload) if delivery.payload else {"fields": []}
    return asked


def _fields_in(payload: str) -> list[str]:
    return list(json.loads(payload).get("fields", [])) if payload else []


def delivery(connection: Connection, asked: Mapping[str, Any], **columns: Any) -> Delivery:
    """A row, unsaved."""
    held = connection.state == Connection.State.NEEDS_RECONNECT
    waits = {"state": State.NEEDS_RECONNECT, "next_at": None, "words": HELD}
    return Delivery(
        family=NAME,
        target=target_of(connection),
        gate=connection.gate,
        sent_to=vendors.vendor_of(connection).label,
        payload=json.dumps(asked),
        **(waits if held else {}),
        **columns,
    )
