"""The mapping step: which column fills which field, and how local values are read."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import phonenumbers
from django.db.models import QuerySet

from contacts.imports.mapping import FIELDS, guess
from contacts.models import Import, User

MODES = (
    (Import.Mode.REPLACE, "Fill blank fields and replace values"),
    (Import.Mode.FILL, "Fill blank fields only"),
)


@dataclass(frozen=True)
class Column:
    """One column of the file as the mapping page shows it."""

    index: int
    header: str
    samples: str
    field: str
    match: str
    note: str


class MappingForm:
    """The choices as posted, or as they stand; `errors` is empty until `save` was tried."""

    def __init__(self, batch: Import, data: Mapping[str, Any] | None = None) -> None:
        self.batch = batch
        self.errors: list[str] = []
        shape = batch.shape
        self.header: list[str] = shape["header"]
        self.samples: list[list[str]] = shape["samples"]
        if data is None:
            self.chosen = [str(name) for name in batch.mapping]
            self.region, self.mode = batch.region, batch.mode
            self.owner = str(batch.owner_id or "")
        else:
            self.chosen = [str(data.get(f"column_{i}", "")) for i in range(len(self.header))]
            self.region = str(data.get("region", ""))
            self.mode = str(data.get("mode", ""))
            self.owner = str(data.get("owner", ""))

    @cached_property
    def columns(self) -> list[Column]:
        guesses = guess(self.header, self.samples)
        return [
            Column(
                index=index,
                header=header,
                samples=", ".join(
                    row[index] for row in self.samples if index < len(row) and row[index].strip()
                ),
                field=self.chosen[index],
                match=self._match(guesses[index], self.chosen[index]),
                note=guesses[index].note
                if guesses[index].field == (self.chosen[index] or None)
                else "",
            )
            for index, header in enumerate(self.header)
        ]

    @staticmethod
    def _match(guessed: Any, chosen: str) -> str:
        if not chosen:
            return "left out"
        return str(guessed.match) if guessed.field == chosen else "matched"

    @property
    def matched(self) -> int:
        return sum(bool(name) for name in self.chosen)

    @property
    def to_check(self) -> list[str]:
        return [column.header for column in self.columns if column.match == "check"]

    @property
    def modes(self) -> tuple[tuple[str, str], ...]:
        return MODES

    @cached_property
    def regions(self) -> list[tuple[str, str]]:
        """Every region with its calling code, by its two letters."""
        return [
            (region, f"{region} (+{phonenumbers.country_code_for_region(region)})")
            for region in sorted(phonenumbers.SUPPORTED_REGIONS)
        ]

    @cached_property
    def owners(self) -> QuerySet[User]:
        return User.objects.filter(is_active=True)

    def save(self) -> bool:
        """Check the choices and keep them with the import; False and `errors` when they are bad."""
        used: dict[str, int] = {}
        for index, name in enumerate(self.chosen):
            if name and name not in FIELDS:
                self.errors.append(f"{self.header[index]}: choose a field from the list")
            elif name and name in used:
                first = self.header[used[name]]
                label = FIELDS[name]
                self.errors.append(f"{first} and {self.header[index]} both fill {label}")
            elif name:
                used[name] = index
        if not used and not self.errors:
            self.errors.append("Choose a contact field for at least one column")
        if self.region not in phonenumbers.SUPPORTED_REGIONS:
            self.errors.append("Choose how local phone numbers are read")
        if self.mode not in Import.Mode.values:
            self.errors.append("Choose what happens to existing values")
        owner = self.owners.filter(pk=self.owner).first() if self.owner.isdigit() else None
        if owner is None:
            self.errors.append("Choose an owner for new contacts")
        if self.errors:
            return False
        self.batch.mapping, self.batch.owner = self.chosen, owner
        self.batch.region, self.batch.mode = self.region, self.mode
        self.batch.save(update_fields=["mapping", "owner", "region", "mode"])
        return True
