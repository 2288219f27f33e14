"""What the merge prompt counts besides fields; later apps register theirs from `AppConfig.ready`.

Each count is shown as "6 + 14 = 20": one number a record, the kept one's first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from contacts.models import Contact


@dataclass(frozen=True)
class MergeCount:
    """One figure of the prompt, such as "Activities combined".

    `count` gives the numbers of several contacts by primary key, in one query; one that is left
    out counts as 0. `order`: activities 10, upcoming meetings 20, reminders 30, CRM records 40.
    With `told` (singular, plural) the toast tells the sum too: "Contacts merged, 20 activities
    combined".
    """

    label: str
    order: int
    count: Callable[[Sequence[Contact]], dict[int, int]]
    told: tuple[str, str] | None = None


@dataclass(frozen=True)
class Combined:
    """The numbers of one count for the records of one merge."""

    label: str
    numbers: tuple[int, ...]
    told: tuple[str, str] | None = None

    @property
    def total(self) -> int:
        return sum(self.numbers)


_counts: list[MergeCount] = []


def register(count: MergeCount) -> None:
    _counts.append(count)
    _counts.sort(key=lambda known: known.order)


def combined(records: Sequence[Contact]) -> list[Combined]:
    """Every registered count of these records, in the order of the screen."""
    found = []
    for each in _counts:
        numbers = each.count(records)
        found.append(Combined(each.label, tuple(numbers.get(r.pk, 0) for r in records), each.told))
    return found


def merged_text(records: Sequence[Contact]) -> str:
    """What the toast says: "Contacts merged, 20 activities combined"."""
    told = [
        f"{count.total:,} {count.told[count.total != 1]} combined"
        for count in combined(records)
        if count.told and count.total
    ]
    return ", ".join(["Contacts merged", *told])
