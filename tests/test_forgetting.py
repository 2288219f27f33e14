"""A contact that lived through everything, deleted or erased: what is left, in every table of every
app, in the search index and in the files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from activities.models import Meeting
from contacts.conflicts import file_request
from contacts.deleting import delete_contact
from contacts.duplicates import find_possible_duplicates
from contacts.erasing import erase_contact
from contacts.models import Contact, PossibleDuplicate, Source, Suggestion, User
from tests.activities.bookings import make_calendar, make_meeting
from tests.contacts.bulk.doing import begin, finish
from tests.contacts.imports.engine import bring_in, plan
from tests.contacts.unmerge_tools import fold, merge_of, unfold
from tests.factories import by, make_contact, make_property
from tests.stored import every_file, everything_stored, found_by_search

Forget = Callable[[Contact], object]
SECRETS = ("ada@example.com", "+12025550147", "Lovelace", "Enginesworks", "Zorkville", "guessed")
FILE = "Email,First name,Last name,Mobile phone,City\n"


def delete(contact: Contact) -> None:
    delete_contact(contact_id=contact.pk, actor=by())


def erase(contact: Contact) -> None:
    erase_contact(public_id=contact.public_id, actor=by())


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings, "KITH_HOME", tmp_path)
    monkeypatch.setattr(settings, "MEDIA_ROOT", tmp_path / "uploads")


@pytest.fixture
def lived(member: User, stranger: User, admin_user: User) -> Contact:
    """Ada after a merge that was undone, imports, a bulk action, a refused save, and guesses."""
    nickname = make_property("Nickname").name
    ada = make_contact(
        member,
        first_name="Ada",
        last_name="Lovelace",
        email="ada@example.com",
        mobile_phone="+12025550147",
        company="Enginesworks",
        **{nickname: "Zorkville"},
    )
    bob = make_contact(
        member, first_name="Bob", email="bob@example.com", mobile_phone="+12025550111"
    )
    unfold(merge_of(fold(bob, ada)))
    ada = Contact.objects.get(public_id=ada.public_id)
    row = "ada@example.com,Ada,Lovelace,+12025550147,Zorkville\n"
    both = "ada@example.com,Ada,Lovelace,+12025550111,Zorkville\n"
    bring_in(FILE + row + "ADA@example.com,,,,Zorkville\n", admin_user)
    bring_in(FILE + both, admin_user)
    finish(begin(member, "status", "Qualified", ada))
    file_request(user=stranger, contact=None, typed={"email": "ada@example.com"}, holders=[ada.pk])
    Suggestion.objects.create(contact=ada, field="city", value="guessed", source=Source.BOOKING)
    make_contact(member, first_name="Ada", last_name="Lovelace", company="Enginesworks")
    find_possible_duplicates()
    assert PossibleDuplicate.objects.exists()
    delete(Contact.objects.latest("pk"))  # her twin, who would keep the words in the tables
    return Contact.objects.get(pk=ada.pk)


@pytest.mark.parametrize("forget", [delete, erase])
def test_no_table_no_index_and_no_file_knows_the_contact_afterwards(
    lived: Contact, forget: Forget, django_capture_on_commit_callbacks: Any
) -> None:
    assert all(secret in everything_stored() for secret in SECRETS) and found_by_search("lovela")
    with django_capture_on_commit_callbacks(execute=True):
        forget(lived)
    stored, files = everything_stored().lower(), every_file().lower()
    for secret in SECRETS:
        assert secret.lower() not in stored, secret
        assert secret.lower().encode() not in files, secret
    assert not any(found_by_search(word) for word in ("lovela", "ada@example", "zork", "engineswo"))
    assert found_by_search("bob")


@pytest.mark.parametrize("forget", [delete, erase])
def test_a_plan_that_was_not_carried_out_keeps_no_cell_of_the_contact(
    lived: Contact, admin_user: User, forget: Forget
) -> None:
    row = "ada@example.com,Ada,Lovelace,+12025550147,Zorkville\n"
    batch = plan(FILE + row + "Ada@example.com,,Lovelace,,\n", admin_user)
    forget(lived)
    assert all(not each.cells and not each.values for each in batch.import_rows.all())


def test_an_erased_person_is_in_no_meeting_while_a_deleted_one_is(
    lived: Contact, member: User
) -> None:
    meeting = make_meeting(make_calendar(member), email="ada@example.com", name="Ada Lovelace")
    delete(lived)
    assert Meeting.objects.get(pk=meeting.pk).guest_email == "ada@example.com"
    erase(lived)
    assert "ada@example.com" not in everything_stored() and "Lovelace" not in everything_stored()
