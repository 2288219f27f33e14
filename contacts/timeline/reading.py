"""The one timeline of a contact: what its sources have, newest first, page by page."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from contacts.models import Contact, User
from contacts.timeline import changes as timeline_changes
from contacts.timeline.sources import (
    Entry,
    Stretch,
    TimelineSource,
    groups,
    register,
    sources,
)

ENTRIES = 30
#: What "Show the whole history" shows at once; behind that are older pages.
MANY = 300
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_PLACE = re.compile(r"([0-9]{1,16})-([0-9]{1,3})")


@dataclass(frozen=True)
class Place:
    """Where a page ended: the moment of its last entry, and how many of that moment were shown."""

    at: datetime
    shown: int

    @classmethod
    def read(cls, text: str) -> "Place | None":
        """The place that a URL names; None for what names none."""
        match = _PLACE.fullmatch(text)
        return cls(EPOCH + int(match[1]) * MICROSECOND, int(match[2])) if match else None

    def __str__(self) -> str:
        return f"{(self.at - EPOCH) // MICROSECOND}-{self.shown}"


@dataclass(frozen=True)
class Timeline:
    """One page of it. `older` is the place where the next page goes on, "" where nothing is left."""

    entries: Sequence[Entry]
    older: str


def timeline_of(
    contact: Contact,
    viewer: User,
    *,
    group: str = "",
    place: Place | None = None,
    size: int = ENTRIES,
) -> Timeline:
    """`size` entries from a place on, or the newest. A constant number of queries."""
    shown = place.shown if place else 0
    stretch = Stretch(place.at if place else None, size + 1 + shown)
    found = [entry for source in sources(group) for entry in source.find(contact, viewer, stretch)]
    found.sort(key=lambda entry: entry.at, reverse=True)  # stable: of one moment as the sources are
    page = found[shown : shown + size]
    goes_on = len(found) > shown + size
    return Timeline(page, str(_end(page, place)) if goes_on else "")


def _end(page: Sequence[Entry], place: Place | None) -> Place:
    """The place behind a page."""
    last = page[-1].at
    before = place.shown if place and place.at == last else 0
    return Place(last, before + sum(entry.at == last for entry in page))


def chosen_group(name: str) -> str:
    """A group that the pane offers; "" for any other name, which is all of them."""
    return name if name in groups() else ""


register(TimelineSource("changes", "changes", 90, timeline_changes.find))
