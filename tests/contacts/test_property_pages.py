"""Settings, Properties; and how they show in the pane, in Edit Contact and in the mapping step."""

from typing import Any
from unittest import mock

import pytest
from django.test import Client

from contacts.models import AuditEntry, Contact, Import, Property, User
from contacts.properties import archive_property
from contacts.retrying import Busy
from contacts.services import update_contact
from tests.contacts.imports.engine import plan
from tests.contacts.pages import read, save, text_of, typed_into, url_of
from tests.factories import by, make_property

NEW = "/settings/properties/new/"
TIER = {"label": "Customer tier", "kind": "select", "options": "Gold\nSilver\n"}


def test_an_administrator_defines_a_property(as_admin: Client) -> None:
    answer = as_admin.post(NEW, TIER, follow=True)
    made = Property.objects.get()
    assert (made.name, made.options) == ("customer_tier", ["Gold", "Silver"])
    assert "Customer tier added" in text_of(answer) and "Gold, Silver" in text_of(answer)
    assert AuditEntry.objects.filter(action="property.created", object_id=made.name).exists()


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"label": " "}, "Enter a label"),
        ({"label": "x" * 121}, "Too long: 121 characters, at most 120"),
        ({"label": "EMAIL"}, "Every contact has a field of this name already"),
        ({"label": "tier"}, "Another property has this label"),
        ({"name": "Tier!"}, "Use small letters, digits and _, beginning with a letter"),
        ({"name": "email"}, "Every contact has a field of this name already"),
        ({"name": "tier"}, "This identifier belongs to another property, Tier"),
        ({"kind": "formula"}, "Choose a type"),
        ({"options": "\n"}, "Enter at least one choice"),
        ({"options": "Gold\ngold"}, "stands there twice"),
        ({"options": "a;b"}, "holds a semicolon"),
        ({"options": "x" * 101}, "at most 100 characters"),
        ({"label": "\u202e\u200b"}, "Enter a label"),
        ({"options": "\u200b"}, "Enter at least one choice"),
        ({"options": "\n".join(map(str, range(201)))}, "201 choices are too many"),
    ],
)
def test_a_bad_definition_is_refused_by_name_and_keeps_what_was_typed(
    as_admin: Client, typed: dict[str, str], told: str
) -> None:
    make_property("Tier")
    data = {**TIER, "name": "level", **typed}
    answer = as_admin.post(NEW, data)
    assert answer.status_code == 422 and told in text_of(answer)
    assert read(answer).values["label"] == data["label"]
    assert Property.objects.count() == 1


def test_a_definition_holds_no_control_characters(as_admin: Client) -> None:
    as_admin.post(NEW, {**TIER, "label": "Le\x00vel", "options": "Go\x07ld"})
    made = Property.objects.get()
    assert (made.label, made.options) == ("Level", ["Gold"])


def test_a_write_that_lost_against_others_is_answered(as_admin: Client) -> None:
    make_property("Tier")
    with mock.patch("contacts.views.properties.properties.archive_property", side_effect=Busy):
        answer = as_admin.post("/settings/properties/tier/archive/")
    assert answer.status_code == 409 and Property.objects.get().archived_at is None
    assert "Others are changing the same things right now" in text_of(answer)


def test_choices_and_label_change_and_contacts_keep_what_they_have(
    as_admin: Client, admin_user: User, ada: Contact
) -> None:
    tier = make_property("Tier", "multi_select", "Gold", "Silver")
    update_contact(contact_id=ada.pk, actor=by(), values={tier.name: "Gold; Silver"})
    as_admin.post("/settings/properties/tier/", {"label": "Level", "options": "Silver\nTin"})
    page = as_admin.get(url_of("contact_edit", ada))
    assert "Level" in text_of(page) and page.content.decode().count('value="Gold"') == 1
    data = typed_into(ada, admin_user, custom_tier=["Gold", "Tin"])
    ada.refresh_from_db()
    save(as_admin, ada, {**data, "version": str(ada.version)})
    ada.refresh_from_db()
    assert ada.custom == {"custom_tier": "Tin; Gold"}


def test_an_archived_property_is_out_of_sight_and_comes_back_with_its_values(
    as_admin: Client, ada: Contact
) -> None:
    tier = make_property("Tier")
    update_contact(contact_id=ada.pk, actor=by(), values={tier.name: "Platinum"})
    as_admin.post("/settings/properties/tier/archive/")
    pane = text_of(as_admin.get(url_of("contact_detail", ada)))
    assert "edited tier" in pane  # what happened stays in the history
    assert 'name="custom_tier"' not in as_admin.get(url_of("contact_edit", ada)).content.decode()
    as_admin.post("/settings/properties/tier/restore/")
    assert read(as_admin.get(url_of("contact_edit", ada))).values["custom_tier"] == "Platinum"


def test_saving_a_contact_leaves_the_values_of_archived_properties_alone(
    as_admin: Client, admin_user: User, ada: Contact
) -> None:
    make_property("Tier")
    update_contact(contact_id=ada.pk, actor=by(), values={"custom_tier": "Platinum"})
    archive_property(pk=Property.objects.get().pk, actor=by())
    ada.refresh_from_db()
    save(as_admin, ada, typed_into(ada, admin_user, city="London"))
    ada.refresh_from_db()
    assert (ada.city, ada.custom) == ("London", {"custom_tier": "Platinum"})


def test_a_label_taken_since_keeps_a_property_archived(as_admin: Client) -> None:
    make_property("Tier")
    as_admin.post("/settings/properties/tier/archive/")
    as_admin.post(NEW, {"label": "Tier", "name": "tier2", "kind": "text"})
    answer = as_admin.post("/settings/properties/tier/restore/")
    assert answer.status_code == 409
    assert "Tier was not restored. Another property has this label." in text_of(answer)


def test_properties_are_moved(as_admin: Client) -> None:
    for label in ("One", "Two"):
        as_admin.post(NEW, {"label": label, "kind": "text"})
    as_admin.post("/settings/properties/two/move/", {"up": "1"})
    assert [row.label for row in Property.objects.all()] == ["Two", "One"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", ""),
        ("get", "new/"),
        ("post", "new/"),
        ("post", "tier/"),
        ("post", "tier/archive/"),
        ("post", "tier/restore/"),
        ("post", "tier/move/"),
    ],
)
def test_for_members_these_pages_do_not_exist(as_member: Client, method: str, path: str) -> None:
    make_property("Tier")
    answer = getattr(as_member, method)(f"/settings/properties/{path}", {"label": "Mine"})
    assert answer.status_code == 404
    assert Property.objects.get().label == "Tier"


def test_every_type_is_typed_saved_and_shown(as_member: Client, member: User, ada: Contact) -> None:
    for label, kind in (("Note", "long_text"), ("Worth", "number"), ("Since", "date")):
        make_property(label, kind)
    make_property("Partner", "yes_no")
    make_property("Topics", "multi_select", "Tax", "Audit")
    typed: dict[str, Any] = {
        "custom_note": "One\nTwo",
        "custom_worth": "1,500",
        "custom_since": "2025-03-14",
        "custom_partner": "No",
        "custom_topics": ["Audit", "Tax"],
    }
    save(as_member, ada, typed_into(ada, member, **typed), htmx=False)
    pane = text_of(as_member.get(url_of("contact_detail", ada)))
    for shown in (
        "NoteOne Two",
        "Worth1500",
        "Since14 Mar 2025",
        "PartnerNo",
        "TopicsTax; Audit",
    ):
        assert shown in pane


def test_a_bad_value_is_told_at_its_field_and_stays(
    as_member: Client, member: User, ada: Contact
) -> None:
    make_property("Since", "date")
    answer = save(as_member, ada, typed_into(ada, member, custom_since="03/04/2025"))
    assert answer.status_code == 422
    assert "Since: Use a date such as 2026-11-23" in text_of(answer)
    assert read(answer).values["custom_since"] == "03/04/2025"


def mapped(client: Client, admin: User, **columns: str) -> Any:
    """Post the mapping step of a file with the columns Email and Renewal date."""
    batch = plan("Email,Renewal date\na@example.com,2027-01-31\n", admin)
    Import.objects.filter(pk=batch.pk).update(state=Import.State.UPLOADED)
    data = {"column_0": "email", "mode": "replace", "region": "US", "owner": admin.pk, **columns}
    return client.post(f"/imports/{batch.pk}/map/", data)


def test_a_column_becomes_a_property_on_the_spot(as_admin: Client, admin_user: User) -> None:
    assert mapped(as_admin, admin_user, column_1="new:date").status_code == 302
    assert Property.objects.get().label == "Renewal date"
    assert Import.objects.get().mapping == ["email", "custom_renewal_date"]


def test_a_property_that_cannot_be_made_keeps_the_mapping_open(
    as_admin: Client, admin_user: User
) -> None:
    make_property("renewal DATE")
    answer = mapped(as_admin, admin_user, column_1="new:date")
    assert answer.status_code == 422
    assert "Renewal date: no property was made of it. Another property" in text_of(answer)
    assert "selected" in answer.content.decode().split('value="new:date"')[2][:12]
