"""What a contact's timeline is made of: apps register their sources from `AppConfig.ready`.

A source finds entries of one contact in one stretch of time; `contacts.timeline.reading` puts those of all
sources in one order. So a source asks for no more than it is told to, in a constant number of
queries, and what belongs to a contact that was merged into this one it finds as this one's.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from contacts.models import Contact, User

#: What the pane can narrow the timeline to, in the order of the screen. Reminders are among meetings.
GROUPS = {"meetings": "Meetings", "chats": "Chats", "forms": "Forms", "changes": "Changes"}


@dataclass(frozen=True)
class Change:
    """One field of one save, as people read it."""

    pk: int
    label: str
    old: str
    new: str
    restorable: bool


@dataclass
class Entry:
    """One thing that happened: "**Meeting booked**: Tax review", and under it the detail.

    `icon` is one of the page's sprite; `tint` its colour: "b" accent, "g" ok, "w" warn, "v" violet
    or "" for grey. `url` leads to what it is about; `lines` are what was said, (who, what), shown
    on demand. The rest belongs to saves and merges.
    """

    at: datetime
    icon: str
    lead: str
    text: str = ""
    detail: str = ""
    url: str = ""
    tint: str = ""
    lines: list[tuple[str, str]] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    undo: str = ""  # the token of "Undo this edit"
    merge: int = 0  # the merge that "Undo merge" would undo


class Stretch(NamedTuple):
    """The part of a timeline that is asked for: the newest `limit` entries up to a moment.

    `upto` None is no bound; an entry of that very moment belongs to it.
    """

    upto: datetime | None
    limit: int


Find = Callable[[Contact, User, Stretch], list[Entry]]


@dataclass(frozen=True)
class TimelineSource:
    """Entries of one kind. `find` gives them newest first, for who may see the contact.

    `group` is one of GROUPS. `order` decides between entries of one moment, lowest first: meetings
    10, reminders 20, conversations 30, forms 40, changes of the contact 90.
    """

    name: str
    group: str
    order: int
    find: Find


_sources: dict[str, TimelineSource] = {}


def register(source: TimelineSource) -> None:
    """Raises KeyError for a group that the pane does not know."""
    GROUPS[source.group]
    _sources[source.name] = source


def sources(group: str = "") -> list[TimelineSource]:
    """Those of a group, or every one, in their order."""
    known = sorted(_sources.values(), key=lambda source: source.order)
    return [source for source in known if not group or source.group == group]


def groups() -> dict[str, str]:
    """The groups of which there is a source, with their labels."""
    used = {source.group for source in _sources.values()}
    return {name: label for name, label in GROUPS.items() if name in used}
