"""The contact's records in CRMs, in its pane: where they are, and what waits for a choice."""

from typing import Any

from django.http import HttpRequest

from contacts.models import Contact
from contacts.pane_sections import Shown
from integrations.crm import records, vendors
from integrations.models import CrmConflict, ExternalRecord


def section(_request: HttpRequest, contact: Contact) -> Shown | None:
    """Nothing where the contact has no record, and none is disputed."""
    rows = ExternalRecord.objects.filter(contact=contact, kind=ExternalRecord.Kind.CONTACT)
    known = rows.filter(connection__vendor__in=vendors.CRMS).exclude(external_type=records.MAKING)
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
            "kind": "conflict over",
            "id": " and ".join(each["id"] for each in conflict.records),
            "connection": pk,
            "review": conflict.delivery_id,
        }
        for pk, conflict in disputed.items()
        if pk not in have
    ]
    return Shown("crm/_pane.html", {"rows": shown}) if shown else None


def _row(row: ExternalRecord, disputed: dict[int, CrmConflict]) -> dict[str, Any]:
    conflict = disputed.get(row.connection_id)
    return {
        "vendor": vendors.vendor_of(row.connection),
        "kind": row.external_type,
        "id": row.external_id,
        "url": row.url if row.url.startswith(("https://", "http://")) else "",
        "left": row.external_type == records.LEFT,
        "connection": row.connection_id,
        "review": conflict.delivery_id if conflict else None,
    }
