"""Webhooks made, listed and ended through the API."""

import re
from typing import Any

import pytest

from contacts.models import AuditEntry, FirstAnswer
from contacts.objects import moment
from integrations.models import Delivery, WebhookSubscription
from integrations.outbox import running
from integrations.webhooks import events, subscriptions
from tests.contacts.api.client import Api, person, problem
from tests.integrations.webhooks.receiver import Receiver, subscribe, verified

URL = "https://hooks.example.com/in"


def wanted(**values: Any) -> dict[str, Any]:
    """A body that is accepted."""
    return {
        "name": "New Bookings",
        "url": URL,
        "events": ["booking.scheduled", "booking"],
        **values,
    }


def test_a_webhook_is_made_and_its_secret_told_once(api: Api) -> None:
    answer = api.post("webhooks", wanted())
    made, row = answer.json(), WebhookSubscription.objects.get()
    assert answer.status_code == 200
    assert list(made) == [
        "object", "id", "api_version", "name", "url", "events", "creation_time", "secret",
    ]  # fmt: skip
    secret = made.pop("secret")
    assert re.fullmatch("[0-9a-f]{32}", secret) and row.secrets() == [secret]
    assert made == {
        "object": "webhook", "id": row.public_id, "api_version": "v2", "name": "New Bookings",
        "url": URL, "events": ["booking.scheduled", "booking"],
        "creation_time": moment(row.creation_time),
    }  # fmt: skip
    assert api.get(f"webhooks/{row.public_id}").json() == made
    assert api.get("webhooks").json() == {"object": "list", "data": [made], "has_more": False}


def test_what_it_asked_for_arrives_signed(api: Api, receiver: Receiver) -> None:
    sent = wanted(url="http://127.0.0.1:9/events", events=["contact"])
    secret = api.post("webhooks", sent).json()["secret"]
    api.post("contacts", person())
    running.run()
    assert receiver.types == ["contact.created"] and verified(receiver.requests[0], secret)


@pytest.mark.parametrize("event", [*events.TYPES, *events.FAMILIES])
def test_every_event_can_be_asked_for(event: str, api: Api) -> None:
    assert api.post("webhooks", wanted(events=[event])).json()["events"] == [event]


def test_a_name_is_taken_once(api: Api) -> None:
    api.post("webhooks", wanted())
    said = problem(api.post("webhooks", wanted(name=" New  Bookings")))
    text = "A webhook subscription with this name already exists: 'New Bookings'"
    assert said == (409, text, "name")
    assert WebhookSubscription.objects.count() == 1


@pytest.mark.parametrize(
    ("values", "message", "param"),
    [
        ({"name": None}, "name is required", "name"),
        ({"name": ""}, "name is required", "name"),
        ({"url": None}, "url is required", "url"),
        ({"events": []}, "events is required", "events"),
        ({"events": None}, "events is required", "events"),
        ({"events": ["booking.gone"]}, "Invalid event: 'booking.gone'", "events"),
        ({"events": ["webhook.test"]}, "Invalid event: 'webhook.test'", "events"),
        ({"url": "http://example.com"}, "Invalid value for url: it must begin with https://", "url"),
        ({"url": "ftp://example.com"}, "Invalid value for url: it must begin with https://", "url"),
        ({"url": "https://10.0.0.1/"},
         "Invalid value for url: it does not lead to a public address", "url"),
        ({"url": "http://127.0.0.1:9/"}, "Invalid value for url: it must begin with https://", "url"),
        ({"name": "x" * 101},
         "Invalid value for name: enter one, of at most 100 characters", "name"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(
    values: dict[str, Any], message: str, param: str, api: Api, settings: Any
) -> None:
    settings.WEBHOOKS_TO_LOOPBACK = False
    assert problem(api.post("webhooks", wanted(**values))) == (400, message, param)
    assert not WebhookSubscription.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", 1), ("name", ["a"]), ("url", {}), ("events", "booking"), ("events", {}),
     ("events", [1]), ("events", [None])],
)  # fmt: skip
def test_other_types_are_refused(field: str, value: Any, api: Api) -> None:
    status, _, param = problem(api.post("webhooks", wanted(**{field: value})))
    assert status == 400 and param in {field, "0"}


def test_http_is_for_a_receiver_on_this_machine_where_settings_allow_it(
    api: Api, settings: Any
) -> None:
    settings.WEBHOOKS_TO_LOOPBACK = True
    assert api.post("webhooks", wanted(url="http://localhost:8000/in")).status_code == 200


def test_there_are_fifty_at_most(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriptions, "MOST", 1)
    api.post("webhooks", wanted())
    said = problem(api.post("webhooks", wanted(name="Another")))
    assert said == (409, "There are 1 webhooks already. Delete one first.", "")


def test_a_webhook_is_ended(api: Api, receiver: Receiver) -> None:
    hook = subscribe("contact")
    api.post("contacts", person())
    answer = api.delete(f"webhooks/{hook.public_id}")
    assert (answer.status_code, answer.json()) == (200, {"id": hook.public_id, "deleted": True})
    assert Delivery.objects.get().state == "cancelled"
    said = (404, f"No such webhook: '{hook.public_id}'", "id")
    assert problem(api.delete(f"webhooks/{hook.public_id}")) == said
    assert problem(api.get(f"webhooks/{hook.public_id}")) == said


@pytest.mark.parametrize("id", ["123", "WHK-000000000000", "BKC-1"])
def test_no_such_webhook(id: str, api: Api) -> None:
    assert problem(api.get(f"webhooks/{id}")) == (404, f"No such webhook: '{id}'", "id")
    assert problem(api.delete(f"webhooks/{id}")) == (404, f"No such webhook: '{id}'", "id")


def test_webhooks_are_paged(api: Api, receiver: Receiver) -> None:
    made = [subscribe(name=f"Hook {number}").public_id for number in range(3)][::-1]
    first = api.get("webhooks?limit=2")
    assert [each["id"] for each in first.json()["data"]] == made[:2]
    assert 'rel="next"' in first["Link"]
    rest = api.get(f"webhooks?limit=2&after={made[1]}").json()
    assert [each["id"] for each in rest["data"]] == made[2:]
    assert problem(api.get("webhooks?before=%00")) == (400, "No such webhook: '\x00'", "before")


def test_the_audit_names_the_key(api: Api) -> None:
    made = api.post("webhooks", wanted()).json()["id"]
    api.delete(f"webhooks/{made}")
    entries = AuditEntry.objects.filter(action__startswith="webhook.").order_by("pk")
    assert [(each.action, each.object_id, each.detail["key"]) for each in entries] == [
        ("webhook.created", made, api.row.public_id),
        ("webhook.deleted", made, api.row.public_id),
    ]


def test_the_same_request_again_tells_the_secret_that_is_kept_sealed(api: Api) -> None:
    first = api.post("webhooks", wanted(), idempotency_key="k")
    assert first.json()["secret"] not in FirstAnswer.objects.get().body
    assert api.post("webhooks", wanted(), idempotency_key="k").content == first.content
    assert WebhookSubscription.objects.count() == 1


def test_an_answer_whose_key_is_gone_is_not_told(api: Api) -> None:
    api.post("webhooks", wanted(), idempotency_key="k")
    FirstAnswer.objects.update(body="sealed by another key")
    said = problem(api.post("webhooks", wanted(), idempotency_key="k"))
    assert said[::2] == (409, "Idempotency-Key") and WebhookSubscription.objects.count() == 1
