"""How many contacts a list finds, and the plan by which its page is read.

Found few, the count brings their keys, and the page sorts those. Found many, enough of them soon
come along in the order of the list: the page walks the index of that order and reads. It gives up
after `WALK` contacts, since what is looked for may all stand at the far end; then it is found first
after all and sorted, which takes long among many.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count, QuerySet

from contacts.access import visible_condition
from contacts.fencing import FENCED_UP_TO
from contacts.models import Contact, SearchEntry, User
from contacts.search_index import KeysIfFew, count_all, may_be_read

EXACT_UP_TO = 50_000
FEW = 5_000
WALK = 20_000
SORTED_AT_ONCE = 10_000
READ_AT_ONCE = 5_000


@dataclass(frozen=True)
class Found:
    """How many there are (EXACT_UP_TO and one stands for more), and how they are to be read.

    `keys` are theirs where they are few. `sort` says to find them first and sort them then, where
    the order has no index of its own; `by_reading` that a search reads the contacts themselves
    instead of asking its index.
    """

    count: int
    keys: Sequence[int] | None = None
    sort: bool = False
    by_reading: bool = False


def bounded_count(rows: QuerySet[Any]) -> int:
    """Exact up to 50,000; one more stands for "50,000+". Never counts a million rows."""
    return rows.order_by().values("pk")[: EXACT_UP_TO + 1].count()


def bounded_total(user: User) -> int:
    """How many contacts `user` sees, bounded."""
    if visible_condition(user) is None:
        return count_all(connection, EXACT_UP_TO)
    return bounded_count(Contact.objects.visible_to(user))


def shown_count(number: int) -> str:
    """A bounded count as people read it: "12,408", "50,000+"."""
    return f"{EXACT_UP_TO:,}+" if number > EXACT_UP_TO else f"{number:,}"


def count_and_keys(rows: QuerySet[Any]) -> tuple[int, Sequence[int] | None]:
    """The bounded count, and the keys where they are few. One query."""
    bounded = rows.order_by().values("pk")[: EXACT_UP_TO + 1]
    found = bounded.aggregate(count=Count("pk"), keys=KeysIfFew("pk", FEW))
    return found["count"], (found["keys"] or ()) if found["count"] <= FEW else None


def sorts_at_once(count: int, total: int, *, restricted: bool) -> bool:
    """Whether to sort what is found, by an order that has no index of its own on the contacts.

    Of many, a page is soon full along that order; a thousand among a million may all stand at its
    far end. Both counts are bounded; `restricted` says that contacts are hidden from the person.
    """
    far = total > EXACT_UP_TO or restricted
    return count <= (EXACT_UP_TO if far else SORTED_AT_ONCE)


def reads(user: User, total: int) -> bool:
    """Whether a search should read the `total` contacts that `user` sees instead of the index:
    where these are few, or within the fence (contacts.fencing)."""
    return total <= (READ_AT_ONCE if visible_condition(user) is None else FENCED_UP_TO)


def entries_for(
    user: User, text: str, *, region: str, by_reading: bool
) -> QuerySet[SearchEntry] | None:
    """What to count for a search without filters; None where only the contacts will do."""
    if by_reading and not may_be_read(connection):
        return None
    entries = SearchEntry.objects.visible_to(user)
    return entries.search(text, region=region, by_reading=by_reading)
