"""Who is in the files of exports, so that a file goes when somebody in it is deleted.

Beside each file lies the roll: the ids of its contacts, as numbers of eight bytes. A delete looks
there for its ids, and a file that was being written meanwhile looks for what was deleted.
"""

import os
import sys
from array import array
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from django.db import transaction
from django.utils import timezone

from contacts.models import ExportFile, PublicId
from contacts.public_ids import ends_of, ids_behind

State = ExportFile.State
SIZE = 8  # bytes of one id
AT_ONCE = 64 * 1024  # ids that are read, and looked through, together
LONGEST = timedelta(minutes=10)  # how long a transaction that deletes may take


def open_private(path: Path) -> BinaryIO:
    """A new file that only this user of the machine may read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def roll_of(path: str | Path) -> Path:
    return Path(f"{path}.ids")


def entry(public_id: str) -> bytes:
    """An id as the roll holds it: twelve digits of base 36, less than 2 to the power of 63."""
    return _number(public_id).to_bytes(SIZE, sys.byteorder)


def holds(path: str, public_ids: Collection[str]) -> bool:
    """Whether the file has one of these contacts in it; also where its roll is not there to say."""
    wanted = {_number(public_id) for public_id in public_ids}
    if not path or not wanted:
        return False
    try:
        with roll_of(path).open("rb") as roll:
            while read := roll.read(AT_ONCE * SIZE):
                if not wanted.isdisjoint(array("q", read)):
                    return True
    except FileNotFoundError:
        return True
    return False


def files_with(public_ids: Collection[str]) -> list[ExportFile]:
    """The files that hold one of these contacts, or one that was merged into it."""
    ready = list(ExportFile.objects.filter(state=State.READY).order_by("pk"))
    wanted = ids_behind(*public_ids) if ready else set()
    return [file for file in ready if holds(file.path, wanted)]


def withdraw(public_ids: Collection[str]) -> int:
    """Withdraw the files that hold contacts which this transaction deletes; how many they were.

    Called with the contacts locked. What is being written waits, and looks itself (`is_stale`).
    """
    locked = ExportFile.objects.select_for_update().order_by("pk")
    list(locked.filter(state__in=[State.RUNNING, State.READY]).values_list("pk"))
    found = files_with(public_ids)
    for file in found:
        _withdraw(file)
    return len(found)


def is_stale(file: ExportFile, path: str) -> bool:
    """Whether somebody in a file was deleted since it was asked for."""
    return holds(path, _deleted_since(file.created_at - LONGEST))


@transaction.atomic
def withdraw_late() -> None:
    """Withdraw files that were written, as a whole, while a delete of somebody in them was not yet
    committed: a step of the relay."""
    fresh = ExportFile.objects.select_for_update().filter(
        state=State.READY, finished_at__gt=timezone.now() - LONGEST
    )
    for file in fresh.order_by("pk"):
        if is_stale(file, file.path):
            _withdraw(file)


def remove_file(path: str) -> None:
    """Remove a file and its roll, where there are any."""
    if path:
        Path(path).unlink(missing_ok=True)
        roll_of(path).unlink(missing_ok=True)


def _withdraw(file: ExportFile) -> None:
    """The row is the mark: what no row names, the relay removes (contacts.leftovers)."""
    ExportFile.objects.filter(pk=file.pk).update(state=State.WITHDRAWN, path="")
    transaction.on_commit(lambda: remove_file(file.path), robust=True)


def _deleted_since(moment: datetime) -> set[str]:
    """What was deleted, and what was merged into something that was."""
    changed = PublicId.objects.filter(changed_at__gte=moment)
    gone = set(changed.filter(state=PublicId.State.DELETED).values_list("value", flat=True))
    merged = changed.filter(state=PublicId.State.MERGED).values_list("value", flat=True)
    ends = ends_of(merged)
    return gone | {first for first, (_, state) in ends.items() if state == PublicId.State.DELETED}


def _number(public_id: str) -> int:
    return int(public_id.removeprefix("CTC-"), 36)
