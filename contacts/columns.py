"""The columns of All Contacts; later apps register theirs from `AppConfig.ready`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A column: its head, the template of its cells (a `contact` in context), its place.

    `sort` is the name of the sort that its head offers, one of `contacts.listing.SORTS`.
    """

    label: str
    css: str
    template: str
    order: int
    sort: str = ""
    newest_first: bool = False


_columns: list[Column] = []


def register(column: Column) -> None:
    _columns.append(column)
    _columns.sort(key=lambda known: known.order)


def columns() -> tuple[Column, ...]:
    return tuple(_columns)


for _number, (_label, _name, _sort) in enumerate(
    (
        ("Name", "name", "name"),
        ("Email", "email", "email"),
        ("Mobile phone", "phone", ""),
        ("Company", "company", "company"),
        ("Status", "status", "status"),
        ("Owner", "owner", ""),
        ("Captured on", "captured", "captured"),
        ("Last activity", "last", "activity"),
    ),
    start=1,
):
    register(
        Column(
            label=_label,
            css=f"c-{_name}",
            template=f"contacts/cells/{_name}.html",
            order=_number * 10,
            sort=_sort,
            newest_first=_sort in {"captured", "activity"},
        )
    )
