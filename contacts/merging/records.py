"""What a merge writes down of its records besides their fields, so that its undo is exact.

`Merge.before` holds the fields; `Merge.records` holds, by public id, the record's row id and
version, its other columns and its identifiers, and under "result" the survivor's columns after the
merge, the identifiers that the merge made, and the order in which the duplicates were folded in.
"""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import FieldDoesNotExist

from contacts.fields import column, from_text, known_fields, set_value
from contacts.models import Contact, Identifier, Merge
from contacts.search import DERIVED

#: Columns that a record does not get back from its past: they count on, or stay.
COUNTED = {"id", "public_id", "version", "last_updated_time", "listed_at"}
RESULT = "result"


def records_of(contacts: Iterable[Contact]) -> dict[str, Any]:
    """Everything but the fields of these records, as JSON, before they are merged."""
    return {
        contact.public_id: {
            "id": contact.pk,
            "version": contact.version,
            "columns": columns_of(contact),
            "identifiers": [_identifier(row) for row in contact.identifiers.order_by("pk")],
        }
        for contact in contacts
    }


def result_of(survivor: Contact, records: dict[str, Any], duplicates: list[Contact]) -> Any:
    """The survivor's columns after the merge, and what the merge made."""
    known = {row["id"] for record in records.values() for row in record["identifiers"]}
    now = survivor.identifiers.order_by("pk").values_list("pk", flat=True)
    return {
        "columns": columns_of(survivor),
        "made": [pk for pk in now if pk not in known],
        "order": [duplicate.public_id for duplicate in duplicates],
    }


def columns_of(contact: Contact) -> dict[str, Any]:
    """The columns that are no fields of the form, as JSON: times, where it came from."""
    fields = {column(field) for field in known_fields().values()}
    left_out = fields | COUNTED | {*DERIVED, "custom"}
    return {
        each.attname: None
        if getattr(contact, each.attname) is None
        else each.value_to_string(contact)
        for each in Contact._meta.concrete_fields
        if each.attname not in left_out
    }


def _identifier(row: Identifier) -> dict[str, Any]:
    return {
        "id": row.pk,
        "kind": row.kind,
        "key": row.key,
        "value": row.value,
        "current": row.current,
        "since": row.since.isoformat(),
    }


def column_value(name: str, text: Any) -> Any:
    """A column's value from what was written down. Raises FieldDoesNotExist."""
    return None if text is None else Contact._meta.get_field(name).to_python(text)  # type: ignore[union-attr]


def rebuild(merge: Merge, public_id: str) -> Contact:
    """The record as it was before the merge, unsaved. Its version is the next one of its own."""
    record = merge.records[public_id]
    contact = Contact(pk=record["id"], public_id=public_id, version=record["version"] + 1)
    for name, text in record["columns"].items():
        try:
            setattr(contact, name, column_value(name, text))
        except FieldDoesNotExist:  # a later version of the product has no such column
            continue
    known = known_fields()
    for name, text in merge.before[public_id].items():
        if name in known:
            set_value(contact, known[name], from_text(known[name], text))
    return contact


def folded_in_order(merge: Merge) -> list[str]:
    """The duplicates' ids in the order in which they were folded in."""
    return list(merge.records[RESULT]["order"])


def stand_in(merge: Merge, public_id: str) -> Contact:
    """Stands for a record that the merge knew, where only its ids are needed."""
    return Contact(pk=merge.records[public_id]["id"], public_id=public_id)
