"""XLSX written as a stream: one sheet, in flat memory, without a temporary file.

The part of ECMA-376 that a table needs, by hand: strings stand in their cells, so nothing has to
be kept until the end. CPU time for 20,000 rows of 23 texts, measured on one machine: openpyxl's
write-only mode 4.4 s, XlsxWriter with constant memory about half of that, this 0.7 s.
"""

import math
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from html import escape
from io import RawIOBase
from typing import Any

from contacts.exporting.rows import Column
from contacts.fields import Kind
from contacts.formulas import neutralise

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_ROWS = 1_048_575  # a sheet has one more, for the heads
MAX_BYTES = 2_000_000_000  # of a sheet, unpacked: beyond it comes a form of ZIP that Excel refuses
PIECE = 256  # rows that are written, and sent, together
_EPOCH = date(1899, 12, 30)
_FIRST_DAY = date(1900, 3, 1)  # before it, Excel counts a day that never was
_DATE_STYLE, _HEAD_STYLE = 1, 2
#: What XML cannot hold, and what a spreadsheet would read as such an escape.
_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]|_(?=x[0-9A-Fa-f]{4}_)")
_SHEET_NAME = "@sheet@"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OOXML = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_OOXML}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_OOXML}.styles+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_OOXML}.worksheet+xml"/>'
        "</Types>"
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_REL}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>"
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_REL}">'
        f'<sheets><sheet name="{_SHEET_NAME}" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_REL}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_REL}/styles" Target="styles.xml"/>'
        "</Relationships>"
    ),
    "xl/styles.xml": (
        f'<styleSheet xmlns="{_MAIN}">'
        '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/></numFmts>'
        '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
        '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'
        "</cellStyleXfs>"
        '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
        '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
        "</styleSheet>"
    ),
}
_SHEET_HEAD = (
    f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    '</sheetView></sheetViews><cols><col min="1" max="{width}" width="20" customWidth="1"/></cols>'
    "<sheetData>"
)


class TooLarge(Exception):
    """More than a workbook holds; the message tells a person."""

    def __init__(self) -> None:
        super().__init__(
            f"A workbook holds at most {MAX_ROWS:,} contacts, and 2 GB. Export them as CSV instead."
        )


def xlsx_parts(
    columns: Sequence[Column], rows: Iterable[Sequence[str]], *, sheet_name: str = "Contacts"
) -> Iterator[bytes]:
    """The file, piece by piece. Every string cell is neutralised here.

    Raises TooLarge on the way.
    """
    outlet = _Outlet()
    letters = [_letters(place) for place in range(len(columns))]
    cells = [_CELLS.get(column.kind, _string) for column in columns]
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _PARTS.items():
            archive.writestr(name, _XML + content.replace(_SHEET_NAME, sheet_name))
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(_SHEET_HEAD.format(width=max(len(columns), 1)).encode())
            heads = [_head(column.header) for column in columns]
            sheet.write(_row(1, letters, heads).encode())
            size = 0
            for piece in _pieces(rows, letters, cells):
                size += sheet.write(piece.encode())
                if size > MAX_BYTES:
                    raise TooLarge
                yield outlet.take()
            sheet.write(b"</sheetData></worksheet>")
    yield outlet.take()


def _pieces(
    rows: Iterable[Sequence[str]], letters: list[str], cells: Sequence[Callable[[str], str]]
) -> Iterator[str]:
    piece: list[str] = []
    for number, row in enumerate(rows, 2):
        if number > MAX_ROWS + 1:
            raise TooLarge
        written = [cell(text) if text else "" for cell, text in zip(cells, row, strict=True)]
        piece.append(_row(number, letters, written))
        if len(piece) == PIECE:
            yield "".join(piece)
            piece = []
    yield "".join(piece)


def _row(number: int, letters: list[str], cells: list[str]) -> str:
    """`cells` are what stands behind '<c r="A2"'; blank ones are left out."""
    told = [
        f'<c r="{letter}{number}"{cell}'
        for letter, cell in zip(letters, cells, strict=True)
        if cell
    ]
    return f'<row r="{number}">{"".join(told)}</row>'


def _number(text: str) -> str:
    """As such where that is exact, else a string."""
    return f"><v>{text}</v></c>" if _is_exact(text) else _string(text)


def _date(text: str) -> str:
    """As a day where a spreadsheet knows it, else a string."""
    day = _day(text)
    return f' s="{_DATE_STYLE}"><v>{day}</v></c>' if day else _string(text)


def _string(text: str) -> str:
    return f" {_text(text)}"


def _head(text: str) -> str:
    return f' s="{_HEAD_STYLE}" {_text(text)}'


def _text(text: str) -> str:
    text = escape(_UNWRITABLE.sub(_escaped, neutralise(text)), quote=False)
    space = ' xml:space="preserve"' if text != text.strip() or "\n" in text else ""
    return f't="inlineStr"><is><t{space}>{text}</t></is></c>'


_CELLS: dict[Kind | None, Callable[[str], str]] = {
    Kind.NUMBER: _number,
    Kind.DECIMAL: _number,
    Kind.DATE: _date,
}


def _escaped(found: re.Match[str]) -> str:
    return f"_x{ord(found[0]):04X}_"


def _is_exact(text: str) -> bool:
    """Whether a spreadsheet, which computes in doubles, gives the number back as it was."""
    try:
        number = float(text)
    except ValueError:
        return False
    if not math.isfinite(number):
        return False
    return text == (str(int(number)) if number.is_integer() and abs(number) < 1e15 else str(number))


def _day(text: str) -> int:
    """The day as a spreadsheet counts; 0 for one that it cannot."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return 0
    return (day - _EPOCH).days if day >= _FIRST_DAY else 0


def _letters(place: int) -> str:
    """0 is A, 25 is Z, 26 is AA."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


class _Outlet(RawIOBase):
    """Where the archive writes, and from where the finished pieces are taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken
