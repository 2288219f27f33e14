"""Reading an uploaded file: what it is, how its rows are to be read, and the rows themselves."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from contacts.formulas import restore as unprotect
from contacts.imports import delimited, workbook
from contacts.imports.encodings import CHOICES, Encoding, chosen, detect
from contacts.imports.rows import (
    SAMPLE_ROWS,
    FileShape,
    RawRow,
    UnreadableFile,
    check_width,
    display_header,
    fit,
    is_blank,
)
from contacts.imports.values import looks_like_email, looks_like_phone

__all__ = [
    "CHOICES",
    "FileShape",
    "RawRow",
    "UnreadableFile",
    "inspect_file",
    "iter_rows",
    "unprotect",
]

_EMPTY = "This file is empty. Export the contacts again and upload the new file."
_ZIP = b"PK\x03\x04"
# Content, not the name, says what a file is. Each with what a person can do about it.
_NOT_CSV = (
    (b"\x89PNG", "This is a picture"),
    (b"GIF8", "This is a picture"),
    (b"\xff\xd8\xff", "This is a picture"),
    (b"%PDF", "This is a PDF"),
    (b"\x1f\x8b", "This file is compressed (gzip). Unpack it first"),
    (b"BZh", "This file is compressed (bzip2). Unpack it first"),
    (b"\xfd7zXZ", "This file is compressed (xz). Unpack it first"),
    (b"7z\xbc\xaf", "This file is compressed (7-Zip). Unpack it first"),
    (b"PK\x05\x06", "This is an empty ZIP file"),
    (b"\xd0\xcf\x11\xe0", "This is a workbook of an old Excel. Save it as XLSX or CSV"),
    (b"{\\rtf", "This is a text document"),
    (b"\x7fELF", "This is a program"),
)
_VCARD = "This is a vCard file. Export the contacts as CSV instead"
_WEB_PAGE = "This is a web page. The download may have needed a sign-in"
_UPLOAD = "Upload a CSV file or an Excel workbook."
_EXACT_UP_TO = 64 * 1024 * 1024  # bytes; beyond that rows are estimated and quotes checked later
_ESTIMATED_FROM = 1000  # rows


def inspect_file(
    path: Path, *, encoding: str | None = None, has_header: bool | None = None
) -> FileShape:
    """How the file is to be read. `encoding` and `has_header` are a person's choice.

    A file up to 64 MB is read through once, so its row count is exact and a quote that never
    closes is found here; a longer one is sampled. Raises UnreadableFile.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(64 * 1024)
    if not head:
        raise UnreadableFile(_EMPTY)
    if head.startswith(_ZIP):
        workbook.check(path)
        return _inspect_workbook(path, size, has_header)
    _refuse_other_formats(head)
    return _inspect_text(path, size, _encoding(path, encoding), has_header)


def iter_rows(path: Path, shape: FileShape) -> Iterator[RawRow]:
    """The data rows, in flat memory. Blank rows are skipped but counted in the row numbers.

    NUL and other control characters are stripped. A row that cannot be imported has a problem;
    the rest goes on. Raises UnreadableFile where the file as a whole cannot be read further.
    """
    return workbook.rows(path, shape) if shape.kind == "xlsx" else delimited.rows(path, shape)


def _encoding(path: Path, name: str | None) -> Encoding:
    if name is None:
        return detect(path)
    try:
        return chosen(name)
    except LookupError:
        raise UnreadableFile("This encoding is not known. Choose one from the list.") from None


def _refuse_other_formats(head: bytes) -> None:
    for signature, what in _NOT_CSV:
        if head.startswith(signature):
            raise UnreadableFile(f"{what}. {_UPLOAD}")
    # Zeros and marks out of the way, so that UTF-16 is looked at too.
    start = head[:512].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if start.startswith(b"begin:vcard"):
        raise UnreadableFile(f"{_VCARD}. {_UPLOAD}")
    if re.match(rb"<(!doctype|html|head|body|script|\?xml|svg)\b", start):
        raise UnreadableFile(f"{_WEB_PAGE}. {_UPLOAD}")


def _refuse_binary(sample: str) -> None:
    """Text has hardly any control characters, whatever its encoding."""
    odd = sum(c < " " and c not in "\t\r\n\x1b" or c == "\x7f" for c in sample)
    if odd > 8 and odd > len(sample) * 0.05:
        raise UnreadableFile(f"This is not a text file. {_UPLOAD}")


def _inspect_text(path: Path, size: int, encoding: Encoding, has_header: bool | None) -> FileShape:
    with delimited.open_text(path, encoding.codec) as stream:
        sample = stream.read(64 * 1024)
    _refuse_binary(sample)
    delimiter = delimited.sniff_delimiter(path, encoding.codec)
    exact = size <= _EXACT_UP_TO
    first: list[list[str]] = []
    count = read = 0
    for lines, cells, _problem in delimited.records(path, encoding.codec, delimiter):
        if is_blank(cells):
            continue
        count += 1
        if len(first) <= SAMPLE_ROWS:
            check_width(len(cells))
            first.append(cells)
        if not exact:
            read += len("".join(lines.lines).encode(encoding.codec, "replace"))
            if count == _ESTIMATED_FROM:
                count = max(count, size * count // read)
                break
    table = _table(first, count, has_header)
    return FileShape(
        kind="csv",
        size=size,
        encoding=encoding.codec,
        encoding_label=encoding.label,
        encoding_certain=encoding.certain,
        likely_encodings=list(encoding.likely),
        delimiter=delimiter,
        row_count_exact=exact,
        **table,
    )


def _inspect_workbook(path: Path, size: int, has_header: bool | None) -> FileShape:
    names = workbook.sheets(path)
    first: list[list[str]] = []
    count = 0
    for _number, cells in workbook.records(path):
        if is_blank(cells):
            continue
        count += 1
        if len(first) <= SAMPLE_ROWS:
            check_width(len(cells))
            first.append(cells)
    return FileShape(
        kind="xlsx",
        size=size,
        encoding_label="Excel workbook",
        sheet=names[0],
        other_sheets=len(names) - 1,
        **_table(first, count, has_header),
    )


def _table(first: list[list[str]], count: int, has_header: bool | None) -> dict[str, Any]:
    """Header, samples and row count from the first rows with something in them."""
    if not first:
        raise UnreadableFile(_EMPTY)
    if has_header is None:
        # Names of columns are neither addresses nor numbers.
        has_header = not any(looks_like_email(c) or looks_like_phone(c) for c in first[0])
    width = len(first[0]) if has_header else max(map(len, first))
    data = first[1:] if has_header else first
    shown = [[cell.replace("\udc80", "\ufffd") for cell in fit(row, width)] for row in data]
    return {
        "has_header": has_header,
        "header": display_header(first[0] if has_header else [], width),
        "samples": shown[:SAMPLE_ROWS],
        "row_count": count - 1 if has_header else count,
    }
