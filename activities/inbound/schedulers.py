"""The schedulers that are understood; each is a module of this package."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from activities.inbound import calcom, calendly
from activities.inbound.reading import Json, Told
from activities.models import SchedulerConnection


class Scheduler(Protocol):
    """What a module of a scheduler offers."""

    def verify(
        self, secret: str, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> None: ...

    def event_of(self, data: Json) -> str: ...

    def read(self, data: Json, now: datetime) -> tuple[Told, ...]: ...


SCHEDULERS: dict[str, Scheduler] = {
    SchedulerConnection.Kind.CALCOM: calcom,
    SchedulerConnection.Kind.CALENDLY: calendly,
}
