"""What a file turns into: its shape, its rows, and the limits that both keep to."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

MAX_COLUMNS = 500
MAX_CELL = 64 * 1024  # characters
MAX_LINE = 2 * 1024 * 1024  # characters in one physical line, or in one row over several lines
SAMPLE_ROWS = 5

# Left out of every cell: PostgreSQL refuses NUL, terminals obey the others. Tab and line ends stay.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


class UnreadableFile(Exception):
    """The file as a whole cannot be read. The message tells a person why, and what to do."""


@dataclass(frozen=True)
class FileShape:
    """How a file is to be read. Made of JSON types, since an import keeps it between requests."""

    kind: str  # "csv" or "xlsx"
    size: int  # bytes
    encoding: str = ""  # codec name; "" for a workbook
    encoding_label: str = ""
    encoding_certain: bool = True
    likely_encodings: list[str] = field(default_factory=list)  # labels, best first
    delimiter: str = ","
    has_header: bool = True
    header: list[str] = field(default_factory=list)  # one per column, blanks as "Column 2"
    samples: list[list[str]] = field(default_factory=list)
    row_count: int = 0  # rows with something in them, the header not counted
    row_count_exact: bool = True
    sheet: str = ""  # the one sheet of a workbook that is read
    other_sheets: int = 0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "FileShape":
        return cls(**data)


@dataclass(frozen=True)
class RawRow:
    """One row as read. `number` counts as a spreadsheet does: a header is row 1."""

    number: int
    line: int  # physical line it starts on; in a workbook the row number
    cells: list[str]  # one per column; more where the problem is that there are too many
    problem: str | None = None  # why the row cannot be imported as it stands
    column: int | None = None  # the column at fault; without it the row as a whole is


def strip_controls(text: str) -> str:
    return _CONTROL.sub("", text)


def is_blank(cells: list[str]) -> bool:
    return not any(cell.strip() for cell in cells)


def column_label(header: list[str], index: int) -> str:
    return header[index] if index < len(header) else f"Column {index + 1}"


def display_header(cells: list[str], width: int) -> list[str]:
    """Column names as shown: invisible characters gone, blanks named by position."""
    names = [" ".join(strip_invisible(cell).split()) for cell in cells]
    names += [""] * (width - len(names))
    return [name or f"Column {index}" for index, name in enumerate(names, 1)]


def strip_invisible(text: str) -> str:
    """Without zero-width and byte-order marks, which hide in headers copied from web pages."""
    text = re.sub("[\u00ad\u200b-\u200f\u2060\ufeff]", "", text)
    return re.sub("[\udc80-\udcff]", "\ufffd", text)


def check_width(width: int) -> None:
    """Raises UnreadableFile where there are more columns than a contact list has."""
    if width > MAX_COLUMNS:
        raise UnreadableFile(
            f"The file has {width:,} columns. At most {MAX_COLUMNS} are read: "
            "remove the columns you do not need and upload it again."
        )


def fit(cells: list[str], width: int) -> list[str]:
    """Exactly `width` cells: short rows padded, surplus cells left off."""
    return cells[:width] + [""] * (width - len(cells))


def make_row(
    number: int,
    line: int,
    cells: list[str],
    width: int,
    fault: tuple[str | None, int | None],
) -> RawRow:
    """The row, padded. Surplus cells stay where they are the fault, for the report of it."""
    problem, column = fault
    whole_row = problem is not None and column is None
    kept = fit(cells, min(max(width, len(cells)), MAX_COLUMNS) if whole_row else width)
    return RawRow(number, line, kept, problem, column)


def shape_problem(cells: list[str], header: list[str]) -> tuple[str | None, int | None]:
    """What is wrong with the number or the length of a row's cells: (problem, column)."""
    width = len(header)
    used = len(cells)
    while used > width and not cells[used - 1].strip():
        used -= 1
    if used > width:
        return f"Too many cells ({used:,} for {width:,} columns)", None
    for index, cell in enumerate(cells[:width]):
        if len(cell) > MAX_CELL:
            label = column_label(header, index)
            return f"{label}: too long ({len(cell):,} characters, at most {MAX_CELL:,})", index
    return None, None
