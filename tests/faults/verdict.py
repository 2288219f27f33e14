"""What a run has come to: what was saved against what the receivers saw."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.integrations.outbox.target import Target


@dataclass
class Verdict:
    """Counts of one scenario. `repeated` counts effects that a receiver which knows webhook-ids
    could not tell apart; `requests` those that it could."""

    name: str
    edits: int = 0
    lost: int = 0
    repeated: int = 0
    inversions: int = 0
    requests: int = 0
    seconds: float = 0.0
    note: str = ""

    def __str__(self) -> str:
        return (
            f"{self.name:<58} edits {self.edits:>6}  lost {self.lost}  repeated {self.repeated}  "
            f"inversions {self.inversions}  repeated requests {self.requests:>3}  "
            f"converged in {self.seconds:5.1f} s  {self.note}"
        )


@dataclass
class Edits:
    """Every acknowledged edit, in its order: (contact, what was written)."""

    made: list[tuple[str, str]] = field(default_factory=list)
    took: list[float] = field(default_factory=list)  # seconds of each save

    @property
    def slowest_of_20(self) -> float:
        """The 95th of a hundred, in milliseconds."""
        return 1000 * sorted(self.took)[int(len(self.took) * 0.95)] if self.took else 0.0


def judge(name: str, edits: Edits, targets: Sequence[Target], seconds: float) -> Verdict:
    verdict = Verdict(name, edits=len(edits.made), seconds=seconds)
    for target in targets:
        first = target.first_arrivals()
        seen = [(arrival.contact, arrival.city) for arrival in first]
        verdict.lost += len(set(edits.made) - set(seen))
        verdict.repeated += len(seen) - len(set(seen))
        verdict.requests += len(target.journal) - len(first)
        verdict.inversions += _inversions(edits.made, seen)
    return verdict


def _inversions(made: list[tuple[str, str]], seen: list[tuple[str, str]]) -> int:
    """How often a receiver saw an older state of a contact after a newer one."""
    places = {edit: number for number, edit in enumerate(made)}
    newest: dict[str, int] = {}
    count = 0
    for contact, city in seen:
        place = places.get((contact, city))
        if place is None:  # of a save that ended in an error, though it was written
            continue
        count += place < newest.get(contact, -1)
        newest[contact] = max(place, newest.get(contact, -1))
    return count
