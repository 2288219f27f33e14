"""From the cells of one row to the values of a contact, with a sentence for all that is wrong."""

from typing import Any

from contacts.cleaning import clean
from contacts.fields import Field, Kind, field_named, is_blank
from contacts.identity import InvalidValue, LostNumber, parse_email
from contacts.imports.mapping import first_value
from contacts.imports.reading import RawRow, unprotect
from contacts.models import Account, Import, ImportRow, User
from contacts.models.contact import is_public_id

#: A fault in one of these leaves the cell out and says so; the row is still good without it.
#: Identifiers and over-long values are not: a row about somebody else is worse than no row.
LENIENT = {
    Kind.PHONE, Kind.NUMBER, Kind.YES_NO, Kind.STATUS, Kind.OWNER, Kind.TIME_ZONE,
    Kind.DECIMAL, Kind.DATE, Kind.SELECT, Kind.MULTI_SELECT,
}  # fmt: skip
FULL_NAME = "name"
CONTACT_ID = "contact_id"


class CellReader:
    """Reads rows by the mapping of one import."""

    def __init__(self, batch: Import) -> None:
        self.batch = batch
        self.columns = [(i, name) for i, name in enumerate(batch.mapping) if name]
        self.region = batch.region or Account.load().default_region
        self._owners = _owners_by_name()

    def read(self, raw: RawRow) -> ImportRow:
        """An unsaved plan row with values, keys, problems (the row is invalid) and notes."""
        row = ImportRow(
            batch=self.batch,
            number=raw.number,
            outcome=ImportRow.Outcome.NEW,
            cells=[_storable(cell) for cell in raw.cells],
            values={},
            changes=[],
            problems=[],
            notes=[],
        )
        if raw.problem:
            if raw.column is None or raw.column in dict(self.columns):
                row.problems = [raw.problem]
                return row
            row.notes = [f"Not imported anyway: {raw.problem}"]
        for index, name in self.columns:
            cell = unprotect(raw.cells[index]) if index < len(raw.cells) else ""
            if cell.strip():
                self._read_cell(row, name, cell)
        _set_keys(row)
        return row

    def _read_cell(self, row: ImportRow, name: str, cell: str) -> None:
        if name == CONTACT_ID:
            row.named = cell.strip() if is_public_id(cell.strip()) else ""
            return
        if name == FULL_NAME:
            first, _, last = cell.strip().partition(" ")
            self._read_cell(row, "first_name", first)
            self._read_cell(row, "last_name", last)
            return
        field = field_named(name)
        value, rest = first_value(cell) if field.identifies else (cell, "")
        if rest:
            row.notes.append(f"{field.label}: only the first of several values is used")
        try:
            cleaned = self._clean(field, value)
        except LostNumber as fault:
            row.notes.append(f"{field.label} left out: {fault}")
        except InvalidValue as fault:
            if field.kind in LENIENT:
                row.notes.append(f"{field.label} left out: {fault}")
            else:
                row.problems.append(f"{field.label}: {fault}")
        else:
            if not is_blank(cleaned):
                row.values[name] = cleaned

    def _clean(self, field: Field, value: str) -> Any:
        if field.kind is not Kind.OWNER:
            return clean(field, value, region=self.region)
        owner = self._owners.get(value.strip().casefold())
        if owner is None:
            raise InvalidValue("No user has this name or email")
        return owner


def _owners_by_name() -> dict[str, int]:
    """User ids by e-mail and by full name; a name that two users share stands for neither."""
    owners: dict[str, int] = {}
    shared = set()
    for user in User.objects.filter(is_active=True):
        name = user.get_full_name().casefold()
        if name in owners:
            shared.add(name)
        if name:
            owners[name] = user.pk
        owners[user.email.casefold()] = user.pk
    return {name: pk for name, pk in owners.items() if name not in shared}


def _set_keys(row: ImportRow) -> None:
    if row.values.get("email"):
        row.email_key = parse_email(row.values["email"]).key
    row.phone_key = row.values.get("mobile_phone", "")


def _storable(cell: str) -> str:
    """A cell for the reports: PostgreSQL stores no NUL and no lone surrogate (undecodable byte)."""
    return cell.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")[:65536]
