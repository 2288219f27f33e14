"""What becomes of a delivery: tried again for days, in its order, never lost and never twice."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.utils import timezone

from contacts.models import Contact, User
from contacts.services import update_contact
from integrations.models import Delivery, Gate, WebhookSubscription
from integrations.outbox import claiming, running
from integrations.outbox.schedule import DELAYS, delay_after
from tests.factories import by, make_contact
from tests.integrations.webhooks.receiver import Receiver, subscribe

pytestmark = pytest.mark.django_db
State = Delivery.State


def edit(contact: Contact, number: int) -> Delivery:
    update_contact(contact_id=contact.pk, actor=by(), values={"city": f"City {number}"})
    return Delivery.objects.latest("pk")


def later(seconds: float) -> None:
    """So much time passes."""
    of_gates = ("closed_until", "asked_until", "window_at")
    for model, column in ((Delivery, "next_at"), *((Gate, name) for name in of_gates)):
        for row in model._default_manager.exclude(**{column: None}):
            setattr(row, column, getattr(row, column) - timedelta(seconds=seconds))
            row.save(update_fields=[column])


def waits(delivery: Delivery) -> float:
    """Seconds until it is tried again."""
    delivery.refresh_from_db()
    assert delivery.next_at is not None
    return (delivery.next_at - timezone.now()).total_seconds()


def test_a_refused_delivery_is_tried_again_under_the_same_id(
    ada: Contact, receiver: Receiver
) -> None:
    subscribe()
    receiver.answers = [500, 503]
    delivery = edit(ada, 1)
    running.run()
    assert 4 <= waits(delivery) <= 6 and delivery.state == State.RETRYING
    assert (delivery.last_status, delivery.words) == (500, "The receiver answered 500.")
    later(6)
    running.run()
    assert 240 <= waits(delivery) <= 360
    later(360)
    running.run()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.next_at) == ("delivered", 3, None)
    assert len(receiver.ids) == 3 and len(set(receiver.ids)) == 1
    assert len({request.content for request in receiver.requests}) == 1


def test_the_schedule_lasts_three_days_and_then_somebody_is_told(
    ada: Contact, receiver: Receiver
) -> None:
    assert sum(DELAYS) * 0.8 > 3 * 86400  # with the least jitter
    assert delay_after(len(DELAYS) + 1) is None
    hook = subscribe()
    delivery = edit(ada, 1)
    Delivery.objects.update(attempts=len(DELAYS))
    receiver.answers = [500]
    running.run()
    delivery.refresh_from_db()
    hook.refresh_from_db()
    assert (delivery.state, delivery.next_at) == (State.FAILED, None)
    assert not hook.active and "three days" in hook.disabled_reason


@pytest.mark.parametrize(
    "headers, least", [({"Retry-After": "120"}, 118), ({"Retry-After": "soon"}, 4), ({}, 4)]
)
def test_the_receiver_says_how_long_to_wait(
    ada: Contact, receiver: Receiver, headers: dict[str, str], least: float
) -> None:
    subscribe()
    receiver.answers = [httpx.Response(429, headers=headers)]
    delivery = edit(ada, 1)
    running.run()
    assert least <= waits(delivery) < least + 10


@pytest.mark.parametrize(
    "answer, words",
    [
        (301, "a redirect"),
        (httpx.ConnectError("refused"), "could not be reached"),
        (httpx.ReadTimeout("slow"), "No answer"),
        (404, "answered 404"),
    ],
)
def test_what_may_mend_itself_is_tried_again(
    ada: Contact, receiver: Receiver, answer: Any, words: str
) -> None:
    subscribe()
    receiver.answers = [answer]
    delivery = edit(ada, 1)
    running.run()
    delivery.refresh_from_db()
    assert delivery.state == State.RETRYING and words in delivery.words
    assert len(receiver.requests) == 1


def test_gone_ends_the_subscription_and_what_waits_for_it(ada: Contact, receiver: Receiver) -> None:
    hook = subscribe()
    receiver.answers = [410]
    first, second = edit(ada, 1), edit(ada, 2)
    running.run()
    assert not WebhookSubscription.objects.filter(pk=hook.pk).exists()
    states = [Delivery.objects.get(pk=each.pk).state for each in (first, second)]
    assert states == [State.SKIPPED, State.CANCELLED]
    update_contact(contact_id=ada.pk, actor=by(), values={"city": "City 3"})
    assert Delivery.objects.count() == 2 and len(receiver.requests) == 1


def test_events_of_one_contact_wait_for_the_one_before_them_and_no_others_do(
    member: User, ada: Contact, receiver: Receiver
) -> None:
    subscribe("contact.updated")
    bob = make_contact(member, first_name="Bob")
    edit(ada, 1), edit(ada, 2), edit(bob, 3)
    receiver.answers = [500]
    running.run()
    assert [event["data"]["city"] for event in receiver.events] == ["City 1", "City 3"]
    later(6)
    running.run()
    told = [e["data"]["city"] for e in receiver.events if e["data"]["id"] == ada.public_id]
    assert told == ["City 1", "City 1", "City 2"]


def test_after_five_failures_only_a_probe_leaves_every_half_minute(
    member: User, receiver: Receiver
) -> None:
    subscribe("contact.created")
    receiver.answers = [500] * 100
    for number in range(12):
        make_contact(member, first_name=f"Guest {number}")
    running.run()
    tried = len(receiver.requests)
    assert tried <= 10 and Delivery.objects.filter(attempts=0).count() == 12 - tried
    later(10)
    running.run()
    assert len(receiver.requests) == tried
    later(25)
    running.run()
    assert len(receiver.requests) == tried + 1
    receiver.answers = []
    later(400)
    running.run()
    assert not Delivery.objects.exclude(state=State.DELIVERED).exists()


def test_a_dead_receiver_costs_the_others_nothing(member: User, receiver: Receiver) -> None:
    dead, good = subscribe(name="Dead"), subscribe(name="Good")
    Gate.objects.filter(key=dead.gate).update(
        failures=5, closed_until=timezone.now() + timedelta(1)
    )
    for number in range(7):
        make_contact(member, first_name=f"Guest {number}")
    running.run()
    states = dict(Delivery.objects.values_list("target", "state").distinct())
    assert states == {dead.target: State.PENDING, good.target: State.DELIVERED}


def test_a_rate_limit_holds_for_all_workers_together(member: User, receiver: Receiver) -> None:
    hook = subscribe()
    Gate.objects.filter(key=hook.gate).update(limit=3, per_seconds=10)
    for number in range(5):
        make_contact(member, first_name=f"Guest {number}")
    running.run()
    running.run()
    assert len(receiver.requests) == 3
    later(10)
    running.run()
    assert len(receiver.requests) == 5 and not Delivery.objects.filter(attempts__gt=1).exists()


def test_an_edit_overtakes_a_backlog(member: User, ada: Contact, receiver: Receiver) -> None:
    subscribe()
    for number in range(8):
        make_contact(member, first_name=f"Row {number}")
    Delivery.objects.update(priority=Delivery.Priority.BACKLOG)
    edit(ada, 1)
    running.run()
    assert receiver.types[0] == "contact.updated"


def test_a_paused_subscription_keeps_what_waits_until_it_is_resumed(
    as_admin: Any, ada: Contact, receiver: Receiver
) -> None:
    from integrations.webhooks import subscriptions

    hook = subscribe()
    delivery = edit(ada, 1)
    subscriptions.set_active(subscription=hook, active=False, actor=by())
    edit(ada, 2)
    running.run()
    delivery.refresh_from_db()
    assert receiver.requests == [] and delivery.state == State.PENDING
    subscriptions.set_active(subscription=hook, active=True, actor=by())
    running.run()
    assert [event["data"]["city"] for event in receiver.events] == ["City 1"]


def test_a_worker_that_lost_its_claim_writes_nothing(ada: Contact, receiver: Receiver) -> None:
    subscribe()
    delivery = edit(ada, 1)
    (mine,) = claiming.claim()
    assert claiming.claim() == []
    later(120)
    (theirs,) = claiming.claim()
    assert not claiming.begin(mine) and claiming.begin(theirs)
    delivery.refresh_from_db()
    assert (delivery.attempts, delivery.state) == (1, State.IN_FLIGHT)


def test_what_kills_its_worker_three_times_is_parked_and_its_neighbours_are_not(
    member: User, receiver: Receiver
) -> None:
    subscribe("contact.created")
    for name in ("Poison", "Good"):
        make_contact(member, first_name=name)
    for _ in range(claiming.DEATHS):
        batch = claiming.claim()
        claiming.begin(batch[0])  # and here its worker dies
        later(120)
    running.run()
    poison, good = Delivery.objects.order_by("pk")
    assert (poison.state, poison.worker_deaths) == (State.FAILED, 3) and "Parked" in poison.words
    assert (good.state, good.worker_deaths) == (State.DELIVERED, 0)


def test_a_rotated_secret_signs_beside_the_earlier_one(ada: Contact, receiver: Receiver) -> None:
    from integrations.webhooks import subscriptions
    from tests.integrations.webhooks.receiver import verified

    hook = subscribe()
    earlier = hook.secrets()[0]
    new = subscriptions.rotate(subscription=hook, actor=by())
    edit(ada, 1)
    running.run()
    assert verified(receiver.requests[0], earlier) and verified(receiver.requests[0], new)
    WebhookSubscription.objects.update(earlier_until=timezone.now())
    edit(ada, 2)
    running.run()
    assert not verified(receiver.requests[1], earlier) and verified(receiver.requests[1], new)
