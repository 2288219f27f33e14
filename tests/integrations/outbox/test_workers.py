"""Several processes deliver at once, and some are killed: nothing is lost, out of order, or told as
two events."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.utils import timezone

from contacts.models import Contact, User
from contacts.services import update_contact
from integrations.models import Delivery
from integrations.outbox import sweeping
from integrations.tasks import deliver_due, deliver_of_contact
from tests.factories import by, make_contact
from tests.integrations.outbox.target import Target, listening
from tests.integrations.webhooks.receiver import Receiver, subscribe
from tests.worker import ROOT, worker_environment

processes = pytest.mark.skipif(
    not os.environ.get("DATABASE_URL"), reason="several processes: set DATABASE_URL"
)
on_postgres = [pytest.mark.postgres, pytest.mark.django_db(transaction=True), processes]
RUN = "from integrations.outbox import running; running.run(seconds=60)"
State = Delivery.State


@pytest.fixture
def no_hints(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages are swallowed, so that only the processes of the test deliver."""
    for task in (deliver_due, deliver_of_contact):
        monkeypatch.setattr(task, "delay", lambda *_: None)


@pytest.fixture
def target(settings: Any, no_hints: None) -> Iterator[Target]:
    settings.WEBHOOKS_TO_LOOPBACK = True
    with listening() as running:
        yield running


@contextmanager
def process(code: str = RUN) -> "Iterator[subprocess.Popen[bytes]]":
    """Another process of Kith on this database."""
    started = subprocess.Popen(
        [sys.executable, "-c", f"import django; django.setup(); {code}"],
        cwd=ROOT,
        env={**worker_environment(), "WEBHOOKS_TO_LOOPBACK": "1", "RETRY_SCALE": "0.01"},
    )
    try:
        yield started
    finally:
        started.kill()
        started.wait(timeout=20)


def edit(contact: Contact, city: str) -> None:
    update_contact(contact_id=contact.pk, actor=by(), values={"city": city})


def claims_end() -> None:
    """The time of every claim is over."""
    Delivery.objects.exclude(next_at=None).update(next_at=timezone.now(), lease_token="")


class TestProcesses:
    pytestmark = on_postgres

    def test_killed_after_the_target_has_it_it_is_repeated_once_under_the_same_id(
        self, ada: Contact, target: Target
    ) -> None:
        subscribe(url=target.url)
        target.hold = True
        edit(ada, "Bath")
        with process() as killed:
            assert target.arrived.wait(60)
            killed.send_signal(signal.SIGKILL)
            killed.wait(timeout=30)
        target.release()
        claims_end()
        with process() as other:
            assert other.wait(timeout=120) == 0
        delivery = Delivery.objects.get()
        assert [arrival.message for arrival in target.journal] == [str(delivery.uid)] * 2
        assert (delivery.state, delivery.worker_deaths, delivery.attempts) == ("delivered", 1, 2)

    def test_three_processes_deliver_each_event_once_and_in_its_order(
        self, member: User, target: Target
    ) -> None:
        subscribe("contact.updated", url=target.url)
        contacts = [make_contact(member, first_name=f"Guest {n}") for n in range(10)]
        for number in range(12):
            for contact in contacts:
                edit(contact, str(number))
        with process() as first, process() as second, process() as third:
            for each in (first, second, third):
                assert each.wait(timeout=120) == 0
        assert len(target.journal) == len({a.message for a in target.journal}) == 120
        for contact in contacts:
            told = [a.city for a in target.journal if a.contact == contact.public_id]
            assert told == [str(number) for number in range(12)]

    def test_a_hundred_edits_within_two_seconds_arrive_in_their_order_while_they_are_made(
        self, ada: Contact, target: Target
    ) -> None:
        subscribe(url=target.url)
        forever = RUN.replace("running.run(seconds=60)", "\nwhile True: running.run(seconds=1)")
        with process(forever), process(forever):
            for number in range(100):
                edit(ada, str(number))
                time.sleep(0.005)
            end = time.monotonic() + 60
            while Delivery.objects.exclude(state=State.DELIVERED).exists():
                assert time.monotonic() < end, "not everything arrived"
                time.sleep(0.05)
        assert [a.city for a in target.journal] == [str(number) for number in range(100)]


@pytest.mark.django_db
class TestWithoutWorkers:
    @pytest.fixture
    def no_broker(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: Any, **__: Any) -> None:
            raise ConnectionError("the broker is away")

        for task in (deliver_due, deliver_of_contact):
            monkeypatch.setattr(task, "apply_async", refuse)

    def test_without_a_broker_the_save_stands_and_the_relay_delivers(
        self,
        ada: Contact,
        receiver: Receiver,
        no_broker: None,
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        subscribe()
        with django_capture_on_commit_callbacks(execute=True):
            edit(ada, "Bath")
        assert receiver.requests == []
        sweeping.new_sweep().look()
        assert receiver.types == ["contact.updated"]

    def test_where_no_worker_comes_the_relay_delivers_after_a_while(
        self, ada: Contact, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hints: list[float] = []
        monkeypatch.setattr(deliver_due, "apply_async", lambda expires: hints.append(expires))
        now = [0.0]
        monkeypatch.setattr("contacts.relaying.time.monotonic", lambda: now[0])
        subscribe()
        edit(ada, "Bath")
        sweep = sweeping.new_sweep()
        for now[0] in (0.0, 1.0, 9.0):
            sweep.look()
        assert receiver.requests == [] and len(hints) == 3
        now[0] = 11.0
        monkeypatch.setattr(sweeping.running, "run", lambda seconds: hints.append(-1.0))
        sweep.look()
        assert hints[-1] == -1.0

    def test_a_look_with_nothing_due_hints_nobody(
        self, ada: Contact, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hints: list[float] = []
        monkeypatch.setattr(deliver_due, "apply_async", lambda expires: hints.append(expires))
        sweeping.new_sweep().look()
        assert hints == []

    def test_a_rolled_back_save_leaves_no_delivery(self, ada: Contact, receiver: Receiver) -> None:
        from django.db import transaction

        subscribe()
        with transaction.atomic():
            edit(ada, "Bath")
            transaction.set_rollback(True)
        assert not Delivery.objects.exists()
