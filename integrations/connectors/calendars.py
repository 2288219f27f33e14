"""What Kith asks of a calendar, whichever vendor keeps it, and what both vendors have in common."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from activities.scheduling import Span
from integrations.connectors.base import (
    AnswerLostError,
    ConflictError,
    Done,
    RetryableError,
    SkippedByPolicy,
)
from integrations.connectors.calling import Caller, Changed
from integrations.connectors.guests import (
    Entry,
    GuestChange,
    Shape,
    is_complete,
    new_address,
    new_list,
    same_answers,
)

#: How often a write is tried anew on what somebody else has changed in between.
ROUNDS = 3
PAGES = 10  # of events in a period, when asking when the host is busy

NOT_ORGANIZER = "The event belongs to somebody else, who alone can change its guests."
PAST = "The event is over."
REPEATS = "The event was made a series; its guests are not changed, so as not to touch past ones."
NOT_A_GUEST = "The guest is no longer on the event."
HIDDEN = "The calendar does not show the whole guest list."
GONE = "The event no longer exists."
BUSY_CHANGING = "The event kept changing while it was being written."
LOST_ANSWERS = "The calendar took the new guest, but lost what other guests had answered."
NOT_CONFIRMED = "The calendar accepted the change, and does not show it."


@dataclass(frozen=True)
class Attendee:
    """Somebody to be invited."""

    address: str
    name: str = ""


@dataclass(frozen=True)
class NewEvent:
    """An event to be made. `key` is ours: the same at every try, another for another host."""

    key: str
    subject: str
    starts_at: datetime
    ends_at: datetime
    guests: tuple[Attendee, ...]
    location: str = ""
    description: str = ""


class CalendarConnector(Protocol):
    """One vendor's calendar, of the person who has signed in. Every write is safe to repeat.

    Raises the classes of connectors.base.
    """

    def create(self, event: NewEvent) -> Done: ...

    def find(self, key: str) -> str:
        """The id of the event that was made with this key, or may have been; "" for none."""
        ...

    def move(self, external_id: str, starts_at: datetime, ends_at: datetime) -> Done: ...

    def cancel(self, external_id: str) -> Done: ...

    def replace_guest(self, external_id: str, change: GuestChange) -> Done: ...

    def busy(self, start: datetime, end: datetime, *, besides: frozenset[str]) -> list[Span]:
        """When the person is busy, but for the events `besides`."""
        ...


def until_unchanged(step: Callable[[], Done], *, rounds: int = ROUNDS) -> Done:
    """Read and write anew while somebody else is faster. Raises RetryableError at last."""
    for _ in range(rounds):
        try:
            return step()
        except Changed:
            continue
    raise RetryableError(BUSY_CHANGING)


class EventCaller(Caller):
    """Replacing one guest, spelled once for both vendors."""

    def read(self, external_id: str) -> dict[str, Any]:
        raise NotImplementedError

    def patch(self, event: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        """Write under the version of `event`; the event as the vendor answers. Raises Changed."""
        raise NotImplementedError

    def refuse(self, event: dict[str, Any], *, guests: bool = True) -> None:
        """Raise for what must not be written. `guests` is whether the guest list would be."""
        raise NotImplementedError

    def version(self, event: dict[str, Any]) -> str:
        raise NotImplementedError

    def entries(self, event: dict[str, Any]) -> list[Entry]:
        raise NotImplementedError

    def shape(self, event: dict[str, Any]) -> Shape:
        raise NotImplementedError

    def replace_guest(self, external_id: str, change: GuestChange) -> Done:
        """Put the guest's address of now in the place of a former one, and change nothing else."""
        return until_unchanged(lambda: self._replace(external_id, change))

    def _replace(self, external_id: str, change: GuestChange) -> Done:
        event = self.read(external_id)
        self.refuse(event)
        before, shape = self.entries(event), self.shape(event)
        try:
            wanted = new_list(before, change, shape)
        except LookupError:
            raise SkippedByPolicy(NOT_A_GUEST) from None
        if wanted is None:
            return Done(external_id, self.version(event), changed=False, guest=change.current)
        stored = self.entries(self.patch(event, {"attendees": wanted}))
        guest = new_address(wanted, stored, change, shape)
        if not guest or not is_complete(wanted, stored, change, shape):
            raise ConflictError(NOT_CONFIRMED)
        if not same_answers(before, stored, shape):
            raise ConflictError(LOST_ANSWERS)
        return self._confirmed(external_id, guest, shape)

    def _confirmed(self, external_id: str, guest: str, shape: Shape) -> Done:
        """Read what is stored. A reading that fails says nothing of the write, which is done."""
        try:
            event = self.read(external_id)
        except RetryableError as error:
            raise AnswerLostError(str(error), error.retry_after) from None
        if guest not in {shape.address(entry) for entry in self.entries(event)}:
            raise ConflictError(NOT_CONFIRMED)
        return Done(external_id, self.version(event), guest=guest)
