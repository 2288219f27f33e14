"""Running an import in place, as the worker does, on text or a file."""

import io
from pathlib import Path

from contacts.imports import running
from contacts.imports.uploading import receive
from contacts.models import Import, ImportRow, User


def plan(text: str | bytes | Path, user: User, *, mode: str = "replace", **columns: str) -> Import:
    """Upload and preview; `columns` maps header names to fields where the guess is not wanted."""
    if isinstance(text, Path):
        source, name = io.BytesIO(text.read_bytes()), text.name
    else:
        source = io.BytesIO(text.encode() if isinstance(text, str) else text)
        name = "people.csv"
    batch = receive(source, filename=name, user=user)
    for header, field in columns.items():
        batch.mapping[batch.shape["header"].index(header)] = field
    batch.mode = mode
    batch.state = Import.State.PLANNING
    batch.save()
    running.run(batch.pk)
    batch.refresh_from_db()
    return batch


def commit(batch: Import) -> Import:
    Import.objects.filter(pk=batch.pk).update(state=Import.State.COMMITTING)
    running.run(batch.pk)
    batch.refresh_from_db()
    return batch


def bring_in(text: str | bytes | Path, user: User, *, mode: str = "replace") -> Import:
    """Upload, preview and import."""
    return commit(plan(text, user, mode=mode))


def row(batch: Import, number: int) -> ImportRow:
    return ImportRow.objects.get(batch=batch, number=number)


def add_up(batch: Import) -> bool:
    counts = batch.counts()
    return counts.pop("rows") == sum(counts.values())
