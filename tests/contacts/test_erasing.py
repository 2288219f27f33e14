"""Erasing a person: nothing of them is left but the id, whatever app held it."""

import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.db import connection

from contacts import erasing
from contacts.conflicts import ask, file_request, resolve
from contacts.deleting import delete_contact
from contacts.duplicates import find_possible_duplicates
from contacts.erasing import Eraser, Subject, erase_contact, plan_erasure
from contacts.imports.forgetting import ImportRunning
from contacts.imports.reading import SAMPLE_ROWS
from contacts.imports.uploading import receive
from contacts.models import (
    AuditEntry,
    Contact,
    Import,
    ImportRow,
    Merge,
    PossibleDuplicate,
    PublicId,
    User,
)
from contacts.services import ContactGone, release_identifier, update_contact
from contacts.signals import contacts_changed
from tests.contacts.imports.engine import bring_in, commit, plan
from tests.contacts.test_races import at_once, of_type
from tests.factories import NEW_ADDRESS, by, make_contact, make_user, merge
from tests.stored import everything_stored

SECRETS = ("ada@example.com", "second@example.org", "released@example.org", "Lovelace", "Engines")
FILE = "Email,First Name,Last Name,Note\n"
ADA = "ada@example.com,Ada,Lovelace,\n"


@pytest.fixture
def erasers() -> Iterator[list[Subject]]:
    """An app that keeps three meetings of everybody; whom it was asked to forget."""
    seen: list[Subject] = []

    def erase(subject: Subject) -> dict[str, int]:
        assert connection.in_atomic_block
        seen.append(subject)
        return {"past meetings": 3, "reminders": 0}

    eraser = Eraser(plan=lambda subject: {"past meetings": 3, "reminders": 0}, erase=erase)
    erasing.register(eraser)
    yield seen
    erasing._erasers.remove(eraser)


def erase(contact: Contact | str) -> AuditEntry:
    public_id = contact if isinstance(contact, str) else contact.public_id
    return erase_contact(public_id=public_id, actor=by())


@pytest.fixture
def lived_in(ada: Contact, member: User, stranger: User) -> Contact:
    """Ada with a past: two former addresses, one of them released, a merge, a request, a pair."""
    for email in ("released@example.org", "second@example.org", "ada@example.com"):
        update_contact(contact_id=ada.pk, actor=by(member), values={"email": email})
    released = ada.identifiers.get(key="released@example.org")
    release_identifier(contact_id=ada.pk, identifier_id=released.pk, actor=by(member))
    ada.refresh_from_db()
    typed = {"email": "ada@example.com", "last_name": "Lovelace"}
    filed = file_request(user=stranger, contact=None, typed=typed, holders=[ada.pk])
    resolve(request=filed, note="That is Ada Lovelace of Engines", actor=by())
    ask(
        file_request(
            user=stranger, contact=None, typed={"email": "RELEASED@example.org"}, holders=[]
        )
    )
    make_contact(member, first_name="Ada", last_name="Lovelace", company="Engines")
    other = Contact.objects.latest("pk")
    PossibleDuplicate.objects.create(first=ada, second=other, reason="Same name and company")
    update_contact(
        contact_id=other.pk, actor=by(), values={"last_name": "Byron", "company": "Mill"}
    )
    other.history.filter(field__in=["last_name", "company"]).delete()
    return ada


def test_nothing_of_the_person_is_left_but_the_id(lived_in: Contact) -> None:
    find_possible_duplicates()
    receipt = erase(lived_in)
    stored = everything_stored()
    for secret in SECRETS:
        assert secret.lower() not in stored.lower(), secret
    assert PublicId.objects.get(pk=lived_in.public_id).state == "deleted"
    assert receipt.detail["counts"] == {
        "contact record": 1,
        "emails": 2,
        "other details": 1,
        "recorded changes": 8,  # five fields, then three addresses
        "possible duplicates": 1,
        "requests to administrators": 2,
    }


def test_the_plan_says_beforehand_what_the_receipt_says_afterwards(
    lived_in: Contact, erasers: list[Subject], admin_user: User
) -> None:
    bring_in(FILE + ADA, admin_user)
    told = plan_erasure(lived_in.public_id)
    assert told.removal is not None
    counts = erase(lived_in).detail["counts"]
    assert (told.removal.emails, told.removal.changes) == (
        counts["emails"],
        counts["recorded changes"],
    )
    assert (told.suspicions, told.requests, len(told.traces.rows), told.others) == (
        counts["possible duplicates"],
        counts["requests to administrators"],
        counts["rows of imports"],
        {"past meetings": counts["past meetings"]},
    )


def test_other_apps_are_told_who_it_is_by_every_identifier(
    lived_in: Contact, erasers: list[Subject]
) -> None:
    erase(lived_in)
    [subject] = erasers
    assert subject.contact_id == lived_in.pk and subject.public_ids == {lived_in.public_id}
    known = {(one.kind, one.key, one.value) for one in subject.identifiers}
    emails = ("ada@example.com", "second@example.org", "released@example.org")
    assert known == {("email", email, email) for email in emails}


def test_an_address_that_belongs_to_somebody_else_by_now_is_not_the_persons(
    lived_in: Contact, member: User, erasers: list[Subject], admin_user: User
) -> None:
    heir = make_contact(member, first_name="Heir", email="released@example.org")
    batch = bring_in("Email,City\nreleased@example.org,Turin\n", admin_user)
    erase(lived_in)
    assert "released@example.org" not in {one.key for one in erasers[0].identifiers}
    heir.refresh_from_db()
    assert heir.city == "Turin" and ImportRow.objects.get(batch=batch).cells[1] == "Turin"


def test_a_deleted_contact_can_still_be_erased_elsewhere(
    ada: Contact, erasers: list[Subject]
) -> None:
    delete_contact(contact_id=ada.pk, actor=by())
    assert plan_erasure(ada.public_id).others == {"past meetings": 3}
    receipt = erase(ada.public_id)
    assert receipt.detail == {"counts": {"past meetings": 3}}
    assert erasers == [Subject(ada.public_id, frozenset({ada.public_id}), None)]


def test_a_merged_id_stands_for_the_person_it_was_merged_into(
    ada: Contact, member: User, erasers: list[Subject]
) -> None:
    old = ada.public_id
    survivor = merge(ada, make_contact(member, email=NEW_ADDRESS))
    receipt = erase(old)
    assert receipt.object_id == survivor.public_id and not Contact.objects.exists()
    assert erasers[0].public_ids == {old, survivor.public_id}
    assert {one.key for one in erasers[0].identifiers} == {"ada@example.com", NEW_ADDRESS}
    assert Merge.objects.get().before == {} and "Lovelace" not in everything_stored()


def test_an_unknown_id_is_refused(db: None) -> None:
    for attempt in (plan_erasure, erase):
        with pytest.raises(ContactGone):
            attempt("CTC-NEVER0000000")
    assert not AuditEntry.objects.exists()


def test_nothing_left_is_said_and_receipted(ada: Contact) -> None:
    delete_contact(contact_id=ada.pk, actor=by())
    assert plan_erasure(ada.public_id).nothing_left
    assert erase(ada.public_id).detail == {"counts": {}}


def test_listeners_hear_of_it_while_the_record_is_there(ada: Contact) -> None:
    heard: list[Any] = []

    def listen(changes: list[Any], **_: Any) -> None:
        heard.extend((c.kind, c.contact_id, Contact.objects.count()) for c in changes)

    contacts_changed.connect(listen)
    try:
        erase(ada)
        erase(ada.public_id)
    finally:
        contacts_changed.disconnect(listen)
    assert heard == [("erased", ada.pk, 1), ("erased", 0, 0)]


def test_an_eraser_that_fails_undoes_everything(ada: Contact) -> None:
    def broken(subject: Subject) -> dict[str, int]:
        raise ZeroDivisionError

    eraser = Eraser(plan=lambda subject: {}, erase=broken)
    erasing.register(eraser)
    try:
        with pytest.raises(ZeroDivisionError):
            erase(ada)
    finally:
        erasing._erasers.remove(eraser)
    assert Contact.objects.get() == ada and not AuditEntry.objects.exists()


def rows(batch: Import) -> list[tuple[int, str, list[str]]]:
    stored = ImportRow.objects.filter(batch=batch).order_by("number")
    return [(row.number, row.outcome, row.cells) for row in stored]


def test_rows_of_finished_imports_lose_their_cells_and_keep_their_outcome(
    ada: Contact, admin_user: User
) -> None:
    batch = bring_in(FILE + ADA + "bob@example.com,Bob,,\nbad,,,ada@example.com\n", admin_user)
    assert erase(ada).detail["counts"]["rows of imports"] == 1
    assert rows(batch)[:2] == [
        (2, "unchanged", []),
        (3, "new", ["bob@example.com", "Bob", "", ""]),
    ]


def test_a_planned_row_of_the_person_is_not_imported_afterwards(
    ada: Contact, admin_user: User, django_capture_on_commit_callbacks: Any
) -> None:
    text = FILE + "bob@example.com,Bob,,\n" + ADA + " ADA@example.com ,Countess,,\n"
    batch = plan(text, admin_user)
    file = batch.file
    with django_capture_on_commit_callbacks(execute=True):
        counts = erase(ada).detail["counts"]
    assert (counts["rows of imports"], counts["uploaded files"]) == (2, 1)
    batch.refresh_from_db()
    assert (batch.path, batch.invalid, batch.new, batch.rows) == ("", 2, 1, 3)
    assert not file.exists() and "Countess" not in everything_stored()
    commit(batch)
    assert list(Contact.objects.values_list("email", flat=True)) == ["bob@example.com"]


def test_a_new_person_who_was_only_planned_is_taken_out_of_the_plan_too(
    ada: Contact, admin_user: User
) -> None:
    """A row with a released address would make the person anew."""
    update_contact(contact_id=ada.pk, actor=by(), values={"email": "x@example.com"})
    former = ada.identifiers.get(current=False)
    release_identifier(contact_id=ada.pk, identifier_id=former.pk, actor=by())
    batch = plan(FILE + ADA, admin_user)
    assert batch.new == 1
    erase(ada)
    commit(batch)
    assert not Contact.objects.exists()


@pytest.fixture
def xlsx() -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["Email", "Note"])
    book.active.append(["bob@example.com", "knows ada"])
    book.active.append(["", "ADA@example.com"])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def upload(content: bytes, user: User, name: str) -> Import:
    return receive(io.BytesIO(content), filename=name, user=user)


def test_files_that_wait_and_hold_the_person_are_removed_after_the_commit(
    ada: Contact, admin_user: User, xlsx: bytes, django_capture_on_commit_callbacks: Any
) -> None:
    batches = [
        upload((FILE + ADA).encode("utf-16"), admin_user, "utf16.csv"),
        upload(xlsx, admin_user, "people.xlsx"),
        upload(b"Email\nbob@example.com\n", admin_user, "others.csv"),
    ]
    with django_capture_on_commit_callbacks(execute=True):
        assert erase(ada).detail["counts"]["uploaded files"] == 2
    assert [batch.file.exists() for batch in batches] == [False, False, True]
    for batch in batches:
        batch.refresh_from_db()
    assert [batch.state for batch in batches] == ["failed", "failed", "uploaded"]
    assert "Upload it again without that person" in batches[0].error
    assert "ada@example.com" not in everything_stored().lower()


def test_a_file_too_large_to_search_is_named_and_not_touched(
    ada: Contact, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = "".join(f"p{n}@example.com,P,,\n" for n in range(SAMPLE_ROWS))
    batch = upload((FILE + others + ADA).encode(), admin_user, "large.csv")
    monkeypatch.setattr("contacts.imports.forgetting.READ_UP_TO", 10)
    assert plan_erasure(ada.public_id).traces.unread == [batch]
    erase(ada)
    assert batch.file.exists()


def test_of_a_file_that_is_gone_from_the_disk_the_shown_rows_are_forgotten(
    ada: Contact, admin_user: User
) -> None:
    batch = upload((FILE + ADA).encode(), admin_user, "gone.csv")
    Path(batch.path).unlink()
    assert erase(ada).detail["counts"]["uploaded files"] == 1
    assert "ada@example.com" not in everything_stored()


@pytest.mark.parametrize("state", [Import.State.PLANNING, Import.State.COMMITTING])
def test_a_running_import_is_waited_for(ada: Contact, admin_user: User, state: str) -> None:
    batch = plan(FILE + ADA, admin_user)
    Import.objects.filter(pk=batch.pk).update(state=state)
    with pytest.raises(ImportRunning) as waiting:
        erase(ada)
    assert "“people.csv” is being imported" in erasing.running(waiting.value)
    assert Contact.objects.filter(pk=ada.pk).exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="races need PostgreSQL")
def test_erasing_and_deleting_at_once_leave_nothing_and_no_error() -> None:
    owner = make_user()
    for n in range(15):
        contact = make_contact(owner, email=f"a{n}@example.com")
        results = at_once(
            partial(erase, contact),
            partial(delete_contact, contact_id=contact.pk, actor=by()),
            partial(erase, contact),
        )
        assert of_type(results, AuditEntry) == 2, results
        assert of_type(results, str) + of_type(results, ContactGone) == 1, results
    assert not Contact.objects.exists()
