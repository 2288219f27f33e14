"""Contacts brought up to date at HubSpot's double per second, and calls a contact, for 1,000 edits.

`make benchmark ARGS=tests/benchmarks/test_crm.py`: over a real socket, one worker, no pause by the
gate; beside it the same number of bare writes, and what HubSpot's published limit lets through.
"""

import threading
from collections.abc import Iterator
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import httpx
import pytest

from contacts.models import Contact, Source, User
from contacts.services import update_contact
from contacts.signals import Actor
from integrations.crm import accounts, connecting, vendors
from integrations.models import Connection, Delivery, Gate
from integrations.outbox import running
from integrations.sandbox.hubspot import HubSpotDouble
from tests.benchmarks.figures import say, seconds
from tests.factories import make_contact
from tests.integrations.crm.world import CONFIG, TOKEN

EDITS, PUBLISHED = 1000, 110  # calls in ten seconds of an app in one account


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def double(settings: Any) -> Iterator[HubSpotDouble]:
    hubspot = HubSpotDouble()
    hubspot.sign_in.by_hand.add(TOKEN)
    with make_server("127.0.0.1", 0, hubspot, _Server, _Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.CRMS = {"hubspot": {**CONFIG["hubspot"], "api": f"http://127.0.0.1:{server.server_port}"}}  # fmt: skip
        yield hubspot
        server.shutdown()


@pytest.fixture
def connection(double: HubSpotDouble, admin_user: User) -> Connection:
    vendor = vendors.HUBSPOT
    account, zone = connecting.details_of(vendor, TOKEN)
    made = connecting.paste(vendor=vendor, token=TOKEN, account=account, zone=zone, user=admin_user)
    accounts.read(made.pk)
    return made


def bare_writes(double: HubSpotDouble, url: str, number: int) -> float:
    """The same record written again and again, with nothing of ours around it."""
    record = double.add("contacts", {"email": "bare@example.com"})["id"]
    path = f"{url}/crm/v3/objects/contacts/{record}"
    with httpx.Client(headers={"Authorization": f"Bearer {TOKEN}"}) as client, seconds() as took:
        for n in range(number):
            client.patch(path, json={"properties": {"city": f"City {n}"}}).raise_for_status()
    return number / took()


@pytest.mark.django_db
@pytest.mark.parametrize("source", [Source.PERSON, Source.IMPORT])
def test_contacts_per_second(
    double: HubSpotDouble, connection: Connection, member: User, settings: Any, source: Source
) -> None:
    contacts = [make_contact(member, email=f"n{n}@example.com") for n in range(EDITS)]
    Delivery.objects.update(priority=Delivery.Priority.BACKLOG)
    _deliver(connection)
    double.requests.clear()
    for contact in contacts:
        update_contact(contact_id=contact.pk, actor=Actor(None, source), values={"city": "Bath"})
    with seconds() as took:
        _deliver(connection)
    rate, calls = EDITS / took(), len(double.requests) / EDITS
    told = {row["properties"]["city"] for row in double.contacts.values()}
    assert told == {"Bath"} and Contact.objects.count() == EDITS
    bare = bare_writes(double, settings.CRMS["hubspot"]["api"], 300)
    limit = vendors.HUBSPOT.limit
    together = limit.together if source is Source.IMPORT else 1
    allowed = limit.deliveries * together / limit.seconds
    say(
        f"HubSpot, {EDITS:,} {'edits' if source is Source.PERSON else 'imported rows'}",
        f"{rate:,.0f}/s, {calls:.2f} calls each",
        f"{bare:,.0f}/s bare PATCH; the limit of {PUBLISHED} calls in 10 s lets {allowed:,.1f}/s through",
    )


def _deliver(connection: Connection) -> None:
    """Everything there is, with no pause."""
    while Delivery.objects.filter(next_at__isnull=False).exists():
        Gate.objects.filter(key=connection.gate).update(limit=0, closed_until=None)
        running.run(seconds=60)
    assert not Delivery.objects.exclude(state__in=["delivered", "superseded"]).exists()
