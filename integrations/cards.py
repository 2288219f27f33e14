"""The cards of the Integrations page; each family of systems registers its own from `ready`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from contacts.models import User


@dataclass(frozen=True)
class Action:
    """A button of a card. `post` changes something, the others lead somewhere."""

    label: str
    url: str
    primary: bool = False
    post: bool = False


@dataclass(frozen=True)
class Card:
    """One system as one person sees it."""

    tile: str
    name: str
    kind: str  # "Calendar", "CRM"
    text: str
    pill: str  # the state in words
    pill_class: str = "pill-none"
    icon: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    notice: str = ""
    notice_class: str = "warn"
    foot: str = ""
    actions: tuple[Action, ...] = ()
    tile_class: str = ""  # of its colours
    choices: tuple[tuple[str, str], ...] = field(default=())  # a select before the first action


CardsOf = Callable[[User], Iterable[Card]]
_sources: list[tuple[int, CardsOf]] = []


def register(order: int, cards: CardsOf) -> None:
    """Orders: calendars 10, CRMs 20, webhooks and the API 90."""
    _sources.append((order, cards))
    _sources.sort(key=lambda known: known[0])


def cards_for(user: User) -> list[Card]:
    return [card for _, cards in _sources for card in cards(user)]
