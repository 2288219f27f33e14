"""The contact's records in CRMs, in its pane, as far as the last deliveries do not show them: those to
which nothing was sent for long, those that it goes without, and those that wait for a choice.
"""

from typing import Any

from django.http import HttpRequest

from contacts.models import Contact
from contacts.pane_sections import Shown
from integrations import systems
from integrations.activity import newest_of
from integrations.crm import naming, records, rows, vendors
from integrations.models import CrmConflict, Delivery, ExternalRecord


def section(_request: HttpRequest, contact: Contact) -> Shown | None:
    """Nothing where Connected records tells all there is to tell."""
    own = ExternalRecord.objects.filter(contact=contact, kind=ExternalRecord.Kind.CONTACT)
    known = own.filter(connection__vendor__in=vendors.CRMS).exclude(external_type=records.MAKING)
    disputed = {
        conflict.connection_id: conflict
        for conflict in CrmConflict.objects.filter(contact=contact, choice="").select_related(
            "connection"
        )
    }
    shown = [_row(row, disputed) for row in known.select_related("connection")]
    have = {each["connection"] for each in shown}
    shown += [
        {
            "vendor": vendors.vendor_of(conflict.connection),
            "tile_class": systems.look_of(conflict.connection.vendor).tile_class,
            "kind": "conflict over",
            "id": " and ".join(each["id"] for each in conflict.records),
            "connection": pk,
            "review": conflict.delivery_id,
        }
        for pk, conflict in disputed.items()
        if pk not in have
    ]
    told = {row.target: row.state for row in newest_of(contact)} if shown else {}
    shown = [each for each in shown if not _is_told(each, told)]
    return Shown("crm/_pane.html", {"rows": shown}) if shown else None


def _is_told(shown: dict[str, Any], told: dict[str, str]) -> bool:
    """Whether the last delivery there shows the record, and its Review where it is disputed."""
    state = told.get(rows.target_of_id(shown["connection"]))
    if state is None or shown.get("left"):
        return False
    return not shown["review"] or state == Delivery.State.CONFLICT


def _row(row: ExternalRecord, disputed: dict[int, CrmConflict]) -> dict[str, Any]:
    conflict = disputed.get(row.connection_id)
    return {
        "vendor": vendors.vendor_of(row.connection),
        "tile_class": systems.look_of(row.connection.vendor).tile_class,
        "kind": row.external_type,
        "id": row.external_id,
        "url": naming.url_of(row),
        "left": row.external_type == records.LEFT,
        "connection": row.connection_id,
        "review": conflict.delivery_id if conflict else None,
    }
