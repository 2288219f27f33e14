"""Exports that a worker writes: for one person, for a day, one at a time."""

import csv
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from contacts.exporting import files as export_files
from contacts.exporting.contents import roll_of
from contacts.exporting.files import folder, remove_old_files, run
from contacts.lists import create_list
from contacts.management.commands.relay import Relay
from contacts.models import AuditEntry, Contact, ExportFile, User
from contacts.views import exports as pages
from tests.contacts.bulk.doing import people
from tests.contacts.imports.test_killed_worker import wait
from tests.contacts.pages import text_of
from tests.contacts.test_races import at_once
from tests.factories import by, make_contact, make_user

State = ExportFile.State
Wanted = Callable[..., ExportFile]


@pytest.fixture(autouse=True)
def in_the_background(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two rows are too many to wait for, and no worker has heard of the file yet."""
    monkeypatch.setattr(pages, "AT_ONCE", {"csv": 1, "xlsx": 1})
    monkeypatch.setattr("contacts.exporting.requests.hint_after_commit", lambda *_: None)
    monkeypatch.setattr(settings, "KITH_HOME", tmp_path)


def want(client: Client, query: str = "", *, kind: str = "csv", **form: Any) -> Any:
    form = {"all": "1", "format": kind, "columns": "all"} | form
    return client.post(f"/contacts/export/{query}", form)


def status_of(client: Client, url: str) -> int:
    response: Any = client.get(url)
    if response.streaming:
        b"".join(response.streaming_content)  # which closes the file, and not the database
    return int(response.status_code)


def written(file: ExportFile) -> ExportFile:
    run(file.pk)
    file.refresh_from_db()
    return file


def test_a_large_export_is_written_and_then_downloaded(as_member: Client, member: User) -> None:
    people(member, 3)
    answer = want(as_member)
    file = ExportFile.objects.get()
    assert answer.url == f"/contacts/export/{file.pk}/"
    assert "0 of 3 contacts" in text_of(as_member.get(answer.url))
    written(file)
    moved_on = as_member.get(f"{answer.url}progress/", headers={"HX-Request": "true"})
    assert moved_on.headers["HX-Redirect"] == answer.url
    assert "3 contacts" in text_of(as_member.get(answer.url))
    download: Any = as_member.get(f"{answer.url}download/")
    text = b"".join(download.streaming_content).decode("utf-8-sig")
    assert len(list(csv.DictReader(text.splitlines()))) == 3
    assert f'filename="{file.filename}"' in download.headers["Content-Disposition"]
    assert AuditEntry.objects.get(action="contacts.exported").detail["count"] == 3
    assert AuditEntry.objects.get(action="export.downloaded").actor == member


def test_a_list_that_is_changed_or_deleted_meanwhile_changes_no_file(
    as_member: Client, member: User
) -> None:
    people(member, 3)
    make_contact(member, first_name="Other", city="Rome")
    row = create_list(actor=by(member), name="Elsewhere", query="f.city=blank")
    want(as_member, f"?list={row.public_id}")
    row.delete()
    assert written(ExportFile.objects.get()).done_rows == 3


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_file_is_the_one_that_a_small_export_sends(
    as_member: Client, member: User, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    people(member, 3, company="=Engines")
    want(as_member, kind=kind)
    file = written(ExportFile.objects.get())
    monkeypatch.setattr(pages, "AT_ONCE", {"csv": 9, "xlsx": 9})
    sent = b"".join(want(as_member, kind=kind).streaming_content)
    assert file.size == file.file.stat().st_size
    assert kind == "xlsx" or file.file.read_bytes() == sent


def test_nobody_else_on_the_machine_can_read_it(as_member: Client, member: User) -> None:
    people(member, 2)
    want(as_member)
    file = written(ExportFile.objects.get())
    assert stat.S_IMODE(file.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder().stat().st_mode) == 0o700


def test_only_its_owner_and_administrators_can_fetch_it(
    client: Client, member: User, stranger: User, admin_user: User
) -> None:
    people(member, 2)
    client.force_login(member)
    want(client)
    file = written(ExportFile.objects.get())
    for who, status in ((stranger, 404), (admin_user, 200), (member, 200)):
        client.force_login(who)
        for tail in ("", "download/", "progress/"):
            assert status_of(client, f"/contacts/export/{file.pk}/{tail}") == status
        assert status_of(client, "/contacts/export/999999/download/") == 404
    client.force_login(stranger)
    assert client.post(f"/contacts/export/{file.pk}/stop/").status_code == 404


def test_a_second_export_waits_for_the_first(as_member: Client, member: User) -> None:
    people(member, 2)
    want(as_member)
    answer = want(as_member, "?q=person")
    assert answer.status_code == 409 and "still being written" in text_of(answer)
    assert ExportFile.objects.count() == 1
    written(ExportFile.objects.get())
    assert want(as_member).status_code == 302


def test_it_holds_what_its_owner_may_see_when_it_is_written(
    as_member: Client, member: User, stranger: User
) -> None:
    kept, given_away, *_ = people(member, 3)
    want(as_member)
    Contact.objects.filter(pk=given_away.pk).update(owner=stranger)
    text = written(ExportFile.objects.get()).file.read_text(encoding="utf-8-sig")
    assert kept.public_id in text and given_away.public_id not in text


def test_what_was_searched_for_is_forgotten_with_the_work(as_member: Client, member: User) -> None:
    people(member, 2, company="Secret")
    want(as_member, "?q=secret")
    assert ExportFile.objects.get().selection == {"query": "q=secret"}
    file = written(ExportFile.objects.get())
    assert file.selection == {} and "secret" not in file.filename


def test_selected_rows_are_written_too(as_member: Client, member: User) -> None:
    chosen, left = people(member, 2), people(member, 2)
    want(as_member, all="", ids=[contact.public_id for contact in chosen])
    file = written(ExportFile.objects.get())
    text = file.file.read_text(encoding="utf-8-sig")
    assert file.done_rows == 2 and left[0].public_id not in text


def test_a_deactivated_person_gets_no_file(as_member: Client, member: User) -> None:
    people(member, 2)
    want(as_member)
    User.objects.update(is_active=False)
    file = written(ExportFile.objects.get())
    assert (file.state, file.path) == (State.FAILED, "") and "no longer has access" in file.error
    assert not list(folder().iterdir())


def test_a_person_who_is_deactivated_meanwhile_gets_no_file(
    as_member: Client, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(member, 6)
    want(as_member)
    monkeypatch.setattr(export_files, "RENEW_EVERY", 2)
    rows_of = export_files.rows_of

    def left_in_the_middle(*args: Any) -> Any:
        for number, row in enumerate(rows_of(*args)):
            if number == 3:
                User.objects.update(is_active=False)
            yield row

    monkeypatch.setattr(export_files, "rows_of", left_in_the_middle)
    assert written(ExportFile.objects.get()).state == State.FAILED
    assert not list(folder().iterdir())


def test_a_filter_that_is_gone_ends_it_rather_than_writing_too_much(
    as_member: Client, member: User
) -> None:
    people(member, 2, status="Qualified")
    want(as_member, "?status=Qualified")
    ExportFile.objects.update(selection={"query": "status=Abolished"})
    file = written(ExportFile.objects.get())
    assert file.state == State.FAILED and "no longer there" in file.error


def test_stopping_leaves_no_file(
    as_member: Client, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(member, 6)
    want(as_member)
    file = ExportFile.objects.get()
    url = f"/contacts/export/{file.pk}/"
    monkeypatch.setattr(export_files, "RENEW_EVERY", 2)
    rows_of = export_files.rows_of

    def stopped_in_the_middle(*args: Any) -> Any:
        for number, row in enumerate(rows_of(*args)):
            if number == 3:
                assert "Stopped" in text_of(as_member.post(f"{url}stop/", follow=True))
            yield row

    monkeypatch.setattr(export_files, "rows_of", stopped_in_the_middle)
    assert written(file).state == State.STOPPED
    assert not list(folder().iterdir())
    assert as_member.get(f"{url}download/").status_code == 404


def test_a_fault_or_a_full_disk_is_told_and_leaves_no_file(
    as_member: Client, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(member, 2)
    for error, told in ((ValueError(), "fault on our side"), (OSError(28, "full"), "its disk")):
        want(as_member)

        def broken(*_: Any, error: Exception = error) -> Any:
            raise error

        monkeypatch.setattr(export_files, "parts_of", broken)
        file = written(ExportFile.objects.first())  # type: ignore[arg-type]
        assert told in text_of(as_member.get(f"/contacts/export/{file.pk}/"))
        assert not list(folder().iterdir())


def test_after_a_worker_died_the_next_one_begins_anew(
    as_member: Client, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(member, 4)
    want(as_member)
    file = ExportFile.objects.get()
    with monkeypatch.context() as dying:
        write = export_files._write

        def dies(*args: Any) -> int:
            write(*args)
            raise SystemExit("kill -9")

        dying.setattr(export_files, "_write", dies)
        with pytest.raises(SystemExit):
            run(file.pk)
    assert len(list(folder().iterdir())) == 2  # the file, and the roll of who is in it
    run(file.pk)  # the claim of the dead worker still holds
    ExportFile.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert written(file).done_rows == 4
    assert set(folder().iterdir()) == {file.file, roll_of(file.path)}


def test_the_relay_removes_a_file_after_a_day(as_member: Client, member: User) -> None:
    people(member, 2)
    want(as_member)
    file = written(ExportFile.objects.get())
    path = file.file
    remove_old_files()
    assert path.exists()
    ExportFile.objects.update(finished_at=timezone.now() - timedelta(hours=25))
    Relay().look(1000.0)
    assert not path.exists()
    assert "removed a day after" in text_of(as_member.get(f"/contacts/export/{file.pk}/"))
    assert as_member.get(f"/contacts/export/{file.pk}/download/").status_code == 404


def test_a_workbook_of_too_many_rows_is_refused_with_the_way_out(
    as_member: Client, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(member, 3)
    monkeypatch.setattr(pages, "MAX_ROWS", 2)
    answer = want(as_member, kind="xlsx")
    assert answer.status_code == 422 and "Choose CSV." in text_of(answer)
    monkeypatch.setattr(pages, "MAX_ROWS", 9)
    monkeypatch.setattr("contacts.exporting.workbooks.MAX_ROWS", 2)  # contacts that came meanwhile
    want(as_member, kind="xlsx")
    file = written(ExportFile.objects.get())
    assert file.state == State.FAILED and "A workbook holds at most" in file.error


@pytest.mark.worker
@pytest.mark.usefixtures("worker")
@pytest.mark.django_db(transaction=True)
def test_a_worker_writes_it(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    if settings.REDIS_URL:
        monkeypatch.undo()  # the worker has the real settings
    monkeypatch.setattr(pages, "AT_ONCE", {"csv": 1, "xlsx": 1})
    from contacts.background import hint
    from contacts.tasks import write_export

    user = make_user()
    people(user, 3)
    client.force_login(user)
    want(client)
    file = ExportFile.objects.get()
    hint(write_export, file.pk)
    wait(lambda: ExportFile.objects.get(pk=file.pk).state == State.READY)
    file.refresh_from_db()
    assert file.done_rows == 3
    file.file.unlink()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="races need PostgreSQL")
def test_two_clicks_at_once_ask_for_one_file() -> None:
    user = make_user()
    make_contact(user)
    make_contact(user)

    def click() -> Any:
        client = Client(headers={"host": "localhost"})
        client.force_login(user)
        return want(client)

    for _ in range(8):
        answers = at_once(click, click)
        assert sorted(answer.status_code for answer in answers) == [302, 409], answers
        written(ExportFile.objects.get(state=State.RUNNING))
