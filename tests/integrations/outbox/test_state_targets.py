"""Targets that hold a state, such as a CRM's record: only the latest counts, and errors have meaning."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
from django.utils import timezone

from contacts.models import Contact
from contacts.planning import Effect, Line
from contacts.services import update_contact
from contacts.signals import ContactChange
from integrations import connections, deliverers, planning
from integrations.connectors import base
from integrations.models import Connection, Delivery, ExternalRecord, Gate
from integrations.outbox import running, writing
from tests.contacts.unmerge_tools import fold, merge_of, unfold
from tests.factories import by, make_contact
from tests.integrations.outbox.test_sending import later

pytestmark = pytest.mark.django_db
State = Delivery.State


class Crm:
    """A family with one record for each contact; it can be told to fail."""

    name, order, forgets_deleted, reads_back = "records", 40, True, True

    def __init__(self, connection: Connection) -> None:
        self.gate = connection.gate
        self.cities: list[str] = []
        self.errors: list[Exception] = []
        self.gave: list[int] = []

    def effects(self, changes: Sequence[ContactChange]) -> list[Effect]:
        return [Effect(self.name, c.contact_id, "record") for c in changes]

    def lines(self, effects: Sequence[Effect]) -> list[Line]:
        return [Line("update the record")]

    def deliveries(
        self, effects: Sequence[Effect], changes: Sequence[ContactChange]
    ) -> list[Delivery]:
        return [
            Delivery(family=self.name, target=effect.target, gate=self.gate, kind="upsert",
                     contact_id=effect.contact_id, latest_only=True)
            for effect in effects
        ]  # fmt: skip

    def deliver(self, delivery: Delivery) -> base.Done:
        if self.errors:
            raise self.errors.pop(0)
        self.cities.append(Contact.objects.get(pk=delivery.contact_id or 0).city)
        return base.Done()

    def gave_up(self, delivery: Delivery) -> None:
        self.gave.append(delivery.pk)


@pytest.fixture
def connection(db: None) -> Connection:
    return Connection.objects.create(vendor="crm", external_account="1")


@pytest.fixture
def crm(connection: Connection) -> Iterator[Crm]:
    family = Crm(connection)
    planning.register(family)
    deliverers.register(family.name, family)
    yield family
    planning.unregister(family)
    deliverers.unregister(family.name)


def edit(contact: Contact, city: str) -> Delivery:
    update_contact(contact_id=contact.pk, actor=by(), values={"city": city})
    return Delivery.objects.latest("pk")


def states() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


def test_of_several_edits_only_the_last_is_written(ada: Contact, crm: Crm) -> None:
    for city in ("Bath", "York", "Hull"):
        edit(ada, city)
    running.run()
    assert crm.cities == ["Hull"] and states() == ["superseded", "superseded", "delivered"]


def test_a_failed_write_gives_way_to_the_later_one(ada: Contact, crm: Crm) -> None:
    edit(ada, "Bath")

    class Editing(base.RetryableError):
        """The contact is edited while its write is on the way."""

        def __init__(self) -> None:
            edit(ada, "York")
            super().__init__("busy")

    def deliver_once(delivery: Delivery, real: object = crm.deliver) -> base.Done:
        crm.deliver = real  # type: ignore[method-assign, assignment]
        raise Editing

    crm.deliver = deliver_once  # type: ignore[method-assign]
    running.run()
    assert crm.cities == ["York"] and states() == ["superseded", "delivered"]


@pytest.mark.parametrize(
    "error, state, tried_again",
    [
        (base.RetryableError("busy"), State.RETRYING, True),
        (base.AnswerLostError("cut"), State.UNKNOWN, True),
        (base.Misconfigured("secret"), State.RETRYING, True),
        (base.ReconnectRequired("revoked"), State.NEEDS_RECONNECT, False),
        (base.ConflictError("taken"), State.CONFLICT, False),
        (base.SkippedByPolicy("past"), State.SKIPPED, False),
        (base.PermissionMissing("scope"), State.FAILED, False),
        (base.TargetGone("gone"), State.FAILED, False),
        (base.PermanentError("no"), State.FAILED, False),
        (KeyError("a fault of ours"), State.FAILED, False),
    ],
)
def test_each_error_has_one_meaning(
    ada: Contact, crm: Crm, error: Exception, state: str, tried_again: bool
) -> None:
    crm.errors = [error]
    delivery = edit(ada, "Bath")
    running.run()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.next_at is not None) == (state, tried_again)
    assert "a fault of ours" not in delivery.words


def test_a_lost_sign_in_holds_the_connection_once_and_nothing_is_lost(
    ada: Contact, crm: Crm, connection: Connection
) -> None:
    crm.errors = [base.ReconnectRequired("Sign-in expired.")]
    delivery = edit(ada, "Bath")
    running.run()
    edit(ada, "York")
    later(10**6)
    running.run()
    connection.refresh_from_db()
    delivery.refresh_from_db()
    assert connection.state == "needs_reconnect" and crm.cities == [] and delivery.attempts == 0
    assert Gate.objects.get(pk=connection.gate).paused
    connections.reconnected(connection)
    running.run()
    assert crm.cities == ["York"] and states() == ["superseded", "delivered"]


def test_what_is_undeliverable_here_is_kept_for_a_newer_version(ada: Contact, crm: Crm) -> None:
    delivery = edit(ada, "Bath")
    Delivery.objects.update(family="of tomorrow")
    running.run()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (State.PENDING, 0)


def test_a_merge_takes_records_and_open_deliveries_along_and_its_undo_gives_them_back(
    ada: Contact, crm: Crm, connection: Connection
) -> None:
    other = make_contact(ada.owner, first_name="Augusta", email="augusta@example.com")
    record = ExternalRecord.objects.create(connection=connection, contact=other, external_id="7")
    mine = Delivery.objects.get(contact_id=other.pk)
    survivor = fold(ada, other)
    gone = other if survivor.pk == ada.pk else ada
    mine.refresh_from_db()
    record.refresh_from_db()
    assert mine.contact_id == record.contact_id == survivor.pk
    unfold(merge_of(survivor))
    back = Delivery.objects.filter(contact_public_id=gone.public_id)
    assert set(back.values_list("contact_id", flat=True)) <= {gone.pk}
    record.refresh_from_db()
    assert record.contact_id == other.pk


def test_what_ended_long_ago_is_forgotten(ada: Contact, crm: Crm) -> None:
    old, held, fresh = edit(ada, "Bath"), edit(ada, "York"), edit(ada, "Hull")
    long_ago = timezone.now() - timedelta(days=91)
    Delivery.objects.filter(pk__in=[old.pk, held.pk]).update(created_at=long_ago, next_at=None)
    Delivery.objects.filter(pk=old.pk).update(state=State.DELIVERED)
    Delivery.objects.filter(pk=held.pk).update(state=State.NEEDS_RECONNECT)
    writing.prune()
    assert list(Delivery.objects.order_by("pk")) == [held, fresh]
