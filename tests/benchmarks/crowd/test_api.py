"""The HTTP API among many contacts, beside a bare view of the same server and the same run.

Requests per second of two clients at two web processes; `make benchmark ARGS="-k api"`, ROWS as ever.
"""

import http.client
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from contacts.access import Role
from contacts.api_keys import create_key
from contacts.models import Contact, User
from tests.benchmarks.crowd.conftest import ROWS
from tests.benchmarks.figures import both, p50, say
from tests.benchmarks.server import KEPT_FOR, Browser, web_server
from tests.factories import by

CLIENTS = 2
SECONDS = 6.0
pytestmark = pytest.mark.django_db(transaction=True)
_numbers = itertools.count()


class Program:
    """A client of the API over one connection that is kept."""

    def __init__(self, port: int, key: str) -> None:
        self._headers = {"API-Key": key, "Content-Type": "application/json"}
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._last = 0.0

    def close(self) -> None:
        self._connection.close()

    def ask(self, method: str, path: str, body: Any = None) -> float:
        """Milliseconds until the answer is there."""
        start = time.perf_counter()
        if start - self._last > KEPT_FOR:
            self._connection.close()  # opened again by itself
        sent = None if body is None else json.dumps(body)
        self._connection.request(method, f"/v2/{path}", body=sent, headers=self._headers)
        answer = self._connection.getresponse()
        answer.read()
        assert answer.status in {200, 201}, (path, answer.status)
        self._last = time.perf_counter()
        return (self._last - start) * 1000


@pytest.fixture(scope="module")
def port(people: dict[str, User], tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with web_server(tmp_path_factory.mktemp("server") / "gunicorn.log") as port:
        yield port


def at_full_speed(asks: list[Callable[[], float]]) -> tuple[float, list[float]]:
    """Requests per second of all of them together, and how long each took."""
    times: list[list[float]] = [[] for _ in asks]
    end = time.monotonic() + SECONDS

    def run(place: int) -> None:
        while time.monotonic() < end:
            times[place].append(asks[place]())

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(asks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    every = [each for own in times for each in own]
    return len(every) / SECONDS, every


def test_requests_per_second_beside_a_bare_view(people: dict[str, User], port: int) -> None:
    owner = people[Role.OWNER.value]
    key = create_key(name="Benchmark", actor=by(owner))[1]
    known = list(Contact.objects.order_by("pk").values_list("public_id", flat=True)[:5000])
    paths = itertools.cycle(known)
    browsers = [Browser(port, owner) for _ in range(CLIENTS)]
    programs = [Program(port, key) for _ in range(CLIENTS)]
    kinds: dict[str, Callable[[Program], float]] = {
        "GET one": lambda p: p.ask("GET", f"contacts/{next(paths)}"),
        "list of 100": lambda p: p.ask("GET", f"contacts?limit=100&after={next(paths)}"),
        "POST": lambda p: p.ask("POST", "contacts", fresh()),
        "PATCH": lambda p: p.ask(
            "PATCH", f"contacts/{next(paths)}", {"city": f"C{next(_numbers)}"}
        ),
    }
    for ask in kinds.values():  # what a first request costs once
        for program in programs * 4:
            ask(program)
    bare, bare_times = at_full_speed([lambda b=b: b.get("/bare") for b in browsers])  # type: ignore[misc]
    reference = f"{bare:,.0f}/s bare view, {p50(bare_times):.1f} ms"
    for name, ask in kinds.items():
        rate, times = at_full_speed([lambda p=p, ask=ask: ask(p) for p in programs])  # type: ignore[misc]
        figure = f"{rate:,.0f}/s ({rate / bare:.0%}), {both(times)}"
        say(f"API {name}, {ROWS:,} contacts", figure, reference)
    for browser, program in zip(browsers, programs, strict=True):
        browser.close()
        program.close()


def fresh() -> dict[str, str]:
    number = f"{time.time_ns()}-{next(_numbers)}"
    return {"first_name": "Ada", "last_name": "Lovelace", "email": f"a{number}@example.com"}
