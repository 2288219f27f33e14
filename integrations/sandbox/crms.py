"""The demo's CRMs: doubles behind an address, with what they hold in files, and a page that shows it."""

import json
import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from django.conf import settings

from integrations.sandbox import salesforce_shapes
from integrations.sandbox.double import Double, Reply, Request
from integrations.sandbox.hubspot import HubSpotDouble
from integrations.sandbox.hubspot_shapes import properties
from integrations.sandbox.salesforce import SalesforceDouble
from integrations.sandbox.sign_in import SignInDouble

SHOWN = 50
TOKEN = "kith-demo-token"  # one that the demo's HubSpot takes when it is pasted
HUBSPOT, SALESFORCE = "hubspot", "salesforce"
OF_RECORDS = ("Contact", "Lead")
HEAD = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>{0} (sandbox)</title><h1>{0}</h1>'
)
NAMED = ("email", "hs_additional_emails", "firstname", "lastname", "mobilephone", "company", "jobtitle", "city")  # fmt: skip


def state_file(name: str = HUBSPOT) -> Path:
    return Path(settings.KITH_HOME) / "sandbox" / f"{name}.json"


def environment(base: str) -> dict[str, str]:
    """What points Kith at a double that answers at `base`."""
    client, api = SignInDouble(""), f"{base}/hubspot"
    return {
        "HUBSPOT_CLIENT_ID": client.client_id,
        "HUBSPOT_CLIENT_SECRET": client.client_secret,
        "HUBSPOT_API": api,
        "HUBSPOT_APP": api,
        "HUBSPOT_AUTHORIZE_URL": f"{api}/oauth/authorize",
        "HUBSPOT_TOKEN_URL": f"{api}/oauth/v3/token",
        "SALESFORCE_CLIENT_ID": client.client_id,
        "SALESFORCE_CLIENT_SECRET": client.client_secret,
        "SALESFORCE_LOGIN_URL": f"{base}/{SALESFORCE}",
    }


class DemoHubSpot(HubSpotDouble):
    """With a page for each contact, as HubSpot's own has one."""

    def respond(self, request: Request) -> Reply:
        record = request.path.rpartition("/record/0-1/")[2]
        if "/record/0-1/" in request.path:
            row = self.contacts.get(self.alias(record))
            return Reply(200, _page(row)) if row else Reply(404, "<p>Not found</p>")
        return super().respond(request)


class DemoSalesforce(SalesforceDouble):
    """With a page for each record. Where it answers it has learned from the request."""

    base = ""

    def respond(self, request: Request) -> Reply:
        self.sign_in.instance_url = self.base
        pk = request.path.removeprefix("/")
        for kind in OF_RECORDS:
            if pk in self.rows[kind]:
                return Reply(200, _listed(f"Salesforce {kind.lower()} {pk}", _texts(kind, self.rows[kind][pk])))  # fmt: skip
        return super().respond(request)


class CrmSandbox:
    """A WSGI application: /hubspot/…, /salesforce/…; `other` answers everything else."""

    def __init__(self, other: Callable[..., Iterable[bytes]]) -> None:
        self.other = other
        self.double = DemoHubSpot()
        self.double.sign_in.by_hand.add(TOKEN)
        self.salesforce = DemoSalesforce(rule="warn")
        self._load()
        for double, save in ((self.double, self._save), (self.salesforce, self._save_salesforce)):
            double.lock = threading.RLock()
            double.changed = save

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., object]
    ) -> Iterable[bytes]:
        name, _, rest = environ["PATH_INFO"].removeprefix("/").partition("/")
        doubles: dict[str, Double] = {HUBSPOT: self.double, SALESFORCE: self.salesforce}
        if name not in doubles:
            return self.other(environ, start_response)
        self.salesforce.base = f"http://{environ.get('HTTP_HOST', '')}/{SALESFORCE}"
        return doubles[name]({**environ, "PATH_INFO": f"/{rest}"}, start_response)

    def _load(self) -> None:
        if kept := _stored():
            double = self.double
            double.contacts, double.meetings = kept["contacts"], kept["meetings"]
            double.merged, double.number = kept["merged"], kept["number"]
            double.logged = [tuple(each) for each in kept["logged"]]
            double.index = [
                (0.0, pk, dict(row["properties"])) for pk, row in double.contacts.items()
            ]
            double.sign_in.refresh = {t: tuple(known) for t, known in kept["refresh"].items()}
        if kept := _stored(SALESFORCE):
            org = self.salesforce
            org.rows, org.number = {**org.rows, **kept["rows"]}, kept["number"]
            org.sign_in.refresh = {t: tuple(known) for t, known in kept["refresh"].items()}

    def _save(self) -> None:
        double = self.double
        del double.requests[:-SHOWN]
        state = {
            "contacts": double.contacts, "meetings": double.meetings, "merged": double.merged,
            "number": double.number, "logged": double.logged, "refresh": double.sign_in.refresh,
        }  # fmt: skip
        _keep(HUBSPOT, state)

    def _save_salesforce(self) -> None:
        org = self.salesforce
        del org.requests[:-SHOWN]
        _keep(SALESFORCE, {"rows": org.rows, "number": org.number, "refresh": org.sign_in.refresh})


def _keep(name: str, state: dict[str, Any]) -> None:
    """Whole or not at all, and for this user of the machine only."""
    path = state_file(name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(state, file)
    fresh.replace(path)


@dataclass(frozen=True)
class ShownRecord:
    """A record as its account shows it, with what is logged at it."""

    id: str
    modified: str
    values: tuple[tuple[str, str], ...]
    meetings: tuple[tuple[str, str], ...]  # title, outcome
    vendor: str = HUBSPOT
    title: str = ""


def shown() -> list[ShownRecord]:
    """The records that changed last."""
    kept, org = _stored(), _stored(SALESFORCE)
    found = [_shown(row, kept) for row in kept.get("contacts", {}).values()]
    for kind in OF_RECORDS:
        rows = org.get("rows", {}).get(kind, {}).values()
        found += [_of_salesforce(kind, row, org) for row in rows if not row["IsDeleted"]]
    return sorted(found, key=lambda row: row.modified, reverse=True)[:SHOWN]


def _of_salesforce(kind: str, row: dict[str, Any], org: dict[str, Any]) -> ShownRecord:
    events = [each for each in org["rows"]["Event"].values() if each.get("WhoId") == row["Id"]]
    return ShownRecord(
        id=row["Id"],
        modified=row["LastModifiedDate"],
        values=tuple(_texts(kind, row)),
        meetings=tuple((str(each.get("Subject")), "") for each in events),
        vendor=SALESFORCE,
        title=f"Salesforce {kind.lower()} {row['Id']}",
    )


def _texts(kind: str, row: dict[str, Any]) -> list[tuple[str, str]]:
    """What a person has filled in, under the labels of the fields."""
    known = salesforce_shapes.fields(kind)
    return [
        (known[name]["label"], str(value))
        for name, value in row.items()
        if name in known and known[name]["createable"] and value not in (None, "", False)
    ]


def _shown(row: dict[str, Any], kept: dict[str, Any]) -> ShownRecord:
    names = {row["id"], *(old for old, new in kept["merged"].items() if new == row["id"])}
    meetings = [kept["meetings"][pk]["properties"] for who, pk in kept["logged"] if who in names]
    return ShownRecord(
        id=row["id"],
        modified=row["updatedAt"],
        values=tuple(_values(row)),
        meetings=tuple(
            (each.get("hs_meeting_title", ""), each.get("hs_meeting_outcome", "").capitalize())
            for each in meetings
        ),
        title=f"HubSpot contact {row['id']}",
    )


def _values(row: dict[str, Any]) -> list[tuple[str, str]]:
    labels = {name: str(each["label"]) for name, each in properties().items()}
    stored = row["properties"]
    return [(labels[name], str(stored[name])) for name in NAMED if stored.get(name)]


def _page(row: dict[str, Any]) -> str:
    return _listed(f"HubSpot contact {row['id']}", _values(row))


def _listed(title: str, values: list[tuple[str, str]]) -> str:
    lines = "".join(f"<dt>{escape(n)}</dt><dd>{escape(v)}</dd>" for n, v in values)
    return f"{HEAD.format(escape(title))}<p>On this machine.</p><dl>{lines}</dl>"


def _stored(name: str = HUBSPOT) -> dict[str, Any]:
    try:
        stored: dict[str, Any] = json.loads(state_file(name).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return stored
