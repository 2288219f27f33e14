"""The entries of the left-hand navigation; later apps register theirs from `AppConfig.ready`."""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse

from contacts.access import may_import
from contacts.models import User


def _everybody(user: User) -> bool:
    return user.is_authenticated


@dataclass(frozen=True)
class Entry:
    """One place to go. `order` follows UI.md: Overview 10, Contacts 20, … Imports 60."""

    label: str
    icon: str
    url_name: str
    order: int
    shown_to: Callable[[User], bool] = _everybody

    @property
    def url(self) -> str:
        return reverse(self.url_name)


_entries: list[Entry] = []


def register(entry: Entry) -> None:
    _entries.append(entry)
    _entries.sort(key=lambda known: known.order)


def entries_for(user: User) -> list[Entry]:
    return [entry for entry in _entries if entry.shown_to(user)]


register(Entry("Contacts", "users", "contact_list", 20))
register(Entry("Imports", "history", "import_list", 60, shown_to=may_import))
