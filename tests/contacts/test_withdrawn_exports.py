"""A file of an export goes when somebody in it is deleted, whatever happens meanwhile."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from contacts.deleting import delete_contact, plan_delete
from contacts.erasing import erase_contact
from contacts.exporting import files as export_files
from contacts.exporting.contents import roll_of, withdraw_late
from contacts.exporting.files import folder
from contacts.leftovers import UNRECORDED_FOR, remove_leftovers
from contacts.management.commands.relay import Relay
from contacts.models import Contact, ExportFile, User
from tests.contacts.bulk.doing import begin, finish, people
from tests.contacts.imports.engine import plan
from tests.contacts.pages import HTMX, text_of, url_of
from tests.contacts.test_export_files import in_the_background, want, written
from tests.contacts.test_races import at_once
from tests.contacts.unmerge_tools import fold
from tests.factories import by, make_contact, make_user

__all__ = ["in_the_background"]  # a fixture
State = ExportFile.State


def delete(contact: Contact) -> str:
    return delete_contact(contact_id=contact.pk, actor=by())


def file_with(client: Client, *contacts: Contact, kind: str = "csv") -> ExportFile:
    """A file that was written with these contacts in it, without their ids among the columns."""
    ids = [contact.public_id for contact in contacts]
    want(client, all="", ids=ids, kind=kind, columns="shown")
    return written(ExportFile.objects.latest("pk"))


def is_withdrawn(file: ExportFile) -> bool:
    """By its row, and by what lies on the disk."""
    path = Path(file.path)
    file.refresh_from_db()
    gone = not path.exists() and not roll_of(path).exists()
    return gone and (file.state, file.path) == (State.WITHDRAWN, "")


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_file_is_withdrawn_and_its_page_says_why(
    as_member: Client, member: User, kind: str, django_capture_on_commit_callbacks: Any
) -> None:
    chosen, others = people(member, 3), people(member, 2)
    file, other = file_with(as_member, *chosen, kind=kind), file_with(as_member, *others)
    with django_capture_on_commit_callbacks(execute=True):
        delete(chosen[1])
    assert is_withdrawn(file) and not is_withdrawn(other)
    page = as_member.get(f"/contacts/export/{file.pk}/")
    assert "A contact in this file was deleted" in text_of(page) and "Export again" in text_of(page)
    assert as_member.get(f"/contacts/export/{file.pk}/download/").status_code == 404
    assert "Withdrawn" in text_of(as_member.get("/contacts/bulk/"))


def test_the_pop_up_counts_the_files_that_hold_the_contact(as_member: Client, member: User) -> None:
    first, second = people(member, 2)
    file_with(as_member, first, second)
    dialog = as_member.get(url_of("contact_delete", first), headers=HTMX)
    assert "1 file on this server that holds the contact" in text_of(dialog)
    third = make_contact(member)
    assert plan_delete([third]).exports == 0


def test_a_file_with_a_contact_that_was_merged_away_since_goes_with_the_survivor(
    as_member: Client, member: User, django_capture_on_commit_callbacks: Any
) -> None:
    first, second, third = people(member, 3)
    file = file_with(as_member, first, second)
    survivor = fold(third, first)
    with django_capture_on_commit_callbacks(execute=True):
        delete(survivor)
    assert is_withdrawn(file)


def test_a_bulk_delete_and_an_erasure_withdraw_it_too(
    as_member: Client, member: User, django_capture_on_commit_callbacks: Any
) -> None:
    first, second, third = people(member, 3)
    file, other = file_with(as_member, first, second), file_with(as_member, third, second)
    with django_capture_on_commit_callbacks(execute=True):
        finish(begin(member, "delete", "", first))
        receipt = erase_contact(public_id=third.public_id, actor=by())
    assert receipt.detail["counts"]["exported files"] == 1
    assert is_withdrawn(file) and is_withdrawn(other)


def test_a_file_of_which_it_is_not_known_who_is_in_it_is_withdrawn(
    as_member: Client, member: User, django_capture_on_commit_callbacks: Any
) -> None:
    first, second, third = people(member, 3)
    file = file_with(as_member, first, second)
    roll_of(file.path).unlink()
    with django_capture_on_commit_callbacks(execute=True):
        delete(third)
    assert is_withdrawn(file)


def test_who_is_deleted_while_the_file_is_written_is_not_offered(
    as_member: Client, member: User, monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    first, *_ = people(member, 4)
    want(as_member)
    rows_of = export_files.rows_of

    def deleted_in_the_middle(*args: Any) -> Any:
        for number, row in enumerate(rows_of(*args)):
            if number == 2:
                delete(first)
            yield row

    monkeypatch.setattr(export_files, "rows_of", deleted_in_the_middle)
    with django_capture_on_commit_callbacks(execute=True):
        file = written(ExportFile.objects.get())
    assert file.state == State.WITHDRAWN and not list(folder().iterdir())


def test_a_file_written_inside_the_time_of_a_delete_is_withdrawn_by_the_relay(
    as_member: Client, member: User, monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    first, second = people(member, 2)
    file = file_with(as_member, first, second)
    with monkeypatch.context() as unseen:
        unseen.setattr("contacts.deleting.withdraw", lambda ids: 0)
        delete(first)
    with django_capture_on_commit_callbacks(execute=True):
        withdraw_late()
    assert is_withdrawn(file)


def test_what_a_process_that_died_did_not_remove_the_relay_removes(
    as_member: Client, member: User
) -> None:
    first, second, third, fourth = people(member, 4)
    file, kept = file_with(as_member, first, second), file_with(as_member, third, fourth)
    delete(first)  # inside the test's transaction: what comes after the commit never comes
    assert Path(file.path).exists()
    Relay().look(1000.0)
    assert is_withdrawn(file)
    assert {path.name for path in folder().iterdir()} == {
        Path(kept.path).name,
        roll_of(kept.path).name,
    }


def test_an_upload_that_no_row_names_is_removed_after_an_hour(
    admin_user: User, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(settings, "MEDIA_ROOT", tmp_path)
    named = plan("Email\nada@example.com\n", admin_user).file
    nobodys = tmp_path / "0123.upload"
    nobodys.touch()
    remove_leftovers()
    assert nobodys.exists()
    monkeypatch.setattr("contacts.leftovers.UNRECORDED_FOR", -UNRECORDED_FOR)
    remove_leftovers()
    assert named.exists() and not nobodys.exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="races need PostgreSQL")
def test_writing_and_deleting_at_once_leave_no_file_with_the_deleted() -> None:
    user = make_user()
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    for _ in range(8):
        first, *_ = people(user, 30)
        want(client)
        file = ExportFile.objects.latest("pk")
        at_once(partial(export_files.run, file.pk), partial(delete, first))
        withdraw_late()
        file.refresh_from_db()
        left = b"".join(path.read_bytes() for path in folder().iterdir())
        assert first.public_id.encode() not in left, file.state
        ExportFile.objects.update(created_at=timezone.now() - timedelta(days=1))
