"""Custom properties as values: cleaned, stored, kept in history, merged, imported, exported."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from contacts.cleaning import clean
from contacts.fields import current_value, known_fields
from contacts.identity import InvalidValue
from contacts.merging.merge import merge_contacts, plan_merge
from contacts.models import Contact, Property, PropertyKey, User
from contacts.property_keys import number_key
from contacts.services import set_back, update_contact, with_edits
from tests.contacts.imports.engine import bring_in
from tests.factories import by, make_contact, make_property


@pytest.mark.parametrize(
    ("kind", "written", "stored"),
    [
        ("text", "  Blue \t sky ", "Blue   sky"),
        ("long_text", "One\r\nTwo", "One\nTwo"),
        ("number", "1,200.50", "1200.5"),
        ("number", "\u22120012", "-12"),
        ("number", "-0.0", "0"),
        ("date", "2026-11-23", "2026-11-23"),
        ("date", "23 Nov 2026", "2026-11-23"),
        ("date", "2026-11-23T10:00:00Z", "2026-11-23"),
        ("yes_no", "true", "Yes"),
        ("yes_no", "0", "No"),
        ("select", "GOLD", "Gold"),
        ("multi_select", "silver; Gold;", "Gold; Silver"),
        ("select", "", ""),
    ],
)
@pytest.mark.django_db
def test_each_kind_has_one_way_to_be_written(kind: str, written: str, stored: str) -> None:
    field = make_property("Tier", kind, "Gold", "Silver")
    assert clean(field, written, region="US") == stored


@pytest.mark.parametrize(
    ("kind", "written", "fault"),
    [
        ("number", "12 apples", "Use a number such as 1200 or 12.5"),
        ("number", "1e9", "Use a number such as 1200 or 12.5"),
        ("number", "1234567890123456", "at most 15 digits"),
        ("date", "03/04/2026", "Use a date such as 2026-11-23"),
        ("date", "2026-02-30", "Use a date such as 2026-11-23"),
        ("select", "Bronze", "Use one of Gold, Silver"),
        ("multi_select", "Gold; Bronze", "Use one of Gold, Silver"),
        ("yes_no", "perhaps", "Use yes or no"),
        ("text", "x" * 256, "at most 255"),
    ],
)
@pytest.mark.django_db
def test_what_cannot_be_read_is_refused_with_what_would_do(
    kind: str, written: str, fault: str
) -> None:
    field = make_property("Tier", kind, "Gold", "Silver")
    with pytest.raises(InvalidValue, match=fault):
        clean(field, written, region="US")


def test_numbers_sort_as_numbers() -> None:
    numbers = ["-1200.5", "-12", "-0.000001", "0", "0.5", "3", "20", "999999999999999.999999"]
    assert sorted(numbers, key=number_key) == numbers


def test_a_value_is_saved_kept_in_history_and_set_back(ada: Contact) -> None:
    tier = make_property("Tier", "select", "Gold", "Silver")
    for value in ("Gold", "Silver"):
        update_contact(contact_id=ada.pk, actor=by(), values={tier.name: value})
    change = ada.history.get(field=tier.name, new="Silver")
    assert change.old == "Gold"
    ada = set_back(contact_id=ada.pk, change_id=change.pk, actor=by())
    assert current_value(ada, tier) == "Gold"
    assert list(PropertyKey.objects.values_list("key", flat=True)) == ["gold"]


def test_a_cleared_value_leaves_nothing_behind(ada: Contact) -> None:
    tier = make_property("Tier", "multi_select", "Gold", "Silver")
    update_contact(contact_id=ada.pk, actor=by(), values={tier.name: "Gold; Silver"})
    assert PropertyKey.objects.count() == 3
    update_contact(contact_id=ada.pk, actor=by(), values={tier.name: ""})
    ada.refresh_from_db()
    assert (ada.custom, PropertyKey.objects.count()) == ({}, 0)


def test_a_merge_fills_blanks_and_loses_no_value_of_an_archived_property(member: User) -> None:
    tier, old = make_property("Tier"), make_property("Old")
    holder = make_contact(member, email="a@example.com", custom_tier="Gold")
    edited = make_contact(member, first_name="B", custom_tier="Silver", custom_old="kept")
    archived = Property.objects.get(name="old")
    archived.archived_at = timezone.now()
    archived.save()
    values = with_edits(edited, {"email": "a@example.com"}, None)
    plan = plan_merge(holders={"email": holder}, edited=edited, values=values)
    survivor = merge_contacts(plan=plan, values=values, actor=by())
    assert current_value(survivor, tier) == "Silver"
    assert "Old" not in {row.field.label for row in plan.shown_rows}
    assert current_value(survivor, known_fields()[old.name]) == "kept"
    assert PropertyKey.objects.filter(contact=survivor).count() == 2


def test_a_column_named_like_a_property_fills_it(admin_user: User) -> None:
    make_property("Customer tier", "select", "Gold", "Silver")
    make_property("Renewal", "date")
    text = "Email,customer tier,Renewal\na@example.com,GOLD,2027-01-31\nb@example.com,Tin,soon\n"
    bring_in(text, admin_user)
    first, second = Contact.objects.order_by("email")
    assert first.custom == {"custom_customer_tier": "Gold", "custom_renewal": "2027-01-31"}
    assert second.custom == {}
    assert PropertyKey.objects.count() == 2


def test_an_export_has_a_column_for_each_property(as_member: Client, ada: Contact) -> None:
    tier = make_property("Tier")
    update_contact(contact_id=ada.pk, actor=by(), values={tier.name: "=1+1"})
    form = {"all": "1", "format": "csv", "columns": "all"}
    response: Any = as_member.post("/contacts/export/", form)
    body = b"".join(response.streaming_content).decode()
    assert ",Tier," in body and "'=1+1" in body
