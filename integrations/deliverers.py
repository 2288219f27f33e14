"""Who sends a claimed delivery: one Deliverer for each family of targets, registered in `ready`."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from integrations.connectors.base import Done
from integrations.models import Delivery


class Deliverer(Protocol):
    """Sends one delivery, with no transaction open. It never writes to Delivery."""

    #: Whether a lost answer is cleared up by reading the target, as calendars and CRMs can be.
    reads_back: bool

    def deliver(self, delivery: Delivery) -> Done:
        """Bring the target up to date. Raises the errors of integrations.connectors.base.

        It may be called again for the same delivery, also after it was done: a worker may have
        died before it could say so. `delivery.uid` is the same each time.
        """
        ...

    def gave_up(self, delivery: Delivery) -> None:
        """Every attempt of the schedule has failed; the delivery is settled as failed."""
        ...


@runtime_checkable
class ManyDeliverer(Deliverer, Protocol):
    """One that can also send a bundle of a backlog, all to one gate."""

    def takes_many(self, delivery: Delivery) -> bool:
        """Whether this one may be in a bundle."""
        ...

    def deliver_many(self, deliveries: Sequence[Delivery]) -> list[Done | Exception | None]:
        """What became of each, in their order; None for one that has to be sent alone."""
        ...


_deliverers: dict[str, Deliverer] = {}


def register(family: str, deliverer: Deliverer) -> None:
    _deliverers[family] = deliverer


def unregister(family: str) -> None:
    del _deliverers[family]


def that_read_back() -> list[str]:
    """The families whose targets can be read."""
    return [family for family, each in _deliverers.items() if each.reads_back]


def deliverer_of(family: str) -> Deliverer | None:
    """None for a family that this version does not know: its rows are kept for one that does."""
    return _deliverers.get(family)
