"""Receiving a file: streamed to disk under a limit, looked at, its columns guessed."""

import hashlib
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler

from contacts.imports import mapping
from contacts.imports.reading import FileShape, UnreadableFile, inspect_file
from contacts.models import Account, Import, User

PIECE = 1024 * 1024
#: Set in request.META by the handler; no header can set it, those begin with HTTP_.
TOO_LARGE = "KITH_UPLOAD_TOO_LARGE"


class Readable(Protocol):
    """An open binary file, or an upload."""

    def read(self, size: int = ..., /) -> bytes: ...


class LimitedUploadHandler(TemporaryFileUploadHandler):
    """Stops an upload as soon as it is larger than IMPORT_MAX_BYTES, not after it has filled a disk."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        self.received += len(raw_data)
        if self.received > settings.IMPORT_MAX_BYTES:
            assert self.request is not None
            self.request.META[TOO_LARGE] = "1"
            raise StopUpload(connection_reset=False)
        return super().receive_data_chunk(raw_data, start)


def too_large() -> str:
    """The sentence for a file over the limit."""
    limit = settings.IMPORT_MAX_BYTES
    shown = f"{limit / 1024**3:.0f} GB" if limit >= 1024**3 else f"{limit / 1024**2:.0f} MB"
    return f"The file is larger than {shown}. Split it and import the parts one after the other."


def receive(
    source: Readable,
    *,
    filename: str,
    user: User | None,
    encoding: str | None = None,
    origin: str = Import.Source.PAGE,
    **columns: Any,
) -> Import:
    """Keep a copy of the file and make an Import with its mapping guessed, and these `columns`.

    Raises UnreadableFile; then nothing is kept.
    """
    path, size, digest = _store(source)
    try:
        if size > settings.IMPORT_MAX_BYTES:
            raise UnreadableFile(too_large())
        shape = inspect_file(path, encoding=encoding)
    except UnreadableFile:
        path.unlink(missing_ok=True)
        raise
    batch = Import(
        filename=Path(filename).name[:255] or "contacts.csv",
        path=str(path),
        size=size,
        sha256=digest,
        owner=user,
        created_by=user,
        source=origin,
        region=Account.load().default_region,
    )
    for name, value in columns.items():
        setattr(batch, name, value)
    take_shape(batch, shape)
    batch.save()
    return batch


def take_shape(batch: Import, shape: FileShape) -> None:
    """Use this reading of the file, and the mapping that fits its header."""
    batch.shape = shape.to_json()
    batch.header_key = mapping.header_key(shape.header) if shape.has_header else ""
    remembered = _remembered(batch.header_key, len(shape.header))
    batch.mapping = remembered or [
        guess.field or ""
        for guess in mapping.guess(shape.header, shape.samples, mapping.custom_labels())
    ]


def _remembered(header_key: str, columns: int) -> list[str]:
    """The mapping that was last chosen for the same header row; none for a file without one."""
    if not header_key:
        return []
    last = Import.objects.filter(header_key=header_key).exclude(state=Import.State.UPLOADED).first()
    known = last.mapping if last else []
    fields = {"", *mapping.choices()}
    usable = len(known) == columns and fields.issuperset(known)
    return list(known) if usable else []


def _store(source: Readable) -> tuple[Path, int, str]:
    folder = Path(settings.MEDIA_ROOT)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{uuid.uuid4().hex}.upload"
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("xb") as target:
            path.chmod(0o600)
            for piece in _pieces(source):
                digest.update(piece)
                size += len(piece)
                target.write(piece)
    except OSError as error:
        path.unlink(missing_ok=True)
        free = shutil.disk_usage(folder).free
        reason = "The disk is full" if free < PIECE else "The file could not be stored"
        raise UnreadableFile(f"{reason}. Nothing was imported.") from error
    return path, size, digest.hexdigest()


def _pieces(source: Readable) -> Iterator[bytes]:
    while piece := source.read(PIECE):
        yield piece
