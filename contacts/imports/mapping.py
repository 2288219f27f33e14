"""Which column of a file fills which field of a contact: a guess that a person can change."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from contacts import fields
from contacts.imports.headers import ALIASES, DOUBTFUL, LONE_PHONE, OWNERS, PHONE_SLOTS
from contacts.imports.values import first_value, looks_like_email, looks_like_phone
from contacts.models.contact import is_public_id

__all__ = [
    "FIELDS",
    "ColumnGuess",
    "choices",
    "custom_labels",
    "first_value",
    "guess",
    "header_key",
    "squash",
]

#: The fields of our own that a column can be mapped to: key -> label.
FIELDS: dict[str, str] = {field.name: field.label for field in fields.FIELDS}
FIELDS["name"] = "Full name"  # split into first and last name
FIELDS["contact_id"] = "Contact ID"  # of an export of ours: which contact the row is about


def custom_labels() -> dict[str, str]:
    """The custom properties that a column can be mapped to: key -> label."""
    return {field.name: field.label for field in fields.live_fields() if field.custom}


def choices() -> dict[str, str]:
    """Everything a column can be mapped to now, custom properties included: key -> label."""
    return {**FIELDS, **custom_labels()}


MATCHED, CHECK, LEFT_OUT = "matched", "check", "left out"
_NO_FIELD = "No field has this name."
_NAME_PARTS = "First name and Last name are filled from their own columns."
_LONE_PHONE = (
    "The only phone column, so it is taken as the mobile phone, which identifies a person. "
    "Change it to Phone if these are landlines."
)
_FOREIGN_IDS = "These are the ids of another system. Contacts are found by email and mobile phone."
_BY_VALUES = {
    "email": "The values look like email addresses.",
    "mobile_phone": "The values look like phone numbers.",
}
_SHORTENED = re.compile(r"\d(\.\d+)?[eE]\+\d+")
_AFFIX_RANK = 1000  # names matched in part come after all that match as a whole


@dataclass(frozen=True)
class ColumnGuess:
    """One column and what it is taken for. `field` is a key of FIELDS, or None when left out."""

    index: int
    header: str
    field: str | None
    match: str  # "matched", "check" or "left out"
    note: str = ""


@dataclass
class _Columns:
    """The guess in the making."""

    header: list[str]
    samples: list[list[str]]
    labels: Mapping[str, str]
    names: list[str] = field(init=False)
    field_of: dict[int, str] = field(default_factory=dict)
    lost: dict[int, str] = field(default_factory=dict)  # column -> field that another one fills
    doubts: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.names = [squash(name) for name in self.header]

    def values(self, index: int) -> list[str]:
        cells = (row[index].strip() for row in self.samples if index < len(row))
        return [cell for cell in cells if cell]

    def column_of(self, key: str) -> int | None:
        return next((index for index, name in self.field_of.items() if name == key), None)


def guess(
    header: list[str], samples: list[list[str]], extra: Mapping[str, str] | None = None
) -> list[ColumnGuess]:
    """One guess per column. A field is filled by at most one column: the best name wins.

    `extra` are further fields, key -> label, matched by their labels (custom properties).
    """
    columns = _Columns(header, samples, {**FIELDS, **(extra or {})})
    _match_names(columns, extra or {})
    _leave_out_foreign_ids(columns)
    _prefer_name_parts(columns)
    _promote_lone_phone(columns)
    _match_values(columns)
    _doubt_values(columns)
    return [_describe(columns, index) for index in range(len(header))]


def header_key(header: list[str]) -> str:
    """A stable key (64 hex digits) of a header row, under which its mapping is remembered."""
    names = "\x1f".join(squash(name) for name in header)
    return hashlib.sha256(names.encode()).hexdigest()


def squash(name: str) -> str:
    """Letters and digits of a name, small, without accents: what "E-mail" and "email" share."""
    decomposed = unicodedata.normalize("NFKD", name).casefold()
    return "".join(letter for letter in decomposed if letter.isalnum())


def _match_names(columns: _Columns, extra: Mapping[str, str]) -> None:
    """Give each field the column with the best name, best names first over the whole file."""
    candidates = [
        (rank, index, key, doubt)
        for index, name in enumerate(columns.names)
        for rank, key, doubt in _fields_named(name, extra)
    ]
    for _rank, index, key, doubt in sorted(candidates):
        if index in columns.field_of:
            continue
        if columns.column_of(key) is not None:
            columns.lost.setdefault(index, key)
            continue
        columns.field_of[index] = key
        if doubt:
            columns.doubts[index] = doubt


def _fields_named(name: str, extra: Mapping[str, str]) -> list[tuple[int, str, str]]:
    """(rank, field, doubt) for every field a column of this name may be."""
    found = [
        (0, key, "")
        for key, label in extra.items()
        if name in {squash(label), squash(key), squash(key.removeprefix(fields.CUSTOM))}
    ]
    for key, aliases in ALIASES.items():
        if name in (key.replace("_", ""), squash(FIELDS[key])):
            found.append((0, key, DOUBTFUL.get((key, name), "")))
        elif name in aliases:
            found.append((aliases.index(name), key, DOUBTFUL.get((key, name), "")))
    if found:
        return found
    bare = next((name.removeprefix(owner) for owner in OWNERS if name.startswith(owner)), "")
    for key, aliases in ALIASES.items():
        if bare in aliases:
            found.append((_AFFIX_RANK + aliases.index(bare), key, "Taken by part of its name."))
    return found


def _leave_out_foreign_ids(columns: _Columns) -> None:
    """Other products call their own ids so too."""
    index = columns.column_of("contact_id")
    if index is not None and not all(map(is_public_id, columns.values(index))):
        del columns.field_of[index]
        columns.doubts[index] = _FOREIGN_IDS


def _prefer_name_parts(columns: _Columns) -> None:
    """A full name is split only where no column holds the parts."""
    whole = columns.column_of("name")
    parts = columns.column_of("first_name"), columns.column_of("last_name")
    if whole is not None and parts != (None, None):
        del columns.field_of[whole]
        columns.doubts[whole] = _NAME_PARTS


def _promote_lone_phone(columns: _Columns) -> None:
    """Many products have one phone column, and people put their mobile there."""
    phone = columns.column_of("phone")
    if phone is None or columns.column_of("mobile_phone") is not None:
        return
    others = [
        columns.names[index]
        for index, lost_to in columns.lost.items()
        if lost_to == "phone" and columns.names[index] not in PHONE_SLOTS
    ]
    if columns.names[phone] in LONE_PHONE and not others:
        columns.field_of[phone] = "mobile_phone"
        columns.doubts[phone] = _LONE_PHONE
        columns.lost |= {i: "mobile_phone" for i, key in columns.lost.items() if key == "phone"}


def _match_values(columns: _Columns) -> None:
    """Without names to go by, as in a file without a header, the values tell some columns."""
    nothing_named = not columns.field_of
    if columns.column_of("email") is None:
        _match_by(columns, "email", looks_like_email)
    if nothing_named:
        _match_by(columns, "mobile_phone", looks_like_phone)


def _match_by(columns: _Columns, key: str, test: Callable[[str], bool]) -> None:
    for index in range(len(columns.header)):
        values = columns.values(index)
        if index not in columns.field_of and values and all(map(test, values)):
            columns.field_of[index] = key
            columns.doubts[index] = _BY_VALUES[key]
            return


def _doubt_values(columns: _Columns) -> None:
    """A column called Email that holds none is worth a look."""
    index = columns.column_of("email")
    values = columns.values(index) if index is not None else []
    if index is not None and values and not any(map(looks_like_email, values)):
        columns.doubts[index] = "The first rows hold no email addresses."
    index = columns.column_of("mobile_phone")
    if index is not None and any(map(_SHORTENED.fullmatch, columns.values(index))):
        columns.doubts[index] = (
            "A spreadsheet has shortened some numbers (2.02556E+09), so their digits are lost."
        )


def _describe(columns: _Columns, index: int) -> ColumnGuess:
    header = columns.header[index]
    doubt = columns.doubts.get(index, "")
    if key := columns.field_of.get(index):
        return ColumnGuess(index, header, key, CHECK if doubt else MATCHED, doubt)
    winner = columns.column_of(columns.lost.get(index, ""))
    if winner is not None and not doubt:
        label = columns.labels[columns.field_of[winner]]
        by = f"{columns.header[winner]}, column {winner + 1}"
        return ColumnGuess(index, header, None, LEFT_OUT, f"{label} is filled from {by}.")
    return ColumnGuess(index, header, None, LEFT_OUT, doubt or _NO_FIELD)
