"""Zaps subscribe, are told, and go: over /v2/zapier, against Zapier's double."""

import re
from typing import Any

import jsonschema
import pytest
from django.utils import timezone

from activities.models import Meeting
from contacts import api_keys
from contacts.deleting import delete_contact
from contacts.models import AuditEntry, Contact, User
from contacts.services import plan_update, update_contact
from integrations.models import Delivery, Gate, ZapierHook
from integrations.outbox.schedule import DELAYS
from integrations.sandbox.zapier import METADATA, ZapierDouble
from tests.activities.bookings import make_calendar, make_meeting
from tests.contacts.api.client import Api, problem
from tests.factories import by, make_contact
from tests.integrations.outbox.test_sending import later
from tests.integrations.zapier.zaps import deliver, edit, turn_on
from tests.shared import shared_yaml

pytestmark = pytest.mark.django_db
State = Delivery.State


def check_event(told: Any) -> None:
    """Against our contract with Zapier."""
    contract = shared_yaml("contracts/zapier-resthooks.openapi.yaml")
    jsonschema.validate(told, contract["components"]["schemas"]["ContactEvent"])


def test_an_edit_is_told_with_the_values_of_now_and_those_of_before(
    api: Api, double: ZapierDouble, ada: Contact
) -> None:
    zap = turn_on(api, double)
    old = ada.email
    edit(ada, email="ada@new.example")
    deliver()
    [told] = zap.received
    check_event(told)
    assert told["event"] == "contact.updated" and told["previous"] == {"email": old}
    assert told["contact"]["id"] == ada.public_id and told["contact"]["email"] == "ada@new.example"
    assert re.fullmatch(r"EVNT-[0-9A-Z]{12}", told["id"])


def test_a_late_message_carries_what_the_contact_has_become(
    api: Api, double: ZapierDouble, ada: Contact
) -> None:
    zap = turn_on(api, double)
    edit(ada, city="Riga"), edit(ada, city="Oslo")
    deliver()
    assert [told["contact"]["city"] for told in zap.received] == ["Oslo", "Oslo"]
    assert zap.received[0]["id"] != zap.received[1]["id"]
    assert zap.received[0]["occurred_at"] <= zap.received[1]["occurred_at"]


def test_captured_and_lifecycle_start_with_a_new_contact_and_updated_does_not(
    api: Api, double: ZapierDouble, member: User
) -> None:
    events = ("contact.created", "contact.updated", "contact.lifecycle")
    zaps = [turn_on(api, double, event) for event in events]
    contact = make_contact(member, first_name="Bob")
    deliver()
    assert [[told["event"] for told in zap.received] for zap in zaps] == [
        ["contact.created"], [], ["contact.created"],
    ]  # fmt: skip
    delete_contact(contact_id=contact.pk, actor=by())
    deliver()
    last = zaps[2].received[-1]
    assert last["event"] == "contact.deleted" and last["contact"] == {
        "id": contact.public_id, "object": "contact", "deleted": True,
    }  # fmt: skip


def test_bookings_start_their_own_zaps_and_the_lifecycle(
    api: Api, double: ZapierDouble, member: User
) -> None:
    zaps = [turn_on(api, double, f"booking.{what}") for what in ("scheduled", "lifecycle", "canceled")]  # fmt: skip
    meeting: Meeting = make_meeting(make_calendar(member))
    deliver()
    assert [len(zap.received) for zap in zaps] == [1, 1, 0]
    told = zaps[0].received[0]
    assert told["booking"]["id"] == meeting.public_id
    assert (
        told["contact"]["id"] == meeting.contact_public_id and told["event"] == "booking.scheduled"
    )


def test_the_panel_says_before_save_how_many_hooks_will_fire(
    api: Api, double: ZapierDouble, ada: Contact
) -> None:
    turn_on(api, double), turn_on(api, double, "contact.lifecycle")
    turn_on(api, double, "contact.created")
    plan = plan_update(ada, actor=by(), values={"city": "Riga"}, base_version=None)
    assert [line.text for line in plan.lines] == ["fire 2 Zapier hooks"]


def test_what_came_through_the_zaps_own_key_does_not_start_it_again(
    api: Api, double: ZapierDouble, ada: Contact
) -> None:
    own = turn_on(api, double)
    other = turn_on(Api(User.objects.get(email="owner@kith.test"), name="Another"), double)
    api.patch(f"contacts/{ada.public_id}", {"city": "Riga"})
    deliver()
    assert own.received == [] and len(other.received) == 1


def test_writing_the_same_values_again_starts_nothing(
    api: Api, double: ZapierDouble, ada: Contact
) -> None:
    turn_on(api, double)
    assert edit(ada, city=ada.city) is None
    update_contact(contact_id=ada.pk, actor=by(), values={"first_name": ada.first_name})
    assert not Delivery.objects.exists()


def test_410_deletes_the_hook_at_once_and_takes_back_what_waits(
    api: Api, double: ZapierDouble, ada: Contact
) -> None:
    zap = turn_on(api, double)
    zap.on = False
    first, second = edit(ada, city="Riga"), edit(ada, city="Oslo")
    deliver()
    assert not ZapierHook.objects.exists() and len(double.requests) == 1
    assert first is not None and second is not None
    states = [Delivery.objects.get(pk=each.pk).state for each in (first, second)]
    assert states == [State.SKIPPED, State.CANCELLED]
    assert AuditEntry.objects.latest("pk").action == "zap.gone"
    assert edit(ada, city="Bern") is None


@pytest.mark.parametrize(
    "fault, words, least",
    [("429", "answered 429", 7), ("500", "answered 500", 4), ("hang", "No answer", 4),
     ("redirect", "a redirect", 4)],
)  # fmt: skip
def test_what_may_mend_itself_is_tried_again(
    api: Api, double: ZapierDouble, ada: Contact, fault: str, words: str, least: float
) -> None:
    zap = turn_on(api, double)
    double.faults = [fault]
    delivery = edit(ada, city="Riga")
    deliver()
    assert delivery is not None
    delivery.refresh_from_db()
    assert delivery.state == State.RETRYING and words in delivery.words
    assert delivery.next_at is not None
    assert (delivery.next_at - timezone.now()).total_seconds() > least - 1
    assert METADATA not in [request.path for request in double.requests]
    later(10)
    deliver()
    assert len(zap.received) == 1


def test_a_zap_that_fails_for_days_is_switched_off_until_it_is_turned_on_again(
    api: Api, double: ZapierDouble, ada: Contact
) -> None:
    zap = turn_on(api, double)
    edit(ada, city="Riga")
    Delivery.objects.update(attempts=len(DELAYS))
    double.faults = ["500"]
    deliver()
    assert "three days" in ZapierHook.objects.get().off_reason and edit(ada, city="Oslo") is None
    url = f"{double.base}/hooks/standard/{zap.id}/"
    again = api.post("zapier/hooks", {"target_url": url, "event": zap.event})
    assert again.json()["id"] == zap.hook and edit(ada, city="Bern") is not None


def test_a_zap_that_is_turned_off_gets_nothing_more(
    api: Api, double: ZapierDouble, ada: Contact
) -> None:
    zap = turn_on(api, double)
    edit(ada, city="Riga")
    assert api.delete(f"zapier/hooks/{zap.hook}").status_code == 204
    assert Delivery.objects.get().state == State.CANCELLED
    assert problem(api.delete(f"zapier/hooks/{zap.hook}"))[0] == 404


def test_another_key_cannot_end_the_hook_and_a_revoked_one_ends_its_own(
    api: Api, double: ZapierDouble, ada: Contact
) -> None:
    zap = turn_on(api, double)
    other = Api(User.objects.get(email="owner@kith.test"), name="Another")
    assert other.delete(f"zapier/hooks/{zap.hook}").status_code == 404
    edit(ada, city="Riga")
    api_keys.revoke_key(key=api.row, actor=by())
    deliver()
    delivery = Delivery.objects.get()
    assert delivery.state == State.SKIPPED and "revoked" in delivery.words
    assert edit(ada, city="Oslo") is None and double.requests == []


def test_zapiers_limit_of_thirty_a_second_is_kept(api: Api, double: ZapierDouble) -> None:
    turn_on(api, double)
    gate = Gate.objects.get()
    assert (gate.limit, gate.per_seconds) == (30, 1)
    turn_on(api, double, "contact.created")
    double.arrivals = [double.now()] * 30
    zap = next(iter(double.zaps.values()))
    make_contact(User.objects.get(), first_name="Bob")
    deliver()
    assert Delivery.objects.get().last_status == 429 and zap.received == []


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hooks/standard/1/", "http://hooks.zapier.com/hooks/1/",
        "https://hooks.zapier.com.evil.example/1", "https://hooks.zapier.com@evil.example/1",
        "https://hooks.zapier.com:8443/hooks/1/", "https://169.254.169.254/latest/meta-data/",
        "https://hooks.zapier.com/", "https://[::1]/hooks", "javascript:alert(1)", "",
        "https://hooks.zapier.com/" + "a" * 3000,
    ],
)  # fmt: skip
def test_only_addresses_of_zapiers_are_taken(api: Api, url: str) -> None:
    answer = api.post("zapier/hooks", {"target_url": url, "event": "contact.updated"})
    status, message, param = problem(answer)
    assert (status, param) == (422, "target_url") and "https://hooks.zapier.com/" in message
    assert not ZapierHook.objects.exists()


def test_the_real_address_is_taken_and_an_unknown_event_is_not(api: Api) -> None:
    url = "https://hooks.zapier.com/hooks/standard/1/abc/"
    assert api.post("zapier/hooks", {"target_url": url, "event": "contact.lifecycle"}).status_code == 201  # fmt: skip
    status, message, param = problem(api.post("zapier/hooks", {"target_url": url, "event": "lead"}))
    assert (status, param) == (400, "event") and "Unknown event: 'lead'" in message


def test_without_a_key_nothing_is_told(api: Api) -> None:
    for method, path in [("GET", "me"), ("POST", "hooks"), ("GET", "contacts?email=a@b.c")]:
        answer = api.ask(method, f"zapier/{path}", {} if method == "POST" else None, API_Key="no")
        assert problem(answer) == (401, "Invalid API key.", "")
