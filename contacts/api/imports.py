"""/v2/imports: a file of contacts, read and carried out by the same engine as Import CSV."""

import hashlib
import tempfile
from typing import Any, BinaryIO, Literal, cast

from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from ninja import Query as FromQuery
from ninja import Router

from contacts.api.answers import json_answer
from contacts.api.authentication import AskedByKey
from contacts.api.errors import ApiError, bad, no_such
from contacts.api.idempotency import PARAMETER, answer_once, idempotent
from contacts.api.lists import Query
from contacts.api.schemas import Import as ImportSchema
from contacts.api.schemas import problems
from contacts.fields import CUSTOM
from contacts.imports.encodings import CHOICES
from contacts.imports.reading import UnreadableFile
from contacts.imports.starting import start_planning
from contacts.imports.undoing import CannotUndo, start_undo
from contacts.imports.uploading import PIECE, TOO_LARGE, Readable, receive, too_large
from contacts.models import Import
from contacts.objects import moment, number_of, numbered

router = Router(tags=["Imports"])
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KINDS = ("text/csv", "text/tab-separated-values", "text/plain", "application/octet-stream", XLSX)
IN_MEMORY = 1024 * 1024  # bytes of a file; the rest is on disk until it is kept
NO_COLUMN = "No column could be matched to a contact field. Nothing was saved."
BODY = {
    "required": True,
    "description": "The file itself, or a form with the file as `file`. CSV or XLSX.",
    "content": {
        "text/csv": {
            "schema": {"type": "string", "example": "Email,First name\na@example.com,Ada\n"}
        },
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "string", "format": "binary"}},
                "required": ["file"],
            }
        },
    },
}


class ImportQuery(Query):
    mode: Literal["fill", "replace"] = "replace"
    dry_run: bool = False
    filename: str | None = None
    encoding: str | None = None


@router.post(
    "",
    response={201: ImportSchema, **problems(422)},
    operation_id="createImport",
    openapi_extra={"parameters": [PARAMETER], "requestBody": BODY},
)
def import_create(request: AskedByKey, query: FromQuery[ImportQuery]) -> HttpResponse:
    """Import a file. Its columns are matched by their names, as on the page.

    It runs in the background: ask for the import until its state is "done". With `dry_run` it ends
    as "planned", and nothing is saved.
    """
    if query.encoding is not None and query.encoding not in dict(CHOICES):
        raise bad(f"Invalid value for encoding: '{query.encoding}'", "encoding")
    file, name = _file_of(request)
    with file:
        digest = _digest(file)
        return answer_once(
            request, lambda: digest, lambda: _receive(request, query, file, query.filename or name)
        )


@transaction.atomic
def _receive(
    request: AskedByKey, query: ImportQuery, file: BinaryIO, filename: str
) -> HttpResponse:
    holder = request.auth
    try:
        batch = receive(
            cast(Readable, file),
            filename=filename.replace("\x00", ""),
            user=None,
            encoding=query.encoding,
            origin=Import.Source.API,
            owner_id=holder.owner_id,
            api_key=holder.key,
            mode=query.mode,
            unattended=not query.dry_run,
        )
    except UnreadableFile as fault:
        raise bad(str(fault), "body") from None
    if not any(batch.mapping):
        batch.file.unlink(missing_ok=True)
        raise bad(NO_COLUMN, "body")
    start_planning(batch)
    batch.state = Import.State.PLANNING
    return json_answer(_shown(batch), status=201)


@router.get("/{id}", response={200: ImportSchema, **problems(404)}, operation_id="getImport")
def import_detail(request: AskedByKey, id: str) -> HttpResponse:
    """How far it is, and what became of the rows: they add up."""
    return json_answer(_shown(_find(id)))


@router.post(
    "/{id}/undo",
    response={200: ImportSchema, **problems(404, 409, 422)},
    operation_id="undoImport",
    openapi_extra={"parameters": [PARAMETER]},
)
@idempotent
def import_undo(request: AskedByKey, id: str) -> HttpResponse:
    """Take an import back, within 30 days. It runs in the background, until the state is "undone".

    Contacts that it made go, unless they have gained something; what was changed since stays.
    """
    batch = _find(id)
    try:
        batch = start_undo(import_id=batch.pk, user=None, api_key=request.auth.key)
    except CannotUndo as reason:
        raise ApiError(409, str(reason), param="id") from None
    return json_answer(_shown(batch))


def _find(public_id: str) -> Import:
    pk = number_of("IMP", public_id)
    batch = Import.objects.filter(pk=pk).first() if pk is not None else None
    if batch is None:
        raise no_such("import", public_id)
    return batch


def _file_of(request: HttpRequest) -> tuple[BinaryIO, str]:
    """What was sent, and its name. Raises ApiError."""
    kind = request.META.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return _file_of_form(request)
    if kind not in KINDS:
        raise bad(
            f"The Content-Type must be multipart/form-data or one of {', '.join(KINDS)}.", "body"
        )
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.IMPORT_MAX_BYTES:
        raise bad(too_large(), "body")
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  the caller closes it
    try:
        while piece := request.read(PIECE):
            file.write(piece)
    except UnreadablePostError:
        raise bad("The request body broke off.", "body") from None
    return cast(BinaryIO, file), "contacts.csv"


def _file_of_form(request: HttpRequest) -> tuple[BinaryIO, str]:
    try:
        file: Any = request.FILES.get("file")
    except (MultiPartParserError, BadRequest, RequestDataTooBig, UnreadablePostError):
        raise bad("The form could not be read.", "body") from None
    if TOO_LARGE in request.META:
        raise bad(too_large(), "body")
    if file is None:
        raise bad("The form has no file.", "file")
    return file.open(), file.name


def _digest(file: BinaryIO) -> bytes:
    file.seek(0)
    digest = hashlib.sha256()
    while piece := file.read(PIECE):
        digest.update(piece)
    file.seek(0)
    return digest.digest()


def _shown(batch: Import) -> dict[str, Any]:
    header = batch.shape.get("header", [])
    return {
        "object": "import",
        "id": numbered("IMP", batch.pk),
        "state": str(batch.state),
        "filename": batch.filename,
        "mode": str(batch.mode),
        "dry_run": not batch.unattended,
        "columns": [
            {"header": name, "field": field.removeprefix(CUSTOM) or None}
            for name, field in zip(header, batch.mapping, strict=False)
        ],
        **batch.counts(),
        "removed": batch.undo_removed,
        "restored": batch.undo_restored,
        "kept": batch.undo_kept,
        "error": batch.error or None,
        "creation_time": moment(batch.created_at),
        "finished_time": moment(batch.finished_at),
        "undo_until": moment(batch.undo_until) if batch.undoable else None,
    }
