"""Cells that a spreadsheet would run, made harmless, and back.

A cell whose first visible character starts a formula (also in full-width form, also behind blanks
or invisible characters) gets a leading apostrophe; the import takes it off again. So does one that
reads as a spreadsheet's error, and a cell that begins with an apostrophe gets one more, so that
the way back is exact. OWASP, "CSV Injection".
"""

import unicodedata

STARTERS = frozenset("=+-@|%")
CONTROLS = frozenset("\t\r\n\x00")
ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"})


def neutralise(cell: str) -> str:
    """The cell as it may stand in an export."""
    return f"'{cell}" if _needs_guard(cell) else cell


def is_formula(cell: str) -> bool:
    first = cell[:1]
    if first.isalnum() and first.isascii():
        return False  # most cells
    if first in CONTROLS:
        return True
    for character in cell:
        if character.isspace() or unicodedata.category(character) in {"Cc", "Cf"}:
            continue
        return unicodedata.normalize("NFKC", character)[:1] in STARTERS
    return False


def _needs_guard(cell: str) -> bool:
    return cell.startswith("'") or cell in ERRORS or is_formula(cell)


def restore(cell: str) -> str:
    """The cell as it was before `neutralise`; other people's exports protect numbers likewise."""
    rest = cell[1:]
    return rest if cell.startswith("'") and _needs_guard(rest) else cell
