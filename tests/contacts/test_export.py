"""Export: what the filters show, safe in a spreadsheet, and back again without loss."""

import csv
import io
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from contacts.formulas import is_formula, neutralise, restore
from contacts.models import Account, AuditEntry, Contact, User
from tests.contacts.imports.engine import bring_in
from tests.factories import make_contact
from tests.shared import shared_json


def export(client: Client, query: str = "") -> tuple[Any, str]:
    response: Any = client.get(f"/contacts/export/{query}")
    assert response.status_code == 200
    return response, b"".join(response.streaming_content).decode("utf-8")


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_the_export_holds_what_the_filters_show_and_nothing_else(
    as_member: Client, ada: Contact, member: User, stranger: User
) -> None:
    make_contact(member, first_name="Charles", status="Qualified")
    make_contact(stranger, first_name="Hidden", status="Qualified")
    _, text = export(as_member, "?status=Qualified")
    assert [row["First name"] for row in rows(text)] == ["Charles"]
    _, text = export(as_member)
    assert {row["First name"] for row in rows(text)} == {"Ada", "Charles"}


def test_the_file_opens_in_excel_as_utf8_and_is_named_after_the_day(
    as_member: Client, member: User
) -> None:
    make_contact(member, first_name="Zoë")
    response, text = export(as_member)
    assert text.startswith("\ufeff") and "Zoë" in text
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    name = f"contacts-{timezone.localdate():%Y-%m-%d}.csv"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert "no-store" in response.headers["Cache-Control"]


def test_the_export_is_streamed_without_a_query_for_each_contact(
    as_member: Client, member: User, django_assert_max_num_queries: Any
) -> None:
    Account.load()
    for _ in range(30):
        make_contact(member)
    with django_assert_max_num_queries(10):
        response, text = export(as_member)
    assert response.streaming and len(rows(text)) == 30


def test_the_audit_knows_who_exported_how_many_and_no_names(
    as_member: Client, ada: Contact, member: User
) -> None:
    export(as_member, "?q=ada")
    entry = AuditEntry.objects.get(action="contacts.exported")
    assert (entry.actor, entry.detail) == (member, {"count": 1})


def test_the_owner_is_the_colleagues_email(as_member: Client, ada: Contact) -> None:
    [row] = rows(export(as_member)[1])
    assert row["Owner"] == "member@kith.test" and row["Contact ID"] == ada.public_id


def test_cells_that_a_spreadsheet_would_run_are_neutralised(
    as_member: Client, member: User
) -> None:
    make_contact(member, first_name="=1+1", company="＋1", mobile_phone="+12025550103")
    [row] = rows(export(as_member)[1])
    assert row["First name"] == "'=1+1" and row["Company"] == "'＋1"
    assert row["Mobile phone"] == "'+12025550103"


def test_every_formula_payload_is_defused_and_comes_back_as_it_was() -> None:
    for cell in [*shared_json("corpora/own/payloads/formula_cells.json"), "'quoted", "''", "plain"]:
        safe = neutralise(cell)
        assert not is_formula(safe)
        assert safe == cell or safe == f"'{cell}"
        assert restore(safe) == cell


@pytest.mark.parametrize("cell", ["=1+1", " =1+1", "\u200b=1+1", "＝1", "-5", "@x", "|calc", "%0A", "\t1"])  # fmt: skip
def test_a_cell_that_starts_a_formula_is_one_behind_blanks_and_in_full_width(cell: str) -> None:
    assert neutralise(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["a=1", "1+1", "", "Ada", "(=1)"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert neutralise(cell) == cell


def test_an_exported_file_imports_back_and_changes_nothing(
    as_admin: Client, admin_user: User
) -> None:
    make_contact(
        admin_user, first_name="=1+1", last_name="'quoted", email="ada@example.com",
        mobile_phone="+12025550103", phone="+442079460018", company="-5", employees=12,
        street_address="1 High St\nLondon", status="Qualified", timezone="Europe/London",
        has_consent=True,
    )  # fmt: skip
    before = Contact.objects.values().get()
    batch = bring_in(export(as_admin)[1], admin_user)
    assert batch.counts() | {"rows": 1, "unchanged": 1} == batch.counts()
    assert Contact.objects.values().get() == before


def test_an_exported_file_makes_the_same_contacts_in_another_account(
    as_admin: Client, admin_user: User
) -> None:
    kept = ("first_name", "last_name", "email", "mobile_phone", "company", "status", "has_consent")
    make_contact(
        admin_user, first_name="=1+1", last_name="'quoted", email="ada@example.com",
        mobile_phone="+12025550103", company="@cmd", status="Qualified", has_consent=True,
    )  # fmt: skip
    before = Contact.objects.values(*kept).get()
    _, text = export(as_admin)
    Contact.objects.all().delete()
    assert bring_in(text, admin_user).new == 1
    assert Contact.objects.values(*kept).get() == before
