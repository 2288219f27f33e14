"""Carrying the plan out: exactly that, once, whatever happened since and whoever dies."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from contacts.deleting import delete_contact
from contacts.imports import committing, running
from contacts.imports.committing import stop
from contacts.models import Contact, FieldChange, Import, ImportRow, PossibleDuplicate, User
from contacts.services import update_contact
from tests.contacts.imports.engine import add_up, bring_in, commit, plan, row
from tests.factories import by, make_contact
from tests.shared import shared_file
from tests.stored import everything_stored

PEOPLE = "Email,First Name\n" + "".join(f"p{n}@example.com,P{n}\n" for n in range(10))


def test_contacts_are_made_and_changed_as_the_preview_said(admin_user: User, ada: Contact) -> None:
    text = "Email,Company,City\nada@example.com,Analytical,\nnew@example.com,,Turin\n"
    batch = bring_in(text, admin_user)
    assert (batch.state, batch.new, batch.updated) == (Import.State.DONE, 1, 1)
    ada.refresh_from_db()
    made = Contact.objects.get(email="new@example.com")
    assert (ada.company, made.city, made.owner) == ("Analytical", "Turin", admin_user)


def test_history_names_the_row_and_the_file(admin_user: User, ada: Contact) -> None:
    bring_in("Email,Company\nada@example.com,Analytical\n", admin_user)
    change = ada.history.get(field="company", new="Analytical")
    assert (change.source, change.detail, change.actor) == (
        "import",
        "row 2 of people.csv",
        admin_user,
    )


def test_an_imported_contact_is_found_by_search_and_identifier(admin_user: User) -> None:
    bring_in("Email,First Name\nZoe@example.com,Zoë\n", admin_user)
    found = Contact.objects.all().search("zoe", region="US").get()
    assert found.identifiers.get().key == "zoe@example.com"


def test_a_replaced_address_becomes_former(admin_user: User, member: User) -> None:
    noor = make_contact(member, email="old@example.com", mobile_phone="+12025550118")
    bring_in("Email,Mobile Phone\nnew@example.com,+12025550118\n", admin_user)
    assert dict(noor.identifiers.filter(kind="email").values_list("value", "current")) == {
        "old@example.com": False,
        "new@example.com": True,
    }


@pytest.mark.parametrize(
    "name", ["identity/dups_in_file.csv", "product_headers/hubspot.csv", "shape/ragged.csv"]
)
def test_the_same_file_a_second_time_changes_nothing(admin_user: User, name: str) -> None:
    path = shared_file(f"corpora/own/{name}")
    first = bring_in(path, admin_user)
    contacts, changes = Contact.objects.count(), FieldChange.objects.count()
    again = bring_in(path, admin_user)
    assert (again.new, again.updated) == (0, 0)
    assert again.unchanged == first.new and add_up(again)
    assert (Contact.objects.count(), FieldChange.objects.count()) == (contacts, changes)


def test_a_contact_that_changed_since_the_preview_is_refused_not_overwritten(
    admin_user: User, ada: Contact
) -> None:
    batch = plan("Email,Company\nada@example.com,Analytical\n", admin_user)
    update_contact(contact_id=ada.pk, actor=by(), values={"company": "Theirs"})
    commit(batch)
    ada.refresh_from_db()
    assert (batch.refused, batch.updated, ada.company) == (1, 0, "Theirs")
    assert row(batch, 2).problems == ["The contact was changed after the preview"]


def test_a_contact_deleted_since_the_preview_is_refused_and_leaves_no_value(
    admin_user: User, ada: Contact
) -> None:
    batch = plan("Email,Company\nada@example.com,Analytical\n", admin_user)
    delete_contact(contact_id=ada.pk, actor=by())
    commit(batch)
    assert batch.refused == 1
    stored = everything_stored()
    assert "ada@example.com" not in stored and "Analytical" not in stored


def test_an_address_taken_since_the_preview_is_refused_with_the_rows_merged_into_it(
    admin_user: User, member: User
) -> None:
    batch = plan("Email,First Name\na@example.com,A\nA@example.com,B\n", admin_user)
    make_contact(member, email="a@example.com")
    commit(batch)
    assert (batch.refused, batch.new, add_up(batch)) == (2, 0, True)


def test_a_row_that_names_two_contacts_becomes_a_possible_duplicate(
    admin_user: User, ada: Contact, member: User
) -> None:
    other = make_contact(member, mobile_phone="+12025550118")
    bring_in("Email,Mobile Phone\nada@example.com,+12025550118\n", admin_user)
    pair = PossibleDuplicate.objects.get()
    assert {pair.first, pair.second} == {ada, other}


def test_a_worker_that_dies_between_chunks_is_resumed_without_doing_a_row_twice(
    admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committing, "CHUNK", 4)
    batch = plan(PEOPLE, admin_user)
    Import.objects.filter(pk=batch.pk).update(state=Import.State.COMMITTING)
    write, calls = committing._write, []

    def dying(work: Any) -> None:
        calls.append(work)
        if len(calls) == 2:
            raise SystemExit("kill -9")
        write(work)

    monkeypatch.setattr(committing, "_write", dying)
    with pytest.raises(SystemExit):
        running.run(batch.pk)
    assert Contact.objects.count() == 4
    running.run(batch.pk)  # the claim of the dead worker still holds
    assert Contact.objects.count() == 4
    Import.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    running.run(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, Contact.objects.count(), batch.new) == (Import.State.DONE, 10, 10)
    assert FieldChange.objects.filter(field="first_name").count() == 10


def test_a_stopped_import_keeps_what_is_done_and_reports_the_rest(
    admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committing, "CHUNK", 4)
    batch = plan(PEOPLE, admin_user)
    Import.objects.filter(pk=batch.pk).update(state=Import.State.COMMITTING)
    write = committing._write

    def then_stopped(work: Any) -> None:
        write(work)
        Import.objects.filter(pk=batch.pk).update(
            lease_token=""
        )  # what losing the claim looks like

    monkeypatch.setattr(committing, "_write", then_stopped)
    running.run(batch.pk)
    assert stop(batch, by(admin_user))
    batch.refresh_from_db()
    assert (batch.state, batch.new, batch.refused) == (Import.State.CANCELLED, 4, 6)
    assert add_up(batch) and Contact.objects.count() == 4


def test_the_file_and_its_sample_values_are_gone_after_the_import(admin_user: User) -> None:
    batch = plan("Email,First Name\nsecret@example.com,S\n", admin_user)
    path = batch.file
    commit(batch)
    assert not path.exists() and batch.shape["samples"] == []


def test_an_import_is_set_based(admin_user: User, django_assert_max_num_queries: Any) -> None:
    batch = plan(PEOPLE.replace("@", "@big."), admin_user)
    Import.objects.filter(pk=batch.pk).update(state=Import.State.COMMITTING)
    with django_assert_max_num_queries(40):
        running.run(batch.pk)
    assert ImportRow.objects.filter(batch=batch, contact__isnull=False).count() == 10
