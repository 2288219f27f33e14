"""POST /v2/imports: a file by itself or in a form, carried out like one from the page."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from contacts.imports.running import run
from contacts.models import AuditEntry, Contact, FieldChange, Import
from contacts.objects import number_of
from tests.contacts.api.client import Api, problem

FILE = "Email,First name,Last name,Colour\nada@example.com,Ada,Lovelace,red\nbad,Bob,B,blue\n"


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings, "MEDIA_ROOT", tmp_path / "uploads")


def send(api: Api, text: str | bytes = FILE, query: str = "", **headers: str) -> Any:
    headers.setdefault("content_type", "text/csv")
    return api.post(f"imports{query}", text, **headers)


def finished(answer: Any, api: Api) -> dict[str, Any]:
    """The import once a worker has been there."""
    assert answer.status_code == 201, answer.content
    pk = number_of("IMP", answer.json()["id"])
    assert pk is not None
    run(pk)
    return dict(api.get(f"imports/{answer.json()['id']}").json())


def test_a_file_is_imported(api: Api) -> None:
    answer = send(api, query="?filename=people.csv")
    assert (answer.json()["state"], answer.json()["dry_run"]) == ("planning", False)
    done = finished(answer, api)
    assert (done["state"], done["rows"], done["new"], done["invalid"]) == ("done", 2, 1, 1)
    columns = {each["header"]: each["field"] for each in done["columns"]}
    assert columns["Email"] == "email" and columns["Colour"] is None
    ada = Contact.objects.get()
    assert ada.email == "ada@example.com" and str(ada.owner) == "Olga"
    assert "row 2 of people.csv" in FieldChange.objects.filter(contact=ada)[0].detail
    assert str(FieldChange.objects.filter(contact=ada)[0].api_key) == "API key Warehouse"


def test_a_dry_run_plans_and_saves_nothing(api: Api) -> None:
    done = finished(send(api, query="?dry_run=true"), api)
    assert (done["state"], done["new"], done["finished_time"]) == ("planned", 1, None)
    assert not Contact.objects.exists()


def test_a_form_with_a_file_is_taken(api: Api) -> None:
    file = SimpleUploadedFile("crm.csv", FILE.encode())
    answer = api.client.post("/v2/imports?mode=fill", {"file": file}, headers={"API-Key": api.key})
    done = finished(answer, api)
    assert (done["filename"], done["mode"], done["new"]) == ("crm.csv", "fill", 1)


def test_the_same_file_under_the_same_key_is_one_import(api: Api) -> None:
    first = send(api, idempotency_key="a")
    assert send(api, idempotency_key="a").content == first.content
    other = send(api, FILE + "c@example.com,C,C,x\n", idempotency_key="a")
    assert problem(other)[0] == 422
    assert Import.objects.count() == 1


@pytest.mark.parametrize("mode", ["REPLACE", "", "x"])
def test_a_mode_that_is_none_is_refused(api: Api, mode: str) -> None:
    assert problem(send(api, query=f"?mode={mode}"))[2] == "mode"


@pytest.mark.parametrize(
    ("body", "kind"),
    [("", "text/csv"), (b"\x89PNG\r\n", "text/csv"), ("<html>", "text/csv"), (FILE, "application/json"),
     (FILE, "multipart/form-data; boundary=x"), (FILE, "multipart/form-data"), ("x\n1\n", "text/csv")],
)  # fmt: skip
def test_what_is_no_file_of_contacts_is_refused(
    api: Api, body: str | bytes, kind: str, tmp_path: Path
) -> None:
    assert problem(send(api, body, content_type=kind))[0] == 400
    assert not Import.objects.exists()
    assert not list((tmp_path / "uploads").glob("*"))


def test_a_file_over_the_limit_is_refused(api: Api, settings: Any) -> None:
    settings.IMPORT_MAX_BYTES = 10
    status, message, _ = problem(send(api))
    assert status == 400 and message.startswith("The file is larger than")
    file = SimpleUploadedFile("crm.csv", FILE.encode())
    answer = api.client.post("/v2/imports", {"file": file}, headers={"API-Key": api.key})
    assert problem(answer)[0] == 400


def test_a_megabyte_and_more_is_streamed(api: Api) -> None:
    rows = "".join(f"p{n}@example.com,{'x' * 200},L\n" for n in range(6000))
    done = finished(send(api, "Email,First name,Last name\n" + rows, "?dry_run=true"), api)
    assert done["rows"] == 6000


def test_an_import_is_undone_once_and_the_audit_names_the_key(api: Api) -> None:
    done = finished(send(api), api)
    begun = api.post(f"imports/{done['id']}/undo")
    assert (begun.status_code, begun.json()["state"]) == (200, "undoing")
    assert problem(api.post(f"imports/{done['id']}/undo"))[0] == 409
    pk = number_of("IMP", done["id"])
    assert pk is not None
    run(pk)
    shown = api.get(f"imports/{done['id']}").json()
    assert (shown["state"], shown["removed"], shown["undo_until"]) == ("undone", 1, None)
    assert not Contact.objects.exists()
    entries = AuditEntry.objects.filter(action__in=["import.undo_started", "import.undone"])
    assert {entry.detail["key"] for entry in entries} == {api.row.public_id}


def test_what_has_saved_nothing_cannot_be_undone(api: Api) -> None:
    planned = finished(send(api, query="?dry_run=true"), api)
    said = problem(api.post(f"imports/{planned['id']}/undo"))
    assert said == (409, "It can no longer be undone, or has changed nothing.", "id")
    assert problem(api.post("imports/IMP-ZZZZZZZZ/undo"))[0] == 404


@pytest.mark.parametrize("row", ["1", "IMP-00000000", "IMP-ZZZZZZZZ"])
def test_no_such_import(api: Api, row: str) -> None:
    assert problem(api.get(f"imports/{row}")) == (404, f"No such import: '{row}'", "id")
