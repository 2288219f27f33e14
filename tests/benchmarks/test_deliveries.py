"""Deliveries per second through the outbox, beside raw POSTs and bare tasks; from Save to delivered.

`make benchmark ARGS=tests/benchmarks/test_deliveries.py`; needs DATABASE_URL and REDIS_URL. Two
workers, as `celery worker -c 2` has them, one receiver over a real socket. DELIVERIES sets how many.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from django.conf import settings
from django.db import connection

from contacts.models import User
from contacts.services import update_contact
from contacts.tasks import heartbeat
from integrations.models import Delivery, WebhookSubscription
from integrations.outbox import gates
from integrations.tasks import deliver_due
from tests.benchmarks.figures import both, say, seconds
from tests.factories import by, make_contact
from tests.faults.cast import Cast, until
from tests.integrations.outbox.target import Target, listening
from tests.integrations.webhooks.receiver import subscribe

DELIVERIES = int(os.environ.get("DELIVERIES", "3000"))
SAVES, HOOKS = 100, 20
BODY = '{"id":"EVNT-B","type":"contact.updated","data":{"id":"CTC-%d","city":"x"}}'
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        not settings.REDIS_URL or connection.vendor != "postgresql",
        reason="NOT RUN: needs DATABASE_URL and REDIS_URL",
    ),
]


@pytest.fixture(autouse=True)
def to_loopback(settings: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.WEBHOOKS_TO_LOOPBACK = True  # type: ignore[attr-defined]
    monkeypatch.setenv("WEBHOOKS_TO_LOOPBACK", "1")


@contextmanager
def one_worker(folder: Path) -> Iterator[None]:
    """Two processes of one worker; Redis is the one that the tests have."""
    cast = Cast(folder)
    try:
        cast.worker()
        yield
    finally:
        cast.end()


def raw(target: Target) -> float:
    """POSTs per second of one process over one connection to the same receiver."""
    with httpx.Client() as client, seconds() as took:
        for number in range(DELIVERIES):
            client.post(target.url, content=BODY % number, headers={"webhook-id": str(number)})
    return DELIVERIES / took()


def bare_tasks() -> float:
    """Tasks per second that write one row: what Celery takes of the same two processes."""
    import redis

    broker = redis.Redis.from_url(settings.REDIS_URL)
    queue = settings.CELERY_TASK_DEFAULT_QUEUE
    with seconds() as took:
        for _ in range(DELIVERIES):
            heartbeat.delay()
        until(lambda: broker.llen(queue) == 0, 300, "the tasks")
    return DELIVERIES / took()


def fill(hook: WebhookSubscription) -> None:
    gates.ensure([hook.gate])
    Delivery.objects.bulk_create(
        Delivery(family="webhooks", target=hook.target, gate=hook.gate, kind="contact.updated",
                 contact_id=10**9 + number, payload=BODY % number, priority=10)
        for number in range(DELIVERIES)
    )  # fmt: skip


def test_deliveries_per_second(tmp_path: Path) -> None:
    with listening() as target, one_worker(tmp_path):
        posts, tasks = raw(target), bare_tasks()
        target.journal.clear()
        fill(subscribe("contact.updated", url=target.url))
        with seconds() as took:
            while Delivery.objects.exclude(state="delivered").exists():
                deliver_due.delay(), deliver_due.delay()
                time.sleep(0.5)
        assert len({arrival.message for arrival in target.journal}) == DELIVERIES
    say(
        f"{DELIVERIES:,} deliveries, one target, two processes",
        f"{DELIVERIES / took():,.0f}/s",
        f"{posts:,.0f} raw httpx POSTs/s of one process, {tasks:,.0f} bare Celery tasks/s of two",
    )


def test_from_save_to_delivered_when_idle(admin_user: User, tmp_path: Path) -> None:
    contact, times = make_contact(admin_user), []
    with listening() as target, one_worker(tmp_path):
        subscribe("contact.updated", url=target.url)
        for number in range(SAVES):
            start, seen = time.monotonic(), len(target.journal)
            update_contact(contact_id=contact.pk, actor=by(), values={"city": f"{number}"})
            while len(target.journal) == seen:
                time.sleep(0.0005)
            times.append((target.journal[-1].at - start) * 1000)
        bare = [_post(target) for _ in range(SAVES)]
    say("from Save to delivered, idle", both(times), f"a bare POST: {both(bare)}")


def _post(target: Target) -> float:
    with seconds() as took:
        httpx.post(target.url, content=BODY % 1, headers={"webhook-id": "bare"})
    return took() * 1000


def test_what_twenty_connections_add_to_a_save(admin_user: User) -> None:
    contact = make_contact(admin_user)
    alone: list[float] = []
    with_all: list[float] = []
    for times, hooks in ((alone, 0), (with_all, HOOKS)):
        for number in range(hooks):
            subscribe("contact.updated", name=f"Hook {number}")
        for number in range(SAVES):
            with seconds() as took:
                values = {"city": f"{hooks} {number}"}
                update_contact(contact_id=contact.pk, actor=by(), values=values)
            times.append(took() * 1000)
    assert Delivery.objects.count() == HOOKS * SAVES
    say(f"a save with {HOOKS} connections", both(with_all), f"without any: {both(alone)}")
