"""Cells that a spreadsheet would run, made harmless, and back.

A cell whose first visible character starts a formula (also in full-width form, also behind blanks
or invisible characters) gets a leading apostrophe; the import takes it off again. A cell that
begins with an apostrophe gets one too, so that the way back is exact. OWASP, "CSV Injection".
"""

import unicodedata

STARTERS = frozenset("=+-@|%")
CONTROLS = frozenset("\t\r\n\x00")


def neutralise(cell: str) -> str:
    """The cell as it may stand in an export."""
    return f"'{cell}" if cell.startswith("'") or is_formula(cell) else cell


def is_formula(cell: str) -> bool:
    if cell[:1] in CONTROLS:
        return True
    for character in cell:
        if character.isspace() or unicodedata.category(character) in {"Cc", "Cf"}:
            continue
        return unicodedata.normalize("NFKC", character)[:1] in STARTERS
    return False


def restore(cell: str) -> str:
    """The cell as it was before `neutralise`; other people's exports protect numbers likewise."""
    rest = cell[1:]
    guarded = cell.startswith("'") and (rest.startswith("'") or is_formula(rest))
    return rest if guarded else cell
