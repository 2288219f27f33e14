"""HubSpot, Salesforce and Zapier over real sockets, for the processes that faults happen to.

An answer can be kept back after what was asked is done: whoever dies then has written, and not said so.
"""

import functools
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from contacts.models import Contact, User
from integrations import oauth
from integrations.crm import accounts, connecting
from integrations.crm.vendors import CRMS
from integrations.models import Connection
from integrations.sandbox.double import Double, Request
from integrations.sandbox.hubspot import HubSpotDouble
from integrations.sandbox.salesforce import DATA, SalesforceDouble
from integrations.sandbox.sign_in import SignInDouble
from tests.faults.verdict import Verdict

ACCOUNT = "host@example.com"
ASKS = ("/search", "/batch/read", "/token")  # a POST that writes nothing


class Server(ThreadingMixIn, WSGIServer):
    """As many requests at a time as there are."""

    daemon_threads = True


class Quiet(WSGIRequestHandler):
    """Says nothing of each request."""

    def log_message(self, *_: object) -> None: ...


@contextmanager
def serving(application: Any) -> Iterator[str]:
    """Its address on this machine."""
    with make_server("127.0.0.1", 0, application, Server, Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@dataclass
class Keeping:
    """A double whose answers can be kept back. `dead`: the fault that every request meets."""

    double: Double
    dead: str = ""
    holds: str = ""  # the method of the write whose answer is kept back, once
    arrived: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    calls: int = 0
    left: int = 0  # writes until `then` happens
    then: Callable[[], None] = lambda: None

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., object]
    ) -> Iterable[bytes]:
        self.calls += 1
        if self.dead == "hang":
            self.released.wait(60)
        elif self.dead:
            self.double.faults = [self.dead] * 9
        body = list(self.double(environ, start_response))
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if method != "GET" and not path.endswith(ASKS):
            self._written(method)
        return body

    def _written(self, method: str) -> None:
        self.left -= 1
        if self.left == 0:
            self.then()
        if self.holds == method:
            self.holds = ""
            self.arrived.set()
            self.released.wait(60)

    def hold(self, method: str) -> None:
        """Keep the answer to the next such write back until `release`."""
        self.arrived, self.released, self.holds = threading.Event(), threading.Event(), method

    def release(self) -> None:
        self.released.set()

    def revive(self) -> None:
        self.dead, self.double.faults = "", []
        self.release()


@dataclass
class Crm:
    """One of the two, and what its people see."""

    kind: str
    double: Any
    keeping: Keeping

    def sign_in(self, user: User) -> Connection:
        """By OAuth, as the pages do it; the fields are read, as a worker does it."""
        vendor = CRMS[self.kind]
        assert vendor.provider is not None
        asked = {"scope": " ".join(vendor.scopes), "redirect_uri": "x"}
        code = self.double.sign_in._code(ACCOUNT, asked)
        grant = oauth.exchange(vendor.provider, code=code, verifier="v", redirect_uri="x")
        made = connecting.connect(vendor=vendor, grant=grant, zone="UTC", user=user)
        accounts.read(made.pk)
        return made

    def cities(self) -> dict[str, list[str]]:
        """By first name, the city of each record that has it."""
        found: dict[str, list[str]] = {}
        for row in self._rows():
            name, city = (row.get(n) or "" for n in self._names)
            found.setdefault(name, []).append(city)
        return found

    @property
    def _names(self) -> tuple[str, str]:
        return ("firstname", "city") if self.kind == "hubspot" else ("FirstName", "MailingCity")

    def _rows(self) -> list[dict[str, Any]]:
        if self.kind == "hubspot":
            return [row["properties"] for row in self.double.contacts.values()]
        return list(self.double.rows["Contact"].values())

    def writes(self) -> list[tuple[str, str]]:
        """Every city that was written to a record that was there, in its order: (record, city)."""
        found = [each for request in list(self.double.requests) for each in self._writes(request)]
        return [(record, city) for record, city in found if city]

    def _writes(self, request: Request) -> list[tuple[str, str]]:
        body, city = request.json(), self._names[1]
        if request.path.endswith("/batch/update"):
            return [(each["id"], each["properties"].get(city, "")) for each in body["inputs"]]
        if request.method != "PATCH":
            return []
        if request.path == f"{DATA}/composite/sobjects":
            return [(each["id"], each.get(city, "")) for each in body["records"]]
        return [(request.path.rpartition("/")[2], body.get("properties", body).get(city, ""))]


def judge_crm(name: str, crm: Crm, contacts: Iterable[Contact], changes: int) -> Verdict:
    """What a CRM shows against what was saved. Each contact has a first name of its own, and cities
    are numbers that grow."""
    wanted = {
        each.first_name: each.city
        for each in Contact.objects.filter(pk__in=[each.pk for each in contacts])
    }
    there, writes = crm.cities(), crm.writes()
    verdict = Verdict(name, edits=changes)
    verdict.lost = sum(city not in there.get(first, ()) for first, city in wanted.items())
    verdict.repeated = sum(len(each) for each in there.values()) - len(there)
    verdict.requests = sum(number - 1 for number in Counter(writes).values())
    newest: dict[str, int] = {}
    for record, city in writes:
        verdict.inversions += int(city) < newest.get(record, -1)
        newest[record] = max(int(city), newest.get(record, -1))
    return verdict


def environment(kind: str, base: str) -> dict[str, str]:
    """What points Kith's processes at a double."""
    client = SignInDouble("")
    known = {"CLIENT_ID": client.client_id, "CLIENT_SECRET": client.client_secret}
    if kind == "hubspot":
        known |= {"API": base, "APP": base, "AUTHORIZE_URL": f"{base}/oauth/authorize"}
        known |= {"TOKEN_URL": f"{base}/oauth/v3/token"}
    else:
        known |= {"LOGIN_URL": base}
    return {f"{kind.upper()}_{name}": value for name, value in known.items()}


@contextmanager
def running(kind: str) -> Iterator[tuple[Crm, dict[str, str]]]:
    """The double of one CRM, and the environment that leads to it."""
    double: HubSpotDouble | SalesforceDouble
    double = HubSpotDouble() if kind == "hubspot" else SalesforceDouble()
    keeping = Keeping(double)
    with serving(keeping) as base:
        if isinstance(double, SalesforceDouble):
            double.sign_in.instance_url = base
        yield Crm(kind, double, keeping), environment(kind, base)
        keeping.revive()


def revoke(crm: Crm) -> Callable[[], None]:
    return functools.partial(crm.double.sign_in.revoke, ACCOUNT)
