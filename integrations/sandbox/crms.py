"""The demo's CRM: a double behind an address, with what it holds in a file, and a page that shows it."""

import json
import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from django.conf import settings

from integrations.sandbox.double import Reply, Request
from integrations.sandbox.hubspot import HubSpotDouble
from integrations.sandbox.hubspot_shapes import properties
from integrations.sandbox.sign_in import SignInDouble

SHOWN = 50
NAMED = ("email", "hs_additional_emails", "firstname", "lastname", "mobilephone", "company", "jobtitle", "city")  # fmt: skip


def state_file() -> Path:
    return Path(settings.KITH_HOME) / "sandbox" / "hubspot.json"


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
    }


class DemoHubSpot(HubSpotDouble):
    """With a page for each contact, as HubSpot's own has one."""

    def respond(self, request: Request) -> Reply:
        record = request.path.rpartition("/record/0-1/")[2]
        if "/record/0-1/" in request.path:
            row = self.contacts.get(self.alias(record))
            return Reply(200, _page(row)) if row else Reply(404, "<p>Not found</p>")
        return super().respond(request)


class CrmSandbox:
    """A WSGI application: /hubspot/…; `other` answers everything else."""

    def __init__(self, other: Callable[..., Iterable[bytes]]) -> None:
        self.other = other
        self.double = DemoHubSpot()
        self._load()
        self.double.lock = threading.RLock()
        self.double.changed = self._save

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., object]
    ) -> Iterable[bytes]:
        name, _, rest = environ["PATH_INFO"].removeprefix("/").partition("/")
        if name != "hubspot":
            return self.other(environ, start_response)
        return self.double({**environ, "PATH_INFO": f"/{rest}"}, start_response)

    def _load(self) -> None:
        kept, double = _stored(), self.double
        if not kept:
            return
        double.contacts, double.meetings = kept["contacts"], kept["meetings"]
        double.merged, double.number = kept["merged"], kept["number"]
        double.logged = [tuple(each) for each in kept["logged"]]
        double.index = [(0.0, pk, dict(row["properties"])) for pk, row in double.contacts.items()]
        double.sign_in.refresh = {t: tuple(known) for t, known in kept["refresh"].items()}

    def _save(self) -> None:
        """Whole or not at all, and for this user of the machine only."""
        double = self.double
        del double.requests[:-SHOWN]
        state = {
            "contacts": double.contacts, "meetings": double.meetings, "merged": double.merged,
            "number": double.number, "logged": double.logged, "refresh": double.sign_in.refresh,
        }  # fmt: skip
        path = state_file()
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


def shown() -> list[ShownRecord]:
    """The records that changed last."""
    kept = _stored()
    rows = sorted(kept.get("contacts", {}).values(), key=lambda row: str(row["updatedAt"]))
    return [_shown(row, kept) for row in reversed(rows[-SHOWN:])]


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
    )


def _values(row: dict[str, Any]) -> list[tuple[str, str]]:
    labels = {name: str(each["label"]) for name, each in properties().items()}
    stored = row["properties"]
    return [(labels[name], str(stored[name])) for name in NAMED if stored.get(name)]


def _page(row: dict[str, Any]) -> str:
    lines = "".join(f"<dt>{escape(n)}</dt><dd>{escape(v)}</dd>" for n, v in _values(row))
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Contact (sandbox)</title>'
    return (
        f"{head}<h1>HubSpot contact {escape(row['id'])}</h1><p>On this machine.</p><dl>{lines}</dl>"
    )


def _stored() -> dict[str, Any]:
    try:
        stored: dict[str, Any] = json.loads(state_file().read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return stored
