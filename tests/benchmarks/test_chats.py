"""Messages of conversations per second through a real web server, beside a view that does nothing.

`make benchmark ARGS=tests/benchmarks/test_chats.py`: two processes of four threads, as README.md
runs them, and VISITORS who answer at the same time.
"""

import http.client
import json
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from activities.chats.flow import Step
from activities.models import ChatMessage, Conversation
from contacts.models import User
from tests.activities.chats import make_bot
from tests.benchmarks.figures import both, say
from tests.benchmarks.server import web_server

VISITORS, ANSWERS = 8, 60
#: Three answers that meet no contact and one that does, again and again.
STEPS = (
    Step("a", "question", "What about?", answer="choice", options=("Tax", "Books"), required=True),
    Step("b", "question", "Anything else?"),
    Step("c", "question", "How many are you?", answer="number"),
    Step("d", "question", "Email?", answer="email", required=True, then="a"),
)


@pytest.mark.django_db(transaction=True)
def test_messages_per_second(admin_user: User, tmp_path: Path) -> None:
    bot = make_bot(admin_user, *STEPS)
    client = Client()
    client.force_login(admin_user)
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    with web_server(tmp_path / "web.log") as port:
        looking = [partial(looks, port, cookie)] * VISITORS
        talking = [partial(talks, port, bot.slug, n) for n in range(VISITORS)]
        all_of(looking)  # warm
        bare, bare_times = all_of(looking)
        rate, times = all_of(talking)
    assert Conversation.objects.count() == VISITORS
    assert ChatMessage.objects.filter(by="visitor").count() == VISITORS * ANSWERS
    reference = f"{bare:,.0f}/s, {both(bare_times)} of a bare view"
    say(
        f"chat messages, {VISITORS} visitors, 2 processes",
        f"{rate:,.0f}/s, {both(times)}",
        reference,
    )


def all_of(visitors: Sequence[Callable[[], list[float]]]) -> tuple[float, list[float]]:
    """Requests per second of all visitors at once, and how long each took in milliseconds."""
    times: list[float] = []
    threads = [threading.Thread(target=_gather, args=(visitor, times)) for visitor in visitors]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(times) / (time.perf_counter() - began), times


def _gather(visitor: Callable[[], list[float]], times: list[float]) -> None:
    times.extend(visitor())


def looks(port: int, cookie: str) -> list[float]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        return [
            timed(connection, "GET", "/bare", "", {"Cookie": cookie})[0] for _ in range(ANSWERS)
        ]


def talks(port: int, slug: str, visitor: int) -> list[float]:
    """One visitor's answers, one after the other."""
    times = []
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        told = call(connection, slug, "start", {})[1]
        token = told["token"]
        for n in range(ANSWERS):
            text = ("Tax", "Nothing", "12", f"v{visitor}n{n}@example.com")[n % 4]
            to = told["messages"][-1]["number"]
            body = {"token": token, "nonce": f"nonce{n:06}", "to": to, "text": text, "after": to}
            took, told = call(connection, slug, "answer", body)
            times.append(took)
    return times


def call(
    connection: http.client.HTTPConnection, slug: str, what: str, body: dict[str, Any]
) -> tuple[float, dict[str, Any]]:
    headers = {"Content-Type": "application/json"}
    took, text = timed(connection, "POST", f"/chat/{slug}/{what}/", json.dumps(body), headers)
    told: dict[str, Any] = json.loads(text)
    assert "messages" in told, told
    return took, told


def timed(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: str,
    headers: dict[str, str],
) -> tuple[float, bytes]:
    start = time.perf_counter()
    connection.request(method, path, body or None, headers)
    text = connection.getresponse().read()
    return (time.perf_counter() - start) * 1000, text
