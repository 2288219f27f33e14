"""An answer was lost: within a quarter of an hour the target itself says what became of it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from contacts.models import User
from contacts.services import update_contact
from integrations.models import Delivery
from integrations.outbox import claiming, reconciling, running
from tests.activities.bookings import make_calendar, make_meeting
from tests.factories import by
from tests.integrations.calendars import Calendar, later, sent, served

pytestmark = pytest.mark.django_db
NEW = "ada@new.example"


@pytest.fixture(params=["google_calendar", "microsoft_graph"])
def kept(request: pytest.FixtureRequest, settings: Any) -> Iterator[Calendar]:
    yield from served(request.param, settings)


@pytest.fixture
def unknown(kept: Calendar, member: User) -> Delivery:
    """The guest was replaced; the answers to that and to every reading since were lost."""
    kept.connect(member)
    meeting = make_meeting(make_calendar(member))
    sent()
    update_contact(contact_id=meeting.contact_id or 0, actor=by(), values={"email": NEW})
    kept.double.faults = ["", "lost"]
    running.run()
    Delivery.objects.filter(state="unknown").update(
        attempts=9, next_at=timezone.now() + timedelta(hours=12)
    )
    return Delivery.objects.latest("pk")


def writes(kept: Calendar) -> int:
    return sum(request.method == "PATCH" for request in kept.double.requests)


def test_what_has_arrived_is_settled_and_not_written_again(
    kept: Calendar, unknown: Delivery
) -> None:
    before = writes(kept)
    assert reconciling.reconcile() == 1
    running.run()
    unknown.refresh_from_db()
    assert (unknown.state, unknown.attempts) == ("delivered", 9)
    assert kept.guests() == [NEW] and writes(kept) == before


def test_what_has_not_arrived_is_written(kept: Calendar, unknown: Delivery) -> None:
    event = kept.events[0]
    for entry in event["attendees"]:
        if entry.get("email") == NEW:
            entry["email"] = "ada@example.com"
        elif entry.get("emailAddress", {}).get("address") == NEW:
            entry["emailAddress"]["address"] = "ada@example.com"
    reconciling.reconcile()
    running.run()
    unknown.refresh_from_db()
    assert unknown.state == "delivered" and kept.guests() == [NEW]


def test_a_target_that_is_still_away_costs_the_schedule_nothing(
    kept: Calendar, unknown: Delivery
) -> None:
    kept.transport.away = True
    reconciling.reconcile()
    running.run()
    unknown.refresh_from_db()
    assert (unknown.state, unknown.attempts) == ("retrying", 9)
    kept.transport.away = False
    later()
    assert sent()[-1] == "delivered"


def test_one_that_is_in_hand_or_older_than_three_days_is_left_to_the_schedule(
    kept: Calendar, unknown: Delivery
) -> None:
    rows = Delivery.objects.filter(pk=unknown.pk)
    rows.update(lease_token="somebody's")
    assert reconciling.reconcile() == 0
    rows.update(lease_token="", created_at=timezone.now() - timedelta(days=3, hours=1))
    assert reconciling.reconcile() == 0


def test_receivers_that_cannot_be_read_are_not_asked(unknown: Delivery) -> None:
    Delivery.objects.filter(pk=unknown.pk).update(family="webhooks")
    assert reconciling.reconcile() == 0 and claiming.claim() == []
