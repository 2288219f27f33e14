"""Exports that take a while: a worker writes a file, for the person who asked and for a day."""

import logging
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.http import QueryDict
from django.utils import timezone

from contacts import history
from contacts.bulk_actions.selecting import Selection
from contacts.exporting.contents import entry, is_stale, open_private, remove_file, roll_of
from contacts.exporting.rows import Column, columns_named, csv_lines, rows_of
from contacts.exporting.workbooks import TooLarge, xlsx_parts
from contacts.leases import Lease, LeaseLost, claim
from contacts.listing import ListState
from contacts.models import Account, ExportFile, User
from contacts.models.exports import KEPT_FOR
from contacts.signals import Actor
from contacts.zones import zone_of

logger = logging.getLogger(__name__)
RENEW_EVERY = 2000  # rows
FAULT = "It ended because of a fault on our side, which has been logged."
NO_ROOM = "The file could not be written. Ask whoever runs this installation to look at its disk."
State = ExportFile.State


class CannotWrite(Exception):
    """The message tells a person why there is no file."""


def parts_of(columns: Sequence[Column], rows: Iterator[list[str]], kind: str) -> Iterator[bytes]:
    """The bytes of the file; memory stays flat. Raises TooLarge on the way."""
    if kind == ExportFile.Format.XLSX:
        return xlsx_parts(columns, rows)
    return (line.encode() for line in csv_lines([each.header for each in columns], rows))


def record_export(user: User, *, kind: str, count: int) -> None:
    history.audit(Actor(user), "contacts.exported", count=count, format=kind)


def run(file_id: int) -> None:
    """Write the file, if nobody else does; from its beginning, where a worker died over it."""
    lease = claim(ExportFile, file_id)
    if lease is None:
        return
    file = ExportFile.objects.get(pk=file_id)
    remove_file(file.path)  # what a dead worker left
    path = folder() / f"{uuid.uuid4()}.{file.format}"
    try:
        lease.renew(path=str(path), done_rows=0)
        rows = _write(file, path, lease)
        _finish(file, path, lease, rows)
    except LeaseLost:
        logger.info("export %s is no longer ours", file_id)
        remove_file(str(path))
    except (OperationalError, InterfaceError):
        remove_file(str(path))
        raise  # the claim ends by itself, and the relay asks again
    except Exception as error:  # whatever it is, it would happen again and again
        remove_file(str(path))
        _fail(lease, error)


def _write(file: ExportFile, path: Path, lease: Lease) -> int:
    """How many rows were written."""
    user = User.objects.get(pk=file.created_by_id)
    counted = _Counted(lease, user)
    with timezone.override(zone_of(user, Account.load())):
        columns = columns_named(file.columns)
        contacts = _selection(file).contacts(user).order_by("pk")
        with open_private(path) as target, open_private(roll_of(path)) as roll:
            rows = counted(rows_of(contacts, columns, lambda each: roll.write(entry(each))))
            for part in parts_of(columns, rows, file.format):
                target.write(part)
    return counted.rows


@transaction.atomic
def _finish(file: ExportFile, path: Path, lease: Lease, rows: int) -> None:
    """Offer the file, unless somebody in it was deleted meanwhile. Raises LeaseLost."""
    # A delete holds this row until it is done, and the next one finds the file with its roll.
    ExportFile.objects.select_for_update().get(pk=file.pk)
    record_export(file.created_by, kind=file.format, count=rows)
    if is_stale(file, str(path)):
        _end(lease, State.WITHDRAWN, path="", done_rows=rows)
        transaction.on_commit(lambda: remove_file(str(path)), robust=True)
    else:
        _end(lease, State.READY, size=path.stat().st_size, done_rows=rows)


def _selection(file: ExportFile) -> Selection:
    """Raises CannotWrite where a filter has gone: without it, the file would hold too much."""
    if "ids" in file.selection:
        return Selection(ListState(), ids=tuple(file.selection["ids"]))
    state = ListState.from_query(QueryDict(file.selection["query"]))
    if state.notices:
        raise CannotWrite("A filter that it was made with is no longer there.")
    return Selection(state, everything=True)


class _Counted:
    """Passes rows on, while the claim holds and the person may have them; `rows` counts them.

    Raises LeaseLost and CannotWrite on the way.
    """

    def __init__(self, lease: Lease, user: User) -> None:
        self.lease = lease
        self.user = user
        self.rows = 0

    def __call__(self, rows: Iterator[list[str]]) -> Iterator[list[str]]:
        self._check()
        for self.rows, row in enumerate(rows, 1):
            if self.rows % RENEW_EVERY == 0:
                self._check()
            yield row

    def _check(self) -> None:
        self.lease.renew(done_rows=self.rows)
        if not User.objects.filter(pk=self.user.pk, is_active=True).exists():
            raise CannotWrite("The person who asked for it no longer has access.")


def _fail(lease: Lease, error: Exception) -> None:
    told = FAULT
    if isinstance(error, CannotWrite | TooLarge):
        told = str(error)
    else:
        logger.error("export %s failed", lease.pk, exc_info=error)
        told = NO_ROOM if isinstance(error, OSError) else FAULT
    with suppress(LeaseLost):
        _end(lease, State.FAILED, path="", error=told)


def _end(lease: Lease, state: State, **columns: Any) -> None:
    """Raises LeaseLost. What was searched for is forgotten."""
    lease.settle(state=state, finished_at=timezone.now(), selection={}, **columns)


def remove_old_files() -> None:
    """Remove the files that were ready a day ago: a step of the relay."""
    old = ExportFile.objects.filter(state=State.READY, finished_at__lt=timezone.now() - KEPT_FOR)
    for file in old:
        remove_file(file.path)
        ExportFile.objects.filter(pk=file.pk).update(state=State.GONE, path="")


def folder() -> Path:
    """Where the files stand, readable by nobody else on this machine."""
    place = Path(settings.KITH_HOME) / "exports"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place
