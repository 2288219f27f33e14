"""Contacts brought up to date at each CRM's double per second, and calls a contact, for 1,000 edits.

`make benchmark ARGS=tests/benchmarks/test_crm.py`: over a real socket, one worker, no pause by the
gate; beside it bare writes, and what the vendor's published limit lets through.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import httpx
import pytest

from contacts.models import Contact, Source, User
from contacts.services import update_contact
from contacts.signals import Actor
from integrations import oauth
from integrations.crm import accounts, connecting, vendors
from integrations.crm.vendors import Vendor
from integrations.models import Connection, Delivery, Gate
from integrations.outbox import running
from integrations.sandbox.hubspot import HubSpotDouble
from integrations.sandbox.salesforce import SalesforceDouble
from tests.benchmarks.figures import say, seconds
from tests.factories import make_contact
from tests.integrations.crm.world import CONFIG, TOKEN

EDITS = 1000


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@dataclass
class Side:
    """A vendor's double behind a socket, and how its people read and write there."""

    vendor: Vendor
    double: Any
    url: str
    token: str
    published: str

    def cities(self) -> set[str]:
        if self.vendor is vendors.HUBSPOT:
            return {row["properties"]["city"] for row in self.double.contacts.values()}
        return {row["MailingCity"] for row in self.double.rows["Contact"].values()}

    def bare(self) -> tuple[str, Callable[[int], dict[str, Any]]]:
        """One record's address, and what to write to it."""
        if self.vendor is vendors.HUBSPOT:
            record = self.double.add("contacts", {"email": "bare@example.com"})["id"]
            return f"{self.url}/crm/v3/objects/contacts/{record}", lambda n: {
                "properties": {"city": f"City {n}"}
            }
        record = self.double.add("Contact", {"LastName": "Bare"})["Id"]
        path = f"{self.url}/services/data/v62.0/sobjects/Contact/{record}"
        return path, lambda n: {"MailingCity": f"City {n}"}


@pytest.fixture(params=["hubspot", "salesforce"])
def side(request: Any, settings: Any) -> Iterator[Side]:
    vendor = vendors.CRMS[request.param]
    double = HubSpotDouble() if vendor is vendors.HUBSPOT else SalesforceDouble()
    with make_server("127.0.0.1", 0, double, _Server, _Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        own = {**CONFIG[vendor.kind], "api": url, "token_url": f"{url}/services/oauth2/token"}
        settings.CRMS = {**CONFIG, vendor.kind: own}
        if isinstance(double, HubSpotDouble):
            double.sign_in.by_hand.add(TOKEN)
            yield Side(vendor, double, url, TOKEN, "110 calls in 10 s")
        else:
            double.sign_in.instance_url = url
            yield Side(vendor, double, url, "", "100,000 calls a day, kept to 100 in 10 s")
        server.shutdown()


@pytest.fixture
def connection(side: Side, admin_user: User) -> Connection:
    vendor = side.vendor
    if side.token:
        account, zone = connecting.details_of(vendor, side.token)
        made = connecting.paste(
            vendor=vendor, token=side.token, account=account, zone=zone, user=admin_user
        )
    else:
        asked = {"scope": " ".join(vendor.scopes), "redirect_uri": "x"}
        code, provider = side.double.sign_in._code("host@example.com", asked), vendor.provider
        assert provider is not None
        grant = oauth.exchange(provider, code=code, verifier="v", redirect_uri="x")
        made = connecting.connect(vendor=vendor, grant=grant, zone="UTC", user=admin_user)
        side.token = grant.access
    accounts.read(made.pk)
    return made


def bare_writes(side: Side, number: int) -> float:
    """The same record written again and again, with nothing of ours around it."""
    path, body = side.bare()
    with (
        httpx.Client(headers={"Authorization": f"Bearer {side.token}"}) as client,
        seconds() as took,
    ):
        for n in range(number):
            client.patch(path, json=body(n)).raise_for_status()
    return number / took()


@pytest.mark.django_db
@pytest.mark.parametrize("source", [Source.PERSON, Source.IMPORT])
def test_contacts_per_second(
    side: Side, connection: Connection, member: User, source: Source
) -> None:
    contacts = [make_contact(member, email=f"n{n}@example.com") for n in range(EDITS)]
    Delivery.objects.update(priority=Delivery.Priority.BACKLOG)
    _deliver(connection)
    side.double.requests.clear()
    for contact in contacts:
        update_contact(contact_id=contact.pk, actor=Actor(None, source), values={"city": "Bath"})
    with seconds() as took:
        _deliver(connection)
    rate, calls = EDITS / took(), len(side.double.requests) / EDITS
    assert side.cities() == {"Bath"} and Contact.objects.count() == EDITS
    bare = bare_writes(side, 300)
    limit = side.vendor.limit
    together = limit.together if source is Source.IMPORT else 1
    allowed = limit.deliveries * together / limit.seconds
    say(
        f"{side.vendor.label}, {EDITS:,} {'edits' if source is Source.PERSON else 'imported rows'}",
        f"{rate:,.0f}/s, {calls:.2f} calls each",
        f"{bare:,.0f}/s bare PATCH; the limit of {side.published} lets {allowed:,.1f}/s through",
    )


def _deliver(connection: Connection) -> None:
    """Everything there is, with no pause."""
    while Delivery.objects.filter(next_at__isnull=False).exists():
        Gate.objects.filter(key=connection.gate).update(limit=0, closed_until=None)
        running.run(seconds=60)
    assert not Delivery.objects.exclude(state__in=["delivered", "superseded"]).exists()
