"""What a delete leaves, in words and counts; apps register theirs from `AppConfig.ready`.

The pop-up of Delete, also of several contacts, lists it under Kept.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from contacts.models import Contact


@dataclass(frozen=True)
class Line:
    """One line: "11 activities", and "9 past and 2 upcoming meetings stay in your account …"."""

    label: str
    text: str


#: For some contacts, or None for more than are counted: then the words without numbers. No line
#: where nothing is left. Reads only, in a constant number of queries.
Tell = Callable[[Sequence[Contact] | None], Line | None]


@dataclass(frozen=True)
class Kept:
    """One kind of thing that stays. Orders: activities 10, reminders 20, CRM records 30."""

    order: int
    tell: Tell


_kept: list[Kept] = []


def register(kept: Kept) -> None:
    _kept.append(kept)
    _kept.sort(key=lambda known: known.order)


def kept_of(contacts: Sequence[Contact] | None) -> list[Line]:
    """Every line, in the order of the screen."""
    lines = (kept.tell(contacts) for kept in _kept)
    return [line for line in lines if line is not None]
