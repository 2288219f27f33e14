"""Whatever dies, hangs or is emptied: no acknowledged change is lost, told twice, or out of order."""

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis

from contacts.access import Role
from contacts.models import Contact
from contacts.services import update_contact
from integrations.models import Delivery
from tests.factories import by, make_contact, make_user
from tests.faults.cast import Cast, until
from tests.faults.verdict import Edits, Verdict, judge
from tests.integrations.outbox.target import Target
from tests.integrations.webhooks.receiver import subscribe

State = Delivery.State
Told = Callable[[Verdict], None]
BACKLOG = int(os.environ.get("BACKLOG", "100000"))
BACKLOG_WITHIN = 2400  # seconds
DOWN_FOR = float(os.environ.get("DOWN_FOR", "10"))  # seconds without Redis


@pytest.fixture
def contacts(transactional_db: None) -> list[Contact]:
    owner = make_user(Role.OWNER)
    return [make_contact(owner, first_name=f"Guest {number}") for number in range(20)]


@pytest.fixture
def hook(contacts: list[Contact], targets: list[Target]) -> Any:
    return subscribe("contact.updated", url=targets[0].url)


def edit(edits: Edits, contact: Contact, city: str) -> None:
    """One save, and what the person was told."""
    began = time.monotonic()
    update_contact(contact_id=contact.pk, actor=by(), values={"city": city})
    edits.took.append(time.monotonic() - began)
    edits.made.append((contact.public_id, city))


def stream(edits: Edits, contacts: list[Contact], number: int, pause: float = 0.0) -> None:
    for count in range(number):
        edit(edits, contacts[count % len(contacts)], f"{len(edits.made)}")
        time.sleep(pause)


def all_delivered() -> bool:
    return not Delivery.objects.exclude(state__in=[State.DELIVERED, State.CANCELLED]).exists()


def converge(seconds: float = 60) -> float:
    return until(all_delivered, seconds, "convergence")


def test_nothing_goes_wrong(
    cast: Cast, contacts: list[Contact], hook: Any, targets: list[Target], told: Told
) -> None:
    cast.worker(), cast.relay()
    edits = Edits()
    stream(edits, contacts, 200)
    told(judge("nothing goes wrong", edits, targets[:1], converge()))


def test_a_worker_dies_after_the_target_has_the_event(
    cast: Cast, contacts: list[Contact], hook: Any, targets: list[Target], told: Told
) -> None:
    target, edits, longest = targets[0], Edits(), 0.0
    cast.relay()
    worker = cast.worker()
    for number in range(5):
        target.hold, target.released, target.arrived = True, threading.Event(), threading.Event()
        edit(edits, contacts[number], f"{number}")
        assert target.arrived.wait(30)
        cast.kill(worker)
        target.release()
        worker = cast.worker()
        longest = max(longest, converge())
    verdict = judge("5 x kill -9 between the target's commit and ours", edits, [target], longest)
    assert verdict.requests <= 5
    told(verdict)


def test_workers_are_killed_and_started_while_edits_go_on(
    cast: Cast, contacts: list[Contact], hook: Any, targets: list[Target], told: Told
) -> None:
    cast.worker(), cast.relay()
    edits = Edits()
    for _ in range(4):
        victim = cast.worker()
        stream(edits, contacts, 60)
        cast.kill(victim)
    told(
        judge("4 x kill -9 of one of two worker groups in a burst", edits, targets[:1], converge())
    )


def test_redis_is_emptied(
    cast: Cast, contacts: list[Contact], hook: Any, targets: list[Target], told: Told
) -> None:
    edits = Edits()
    stream(edits, contacts, 300)  # no worker takes the hints yet
    redis.Redis(port=int(os.environ["FAULTS_REDIS_PORT"])).flushall()
    cast.worker(), cast.relay()
    told(judge("FLUSHALL with 300 waiting", edits, targets[:1], converge()))


def test_redis_is_away(
    cast: Cast, contacts: list[Contact], hook: Any, targets: list[Target], told: Told
) -> None:
    cast.worker(), cast.relay()
    edits = Edits()
    stream(edits, contacts, 60, pause=0.02)
    calm = Edits(took=edits.took[:])
    edits.took.clear()
    cast.kill_redis()
    end = time.monotonic() + DOWN_FOR
    while time.monotonic() < end:
        stream(edits, contacts, 5, pause=0.05)
    waiting = Delivery.objects.filter(state=State.PENDING).count()
    cast.start_redis()
    verdict = judge(f"Redis away for {DOWN_FOR:.0f} s", edits, targets[:1], converge())
    verdict.note = (
        f"save p95 {edits.slowest_of_20:.0f} ms (before {calm.slowest_of_20:.0f} ms), "
        f"{waiting} waiting when it came back"
    )
    told(verdict)


def test_a_worker_freezes_for_longer_than_its_claim(
    cast: Cast, contacts: list[Contact], hook: Any, targets: list[Target], told: Told
) -> None:
    target, edits = targets[0], Edits()
    frozen = cast.worker()
    target.hold, target.released = True, threading.Event()
    edit(edits, contacts[0], "0")
    assert target.arrived.wait(30)
    cast.kill(frozen, signal.SIGSTOP)
    target.release()
    cast.relay(), cast.worker()
    edit(edits, contacts[0], "1")
    until(lambda: len(target.first_arrivals()) == 2, 30, "the claim's end")
    cast.kill(frozen, signal.SIGCONT)
    seconds = converge()
    time.sleep(1)  # what the thawed one still does
    told(judge("a worker frozen for longer than its claim", edits, [target], seconds))


def test_two_relays_and_no_worker(
    cast: Cast, contacts: list[Contact], hook: Any, targets: list[Target], told: Told
) -> None:
    cast.kill_redis()
    cast.relay(), cast.relay()
    edits = Edits()
    stream(edits, contacts, 100)
    told(judge("two relays, no broker, no worker", edits, targets[:1], converge()))


def test_a_hundred_edits_of_one_contact_in_two_seconds(
    cast: Cast, contacts: list[Contact], hook: Any, targets: list[Target], told: Told
) -> None:
    cast.worker(), cast.worker(), cast.relay()
    edits, began = Edits(), time.monotonic()
    stream(edits, contacts[:1], 100, pause=0.005)
    took = time.monotonic() - began
    verdict = judge("100 edits of one contact", edits, targets[:1], converge())
    verdict.note = f"made within {took:.1f} s; last arrived: {targets[0].journal[-1].city}"
    assert targets[0].journal[-1].city == "99"
    told(verdict)


def test_one_target_of_ten_is_dead(
    cast: Cast, contacts: list[Contact], targets: list[Target], told: Told
) -> None:
    hooks = [
        subscribe("contact.updated", name=f"Hook {number}", url=target.url)
        for number, target in enumerate(targets)
    ]
    targets[0].status = 500
    cast.worker(), cast.relay()
    edits = Edits()
    stream(edits, contacts, 60)
    good = Delivery.objects.exclude(target=hooks[0].target)
    nine = until(lambda: not good.exclude(state=State.DELIVERED).exists(), 60, "the other nine")
    calls = len(targets[0].journal)
    targets[0].status = 200
    verdict = judge("one dead target of ten", edits, targets, converge(120))
    verdict.note = f"the nine others converged in {nine:.1f} s; the dead one got {calls} calls"
    told(verdict)


def test_an_edit_overtakes_a_backlog(
    cast: Cast, contacts: list[Contact], hook: Any, targets: list[Target], told: Told
) -> None:
    body = '{"id":"EVNT-B","type":"contact.updated","data":{"id":"CTC-%d","city":"x"}}'
    Delivery.objects.bulk_create(
        (
            Delivery(
                family="webhooks", target=hook.target, gate=hook.gate, kind="contact.updated",
                contact_id=10**9 + number, payload=body % number, priority=10,
            )
            for number in range(BACKLOG)
        ),
        batch_size=2000,
    )  # fmt: skip
    cast.worker(), cast.relay()
    until(lambda: len(targets[0].journal) > 100, 30, "the backlog's beginning")
    edits, waits = Edits(), []
    for number in range(10):
        edit(edits, contacts[number], f"{number}")
        waits.append(until(lambda: _has(targets[0], edits.made[-1]), 30, "the edit"))
    began, done = time.monotonic(), len(targets[0].journal)
    seconds = converge(BACKLOG_WITHIN)
    rate = (len(targets[0].journal) - done) / max(time.monotonic() - began, 0.001)
    verdict = judge(f"a backlog of {BACKLOG:,}", edits, targets[:1], seconds)
    verdict.note = f"edits took at most {max(waits):.2f} s in it; {rate:.0f} deliveries/s"
    seen = {(a.contact, a.city) for a in targets[0].first_arrivals()}
    verdict.lost += BACKLOG + 10 - len(seen)
    told(verdict)


def _has(target: Target, made: tuple[str, str]) -> bool:
    return any((arrival.contact, arrival.city) == made for arrival in target.journal[-2000:])
