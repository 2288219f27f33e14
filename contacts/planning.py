"""What a change makes happen elsewhere, known before it is saved.

`contacts` knows nothing of reminders, calendars or CRMs. An app that must follow a change registers
a Planner in `AppConfig.ready`; the Edit and Merge panes show what the planners answer, and the same
answer, asked again inside the transaction, goes to the listeners of `contacts_changed`. So what
was shown is what is done.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contacts.signals import ContactChange


@dataclass(frozen=True)
class Effect:
    """One thing that will happen to one target because of one contact's change.

    `target` names it for good ("reminder 12"), so that two plans can be compared; `done` is False
    where it will not happen and a person should know (another platform, a lost sign-in).
    """

    planner: str
    contact_id: int
    target: str
    kind: str = ""  # what the planner groups its sentences by
    done: bool = True


@dataclass(frozen=True)
class Line:
    """One sentence of the panel: "update 3 upcoming reminders". `note` says why not."""

    text: str
    done: bool = True
    note: str = ""


class Planner(Protocol):
    """Answers for one kind of target. Reads, writes nothing."""

    name: str
    order: int  # reminders 10, calendars 20, calendars that are not updated 30, CRMs 40, hooks 50

    def effects(self, changes: Sequence["ContactChange"]) -> list[Effect]:
        """The effects of these changes; set-based, since an import plans thousands at once.

        Of a merge it is asked while the duplicates' rows are still there (`merged_pks`).
        """
        ...

    def lines(self, effects: Sequence[Effect]) -> list[Line]:
        """This planner's own effects in words, counted: by `kind` and `done` alone, since an import
        adds up a million of them and keeps no targets."""
        ...


_planners: list[Planner] = []


def register(planner: Planner) -> None:
    _planners.append(planner)
    _planners.sort(key=lambda known: known.order)


def unregister(planner: Planner) -> None:
    _planners.remove(planner)


def any_planner() -> bool:
    """Whether any change can have effects at all: without planners there is no panel."""
    return bool(_planners)


@dataclass(frozen=True)
class Plan:
    """The effects of a change, in a fixed order."""

    effects: tuple[Effect, ...] = ()

    @property
    def digest(self) -> str:
        """The same for the same effects: what the form carries from the panel to Save."""
        basis = sorted([e.planner, e.contact_id, e.target, e.done] for e in self.effects)
        return hashlib.sha256(json.dumps(basis).encode()).hexdigest()[:32]

    @property
    def lines(self) -> list[Line]:
        found = []
        for planner in _planners:
            own = [effect for effect in self.effects if effect.planner == planner.name]
            found += planner.lines(own) if own else []
        return found

    @property
    def done(self) -> int:
        """How many targets will be updated."""
        return sum(effect.done for effect in self.effects)


@dataclass
class Tally:
    """Many plans added up, in flat memory: how often what happens, not to what."""

    counts: Counter[tuple[str, str, bool]] = field(default_factory=Counter)

    def add(self, plan: Plan) -> None:
        self.counts.update((e.planner, e.kind, e.done) for e in plan.effects)

    @property
    def lines(self) -> list[Line]:
        effects: list[Effect] = []
        for (planner, kind, done), number in self.counts.items():
            effects += [Effect(planner, 0, "", kind, done)] * number
        return Plan(tuple(effects)).lines


#: Nothing happens elsewhere; also what a form that was never checked carries.
NOTHING = Plan()


def plan(changes: Iterable["ContactChange"]) -> Plan:
    """Ask every planner about the changes. Pure: writes nothing."""
    listed = list(changes)
    if not listed:
        return NOTHING
    return Plan(tuple(effect for planner in _planners for effect in planner.effects(listed)))


class PlanChanged(Exception):
    """What a Save would do is not what its author was shown; nothing was saved."""

    def __init__(self, plan: Plan) -> None:
        super().__init__("plan changed")
        self.plan = plan
