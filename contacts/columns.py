"""The columns of All Contacts: which there are, which a person has chosen, and where each goes.

One for every field people see, and the times. Later apps register theirs from `AppConfig.ready`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from contacts import cells
from contacts.cells import Cell
from contacts.fields import Field, Kind, known_fields, live_fields
from contacts.identity import InvalidValue
from contacts.models import Contact

NAME = "name"
MAX_COLUMNS = 20  # beside the name
#: How wide a column is at least, by its class; those of 200 and more take what room is left.
WIDTHS = {
    "c-name": 188, "c-email": 200, "c-phone": 140, "c-company": 140, "c-status": 150,
    "c-owner": 118, "c-captured": 104, "c-last": 110, "c-text": 150, "c-long": 220,
    "c-number": 110, "c-date": 110, "c-flag": 90, "c-sync": 160,
}  # fmt: skip
STEP = 300  # pixels between the least widths of the table that the stylesheet knows
FITS = 1216  # a window of 1440 less the navigation
#: How many columns beside the name stay where the list is narrower than 1120, 880, 560 pixels.
STAY = (5, 3, 1)
SIDE = ("card-side", "card-more")  # what stands at the right of a card
#: A number, a date or a yes says little without the head of its column.
UNCLEAR = {"c-number", "c-date", "c-flag"}
_CSS = {
    Kind.LONG_TEXT: "c-long",
    Kind.MULTI_SELECT: "c-long",
    Kind.PHONE: "c-phone",
    Kind.NUMBER: "c-number",
    Kind.DECIMAL: "c-number",
    Kind.DATE: "c-date",
    Kind.YES_NO: "c-flag",
}


@dataclass(frozen=True)
class Column:
    """A column: its head, its cells, its place among the others.

    `sort` is the name of the sort that its head offers (contacts.sorting). Of the usual columns
    those that `yields` more give way first where there is little room, and 0 never does; on a phone
    there are these, and one that is `on_card` all the same. `load` reads what the cells of a page
    show beside the contact's own columns, for all of its contacts at once.
    """

    name: str
    label: str
    css: str
    order: int
    cell: Cell
    sort: str = ""
    newest_first: bool = False
    usual: bool = False
    yields: int = 1
    on_card: bool = False
    custom: bool = False
    load: Callable[[Sequence[Contact]], None] | None = None


@dataclass(frozen=True)
class Placed:
    """A column of the table with its classes: its width, when it gives way, its place on a phone."""

    column: Column
    css: str
    card_label: str = ""  # before the value, on a card without heads


_registered: dict[str, Column] = {}


def register(column: Column) -> None:
    _registered[column.name] = column


def columns() -> dict[str, Column]:
    """Every column by name, in their order: those registered, then one for each other field."""
    known = sorted(_registered.values(), key=lambda column: column.order)
    fields = (field for field in live_fields() if field.name not in _registered)
    others = (_of_field(field, 1000 + number) for number, field in enumerate(fields))
    return {column.name: column for column in (*known, *others)}


def usual_columns() -> tuple[Column, ...]:
    """Those that people see until they choose others."""
    return tuple(column for column in columns().values() if column.usual)


def chosen_columns(stored: Any) -> tuple[Column, ...]:
    """The columns that somebody chose, the name first; whatever is stored, there are some.

    A property that has been archived since is left out, and comes back with it.
    """
    if not isinstance(stored, list):
        return usual_columns()
    known = columns()
    names = [name for name in stored if isinstance(name, str) and name in known and name != NAME]
    return (known[NAME], *(known[name] for name in dict.fromkeys(names[:MAX_COLUMNS])))


def clean_columns(names: Sequence[str], stored: Any = None) -> list[str]:
    """A choice made by a person, as it is stored. Raises InvalidValue.

    Archived properties of the choice before stay in it, behind the column that they stood behind.
    """
    known = columns()
    wanted = [name for name in dict.fromkeys(names) if name != NAME]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise InvalidValue(f"There is no column “{unknown[0][:40]}”")
    if len(wanted) > MAX_COLUMNS:
        raise InvalidValue(
            f"Choose at most {MAX_COLUMNS} columns beside the name. These are {len(wanted)}"
        )
    before = [name for name in stored if isinstance(name, str)] if isinstance(stored, list) else []
    for behind, name in pairwise(["", *dict.fromkeys(before)]):
        if name not in known and name in known_fields():
            wanted.insert(wanted.index(behind) + 1 if behind in wanted else 0, name)
    return wanted


def placed(chosen: Sequence[Column], *, usual: bool) -> list[Placed]:
    """The classes of each column. Where they are the usual ones, the design says which give way
    first; of those that a person chose, the last do."""
    beside = [column for column in chosen if column.name != NAME]
    gives_way, on_phone = _gives_way(beside, usual), _on_phone(beside, usual)
    found = []
    for column in chosen:
        css = (column.css, gives_way.get(column.name), on_phone.get(column.name))
        alone = on_phone.get(column.name) in SIDE and column.css in UNCLEAR
        label = column.label if alone else ""
        found.append(Placed(column, " ".join(filter(None, css)), label))
    return found


def _gives_way(beside: Sequence[Column], usual: bool) -> dict[str, str]:
    last_to_go = sorted(beside, key=lambda column: column.yields if usual else 0)
    return {
        column.name: next((f"gw-{k}" for k, stay in enumerate(STAY, 1) if rank >= stay), "")
        for rank, column in enumerate(last_to_go)
    }


def _on_phone(beside: Sequence[Column], usual: bool) -> dict[str, str]:
    """A card has the name, an address under it, and two more at the right."""
    reach = [c for name in ("email", "mobile_phone", "phone") for c in beside if c.name == name]
    main = (reach or list(beside))[:1]
    side = [c for c in beside if c not in main and (not usual or not c.yields or c.on_card)]
    slots = [*((c, "card-main") for c in main), *zip(side, SIDE, strict=False)]
    return {column.name: css for column, css in slots}


def table_css(chosen: Iterable[Column]) -> str:
    """The class by which a table that does not fit gets its least width, and is scrolled."""
    width = sum(WIDTHS.get(column.css, 150) for column in chosen) + 48
    return f"tw-{-(-width // STEP)}" if width > FITS else ""


def _of_field(field: Field, order: int) -> Column:
    return Column(
        name=field.name,
        label=field.label,
        css=_CSS.get(field.kind, "c-text"),
        order=order,
        cell=cells.of_field(field),
        sort=field.name if field.custom else "",
        custom=field.custom,
    )


def _no_cell(_: Any) -> SafeString:
    """The name is the link of its row, which the row's template writes."""
    return mark_safe("")


for _number, (_name, _label, _css, _cell, _sort, _yields) in enumerate(
    (
        (NAME, "Name", "c-name", _no_cell, "name", 0),
        ("email", "Email", "c-email", cells.email, "email", 1),
        ("mobile_phone", "Mobile phone", "c-phone", cells.mobile_phone, "", 1),
        ("company", "Company", "c-company", None, "company", 3),
        ("status", "Status", "c-status", cells.status, "status", 1),
        ("owner", "Owner", "c-owner", cells.owner, "", 3),
        ("captured", "Captured on", "c-captured", cells.moment("creation_time"), "captured", 2),
        (
            "activity",
            "Last activity",
            "c-last",
            cells.moment("last_interacted_time"),
            "activity",
            2,
        ),
        ("updated", "Last updated", "c-date", cells.moment("last_updated_time"), "", 2),
    ),
    start=1,
):
    register(
        Column(
            name=_name,
            label=_label,
            css=_css,
            order=_number * 10,
            cell=_cell or cells.of_field(Field(_name, _label)),
            sort=_sort,
            newest_first=_sort in {"captured", "activity"},
            usual=_name not in {"status", "captured", "updated"},
            yields=_yields,
        )
    )
