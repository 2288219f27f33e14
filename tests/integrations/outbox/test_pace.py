"""How long a backlog takes, said before it has been sent."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from contacts.models import User
from integrations.models import Connection, Delivery, Gate
from integrations.outbox import pace
from tests.contacts.pages import text_of

pytestmark = pytest.mark.django_db
Priority = Delivery.Priority


@pytest.fixture
def connection() -> Connection:
    return Connection.objects.create(vendor="hubspot", external_account="1", label="Acme")


def gate(connection: Connection, **columns: object) -> Gate:
    made, _ = Gate.objects.update_or_create(key=connection.gate, defaults=columns)
    return made


def waiting(connection: Connection, number: int, priority: int = Priority.BACKLOG) -> None:
    Delivery.objects.bulk_create(
        Delivery(family="crm", target=connection.gate, gate=connection.gate, kind="contact.updated",
                 contact_id=10**6 + n, priority=priority)
        for n in range(number)
    )  # fmt: skip


def takes(connection: Connection) -> timedelta:
    (found,) = pace.backlogs([connection.gate], timezone.now())
    return found.takes


def test_a_backlog_leaves_in_the_windows_of_the_limit_that_people_do_not_need(
    connection: Connection,
) -> None:
    gate(connection, limit=10, per_seconds=10)  # 8 of 10 for what nobody waits for
    waiting(connection, 80)
    assert takes(connection) == timedelta(seconds=90)


def test_what_the_vendor_takes_together_counts_as_one(connection: Connection) -> None:
    gate(connection, limit=10, per_seconds=10, together=100)
    waiting(connection, 800)
    assert takes(connection) == timedelta(0)
    waiting(connection, 16, Priority.SINGLY)
    assert takes(connection) == timedelta(seconds=20)


def test_a_hold_that_the_vendor_asked_for_is_part_of_it(connection: Connection) -> None:
    until = timezone.now() + timedelta(hours=5)
    gate(connection, limit=10, per_seconds=10, closed_until=until)
    waiting(connection, 1)
    assert timedelta(hours=4, minutes=59) < takes(connection) <= timedelta(hours=5)


def test_what_is_left_of_a_day_is_kept_for_edits_and_the_backlog_waits_for_it(
    connection: Connection,
) -> None:
    until = timezone.now() + timedelta(minutes=15)
    gate(connection, limit=10, per_seconds=10, backlog_until=until)
    waiting(connection, 80, Priority.INTERACTIVE)
    assert takes(connection) == timedelta(seconds=70)
    waiting(connection, 80)
    assert timedelta(minutes=16) < takes(connection) <= timedelta(minutes=16, seconds=30)
    gate(connection, backlog_until=timezone.now() - timedelta(seconds=1))
    assert takes(connection) == timedelta(seconds=170)


@pytest.mark.parametrize("columns", [{"paused": True}, {"failures": 5}, {"limit": 0}])
def test_of_what_does_not_move_and_what_has_no_limit_nothing_is_said(
    connection: Connection, columns: dict[str, object]
) -> None:
    gate(connection, **{"limit": 10, "per_seconds": 10, **columns})
    waiting(connection, 50)
    assert pace.backlogs([connection.gate], timezone.now()) == []


@pytest.mark.parametrize("who", ["as_admin", "as_member"])
def test_sync_activity_says_it_to_everybody_whose_changes_may_wait(
    request: pytest.FixtureRequest, who: str, connection: Connection
) -> None:
    client: Client = request.getfixturevalue(who)
    gate(connection, limit=10, per_seconds=10)
    waiting(connection, 800)
    told = "HubSpot: everything that waits needs at least 16 minutes"
    assert told in text_of(client.get("/sync/"))
    Delivery.objects.update(next_at=None, state="delivered")
    assert "at least" not in text_of(client.get("/sync/"))


def test_sync_activity_says_that_the_days_calls_run_out(
    as_member: Client, connection: Connection
) -> None:
    until = timezone.now() + timedelta(minutes=14)
    gate(connection, limit=10, per_seconds=10, backlog_until=until)
    waiting(connection, 8, Priority.INTERACTIVE)
    assert "calls of a day" not in text_of(as_member.get("/sync/"))
    waiting(connection, 8)
    told = "little is left of its calls of a day, so imports wait and edits go on. There is another look in 14 minutes."  # fmt: skip
    assert told in text_of(as_member.get("/sync/"))


def test_another_persons_calendar_is_nobody_elses_business(
    client: Client, admin_user: User, member: User
) -> None:
    own = Connection.objects.create(vendor="google_calendar", user=admin_user, external_account="a")
    gate(own, limit=10, per_seconds=10)
    waiting(own, 80)
    for user, told in ((admin_user, True), (member, False)):
        client.force_login(user)
        assert ("at least 90 seconds" in text_of(client.get("/sync/"))) is told
