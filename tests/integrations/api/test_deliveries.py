"""What was sent elsewhere, as the API tells it, and sending it again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from contacts.models import AuditEntry, Contact
from contacts.objects import moment, numbered
from integrations.models import Delivery
from integrations.outbox import running
from tests.contacts.api.client import Api, person, problem
from tests.integrations.webhooks.receiver import Receiver, subscribe


def ids(api: Api, query: str = "") -> list[str]:
    return [each["id"] for each in api.get(f"deliveries?{query}").json()["data"]]


@pytest.fixture
def sent(api: Api, receiver: Receiver) -> Delivery:
    """A delivery that has arrived."""
    subscribe("contact")
    api.post("contacts", person())
    running.run()
    return Delivery.objects.get()


def test_a_delivery_is_told(api: Api, sent: Delivery, receiver: Receiver) -> None:
    [shown] = api.get("deliveries").json()["data"]
    assert shown == {
        "object": "delivery", "id": numbered("DLV", sent.pk), "event_id": receiver.events[0]["id"],
        "type": "contact.created", "system": "webhooks", "sent_to": "Hook",
        "webhook": api.get("webhooks").json()["data"][0]["id"],
        "contact": Contact.objects.get().public_id, "status": "delivered", "attempts": 1,
        "response_status": sent.last_status, "message": None,
        "creation_time": moment(sent.created_at), "next_attempt_time": None,
        "finished_time": moment(sent.settled_at),
    }  # fmt: skip


def test_deliveries_are_filtered(api: Api, sent: Delivery) -> None:
    one, contact = numbered("DLV", sent.pk), Contact.objects.get().public_id
    hook = api.get("webhooks").json()["data"][0]["id"]
    assert ids(api, "status=delivered,failed") == [one] and ids(api, "status=failed") == []
    assert ids(api, f"contact={contact}") == [one]
    assert ids(api, "contact=CTC-000000000000") == ids(api, "contact=1") == []
    assert ids(api, f"webhook={hook}") == [one] and ids(api, "webhook=1%00") == []
    after = moment(timezone.now() + timedelta(hours=1))
    assert ids(api, f"creation_time.lt={after}") == [one]
    assert ids(api, f"creation_time.gt={after}") == []
    assert problem(api.get("deliveries?status=gone")) == (400, "Invalid status: 'gone'", "status")


def test_deliveries_are_paged_newest_first(api: Api, receiver: Receiver) -> None:
    subscribe("contact")
    for number in range(3):
        api.post("contacts", person(email=f"p{number}@example.com"))
    every = ids(api)
    assert every == sorted(every, reverse=True) and len(every) == 3
    assert ids(api, f"limit=1&after={every[0]}") == every[1:2]
    assert problem(api.get("deliveries?after=1")) == (400, "No such delivery: '1'", "after")


def test_what_a_merge_has_moved_is_found_under_both_ids(api: Api, receiver: Receiver) -> None:
    subscribe("contact.created")
    one = api.post("contacts", person()).json()["id"]
    two = api.post("contacts", person(email="other@example.com")).json()["id"]
    api.post("contacts/merge", {"survivor": one, "duplicates": [two]})
    assert len(ids(api, f"contact={one}")) == 2 and ids(api, f"contact={two}") == ids(api)
    assert {each["contact"] for each in api.get("deliveries").json()["data"]} == {one}


def test_what_was_told_of_a_deleted_contact_is_found(api: Api, receiver: Receiver) -> None:
    subscribe("contact.deleted")
    public_id = api.post("contacts", person()).json()["id"]
    api.delete(f"contacts/{public_id}")
    assert ids(api, f"contact={public_id}") == ids(api) != []


def test_what_has_failed_is_sent_again(api: Api, receiver: Receiver) -> None:
    subscribe("contact")
    api.post("contacts", person())
    receiver.answers = [500]
    running.run()
    [shown] = api.get("deliveries").json()["data"]
    assert (shown["status"], shown["response_status"]) == ("retrying", 500)
    assert shown["next_attempt_time"] > shown["creation_time"]
    answer = api.post(f"deliveries/{shown['id']}/retry")
    assert (answer.status_code, answer.json()["status"]) == (200, "pending")
    running.run()
    assert api.get("deliveries").json()["data"][0]["status"] == "delivered"
    assert len(set(receiver.ids)) == 1 and len(receiver.ids) == 2


def test_what_has_arrived_is_sent_once_more_under_its_id(
    api: Api, sent: Delivery, receiver: Receiver
) -> None:
    assert api.post(f"deliveries/{numbered('DLV', sent.pk)}/retry").status_code == 200
    running.run()
    assert receiver.types == ["contact.created"] * 2 and len(set(receiver.ids)) == 1
    entry = AuditEntry.objects.get(action="delivery.retried")
    assert (entry.actor, entry.detail["key"]) == (None, api.row.public_id)


@pytest.mark.parametrize("state", ["pending", "in_flight", "superseded", "cancelled", "skipped"])
def test_what_is_on_its_way_or_has_ended_stays(state: str, api: Api, sent: Delivery) -> None:
    Delivery.objects.update(state=state)
    public_id = numbered("DLV", sent.pk)
    said = problem(api.post(f"deliveries/{public_id}/retry"))
    assert said == (409, f"Cannot retry delivery: '{public_id}'", "id")


@pytest.mark.parametrize("id", ["123", "DLV-00000000", "DLV-ZZZZZZZZZZZZ", "WHK-00000001"])
def test_no_such_delivery(id: str, api: Api) -> None:
    said = problem(api.post(f"deliveries/{id}/retry"))
    assert said == (404, f"No such delivery: '{id}'", "id")
