"""The mapping step: which column fills which field, and how local values are read."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import phonenumbers
from django.db import transaction
from django.db.models import QuerySet

from contacts.fields import field_of
from contacts.imports.mapping import choices, custom_labels, guess
from contacts.models import Import, Property, User
from contacts.properties import BadProperty, create_property
from contacts.regions import region_choices
from contacts.signals import Actor

#: Chosen instead of a field: a new property, named like the column.
NEW = "new:"
NEW_KINDS = tuple(
    (f"{NEW}{kind}", str(Property.Kind(kind).label))
    for kind in (
        Property.Kind.TEXT,
        Property.Kind.LONG_TEXT,
        Property.Kind.NUMBER,
        Property.Kind.DATE,
        Property.Kind.YES_NO,
    )
)
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
        guesses = guess(self.header, self.samples, custom_labels())
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
        """Every country with its calling code, by name."""
        return region_choices()

    @cached_property
    def owners(self) -> QuerySet[User]:
        return User.objects.filter(is_active=True)

    @property
    def new_kinds(self) -> tuple[tuple[str, str], ...]:
        return NEW_KINDS

    def save(self, user: User) -> bool:
        """Check the choices and keep them with the import; False and `errors` when they are bad.

        Properties that were asked for are made with them, all or none.
        """
        self._check_columns()
        owner = self._check_rest()
        if self.errors:
            return False
        try:
            with transaction.atomic():
                chosen = [self._made(index, name, user) for index, name in enumerate(self.chosen)]
                self.batch.mapping, self.batch.owner = chosen, owner
                self.batch.region, self.batch.mode = self.region, self.mode
                self.batch.save(update_fields=["mapping", "owner", "region", "mode"])
        except BadProperty:
            return False
        return True

    def _made(self, index: int, name: str, user: User) -> str:
        """The field of a column, made first where a new property was chosen."""
        if not name.startswith(NEW):
            return name
        try:
            made = create_property(
                actor=Actor(user), label=self.header[index], kind=name.removeprefix(NEW)
            )
        except BadProperty as fault:
            told = next(iter(fault.errors.values()))
            self.errors.append(f"{self.header[index]}: no property was made of it. {told}")
            raise
        return field_of(made).name

    def _check_columns(self) -> None:
        used: dict[str, int] = {}
        fields = choices()
        new = dict(NEW_KINDS)
        for index, name in enumerate(self.chosen):
            if name in new:
                used[f"{name} {index}"] = index
            elif name and name not in fields:
                self.errors.append(f"{self.header[index]}: choose a field from the list")
            elif name and name in used:
                first = self.header[used[name]]
                label = fields[name]
                self.errors.append(f"{first} and {self.header[index]} both fill {label}")
            elif name:
                used[name] = index
        if not used and not self.errors:
            self.errors.append("Choose a contact field for at least one column")

    def _check_rest(self) -> User | None:
        if self.region not in phonenumbers.SUPPORTED_REGIONS:
            self.errors.append("Choose how local phone numbers are read")
        if self.mode not in Import.Mode.values:
            self.errors.append("Choose what happens to existing values")
        owner = self.owners.filter(pk=self.owner).first() if self.owner.isdigit() else None
        if owner is None:
            self.errors.append("Choose an owner for new contacts")
        return owner
