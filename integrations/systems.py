"""What is known of each kind of account elsewhere: how people call it, and where they help it.

A system registers itself once, from `ready`; the Sync activity page, the mails to people and their
buttons derive from it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from contacts.models import User
from integrations.models import Connection, Delivery


@dataclass(frozen=True)
class System:
    """One kind of connection. `reconnect` is the page on which this person signs in again; "" where
    it is not theirs to do."""

    kind: str  # Connection.vendor
    label: str
    tile: str  # its monogram, and the class of its colours
    tile_class: str
    reconnect: Callable[[Connection, User], str]


#: The page on which a person looks at one delivery that waits for a decision; "" where this one
#: does not, or not for this person.
Review = Callable[[Delivery, User], str]


@dataclass(frozen=True)
class Named:
    """What a delivery changes, as people call it; `url` is where it can be opened there, "" nowhere."""

    text: str
    url: str = ""


#: What some deliveries of one family change, by delivery: for a page of them, so set-based.
Names = Callable[[Sequence[Delivery]], dict[int, Named]]


@dataclass(frozen=True)
class Look:
    """How a family of targets that have no connection is shown: webhooks, calendars not kept up."""

    label: str
    tile: str
    tile_class: str = ""


_systems: dict[str, System] = {}
_families: dict[str, Look] = {}
_reviews: dict[str, Review] = {}
_names: dict[str, Names] = {}


def register(system: System) -> None:
    _systems[system.kind] = system


def register_family(family: str, look: Look) -> None:
    """Say how deliveries of this family look that go to no connection."""
    _families[family] = look


def look_of(kind: str) -> Look:
    """Of a system, or of a family; of neither its own name."""
    system = _systems.get(kind)
    if system is not None:
        return Look(system.label, system.tile, system.tile_class)
    return _families.get(kind, Look(label_of(kind), "?"))


def every() -> list[str]:
    return [*_systems, *_families]


def system_of(kind: str) -> System | None:
    return _systems.get(kind)


def label_of(kind: str) -> str:
    """How people call it; a kind that nobody registered by its own name, in words."""
    system = _systems.get(kind)
    return system.label if system is not None else kind.replace("_", " ").capitalize()


def register_review(family: str, review: Review) -> None:
    """Have Review offered beside deliveries of this family (integrations.planning)."""
    _reviews[family] = review


def unregister_review(family: str) -> None:
    del _reviews[family]


def register_names(family: str, names: Names) -> None:
    """Have deliveries of this family called by what they change: an event, a record."""
    _names[family] = names


def names_of(deliveries: Sequence[Delivery]) -> dict[int, Named]:
    """By delivery, what it changes in the system; those are left out of which nobody knows it."""
    found: dict[int, Named] = {}
    for family, names in _names.items():
        own = [row for row in deliveries if row.family == family]
        found |= names(own) if own else {}
    return found


def review_of(delivery: Delivery, user: User) -> str:
    review = _reviews.get(delivery.family)
    return review(delivery, user) if review is not None else ""
