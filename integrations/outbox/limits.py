"""How fast each vendor lets us write: its published limit, as deliveries of one connection.

Vendors count requests, the gate counts deliveries, so a limit here is the published one divided by
the requests that a delivery may take. It is kept in short windows: whoever has used one up waits for
seconds and not for the rest of the vendor's ten minutes. What operators set takes effect within a
minute of a start, for old connections and new ones.
"""

from dataclasses import dataclass

from integrations.models import Connection, Gate

EVERY = 60.0  # seconds


@dataclass(frozen=True)
class Limit:
    """At most `deliveries` within `seconds`, by `at_once` workers at a time (0: any number).

    So many as `together` of a backlog count as one: the vendor has calls for that many.
    """

    deliveries: int
    seconds: int
    at_once: int = 0
    together: int = 1

    @property
    def columns(self) -> dict[str, int]:
        return {
            "limit": self.deliveries,
            "per_seconds": self.seconds,
            "at_once": self.at_once,
            "together": self.together,
        }


_limits: dict[str, Limit] = {}


def register(vendor: str, limit: Limit) -> None:
    """The limit of every connection to this vendor. From `AppConfig.ready`."""
    _limits[vendor] = limit


def limit_of(vendor: str) -> Limit | None:
    """None for a vendor that publishes none."""
    return _limits.get(vendor)


def apply() -> None:
    """A step of the relay: have the gate of each connection keep its vendor's limit."""
    for vendor, limit in _limits.items():
        keys = [c.gate for c in Connection.objects.filter(vendor=vendor).only("pk")]
        Gate.objects.filter(key__in=keys).exclude(**limit.columns).update(**limit.columns)


def apply_to(connection: Connection) -> None:
    """The same for a connection that is being made."""
    if (limit := limit_of(connection.vendor)) is not None:
        Gate.objects.update_or_create(key=connection.gate, defaults=limit.columns)
