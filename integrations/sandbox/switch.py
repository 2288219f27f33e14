"""The switch of the demo's doubles: a person says on a page how the next request shall go wrong.

The doubles are a process of their own, so the faults that are asked for wait in a file each. Only the
demo's server takes them (`double.switches`); the doubles of tests are told directly.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings

from integrations.sandbox import exchange, google, graph, hubspot_shapes, salesforce_shapes

#: By the vendor's name in the addresses of the doubles: its label, and the errors of its own.
VENDORS: dict[str, tuple[str, Iterable[str]]] = {
    "google": ("Google Calendar", google.ERRORS),
    "microsoft": ("Microsoft Exchange", graph.ERRORS),
    "exchange": ("Exchange Server", exchange.ERRORS),
    "hubspot": ("HubSpot", hubspot_shapes.ERRORS),
    "salesforce": ("Salesforce", salesforce_shapes.ERRORS),
}
#: What can befall every vendor's answer.
COMMON = {
    "slow": "Slow answer",
    "hang": "No answer at all",
    "lost": "Done, but the answer is lost",
    "malformed": "Done, but the answer is unreadable",
    "huge": "Done, but the answer never ends",
}
MOST = 10


def folder() -> Path:
    return Path(settings.KITH_HOME) / "sandbox" / "faults"


def choices(vendor: str) -> list[tuple[str, str]]:
    """The faults of this vendor, each with what people read."""
    label, own = VENDORS[vendor]
    return [*COMMON.items(), *((name, f"{label} says {name}") for name in own)]


def ask(vendor: str, fault: str, times: int) -> None:
    """Have the next `times` requests to this vendor meet the fault, after those asked for before."""
    path = folder() / f"{vendor}.json"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    waiting = _read(path)[: MOST - times] + [fault] * times
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(waiting), encoding="utf-8")
    os.replace(fresh, path)


def clear(vendor: str) -> None:
    (folder() / f"{vendor}.json").unlink(missing_ok=True)


def waiting(vendor: str) -> int:
    """How many requests will still meet one."""
    return len(_read(folder() / f"{vendor}.json"))


def take(vendor: str) -> str:
    """The next fault, "" for none. For the one process of the doubles."""
    path = folder() / f"{vendor}.json"
    found = _read(path)
    if not found:
        return ""
    fresh = path.with_suffix(".left")
    fresh.write_text(json.dumps(found[1:]), encoding="utf-8")
    os.replace(fresh, path)
    return str(found[0])


def _read(path: Path) -> list[str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return []
    return found if isinstance(found, list) else []
