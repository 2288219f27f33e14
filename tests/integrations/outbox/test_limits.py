"""How fast a connection is written to: its vendor's published limit, and what it asks for itself."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from contacts.models import Contact, User
from integrations import deliverers
from integrations.calendars import busy
from integrations.calendars.vendors import UPDATED
from integrations.connectors.base import Done, RetryableError
from integrations.models import BusyView, Connection, Delivery, Gate
from integrations.outbox import claiming, gates, limits, running
from tests.integrations.calendars import Calendar, served
from tests.integrations.outbox.test_sending import later

pytestmark = pytest.mark.django_db
State = Delivery.State


class Vendor:
    """Takes what it is sent, and notes who waited for it."""

    reads_back = True

    def __init__(self) -> None:
        self.taken: list[int] = []
        self.error: Exception | None = None

    def deliver(self, delivery: Delivery) -> Done:
        if self.error is not None:
            raise self.error
        self.taken.append(delivery.priority)
        return Done()

    def gave_up(self, delivery: Delivery) -> None: ...


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    one = Vendor()
    deliverers.register("paced", one)
    yield one
    deliverers.unregister("paced")


def waiting(number: int, priority: int = 10) -> None:
    gates.ensure(["connection 1"])
    Delivery.objects.bulk_create(
        Delivery(family="paced", target=f"record {priority} {n}", gate="connection 1", kind="upsert",
                 priority=priority)
        for n in range(number)
    )  # fmt: skip


def test_no_more_leave_within_the_time_than_the_vendor_allows(vendor: Vendor) -> None:
    waiting(30, priority=0)
    gates.set_limit("connection 1", limit=10, per_seconds=10)
    running.run(), running.run()
    assert len(vendor.taken) == 10
    later(10)
    running.run()
    assert len(vendor.taken) == 20


def test_an_edit_finds_room_when_a_backlog_has_used_up_its_share(vendor: Vendor) -> None:
    waiting(30)
    gates.set_limit("connection 1", limit=10, per_seconds=10)
    running.run()
    assert vendor.taken == [10] * 8
    waiting(5, priority=0)
    running.run()
    assert vendor.taken == [10] * 8 + [0, 0]


def test_only_so_many_workers_write_to_one_account_at_a_time() -> None:
    waiting(30)
    gates.set_limit("connection 1", limit=100, per_seconds=10, at_once=2)
    claims = [claiming.claim(2) for _ in range(3)]
    assert [len(rows) for rows in claims] == [2, 2, 0]
    claiming.release(claims[0])
    assert len(claiming.claim(2)) == 2


def test_an_account_that_does_not_answer_holds_one_worker_and_not_all() -> None:
    waiting(60, priority=0)
    (in_hand, *_) = claiming.claim(10)
    claiming.begin(in_hand)
    assert claiming.claim(10)
    Delivery.objects.filter(pk=in_hand.pk).update(begun_at=timezone.now() - timedelta(seconds=6))
    assert claiming.claim(10) == []


def test_after_a_failure_one_worker_tries_until_there_is_an_answer() -> None:
    waiting(60, priority=0)
    gates.failed("connection 1", timezone.now())
    assert claiming.claim(10) and claiming.claim(10) == []
    gates.succeeded("connection 1")
    assert claiming.claim(10)


def test_what_a_worker_cannot_begin_for_a_call_that_hangs_is_taken_by_another(
    vendor: Vendor,
) -> None:
    waiting(2, priority=0)
    first, second = claiming.claim(10)
    claiming.begin(first)
    in_ten = timezone.now() + timedelta(seconds=10)
    second.refresh_from_db()
    assert second.next_at is not None and second.next_at <= in_ten
    Delivery.objects.filter(pk=second.pk).update(next_at=timezone.now())
    (taken,) = claiming.claim(10)
    assert taken.pk == second.pk and not claiming.begin(second) and claiming.begin(taken)


def test_what_may_hang_is_sent_after_everything_else() -> None:
    waiting(1, priority=0)
    gates.ensure(["webhook 2"])
    Delivery.objects.create(family="paced", target="w", gate="webhook 2", kind="x", priority=10)
    gates.failed("connection 1", timezone.now())
    assert [row.gate for row in claiming.claim(10)] == ["webhook 2", "connection 1"]


def test_what_a_worker_has_in_hand_waits_when_the_vendor_asks_for_it(vendor: Vendor) -> None:
    waiting(10)
    vendor.error = RetryableError("busy", retry_after=60)
    running.run()
    states = list(Delivery.objects.order_by("pk").values_list("state", "attempts"))
    assert states == [(State.RETRYING, 1), *[(State.PENDING, 0)] * 9]
    vendor.error = None
    running.run()
    assert vendor.taken == []
    later(72)
    running.run()
    assert len(vendor.taken) == 10


@pytest.mark.parametrize("kind, deliveries, at_once", [("google_calendar", 16, 0), ("microsoft_graph", 27, 3)])  # fmt: skip
def test_the_published_limits_hold_for_every_connection(
    member: User, settings: Any, kind: str, deliveries: int, at_once: int
) -> None:
    for calendar in served(kind, settings):
        gate = Gate.objects.get(key=calendar.connect(member).gate)
        assert (gate.limit, gate.per_seconds, gate.at_once) == (deliveries, 10, at_once)
        number, seconds = UPDATED[kind].requests
        assert gate.limit / gate.per_seconds * 6 <= number / seconds


def test_a_connection_from_before_has_its_limit_within_a_minute(member: User) -> None:
    old = Connection.objects.create(vendor="microsoft_graph", user=member)
    gates.ensure([old.gate])
    limits.apply()
    assert Gate.objects.get(key=old.gate).at_once == 3


@pytest.fixture
def google(settings: Any) -> Iterator[Calendar]:
    yield from served("google_calendar", settings)


def test_a_reading_that_is_refused_holds_the_whole_account(
    google: Calendar, member: User, ada: Contact
) -> None:
    connection = google.connect(member)
    BusyView.objects.update(next_at=timezone.now())
    google.double.faults = ["429 after 7"]
    busy.read(connection.pk)
    assert gates.is_held(connection.gate, timezone.now())
    BusyView.objects.update(next_at=timezone.now())
    assert busy.due() == []


@pytest.mark.django_db(transaction=True)
def test_workers_at_the_same_moment_share_one_allowance(vendor: Vendor) -> None:
    waiting(60, priority=0)
    gates.set_limit("connection 1", limit=20, per_seconds=600)
    threads = [threading.Thread(target=_run_and_close) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(vendor.taken) == 20


def _run_and_close() -> None:
    from django.db import connection

    try:
        running.run()
    finally:
        connection.close()
