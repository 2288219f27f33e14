"""The list and the search among many contacts: `make benchmark`; a million: see README.md.

Pages are asked for over HTTP, beside a view that does nothing but `SELECT 1` behind the same
middleware and session. Of a search the time in the database counts, on PostgreSQL; SQLite is part
of the web process, so there it is the page as a whole.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client

from contacts.models import Contact, User
from contacts.paging import cursor_for
from contacts.sorting import order_of
from tests.benchmarks.crowd.conftest import ROWS
from tests.benchmarks.figures import both, p50, say, seconds
from tests.benchmarks.server import Browser, web_server

VISITS = int(os.environ.get("VISITS", "40"))
FAR = min(10_000, ROWS // 100)  # the page that is compared with the first one
#: One to four words of one to twelve characters, that find nothing, some, or most; parts of numbers.
SEARCHES = (
    "a", "z", "x", "e", "jo", "an", "qu", "br", "zz", "ann", "son", "555", "james", "mil",
    "example", "brightwater", "whitlock", "lindqvist", "solernohomes", "schubrel", "julia schu",
    "james bright", "travel jul", "an br", "m w", "ja wh br", "oliver pemberton bright ener",
    "hector d foxglove legal", "zzyzx", "nobody here", "0142", "617279", "+1 617 279 0602",
    "202-55", "(313) 2", "mar whit", "tob kl thorn", "s sch marine", "o.b", "@glass",
)  # fmt: skip
pytestmark = pytest.mark.django_db  # what a test writes goes; what the fixtures wrote stays
RESULTS = {"HX-Request": "true", "HX-Target": "results"}


@pytest.fixture(scope="module")
def browsers(
    people: dict[str, User], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Browser]]:
    """Each of them signed in at a web server."""
    with (
        web_server(tmp_path_factory.mktemp("server") / "gunicorn.log") as port,
        ExitStack() as open_,
    ):
        yield {role: open_.enter_context(closing(Browser(port, u))) for role, u in people.items()}


def far_page(sort: str) -> str:
    """The address of a page in the middle of the list."""
    [segment] = order_of(sort).segments(Contact.objects.all())
    in_order = segment.beyond(None, falling=sort.startswith("-"))
    last_before = in_order[(FAR - 1) * 50 - 1]
    return f"/contacts/?{urlencode({'sort': sort, 'after': cursor_for(last_before, sort)})}"


def sent(client: Client, path: str) -> list[tuple[float, str, Any]]:
    """What a page asks the database: milliseconds, SQL, parameters."""
    asked: list[tuple[float, str, Any]] = []

    def hear(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        with seconds() as took:
            answer = execute(sql, params, many, context)
        asked.append((took() * 1000, sql, params))
        return answer

    with connection.execute_wrapper(hear):
        assert client.get(path, headers=RESULTS).status_code == 200
    return asked


def signed_in(user: User) -> Client:
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    client.get("/contacts/")  # what a first page costs once
    return client


@pytest.mark.parametrize("role", ["Administrator", "Team Manager", "Member"])
def test_pages_beside_a_bare_view(browsers: dict[str, Browser], role: str) -> None:
    pages = {"bare": "/bare", "page 1": "/contacts/", "page 1 by name": "/contacts/?sort=name"}
    if role == "Administrator":
        pages |= {f"page {FAR:,}": far_page("-activity"), f"page {FAR:,} by name": far_page("name")}
    times: dict[str, list[float]] = {name: [] for name in pages}
    for _ in range(VISITS + 3):  # in turn, so that all of them have the same weather
        for name, path in pages.items():
            times[name].append(browsers[role].get(path))
    bare = p50(times["bare"][3:])
    for name in pages:
        figure = f"{both(times[name][3:])} ({p50(times[name][3:]) / bare:.1f} times)"
        say(f"{role}, {name} of {ROWS:,}", figure, f"{bare:.1f} ms SELECT 1")


@pytest.mark.parametrize("role", ["Administrator", "Team Manager", "Member"])
def test_searches(people: dict[str, User], browsers: dict[str, Browser], role: str) -> None:
    client = signed_in(people[role])
    database, whole, bare = [], [], []
    for text in SEARCHES:
        path = f"/contacts/?{urlencode({'q': text})}"
        database.append(p50([sum(ms for ms, _, _ in sent(client, path)) for _ in range(3)]))
        whole.append(p50([browsers[role].get(path) for _ in range(3)]))
        bare.append(browsers[role].get("/bare"))
    reference = f"{p50(bare):.1f} ms SELECT 1"
    if connection.vendor == "postgresql":  # SQLite goes on working while rows are fetched
        say(f"{role}, {len(SEARCHES)} searches, database", both(database), reference)
    slowest = SEARCHES[whole.index(max(whole))]
    say(f"{role}, {len(SEARCHES)} searches, page", f"{both(whole)}, “{slowest}” {max(whole):.0f}", reference)  # fmt: skip


def test_a_far_page_is_one_range_of_the_index(people: dict[str, User]) -> None:
    """The plan, to be read beside the figures."""
    for sort in ("-activity", "name"):
        for name, path in (
            ("page 1", f"/contacts/?sort={sort}"),
            (f"page {FAR:,}", far_page(sort)),
        ):
            page = next(q for q in sent(signed_in(people["Administrator"]), path) if "sort_value" in q[1])  # fmt: skip
            explain = "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF)" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"  # fmt: skip
            with connection.cursor() as cursor:
                cursor.execute(f"{explain} {page[1]}", page[2])
                plan = [str(row[-1])[:150] for row in cursor.fetchall()]
            print(f"\n  {sort}, {name}:", *plan, sep="\n      ", end="")


def test_a_page_asks_as_often_whatever_its_size(people: dict[str, User]) -> None:
    for role, user in people.items():
        client = signed_in(user)
        times = {rows: len(sent(client, f"/contacts/?rows={rows}")) for rows in (20, 50, 100)}
        found = {rows: len(sent(client, f"/contacts/?q=a&rows={rows}")) for rows in (20, 50, 100)}
        print(f"\n  {role}: queries of a page {times}, of a search {found}", end="")
        assert len(set(times.values())) == len(set(found.values())) == 1
