"""Delimited text: physical lines to rows, in flat memory, without swallowing any."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from contacts.imports.encodings import BAD_BYTE, MARK
from contacts.imports.rows import (
    MAX_CELL,
    MAX_LINE,
    FileShape,
    RawRow,
    UnreadableFile,
    column_label,
    is_blank,
    make_row,
    shape_problem,
    strip_controls,
)

DELIMITERS = ",;\t|"
_SNIFFED_CHARACTERS = 64 * 1024
_SNIFFED_ROWS = 50
_LOST = "\ufffd"
_ODD = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{_LOST}{BAD_BYTE}]")
_SEPARATOR_HINT = re.compile(r"sep=([,;\t|])\s*$", re.IGNORECASE)  # Excel's own first line

# The module's limit is one per process and aborts the file. Ours is checked per cell, and a row is
# never longer than MAX_LINE, so the module's is raised out of the way, once, and never lowered.
csv.field_size_limit(max(csv.field_size_limit(), 2 * MAX_LINE))


class Lines:
    """Feeds csv.reader with physical lines and knows where the row being read began.

    When the reader asks for a second line within one row, it is inside a quoted cell. That tells
    an unterminated quote apart, with the line it opens on, before it swallows the file.
    """

    def __init__(self, stream: TextIO, first: int = 0) -> None:
        self._stream = stream
        self.number = first  # of the line handed out last
        self.start_row()

    def start_row(self) -> None:
        self.begin = self.number + 1
        self.lines: list[str] = []
        self.size = 0
        self.odd = False
        self.opened = self.carried = self.begin

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        text = self._stream.readline(MAX_LINE + 1)
        if self.lines and (not text or self.size + len(text) > MAX_LINE):
            raise unterminated_quote(self.opened)
        if not text:
            raise StopIteration
        self.number += 1
        if len(text) > MAX_LINE:
            raise UnreadableFile(
                f"Line {self.number:,} is longer than {MAX_LINE:,} characters. "
                "Check that the file is a list of contacts with one row per line."
            )
        if _ODD.search(text):
            self.odd = True
            text = strip_controls(text)
        # The quote that led into this line, and the one that leads out of it: the same, where the
        # line is wholly inside it, else one that opens here.
        self.carried = self.opened
        if not self.lines or '"' in text.replace('""', ""):
            self.opened = self.number
        self.lines.append(text)
        self.size += len(text)
        return text


def unterminated_quote(line: int) -> UnreadableFile:
    return UnreadableFile(
        f"A quote opens on line {line:,} and is not closed as it should be. Close it, "
        "or put two quotes for each one that belongs to the text, and upload the file again."
    )


def open_text(path: Path, encoding: str) -> TextIO:
    """The text with line ends as they are, bad bytes marked. Byte-order marks are skipped."""
    file = path.open(encoding=encoding, errors=MARK, newline="")
    try:
        start = 0
        while file.read(1) == "\ufeff":  # two of them, where a file was converted twice
            start = file.tell()
        file.seek(start)
    except BaseException:
        file.close()
        raise
    return file


def _reader(lines: Iterator[str], delimiter: str) -> Iterator[list[str]]:
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)


def records(path: Path, encoding: str, delimiter: str) -> Iterator[tuple[Lines, list[str], str]]:
    """Every record: (where it is, cells, problem). The Lines object is the same each time.

    Raises UnreadableFile for an unterminated quote or an endless line.
    """
    with open_text(path, encoding) as stream:
        lines = Lines(stream)
        reader = _reader(lines, delimiter)
        while True:
            lines.start_row()
            try:
                cells, problem = next(reader), ""
            except StopIteration:
                return
            except csv.Error:
                if len(lines.lines) > 1:
                    raise unterminated_quote(lines.carried) from None
                cells, problem = _second_try(lines.lines[0], delimiter)
            if lines.begin == 1 and _SEPARATOR_HINT.match(lines.lines[0]):
                continue
            yield lines, cells, problem


def _second_try(line: str, delimiter: str) -> tuple[list[str], str]:
    """A line with text after a closing quote: blanks there are harmless, anything else is not."""
    tidy = re.sub(rf'" +(?=[{re.escape(delimiter)}\r\n]|$)', '"', line)
    try:
        return next(_reader(iter([tidy]), delimiter)), ""
    except (csv.Error, StopIteration):
        cells = line.rstrip("\r\n").split(delimiter)
        return cells, "Text follows a closing quote: put two quotes for each one in the text"


def rows(path: Path, shape: FileShape) -> Iterator[RawRow]:
    """The data rows. Blank ones are left out but counted in `number`."""
    width = len(shape.header)
    header_is_due = shape.has_header
    number = 0
    for lines, cells, problem in records(path, shape.encoding, shape.delimiter):
        number += 1
        if is_blank(cells):
            continue
        if header_is_due:
            header_is_due = False
            continue
        fault: tuple[str | None, int | None] = (problem or None, None)
        if not problem and (len(cells) > width or lines.size > MAX_CELL):
            fault = shape_problem(cells, shape.header)
        if lines.odd and fault[0] is None:
            fault = _byte_problem(cells, shape)
        if lines.odd:
            cells = [cell.replace(BAD_BYTE, _LOST) for cell in cells]
        yield make_row(number, lines.begin, cells, width, fault)


def _byte_problem(cells: list[str], shape: FileShape) -> tuple[str | None, int | None]:
    for index, cell in enumerate(cells):
        label = column_label(shape.header, index)
        if BAD_BYTE in cell:
            return f"{label}: {_not_in_encoding(shape)}", index
        if _LOST in cell:
            return f"{label}: letters were lost (\ufffd) before this file was made", index
    return None, None


def _not_in_encoding(shape: FileShape) -> str:
    name = shape.encoding_label
    if shape.likely_encodings:
        likely = " or ".join(shape.likely_encodings)
        return f"not {name}. The file may be {likely}: choose its encoding under Map columns"
    return f"some bytes are not {name}. Correct the cell, or choose the encoding of the file"


def sniff_delimiter(path: Path, encoding: str) -> str:
    """The delimiter under which the first rows agree best on more than one column."""
    with open_text(path, encoding) as stream:
        sample = strip_controls(stream.read(_SNIFFED_CHARACTERS))
    lines = sample.splitlines()
    if lines and (hint := _SEPARATOR_HINT.match(lines[0])):
        return hint[1]
    return max(DELIMITERS, key=lambda delimiter: _agreement(sample, delimiter))


def _agreement(sample: str, delimiter: str) -> tuple[bool, float, int]:
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter, skipinitialspace=True)
    widths: list[int] = []
    for cells in reader:
        if not is_blank(cells):
            widths.append(len(cells))
        if len(widths) == _SNIFFED_ROWS:
            break
    if not widths or widths[0] == 1:
        return False, 0.0, 0
    return True, widths.count(widths[0]) / len(widths), widths[0]
