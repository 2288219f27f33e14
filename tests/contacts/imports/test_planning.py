"""The preview: what each row is, and that nothing has been written."""

from contacts.models import Contact, Import, User
from contacts.services import update_contact
from tests.contacts.imports.engine import add_up, plan, row
from tests.factories import by, make_contact
from tests.shared import shared_file

HEADER = "First Name,Last Name,Email,Mobile Phone,Company\n"


def test_a_preview_writes_no_contact(admin_user: User) -> None:
    batch = plan(HEADER + "Ada,Lovelace,ada@example.com,,Engines\n", admin_user)
    assert (batch.state, batch.new, Contact.objects.count()) == (Import.State.PLANNED, 1, 0)


def test_each_difference_is_filled_replaced_or_kept(admin_user: User, ada: Contact) -> None:
    text = "Email,Company,City,First Name\nADA@example.com,Analytical,London,\n"
    changes = row(plan(text, admin_user), 2).changes
    assert changes == [
        ["company", "Engines", "Analytical", "Replace"],
        ["city", "", "London", "Fill"],
    ]  # the same address in capitals is no change, and an empty cell never is


def test_filling_blanks_only_keeps_what_is_there(admin_user: User, ada: Contact) -> None:
    text = "Email,Company,City\nada@example.com,Analytical,London\n"
    changes = row(plan(text, admin_user, mode="fill"), 2).changes
    assert [change[3] for change in changes] == ["Keep", "Fill"]


def test_a_row_that_changes_nothing_is_unchanged(admin_user: User, ada: Contact) -> None:
    batch = plan("Email,Company\nada@example.com,Engines\n", admin_user)
    assert (batch.unchanged, batch.updated) == (1, 0)


def test_a_contact_without_email_is_matched_by_its_phone(admin_user: User, member: User) -> None:
    noor = make_contact(member, mobile_phone="+12025550118")
    batch = plan("Email,Mobile Phone\nnoor@example.com,202-555-0118\n", admin_user)
    planned = row(batch, 2)
    assert (planned.contact, planned.matched_on) == (noor, "mobile_phone")
    assert planned.changes == [["email", "", "noor@example.com", "Fill"]]


def test_a_former_address_finds_its_contact_but_never_becomes_current(
    admin_user: User, ada: Contact
) -> None:
    update_contact(contact_id=ada.pk, actor=by(), values={"email": "new@example.com"})
    batch = plan("Email,City\nada@example.com,London\n", admin_user)
    assert row(batch, 2).contact == ada
    assert ["email", "new@example.com", "ada@example.com", "Keep"] in row(batch, 2).changes


def test_email_of_one_contact_and_phone_of_another_is_not_guessed(
    admin_user: User, ada: Contact, member: User
) -> None:
    make_contact(member, mobile_phone="+12025550118")
    batch = plan("Email,Mobile Phone\nada@example.com,+12025550118\n", admin_user)
    assert row(batch, 2).problems == [
        "Email belongs to one contact and mobile phone to another. Merge those two first"
    ]


def test_rows_about_one_person_become_one_contact(admin_user: User) -> None:
    text = (
        HEADER
        + "Ada,,a@example.com,,\n,Lovelace,A@example.com,+12025550101,\n,,,+12025550101,Engines\n"
    )
    batch = plan(text, admin_user)
    assert (batch.new, batch.merged) == (1, 2)
    assert row(batch, 2).values == {
        "first_name": "Ada",
        "last_name": "Lovelace",
        "email": "a@example.com",
        "mobile_phone": "+12025550101",
        "company": "Engines",
    }


def test_duplicates_within_a_file_follow_the_same_identity(admin_user: User) -> None:
    batch = plan(shared_file("corpora/own/identity/dups_in_file.csv"), admin_user)
    assert (batch.new, batch.merged, batch.invalid) == (4, 3, 1)  # the extension is refused
    assert "extension" in row(batch, 7).problems[0]


def test_an_invalid_row_names_field_and_fault_and_the_others_go_on(admin_user: User) -> None:
    text = HEADER + "A,,a@b,,\nB,,b@example.com,07,\nC,,c@example.com,,\n,,,,Engines\n"
    batch = plan(text, admin_user)
    assert (batch.new, batch.invalid) == (1, 3)
    assert row(batch, 2).problems[0].startswith("Email: The part after the @ needs a dot")
    assert row(batch, 3).problems[0].startswith("Mobile phone: Too short")
    assert "cannot be identified" in row(batch, 5).problems[0]


def test_a_cell_that_cannot_be_read_is_left_out_and_noted(admin_user: User) -> None:
    text = "Email,Employees,Status,Owner\na@example.com,many,Great,Nobody\n"
    planned = row(plan(text, admin_user), 2)
    assert planned.outcome == "new"
    assert [note.split(" left out")[0] for note in planned.notes] == [
        "Employees",
        "Status",
        "Owner",
    ]


def test_a_fault_in_a_column_that_is_not_imported_does_not_reject_the_row(
    admin_user: User,
) -> None:
    text = b"Email,Scribble\na@example.com,\xff\xfe\xfa\n"
    planned = row(plan(text, admin_user), 2)
    assert planned.outcome == "new" and len(planned.notes) == 1


def test_an_owner_is_found_by_name_or_email(admin_user: User, member: User) -> None:
    text = "Email,Owner\na@example.com,MEMBER@kith.test\nb@example.com,Mia\n"
    batch = plan(text, admin_user)
    assert {row(batch, n).values["owner"] for n in (2, 3)} == {member.pk}


def test_the_counts_always_add_up(admin_user: User, ada: Contact) -> None:
    text = HEADER + "Ada,,ada@example.com,,\nX,,x@example.com,,\nX,,x@example.com,,\nbad,,bad,,\n"
    batch = plan(text, admin_user)
    assert batch.rows == 4 and add_up(batch)


def test_a_chosen_mapping_is_remembered_for_the_same_header(admin_user: User) -> None:
    text = "Email,Nick,Firm name\na@example.com,Ada,Engines\n"
    plan(text, admin_user, Nick="first_name", **{"Firm name": "company"})
    again = plan(text.replace("a@", "b@"), admin_user)
    assert again.mapping == ["email", "first_name", "company"]


def test_planning_takes_as_many_queries_for_many_rows_as_for_few(
    admin_user: User, django_assert_max_num_queries: object
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def queries(rows: int) -> int:
        body = "".join(f"p{rows}x{n}@example.com,P{n}\n" for n in range(rows))
        with CaptureQueriesContext(connection) as captured:
            plan("Email,First Name\n" + body, admin_user)
        return len(captured)

    few = queries(5)  # the first to ask for the properties, once a task
    assert queries(200) <= few + 5
