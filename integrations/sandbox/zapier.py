"""A double of Zapier: Zaps that subscribe at Kith, listen, and are paused; with a page of its own.

What it does, and how that is known (connectors.md, section 8):

* a Zap that is turned on POSTs its address to our subscribe call, and keeps the id [vendor]
* turned off, it DELETEs that id; a POST to it afterwards is 410 [vendor]
* a POST is answered with 200 and JSON; more than 30 in a second with 429 [vendor]
* a DELETE to its address pauses it [vendor]
* faults: 410, 429 (with Retry-After; "429 after 86400" names another one, "429 after " none), 500,
  hang, and a redirect to 169.254.169.254, which the real one does not make but somebody in its place might

The page is for the demo: it takes an API key of Kith, kept in memory while a Zap is on.
"""

import json
import os
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from django.conf import settings

from integrations import http
from integrations.sandbox.double import Double, Reply, Request

STANDARD = "/hooks/standard/"
A_SECOND = 30
KEPT = 20
METADATA = "http://169.254.169.254/latest/meta-data/"
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Zapier (sandbox)</title><body>
<h1>Zapier, on this machine</h1><p>This is the demo's own double. Nothing leaves this machine.</p>
<p role="status">{said}</p><form method="post" action="on"><p><label>API key of Kith
<input name="key" required autocomplete="off"></label> <label>Trigger <select name="event">{options}
</select></label> <button>Turn on a Zap</button></p></form>{zaps}</body></html>"""
ZAP = """<h2>{event}, {state}</h2><form method="post" action="off"><input type="hidden" name="zap"
value="{id}"><button>Turn it off</button></form><pre>{received}</pre>"""


def state_file() -> Path:
    return Path(settings.KITH_HOME) / "sandbox" / "zapier.json"


@dataclass
class Zap:
    """One Zap: `hook` is Kith's id of its subscription."""

    id: str
    event: str
    hook: str = ""
    on: bool = True
    received: list[Any] = field(default_factory=list)  # newest last


@dataclass
class ZapierDouble(Double):
    """`base` is its own address, `kith` that of /v2/zapier; `call` goes there with method, url, key
    and JSON, and answers with status and JSON."""

    base: str = "https://hooks.zapier.com"
    kith: str = ""
    triggers: tuple[str, ...] = ()
    zaps: dict[str, Zap] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)  # by Zap; never on disk
    arrivals: list[float] = field(default_factory=list)
    now: Callable[[], float] = time.monotonic
    said: str = ""

    def meets_faults(self, request: Request) -> bool:
        return request.path.startswith(STANDARD)

    def respond(self, request: Request) -> Reply:
        if request.path.startswith(STANDARD):
            return self._hook(request)
        if request.method == "POST" and request.path in {"/on", "/off"}:
            form = request.form()
            if request.path == "/on":
                self.turn_on(form.get("key", ""), form.get("event", ""))
            else:
                self.turn_off(form.get("zap", ""))
            return Reply(303, headers={"Location": "./"})
        return Reply(200, self._page()) if request.path == "/" else Reply(404, {})

    def failure(self, name: str) -> Reply:
        if name == "redirect":
            return Reply(302, headers={"Location": METADATA})
        status, _, asks = name.partition(" after ")
        asks = "7" if name == "429" else asks
        return Reply(int(status), {"status": "error"}, {"Retry-After": asks} if asks else {})

    def _hook(self, request: Request) -> Reply:
        zap = self.zaps.get(request.path.removeprefix(STANDARD).strip("/"))
        if zap is None or not zap.on:
            return self.failure("410")
        if request.method == "DELETE":
            zap.on = False
            return Reply(200, {"status": "success"})
        if request.method != "POST":
            return Reply(405, {})
        self.arrivals = [at for at in self.arrivals if self.now() - at < 1]
        if len(self.arrivals) >= A_SECOND:
            return self.failure("429")
        self.arrivals.append(self.now())
        zap.received = [*zap.received, request.json()][-KEPT:]
        attempt = secrets.token_hex(8)
        return Reply(200, {"status": "success", "id": attempt, "request_id": attempt})

    def new_zap(self, event: str) -> tuple[Zap, str]:
        """A Zap that listens, and its address."""
        zap = Zap(secrets.token_hex(8), event)
        self.zaps[zap.id] = zap
        return zap, f"{self.base}{STANDARD}{zap.id}/"

    def turn_on(self, key: str, event: str) -> None:
        """As Zapier does: subscribe, and keep the id. Refused, there is no Zap."""
        zap, url = self.new_zap(event)
        status, told = self._ask("POST", "/hooks", key, {"target_url": url, "event": event})
        if status != 201:
            del self.zaps[zap.id]
            self.said = f"Kith refused it: {told.get('message', status)}"
            return
        zap.hook, self.keys[zap.id], self.said = told["id"], key, "The Zap is on."

    def turn_off(self, zap_id: str) -> None:
        """Unsubscribe. A Zap of an earlier demo, whose key is gone, answers 410 from now on."""
        zap = self.zaps.get(zap_id)
        if zap is None:
            return
        zap.on, self.said = False, "The Zap is off."
        if zap.id in self.keys:
            self._ask("DELETE", f"/hooks/{zap.hook}", self.keys.pop(zap.id))

    def _ask(
        self, method: str, path: str, key: str, body: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        try:
            headers = {"API-Key": key}
            answer = http.call(method, f"{self.kith}{path}", json=body, headers=headers)
        except (http.NotReached, http.AnswerLost, UnicodeError):
            return 0, {"message": "it could not be reached"}
        told = answer.json()
        return answer.status, told if isinstance(told, dict) else {}

    def _page(self) -> str:
        options = "".join(f"<option>{escape(name)}</option>" for name in self.triggers)
        zaps = "".join(
            ZAP.format(
                id=escape(zap.id), event=escape(zap.event), state="on" if zap.on else "off",
                received=escape(json.dumps(zap.received[::-1], indent=1, ensure_ascii=False)),
            )
            for zap in reversed(self.zaps.values())
        )  # fmt: skip
        return PAGE.format(said=escape(self.said), options=options, zaps=zaps)

    def keep(self) -> None:
        """Into the file, which only this user of the machine may read; whole or not at all."""
        path = state_file()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump([asdict(zap) for zap in self.zaps.values()], file)
        fresh.replace(path)

    def load(self) -> None:
        try:
            kept = json.loads(state_file().read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return
        self.zaps = {each["id"]: Zap(**each) for each in kept}


def mounted(other: Callable[..., Iterable[bytes]], base: str) -> Callable[..., Iterable[bytes]]:
    """The demo's: the double under /zapier/, `other` for everything else."""
    from integrations.zapier.triggers import TRIGGERS

    double = ZapierDouble(
        base=f"{base}/zapier", kith=f"{settings.PUBLIC_URL}/v2/zapier", triggers=tuple(TRIGGERS)
    )
    double.load()
    double.changed = double.keep

    def application(
        environ: dict[str, Any], start_response: Callable[..., object]
    ) -> Iterable[bytes]:
        name, _, rest = environ["PATH_INFO"].removeprefix("/").partition("/")
        if name != "zapier":
            return other(environ, start_response)
        return double({**environ, "PATH_INFO": f"/{rest}"}, start_response)

    return application


def environment(base: str) -> dict[str, str]:
    return {"ZAPIER_HOOKS_URL": f"{base}/zapier"}
