"""Export: what the filters show, safe in a spreadsheet, and back again without loss."""

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.test import Client
from django.utils import timezone

from contacts.access import Role
from contacts.cleaning import clean
from contacts.columns import usual_columns
from contacts.deleting import delete_contact
from contacts.exporting.rows import columns_named, names_in_file, rows_of
from contacts.fields import Field, field_named, live_fields
from contacts.formulas import ERRORS, is_formula, neutralise, restore
from contacts.imports.mapping import custom_labels, guess
from contacts.models import Account, AuditEntry, Contact, Property, User
from tests.contacts.imports.engine import bring_in, plan
from tests.contacts.pages import text_of
from tests.factories import by, make_contact, make_property, make_user
from tests.shared import shared_json

PAYLOADS = "corpora/own/payloads/formula_cells.json"


def export(
    client: Client, query: str = "", *, kind: str = "csv", columns: str = "all", **form: Any
) -> tuple[Any, bytes]:
    form = {"all": "1", "format": kind, "columns": columns} | form
    response: Any = client.post(f"/contacts/export/{query}", form)
    assert response.status_code == 200 and response.streaming, response
    return response, b"".join(response.streaming_content)


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def sheet(content: bytes) -> list[tuple[Any, ...]]:
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    found = [[cell.value for cell in row] for row in book["Contacts"].iter_rows()]
    return [(*row, *[None] * (len(found[0]) - len(row))) for row in found]


def stored() -> list[dict[str, Any]]:
    """Every contact by what an export shall keep: all fields, the owner as a person."""
    names = [field.name for field in live_fields() if not field.custom and field.name != "owner"]
    return list(
        Contact.objects.order_by("email", "company").values(*names, "custom", "owner__email")
    )


# ------------------------------------------------------------------------- what is in it


def test_the_export_holds_what_the_filters_show_and_nothing_else(
    as_member: Client, ada: Contact, member: User, stranger: User
) -> None:
    make_contact(member, first_name="Charles", status="Qualified")
    make_contact(stranger, first_name="Hidden", status="Qualified")
    _, content = export(as_member, "?status=Qualified")
    assert [row["First name"] for row in rows(content)] == ["Charles"]
    _, content = export(as_member)
    assert {row["First name"] for row in rows(content)} == {"Ada", "Charles"}


def test_selected_rows_are_exported_and_foreign_ones_are_not(
    as_member: Client, ada: Contact, member: User, stranger: User
) -> None:
    make_contact(member, first_name="Charles")
    hidden = make_contact(stranger, first_name="Hidden")
    ids = [ada.public_id, hidden.public_id]
    response, content = export(as_member, all="", ids=ids)
    assert [row["First name"] for row in rows(content)] == ["Ada"]
    assert "contacts-selected-" in response.headers["Content-Disposition"]


def test_the_choices_say_how_many_and_nothing_is_exported_yet(
    as_member: Client, ada: Contact
) -> None:
    page = text_of(as_member.get("/contacts/export/?q=ada"))
    assert "Export 1 contact" in page and "What the search and filters show." in page
    part = as_member.get("/contacts/export/", headers={"HX-Request": "true"})
    assert part.headers["HX-Retarget"] == "#dialog"
    asked = as_member.post("/contacts/bulk/", {"action": "export", "ids": [ada.public_id]})
    assert "The selected contacts." in text_of(asked)
    assert not AuditEntry.objects.filter(action="contacts.exported").exists()


def test_the_columns_of_the_list_are_those_and_no_more(as_member: Client, ada: Contact) -> None:
    _, content = export(as_member, columns="shown")
    assert list(rows(content)[0]) == [
        "First name", "Last name", "Email", "Mobile phone", "Company", "Owner", "Last activity", "Upcoming meetings", "Next meeting",
        "Sync",
    ]  # fmt: skip


def test_the_columns_that_a_person_chose_are_exported_in_their_order(
    as_member: Client, ada: Contact, member: User
) -> None:
    make_property("Tier")
    User.objects.filter(pk=member.pk).update(columns=["updated", "custom_tier", "city", "gone"])
    _, content = export(as_member, columns="shown")
    assert list(rows(content)[0]) == ["First name", "Last name", "Last updated", "Tier", "City"]


def test_a_column_set_made_up_by_hand_leaves_out_what_does_not_exist(ada: Contact) -> None:
    archived = make_property("Shoe size", "number")
    Property.objects.update(archived_at=timezone.now())
    columns = columns_named(["email", "password", archived.name, "owner__password", "company"])
    assert [column.header for column in columns] == ["Email", "Company"]
    assert len(columns_named(["password"])) == len(columns_named())


def test_the_file_opens_in_excel_as_utf8_and_its_name_says_what_it_holds(
    as_member: Client, member: User
) -> None:
    make_contact(member, first_name="Zoë")
    response, content = export(as_member)
    assert content.startswith(b"\xef\xbb\xbf") and "Zoë".encode() in content
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "no-store" in response.headers["Cache-Control"]
    day = f"{timezone.localdate():%Y-%m-%d}"
    names = [
        export(as_member, query, kind=kind)[0].headers["Content-Disposition"]
        for query, kind in (("", "csv"), ("?q=zoe", "csv"), ("", "xlsx"))
    ]
    assert names == [
        f'attachment; filename="contacts-{what}"'
        for what in (f"all-{day}.csv", f"filtered-{day}.csv", f"all-{day}.xlsx")
    ]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_export_is_streamed_without_a_query_for_each_contact(
    as_member: Client, member: User, django_assert_max_num_queries: Any, kind: str
) -> None:
    Account.load()
    for _ in range(30):
        make_contact(member)
    with django_assert_max_num_queries(10):
        _, content = export(as_member, kind=kind)
    assert len(rows(content) if kind == "csv" else sheet(content)[1:]) == 30


def test_the_audit_knows_who_exported_how_many_and_no_names(
    as_member: Client, ada: Contact, member: User
) -> None:
    export(as_member, "?q=ada")
    entry = AuditEntry.objects.get(action="contacts.exported")
    assert (entry.actor, entry.detail) == (member, {"count": 1, "format": "csv"})


def test_the_owner_is_the_colleagues_email(as_member: Client, ada: Contact) -> None:
    [row] = rows(export(as_member)[1])
    assert row["Owner"] == "member@kith.test" and row["Contact ID"] == ada.public_id


@pytest.mark.parametrize(
    ("form", "query"),
    [
        ({"format": "pdf"}, ""),
        ({"format": ""}, ""),
        ({"columns": "password"}, ""),
        ({"all": "", "ids": ""}, ""),
        ({}, "?status=Great"),
    ],
)
def test_bad_choices_export_nothing_and_say_so(
    as_member: Client, ada: Contact, form: dict[str, str], query: str
) -> None:
    whole = {"all": "1", "format": "csv", "columns": "all"} | form
    answer = as_member.post(f"/contacts/export/{query}", whole)
    assert answer.status_code == 422 and "alert" in answer.content.decode()
    assert not AuditEntry.objects.exists()


def test_an_export_that_would_be_refused_is_not_offered(as_member: Client, ada: Contact) -> None:
    asked = as_member.get("/contacts/export/?f.custom_gone=is:Gold")
    assert asked.status_code == 422
    assert "Nothing was exported" in text_of(asked) and "could not be read" in text_of(asked)


# ------------------------------------------------------------------------------ formulas


def test_cells_that_a_spreadsheet_would_run_are_neutralised(
    as_member: Client, member: User
) -> None:
    make_contact(member, first_name="=1+1", company="＋1", mobile_phone="+12025550103")
    [row] = rows(export(as_member)[1])
    assert row["First name"] == "'=1+1" and row["Company"] == "'＋1"
    assert row["Mobile phone"] == "'+12025550103"


def test_no_cell_of_a_workbook_is_a_formula_or_would_become_one_as_csv(
    as_member: Client, member: User
) -> None:
    for number, payload in enumerate(shared_json(PAYLOADS)):
        make_contact(member, first_name=payload.replace("\x00", "\x01"), email=f"p{number}@example.com")  # fmt: skip
    make_property("=SUM(A1)")
    content = export(as_member, kind="xlsx")[1]
    book = openpyxl.load_workbook(io.BytesIO(content))
    for row in book["Contacts"].iter_rows():
        for cell in row:
            assert cell.data_type != "f"
            assert not (isinstance(cell.value, str) and is_formula(cell.value)), cell.value


def test_every_formula_payload_is_defused_and_comes_back_as_it_was() -> None:
    cells = [*shared_json(PAYLOADS), *ERRORS, "'quoted", "''", "'#N/A", "plain"]
    for cell in cells:
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


# ---------------------------------------------------------------------------- round trip


@pytest.fixture
def properties(db: None) -> list[Field]:
    """One of each kind, and some whose labels make trouble."""
    return [
        make_property("Nickname"),
        make_property("Notes", "long_text"),
        make_property("Score", "number"),
        make_property("Vegetarian", "yes_no"),
        make_property("Birthday", "date"),
        make_property("Tier", "select", "Gold", "=Silver", "#N/A"),
        make_property("Interests", "multi_select", "Tax", "-Audit", "Wills & estates"),
        make_property("Company"),  # as a field of our own is called
        make_property("Captured on", "date"),
        make_property("Title"),  # as other products call the job title
        make_property("555 123 4567"),  # a head that looks like data
    ]


@pytest.fixture
def everybody(admin_user: User, member: User, properties: list[Field]) -> list[Contact]:
    """Contacts whose values, cleaned as a form cleans them, are as hostile as they can be."""
    payloads = [
        *shared_json(PAYLOADS),
        *ERRORS,
        "_x0041_",
        "a\uffffb",
        "'",
        "'=",
        "<b>&amp;",
        "1e5",
    ]
    texts = [field for field in live_fields() if field.kind.value in {"text", "long text"}]
    made = []
    for number, payload in enumerate(payloads):
        values = {field.name: clean(field, payload, region="US") for field in texts}
        values |= {"first_name": values["first_name"] or "Ada", "has_consent": bool(number % 2)}
        values |= {"employees": number * 1000, "status": "Qualified" if number % 3 else ""}
        made.append(make_contact(member, email=f"p{number}@example.com", **values))
    custom = {
        "custom_score": "-1200.5", "custom_vegetarian": "Yes", "custom_birthday": "1899-12-30",
        "custom_tier": "=Silver", "custom_interests": "-Audit; Wills & estates",
        "custom_captured_on": "2026-11-23", "custom_notes": "two\nlines, \"quoted\"",
    }  # fmt: skip
    made.append(make_contact(
        admin_user, email="=1+1@example.com", mobile_phone="+12025550103",
        phone="+442079460018;ext=5", timezone="Europe/London", terms_of_service=True,
        street_address="1 High St\nLondon", **custom,
    ))  # fmt: skip
    more = {"custom_score": "0.000001", "custom_birthday": "2024-02-29", "custom_tier": "#N/A"}
    made.append(make_contact(member, email="more@example.com", **more))
    more = {"custom_score": "123456789012345.123456", "custom_tier": "Gold"}
    made.append(make_contact(member, first_name="", company="A company alone", **more))
    made.append(make_contact(member, first_name="A name", last_name="alone", custom_score="42"))
    return made


def saved(content: bytes, folder: Path, kind: str) -> Path:
    path = folder / f"contacts.{kind}"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_export_imports_back_and_changes_nothing(
    as_admin: Client, admin_user: User, everybody: list[Contact], tmp_path: Path, kind: str
) -> None:
    before = list(Contact.objects.order_by("pk").values())
    batch = bring_in(saved(export(as_admin, kind=kind)[1], tmp_path, kind), admin_user)
    assert batch.unchanged == batch.rows == len(everybody), [
        (row.values, row.problems, row.changes) for row in batch.import_rows.exclude(outcome="unchanged")
    ]  # fmt: skip
    assert list(Contact.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_export_makes_the_same_contacts_in_an_empty_account(
    as_admin: Client, admin_user: User, everybody: list[Contact], tmp_path: Path, kind: str
) -> None:
    before = stored()
    path = saved(export(as_admin, kind=kind)[1], tmp_path, kind)
    for contact in everybody:
        delete_contact(contact_id=contact.pk, actor=by())
    batch = bring_in(path, admin_user)
    assert batch.new == batch.rows == len(everybody), [
        (row.cells, row.problems) for row in batch.import_rows.exclude(outcome="new")
    ]
    assert stored() == before
    again = bring_in(path, admin_user)
    assert again.unchanged == again.rows and stored() == before


def test_a_workbook_has_numbers_and_days_as_such_where_that_is_exact(
    as_admin: Client, everybody: list[Contact]
) -> None:
    head, *body = sheet(export(as_admin, kind="xlsx")[1])
    columns = {name: [row[place] for row in body] for place, name in enumerate(head)}
    assert {-1200.5, 42, "0.000001", "123456789012345.123456"} <= set(columns["Score"])
    days = {str(day) for day in columns["Birthday"] if day}
    assert days == {"1899-12-30", "2024-02-29 00:00:00"}
    assert 1000 in columns["Employees"] and "'+12025550103" in columns["Mobile phone"]


def test_every_set_of_columns_maps_back_by_its_heads(properties: list[Field]) -> None:
    Property.objects.create(name="tier_too", label="Tier", kind="text")
    names = [field.name for field in live_fields()]
    shown = names_in_file(column.name for column in usual_columns())
    sets = [(), shown, names, names[::-1], ["phone"], ["creation_time", "custom_captured_on"]]
    for chosen in [*sets, *([name] for name in names)]:
        columns = columns_named(chosen)
        found = guess([column.header for column in columns], [], custom_labels())
        assert [column.field for column in found] == [column.field for column in columns], chosen


def test_the_id_finds_a_contact_whose_every_address_was_changed_in_the_file(
    as_admin: Client, admin_user: User, ada: Contact
) -> None:
    text = export(as_admin)[1].decode("utf-8-sig").replace("ada@example.com", "new@example.com")
    batch = bring_in(text, admin_user)
    ada.refresh_from_db()
    assert (batch.updated, ada.email, Contact.objects.count()) == (1, "new@example.com", 1)


def test_an_id_and_an_address_of_two_contacts_are_not_mixed_up(
    admin_user: User, ada: Contact
) -> None:
    other = make_contact(ada.owner, first_name="Other", email="other@example.com")
    batch = plan(f"Contact ID,Email\n{ada.public_id},other@example.com\n", admin_user)
    assert batch.invalid == 1
    assert "another contact than the one with this id" in batch.import_rows.get().problems[0]
    assert other.email == "other@example.com"


def test_the_ids_of_another_system_are_left_out(admin_user: User) -> None:
    batch = plan("Contact ID,Email\n0031t00000AbCdE,a@example.com\n", admin_user)
    assert batch.mapping == ["", "email"] and batch.new == 1


def test_an_owner_who_has_left_stays_the_owner(
    as_admin: Client, admin_user: User, tmp_path: Path
) -> None:
    left = make_user(Role.MEMBER, email="left@kith.test")
    contact = make_contact(left, email="a@example.com")
    User.objects.filter(pk=left.pk).update(is_active=False)
    batch = bring_in(export(as_admin)[1], admin_user)
    contact.refresh_from_db()
    assert (batch.unchanged, contact.owner) == (1, left)


# ------------------------------------------------------------------------------ workbooks


def test_a_workbook_is_whole_and_has_no_part_it_does_not_name(
    as_member: Client, ada: Contact
) -> None:
    content = export(as_member, kind="xlsx")[1]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        named = archive.read("[Content_Types].xml").decode()
        parts = [
            name for name in archive.namelist() if name.startswith("xl/") and "_rels" not in name
        ]
        assert all(f"/{name}" in named for name in parts)
    assert sheet(content)[1][0] == "Ada"


def test_rows_are_read_in_batches_not_all_at_once(member: User) -> None:
    for _ in range(3):
        make_contact(member)
    first = next(rows_of(Contact.objects.order_by("pk"), columns_named(["first_name"])))
    assert first == ["Ada"] and field_named("first_name").label == "First name"
