"""HubSpot connected to its double, for tests of what follows a change of a contact."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from contacts.models import Contact, User
from contacts.services import update_contact
from integrations import oauth
from integrations.crm import accounts, connecting, vendors
from integrations.crm.vendors import Vendor
from integrations.models import Connection, Delivery, Gate
from integrations.oauth import Grant
from integrations.outbox import running
from integrations.sandbox.hubspot import HubSpotDouble
from tests.factories import by
from tests.integrations.vendors import HUBSPOT, CheckedDouble, network

TOKEN = "pat-na1-sandbox"
CONFIG: dict[str, dict[str, Any]] = {
    "hubspot": {
        "client_id": "kith-sandbox",
        "client_secret": "kith-sandbox-secret",
        "api": "https://vendor.example",
        "app": "https://app.example",
        "authorize_url": "https://vendor.example/oauth/authorize",
        "token_url": "https://vendor.example/oauth/v3/token",
        "objects": "/crm/v3/objects",
        "calls": 100,
        "per_seconds": 10,
    },
    "salesforce": {
        "client_id": "kith-sandbox",
        "client_secret": "kith-sandbox-secret",
        "api": "https://login.example",
        "authorize_url": "https://login.example/services/oauth2/authorize",
        "token_url": "https://login.example/services/oauth2/token",
        "path": "/services/data/v62.0",
        "key_field": "",
        "calls": 100,
        "per_seconds": 10,
    },
}
WRITES = {"POST", "PATCH", "PUT", "DELETE"}


@dataclass
class Crm:
    """The double, and what its people see."""

    double: HubSpotDouble
    transport: CheckedDouble

    def connect(self, user: User) -> Connection:
        """With a token that somebody has pasted; the fields are read, as a worker does it."""
        vendor = vendors.HUBSPOT
        self.double.sign_in.by_hand.add(TOKEN)
        account, zone = connecting.details_of(vendor, TOKEN)
        made = connecting.paste(vendor=vendor, token=TOKEN, account=account, zone=zone, user=user)
        accounts.read(made.pk)
        self.double.requests.clear()
        return made

    def sign_in(self, user: User) -> Connection:
        """By OAuth, as the pages do it."""
        grant = sign_in(vendors.HUBSPOT, self.double)
        made = connecting.connect(vendor=vendors.HUBSPOT, grant=grant, zone="UTC", user=user)
        accounts.read(made.pk)
        self.double.requests.clear()
        return made

    def add(self, **values: str) -> str:
        """A contact that is there already; its id."""
        return str(self.double.add("contacts", values)["id"])

    def values(self, record: str) -> dict[str, str]:
        """What a person sees of a record there, wherever it was merged to."""
        return dict(self.double.contacts[self.double.alias(record)]["properties"])

    @property
    def ids(self) -> list[str]:
        return list(self.double.contacts)

    def asked(self) -> list[str]:
        """Every request since the last look, "PATCH /crm/v3/objects/contacts/501"."""
        told = [f"{r.method} {r.path}" for r in self.double.requests]
        self.double.requests.clear()
        return told


def sign_in(vendor: Vendor, double: Any) -> Grant:
    """Somebody allows everything at the vendor's own page."""
    assert vendor.provider is not None
    asked = {"scope": " ".join(vendor.scopes), "redirect_uri": "x"}
    code = double.sign_in._code("host@example.com", asked)
    return oauth.exchange(vendor.provider, code=code, verifier="v", redirect_uri="x")


def served(settings: Any) -> Iterator[Crm]:
    """HubSpot is set up, and everything that leaves goes to its double."""
    settings.CRMS = CONFIG
    double = HubSpotDouble()
    transport = CheckedDouble(double, HUBSPOT, "")
    with network(transport):
        yield Crm(double, transport)


def edit(contact: Contact, **values: Any) -> Delivery:
    """As the Edit pane does it; the delivery that it causes."""
    update_contact(contact_id=contact.pk, actor=by(), values=values)
    contact.refresh_from_db()
    return Delivery.objects.latest("pk")


def sent() -> list[str]:
    """Send what is due; the states of all deliveries, in order."""
    running.run()
    return states()


def states() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


def later() -> None:
    """Everything that waits is due."""
    waits = Delivery.objects.filter(next_at__isnull=False)
    waits.update(next_at=timezone.now() - timedelta(seconds=1))
    Gate.objects.update(closed_until=None, asked_until=None, failures=0, used=0)


def words() -> str:
    return Delivery.objects.latest("pk").words
