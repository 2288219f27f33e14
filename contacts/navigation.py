"""The entries of the left-hand navigation; later apps register theirs from `AppConfig.ready`."""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse

from contacts.access import may_import
from contacts.models import User


def everybody(user: User) -> bool:
    return user.is_authenticated


@dataclass(frozen=True)
class Entry:
    """One place to go. `order` follows UI.md: Overview 10, Contacts 20, … Imports 60.

    On a phone what is not `compact` is reached from More: the bar at the bottom has few places.
    `count` says how many things there wait for somebody; it stands beside the label.
    """

    label: str
    icon: str
    url_name: str
    order: int
    shown_to: Callable[[User], bool] = everybody
    compact: bool = True
    count: Callable[[User], int] | None = None

    @property
    def url(self) -> str:
        return reverse(self.url_name)


_entries: list[Entry] = []


def register(entry: Entry) -> None:
    _entries.append(entry)
    _entries.sort(key=lambda known: known.order)


def entries_for(user: User) -> list[Entry]:
    return [entry for entry in _entries if entry.shown_to(user)]


register(Entry("Overview", "chart-column", "overview", 10))
register(Entry("Contacts", "users", "contact_list", 20))
register(Entry("Possible duplicates", "copy", "duplicate_list", 25, compact=False))
register(Entry("Imports", "history", "import_list", 60, shown_to=may_import))
