"""From the plan of a change to the rows of the outbox: what was shown before Save is what is written.

A family of targets (webhooks, calendars, CRMs) is a planner of `contacts` that can also turn its
effects into deliveries. It is registered once, here; the rows are written in the transaction of the
change, from the very plan that was shown.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from contacts import planning
from contacts.models import Source
from contacts.planning import Effect, Plan, Planner
from contacts.signals import ContactChange
from integrations.models import Delivery
from integrations.outbox import writing

GONE = {"deleted", "erased"}
Priority = Delivery.Priority


class Family(Planner, Protocol):
    """A planner whose effects are delivered."""

    #: Whether a delete takes back what is planned, and empties what was sent. A calendar's update
    #: that an earlier edit has caused is finished instead: its family freezes what it needs.
    forgets_deleted: bool

    def deliveries(
        self, effects: Sequence[Effect], changes: Sequence[ContactChange]
    ) -> list[Delivery]:
        """A row for each effect, in their order, unsaved; set-based, like `effects`.

        One that will not be done (`Effect.done`) is a row too: it says so.
        """
        ...


_families: dict[str, Family] = {}


def register(family: Family) -> None:
    planning.register(family)
    _families[family.name] = family


def unregister(family: Family) -> None:
    planning.unregister(family)
    del _families[family.name]


def on_contacts_changed(changes: list[ContactChange], plan: Plan, **_: Any) -> None:
    """Write the plan into the outbox; earlier rows follow what became of their contact."""
    _follow(changes)
    made: list[Delivery] = []
    for name, family in _families.items():
        own = [effect for effect in plan.effects if effect.planner == name]
        made += family.deliveries(own, changes) if own else []
    by = {change.contact_id: change.actor.user for change in changes}
    for row in made:
        row.changed_by = by.get(row.contact_id or 0)
    writing.enqueue(made)


def _follow(changes: Sequence[ContactChange]) -> None:
    gone = [change for change in changes if change.kind in GONE]
    if gone:
        forgetful = [name for name, family in _families.items() if family.forgets_deleted]
        contacts = [change.contact_id for change in gone if change.contact_id]
        writing.forget(contacts, [change.public_id for change in gone], families=forgetful)
    for change in changes:
        if change.kind == "merged":
            writing.repoint(change.merged_pks, change.contact_id)
        elif change.kind == "restored":
            writing.give_back(change.contact_id, change.public_id)


def priority_of(changes: Sequence[ContactChange]) -> int:
    """A person waits for an edit, nobody for the thousandth row of a file."""
    many = len(changes) > writing.ONE_BY_ONE
    bulk = any(c.actor.bulk is not None or c.actor.source == Source.IMPORT for c in changes)
    return Priority.BACKLOG if many or bulk else Priority.INTERACTIVE
