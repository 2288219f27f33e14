"""E-mails and mobile phones when a merge is undone: which return, which stay, and why.

They are never seized back: one that was released since, that belongs to somebody else now, or that
the survivor uses as its current one by a later edit, stays where it is and is listed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contacts.fields import IDENTIFIER_FIELDS, known_fields, set_value
from contacts.merging.records import RESULT
from contacts.models import Contact, Identifier, Merge
from contacts.services import identifier_key

RELEASED = "It was released since."
TAKEN = "It belongs to another contact now."
IN_USE = "It was made the current one here since the merge, and stays here."
GIVEN_AGAIN = "It was released and then entered here again, and stays here."


@dataclass(frozen=True)
class Withheld:
    """An identifier that `record` had before the merge and does not get back."""

    record: Contact
    kind: str
    value: str
    why: str


class Wanted:
    """The identifiers that the returning records had, and what becomes of each."""

    def __init__(self, merge: Merge, survivor: Contact, returning: dict[str, Contact]) -> None:
        self.merge, self.survivor, self.returning = merge, survivor, returning
        self.had = {public_id: merge.records[public_id]["identifiers"] for public_id in returning}
        self.made_by_merge = list(merge.records[RESULT]["made"])
        self.here = {(row.kind, row.key): row for row in survivor.identifiers.all()}
        self.leaving = {row["id"] for rows in self.had.values() for row in rows}
        self.back: dict[str, list[int]] = {public_id: [] for public_id in returning}
        self.made: list[int] = []
        self.withheld: list[Withheld] = []

    def facts(self) -> list[Any]:
        """What is where now, for the digest."""
        here = sorted((kind, key, row.pk) for (kind, key), row in self.here.items())
        lost = [row for rows in self.had.values() for row in rows]
        return [here, [_why_away(row["kind"], row["key"]) for row in lost]]

    def may_hold(self, kind: str, value: str) -> bool:
        """Whether the survivor may have this value back: it is its own, now or formerly."""
        if not value:
            return True
        row = self.here.get((kind, identifier_key(kind, value)))
        return row is not None and row.pk not in self.leaving

    def leaves(self, kind: str, value: str) -> bool:
        """Whether the survivor's present value goes away with a returning record."""
        row = self.here.get((kind, identifier_key(kind, value))) if value else None
        return row is not None and row.pk in self.leaving

    def keep_away(self, kind: str, value: str) -> None:
        """The survivor does not get this value back."""
        why = _why_away(kind, identifier_key(kind, value))
        self._withhold(self.survivor, kind, value, why)

    def settle(self, results: dict[str, str]) -> None:
        """Decide what returns, now that the survivor's values are known. What does not is taken
        off the returning record, so that its fields and its identifiers agree."""
        kept = {
            (kind, identifier_key(kind, value))
            for kind in IDENTIFIER_FIELDS
            if (value := results.get(kind, ""))
        }
        here = {row.pk for row in self.here.values()}
        for public_id, rows in self.had.items():
            record = self.returning[public_id]
            back = [row for row in rows if row["id"] in here and _slot(row) not in kept]
            self.back[public_id] = [row["id"] for row in back]
            for row in rows:
                if row not in back:
                    self._withhold(record, row["kind"], row["value"], self._why(row, kept))
            for kind in IDENTIFIER_FIELDS:
                if not any(row["kind"] == kind and row["current"] for row in back):
                    set_value(record, known_fields()[kind], "")
        self.made = [
            row.pk
            for slot, row in self.here.items()
            if row.pk in self.made_by_merge and slot not in kept
        ]

    def _why(self, row: dict[str, Any], kept: set[tuple[str, str]]) -> str:
        if _slot(row) in kept:
            return IN_USE
        return GIVEN_AGAIN if _slot(row) in self.here else _why_away(*_slot(row))

    def correct(self, later: list[Merge]) -> None:
        """Take what returns out of the later merges' notes, and keep their marks of what is
        current in step with the fields they note."""
        gone = {pk for ids in self.back.values() for pk in ids} | set(self.made)
        noted: dict[tuple[int, bool], dict[str, Any]] = {}  # how it was when it was last like this
        for step in (self.merge, *later):
            for public_id in step.before:
                record = step.records[public_id]
                if step is not self.merge:
                    record["identifiers"] = [
                        r for r in record["identifiers"] if r["id"] not in gone
                    ]
                    _mark_current(record["identifiers"], step.before[public_id], noted)
                for row in record["identifiers"]:
                    noted.setdefault((row["id"], row["current"]), row)
            if step is not self.merge:
                made = step.records[RESULT]["made"]
                step.records[RESULT]["made"] = [pk for pk in made if pk not in gone]

    def _withhold(self, record: Contact, kind: str, value: str, why: str) -> None:
        self.withheld.append(Withheld(record, kind, value, why))


def _slot(row: dict[str, Any]) -> tuple[str, str]:
    return row["kind"], row["key"]


def _mark_current(
    rows: list[dict[str, Any]],
    fields: Mapping[str, str],
    noted: Mapping[tuple[int, bool], dict[str, Any]],
) -> None:
    for row in rows:
        text = fields.get(row["kind"], "")
        current = bool(text) and identifier_key(row["kind"], text) == row["key"]
        if current != row["current"]:
            row["current"] = current
            like = noted.get((row["id"], current), row)
            row.update(since=like["since"], value=like["value"])


def _why_away(kind: str, key: str) -> str:
    return TAKEN if Identifier.objects.filter(kind=kind, key=key).exists() else RELEASED
