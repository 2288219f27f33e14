"""Files that no row names: what a process left that died before it removed or recorded them.

Rows say which files there are to be. A file of a deleted person is removed after the commit that
takes it out of its row; should that not happen, it is removed here.
"""

import time
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings

from contacts.exporting.contents import roll_of
from contacts.exporting.files import folder
from contacts.models import ExportFile, Import

UNRECORDED_FOR = 60 * 60  # seconds: an upload is looked at before it has a row


def remove_leftovers() -> None:
    """Remove files of exports and uploads that are nobody's: a step of the relay."""
    exports = list(folder().iterdir())  # listed before the rows, which are written before the files
    paths = list(ExportFile.objects.exclude(path="").values_list("path", flat=True))
    _remove(exports, {*map(Path, paths), *map(roll_of, paths)})
    before = time.time() - UNRECORDED_FOR
    uploads = [path for path in Path(settings.MEDIA_ROOT).glob("*.upload") if _older(path, before)]
    paths = list(Import.objects.exclude(path="").values_list("path", flat=True))
    _remove(uploads, set(map(Path, paths)))


def _remove(files: Iterable[Path], named: set[Path]) -> None:
    for path in files:
        if path not in named:
            path.unlink(missing_ok=True)


def _older(path: Path, moment: float) -> bool:
    try:
        return path.stat().st_mtime < moment
    except FileNotFoundError:
        return False
