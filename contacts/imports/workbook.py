"""Excel workbooks: the values of the first sheet as the cells of a CSV."""

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.workbook import Workbook

from contacts.formulas import ERRORS
from contacts.imports.rows import (
    FileShape,
    RawRow,
    UnreadableFile,
    column_label,
    is_blank,
    make_row,
    shape_problem,
    strip_controls,
)

MAX_UNPACKED = 512 * 1024 * 1024
MAX_SHARED_STRINGS = 128 * 1024 * 1024  # openpyxl holds these in memory
MAX_SHEET_ROWS = 1_048_576  # Excel's own limit; a row number beyond it is made up
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_NO_WORKBOOK = (
    "This is a ZIP file, not a CSV file or an Excel workbook. Unpack it and upload the file inside."
)
_DAMAGED = "This workbook cannot be opened. Save it as CSV and upload that file."


def check(path: Path) -> None:
    """Raises UnreadableFile for a zip that is no workbook, or one that unpacks to too much."""
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {info.filename: info.file_size for info in archive.infolist()}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise UnreadableFile(_DAMAGED) from None
    if "[Content_Types].xml" not in sizes or not any(n.startswith("xl/workbook") for n in sizes):
        raise UnreadableFile(_NO_WORKBOOK)
    shared = max(
        (size for name, size in sizes.items() if "sharedstrings" in name.lower()), default=0
    )
    if sum(sizes.values()) > MAX_UNPACKED or shared > MAX_SHARED_STRINGS:
        raise UnreadableFile(
            "This workbook is too large when unpacked. Save it as CSV and upload that file."
        )


@contextmanager
def _opened(path: Path) -> Iterator[Workbook]:
    """The workbook, its faults told as UnreadableFile, also those met while reading rows.

    Opened as a stream: of a path, openpyxl judges the ending, and an upload is kept without its own.
    """
    faults = (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError, SyntaxError)
    with path.open("rb") as file:
        try:
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        except faults:
            raise UnreadableFile(_DAMAGED) from None
        try:
            yield book
        except (zipfile.BadZipFile, KeyError, ValueError, SyntaxError):
            raise UnreadableFile(_DAMAGED) from None
        finally:
            book.close()


def sheets(path: Path) -> list[str]:
    with _opened(path) as book:
        names = [str(sheet.title) for sheet in book.worksheets]
    if not names:
        raise UnreadableFile(_DAMAGED)
    return names


def records(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(row number, cells) of the first sheet, blank rows included."""
    text = _text if _shares_strings(path) else _text_in_place
    with _opened(path) as book:
        sheet = book.worksheets[0]
        # Some exporters write a wrong extent, at which openpyxl would cut the rows off.
        sheet.reset_dimensions()
        for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
            if number > MAX_SHEET_ROWS:
                raise UnreadableFile(_DAMAGED)
            cells = [text(value) for value in values]
            while cells and not cells[-1].strip():
                cells.pop()
            yield number, cells


def rows(path: Path, shape: FileShape) -> Iterator[RawRow]:
    """The data rows, blank ones left out."""
    width = len(shape.header)
    header_is_due = shape.has_header
    for number, cells in records(path):
        if is_blank(cells):
            continue
        if header_is_due:
            header_is_due = False
            continue
        fault = shape_problem(cells, shape.header)
        if fault[0] is None:
            fault = _error_value(cells, shape.header)
        yield make_row(number, number, cells, width, fault)


def _error_value(cells: list[str], header: list[str]) -> tuple[str | None, int | None]:
    for index, cell in enumerate(cells):
        if cell in ERRORS:
            return f"{column_label(header, index)}: holds the spreadsheet error {cell}", index
    return None, None


def _shares_strings(path: Path) -> bool:
    """Where strings stand in the table that sheets share, openpyxl takes their escapes off itself."""
    with zipfile.ZipFile(path) as archive:
        return any("sharedstrings" in name.lower() for name in archive.namelist())


def _text_in_place(value: Any) -> str:
    """Where strings stand in their cells: "_x005F_x0041_" is "_x0041_", "_xFFFE_" one character."""
    if isinstance(value, str):
        value = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)
    return _text(value)


def _text(value: Any) -> str:
    """A cell as a person reads it: no ".0", no time where there is none."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime():
            return value.isoformat(sep=" ")
        case date() | time():
            return value.isoformat()
    return strip_controls(str(value))
