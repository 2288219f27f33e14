"""A host whose calendar is connected to a double, for tests of what follows a meeting."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from contacts.models import User
from integrations.calendars import busy
from integrations.calendars.connecting import connect
from integrations.calendars.vendors import UPDATED
from integrations.models import Connection, Delivery, Gate
from integrations.outbox import running
from integrations.sandbox.google import GoogleDouble
from integrations.sandbox.graph import GraphDouble
from tests.integrations.test_oauth import grant
from tests.integrations.vendors import GOOGLE, GRAPH, CheckedDouble, network

CLIENT = {"client_id": "kith-sandbox", "client_secret": "kith-sandbox-secret"}
CONFIG: dict[str, dict[str, Any]] = {
    "google_calendar": {
        **CLIENT,
        "api": "https://vendor.example/calendar/v3",
        "authorize_url": "https://vendor.example/o/oauth2/v2/auth",
        "token_url": "https://vendor.example/token",
        "send_updates": "externalOnly",
    },
    "microsoft_graph": {
        **CLIENT,
        "api": "https://vendor.example/v1.0",
        "authorize_url": "https://vendor.example/common/oauth2/v2.0/authorize",
        "token_url": "https://vendor.example/common/oauth2/v2.0/token",
    },
}


@dataclass
class Calendar:
    """One vendor's double, and what is in the calendar of the account that the tests connect."""

    vendor: str
    double: Any
    transport: CheckedDouble
    account: str = "mia@kith.test"

    def connect(self, user: User) -> Connection:
        """As the pages do it; of the account `mia@kith.test`, whoever `user` is."""
        vendor = UPDATED[self.vendor]
        made = connect(user=user, vendor=vendor, grant=grant(self.double, vendor.provider))
        read_busy_times()
        return made

    @property
    def events(self) -> list[dict[str, Any]]:
        """Those that are not canceled."""
        found = self.double.calendars.get(self.account, {}).values()
        return [event for event in found if event.get("status") != "cancelled"]

    def guests(self, number: int = 0) -> list[str]:
        entries = self.events[number]["attendees"]
        found = [e.get("email") or e["emailAddress"]["address"] for e in entries]
        return [address for address in found if address != self.account]

    def start(self, number: int = 0) -> str:
        return str(self.events[number]["start"]["dateTime"]).removesuffix("Z")


def served(vendor: str, settings: Any) -> Iterator[Calendar]:
    """The vendor is set up, and everything that leaves goes to its double."""
    google = vendor == "google_calendar"
    double: Any = GoogleDouble() if google else GraphDouble()
    contract, prefix = (GOOGLE, "/calendar/v3") if google else (GRAPH, "/v1.0")
    settings.CALENDARS = CONFIG
    transport = CheckedDouble(double, contract, prefix)
    with network(transport):
        yield Calendar(vendor, double, transport)


def read_busy_times() -> None:
    """As workers do it a moment after a calendar was connected; before, nothing can be booked."""
    for pk in busy.due():
        busy.read(pk)


def sent() -> list[str]:
    """Send what is due; the states of all deliveries, in order."""
    running.run()
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


def later() -> None:
    """Everything that waits is due."""
    waits = Delivery.objects.filter(next_at__isnull=False)
    waits.update(next_at=timezone.now() - timedelta(seconds=1))
    Gate.objects.update(closed_until=None, asked_until=None, failures=0, window_at=None)
