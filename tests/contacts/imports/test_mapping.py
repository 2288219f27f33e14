"""Which column fills which field, guessed from the headers of other products."""

import pytest
from django.test import Client

from contacts.imports.mapping import FIELDS, ColumnGuess, first_value, guess, header_key
from contacts.imports.reading import inspect_file, iter_rows, unprotect
from contacts.models import Import, User
from tests.contacts.imports.corpora import corpus
from tests.contacts.imports.engine import plan
from tests.contacts.pages import text_of

PRODUCTS = "google_contacts_new outlook_desktop mailchimp hubspot salesforce_dataloader"


def chosen(header: list[str], *samples: list[str]) -> dict[str, str]:
    """field -> header of the column that fills it."""
    guesses = guess(header, list(samples))
    return {found.field: found.header for found in guesses if found.field}


def column(name: str, header: list[str], *samples: list[str]) -> ColumnGuess:
    return next(found for found in guess(header, list(samples)) if found.header == name)


@pytest.mark.parametrize("product", [*PRODUCTS.split(), "oncehub_api_fields"])
def test_an_export_of_this_product_is_mapped_by_itself(product: str) -> None:
    path = corpus(f"own/product_headers/{product}.csv")
    shape = inspect_file(path)
    columns = {found.field: found.index for found in guess(shape.header, shape.samples)}
    assert {"email", "mobile_phone", "first_name", "last_name"} <= columns.keys()
    [row] = iter_rows(path, shape)
    value = {field: unprotect(row.cells[index]) for field, index in columns.items() if field}
    assert (value["first_name"], value["last_name"]) == ("Ada", "Lovelace")
    assert first_value(value["email"])[0] == "ada@example.com"


def test_every_field_of_the_api_is_matched_by_its_name() -> None:
    path = corpus("own/product_headers/oncehub_api_fields.csv")
    guesses = guess(inspect_file(path).header, [])
    assert {found.match for found in guesses} == {"matched"}
    assert {found.field for found in guesses} == FIELDS.keys() - {"name", "contact_id"}


def test_our_own_labels_are_matched() -> None:
    labels = [label for key, label in FIELDS.items() if key != "name"]
    assert {found.match for found in guess(labels, [])} == {"matched"}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (["E-mail 2 Address", "E-mail Address"], {"email": "E-mail Address"}),
        (["OtherStreet", "MailingStreet"], {"street_address": "MailingStreet"}),
        (["Home Phone", "Business Phone", "Mobile"], {"phone": "Business Phone"}),
        (["Title", "Job Title"], {"job_title": "Job Title", "salutation": "Title"}),
        (["Name", "Email"], {"name": "Name"}),
        (["Invitee Email", "Invitee First Name"], {"email": "Invitee Email"}),
        (["Person - Email - Work", "Person - Phone - Mobile"], {"email": "Person - Email - Work"}),
        (["Vorname", "Nachname", "E-Mail-Adresse"], {"first_name": "Vorname"}),
        (["Prénom", "Nom", "Adresse de messagerie"], {"email": "Adresse de messagerie"}),
        (["Straße geschäftlich", "Handy"], {"mobile_phone": "Handy"}),
    ],
)
def test_the_best_column_fills_the_field(header: list[str], expected: dict[str, str]) -> None:
    assert expected.items() <= chosen(header).items()


def test_no_field_is_filled_twice_and_the_loser_says_why() -> None:
    first, second = guess(["Email", "Email"], [])
    assert (first.field, second.field) == ("email", None)
    assert (second.match, second.note) == ("left out", "Email is filled from Email, column 1.")


def test_a_full_name_is_left_out_where_its_parts_have_columns() -> None:
    found = column("Name", ["Name", "FirstName", "LastName"])
    assert (found.field, found.match) == (None, "left out")


def test_a_lone_phone_column_is_taken_as_the_mobile_and_marked_for_a_check() -> None:
    found = column("Phone Number", ["Email", "Phone Number"])
    assert (found.field, found.match) == ("mobile_phone", "check")
    assert "Change it to Phone" in found.note


def test_several_kinds_of_phones_without_a_mobile_stay_phones() -> None:
    assert chosen(["Phone", "Home Phone"]) == {"phone": "Phone"}


def test_values_tell_columns_that_have_no_names() -> None:
    header = ["Column 1", "Column 2", "Column 3"]
    found = guess(header, [["Ada", "ada@example.com", "+1 202-555-0101"]])
    assert [(one.field, one.match) for one in found] == [
        (None, "left out"),
        ("email", "check"),
        ("mobile_phone", "check"),
    ]


def test_dates_and_short_numbers_are_no_phones() -> None:
    assert chosen(["Column 1", "Column 2"], ["2024-03-12", "4711"]) == {}


def test_a_column_called_email_without_addresses_is_marked_for_a_check() -> None:
    assert column("Email", ["Email"], ["yes"]).match == "check"


def test_numbers_shortened_by_a_spreadsheet_are_pointed_out() -> None:
    found = column("Mobile Phone", ["Mobile Phone"], ["2.02556E+09"])
    assert (found.match, "digits are lost" in found.note) == ("check", True)


def test_further_fields_are_matched_by_their_labels() -> None:
    [found] = guess(["favourite  COLOUR"], [], {"custom:7": "Favourite colour"})
    assert (found.field, found.match) == ("custom:7", "matched")


def test_the_same_header_has_the_same_key_however_it_is_written() -> None:
    assert header_key([" e-MAIL", "First\u00a0Name"]) == header_key(["Email", "FirstName"])
    assert header_key(["Email", "Name"]) != header_key(["Name", "Email"])


def test_the_first_of_several_values_is_told_from_the_rest() -> None:
    assert first_value("a@x.com ::: b@x.com") == ("a@x.com", ["b@x.com"])
    assert first_value("a@x.com") == ("a@x.com", [])
    assert first_value("") == ("", [])


@pytest.mark.django_db
def test_the_country_of_local_numbers_is_chosen_by_its_name(
    as_admin: Client, admin_user: User
) -> None:
    batch = plan("Email\na@example.com\n", admin_user)
    Import.objects.filter(pk=batch.pk).update(state=Import.State.UPLOADED)
    assert "United Kingdom (+44)" in text_of(as_admin.get(f"/imports/{batch.pk}/map/"))
