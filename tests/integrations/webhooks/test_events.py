"""What receivers are told: every change, in its order, signed."""

import pytest

from contacts import planning
from contacts.deleting import delete_contact
from contacts.models import Contact, User
from contacts.services import change_of, update_contact
from integrations.models import Delivery
from integrations.outbox import running
from tests.activities.bookings import make_calendar, make_meeting
from tests.contacts.unmerge_tools import fold, merge_of, unfold
from tests.factories import by, make_contact, make_property
from tests.integrations.webhooks.receiver import Receiver, subscribe, verified

pytestmark = pytest.mark.django_db


def edit(contact: Contact, **values: object) -> None:
    update_contact(contact_id=contact.pk, actor=by(), values=values)


def test_an_edit_is_told_with_the_contact_as_it_is_and_what_it_was(
    ada: Contact, receiver: Receiver
) -> None:
    subscribe("contact.updated")
    edit(ada, email="a@example.org", company="")
    running.run()
    event = receiver.events[0]
    assert list(event) == [
        "id", "object", "creation_time", "type", "api_version", "data", "previous",
    ]  # fmt: skip
    assert event["id"].startswith("EVNT-") and event["type"] == "contact.updated"
    assert (event["data"]["id"], event["data"]["email"]) == (ada.public_id, "a@example.org")
    assert event["data"]["company"] is None and event["data"]["terms_of_sevice"] is False
    assert event["previous"] == {"email": "ada@example.com", "company": "Engines"}


def test_every_delivery_is_signed_for_both_kinds_of_receivers(
    ada: Contact, receiver: Receiver
) -> None:
    secret = subscribe().secrets()[0]
    edit(ada, email="a@example.org")
    running.run()
    request = receiver.requests[0]
    assert verified(request, secret) and not verified(request, "0" * 32)
    assert request.headers["webhook-id"] == str(Delivery.objects.get().uid)
    assert len(secret) == 32 and secret not in Delivery.objects.get().payload


def test_custom_properties_are_told_by_their_identifiers(
    member: User, ada: Contact, receiver: Receiver
) -> None:
    tier = make_property("Tier")
    subscribe()
    edit(ada, **{tier.name: "Gold"})
    running.run()
    assert receiver.events[0]["data"]["custom_fields"] == [{"name": "tier", "value": "Gold"}]
    assert receiver.events[0]["previous"] == {"tier": None}


def test_a_merge_and_its_undo_name_the_ids_that_moved(
    member: User, ada: Contact, receiver: Receiver
) -> None:
    subscribe("contact")
    other = make_contact(member, first_name="Augusta", email="augusta@example.com")
    survivor = fold(ada, other)
    unfold(merge_of(survivor))
    running.run()
    moved = [(event["type"], event.get("moved_ids")) for event in receiver.events]
    gone = next(c for c in (ada.public_id, other.public_id) if c != survivor.public_id)
    assert moved == [
        ("contact.created", None),
        ("contact.merged", [gone]),
        ("contact.unmerged", [gone]),
        ("contact.updated", None),
    ]
    assert receiver.events[-1]["data"]["id"] == gone


def test_of_a_deleted_contact_only_its_end_is_told_and_nothing_of_it_is_kept(
    ada: Contact, receiver: Receiver
) -> None:
    subscribe("contact")
    edit(ada, email="a@example.org")
    delete_contact(contact_id=ada.pk, actor=by())
    running.run()
    assert receiver.types == ["contact.deleted"]
    assert receiver.events[0]["data"] == {
        "id": ada.public_id, "object": "contact", "deleted": True,
    }  # fmt: skip
    assert [d.state for d in Delivery.objects.order_by("pk")] == ["cancelled", "delivered"]
    assert "example.org" not in "".join(Delivery.objects.values_list("payload", flat=True))


def test_meetings_are_told_to_those_who_asked_for_them(member: User, receiver: Receiver) -> None:
    subscribe("booking", name="Meetings")
    subscribe("contact.deleted", name="Others")
    meeting = make_meeting(make_calendar(member), name="Grace", email="grace@example.com")
    running.run()
    assert receiver.types == ["booking.scheduled"]
    data = receiver.events[0]["data"]
    assert (data["id"], data["contact"]) == (meeting.public_id, meeting.contact_public_id)
    assert data["form_submission"]["email"] == "grace@example.com"
    assert data["cancel_url"].endswith("/cancel/") and data["status"] == "scheduled"


@pytest.mark.parametrize("kind", ["updated", "deleted"])
def test_the_rows_of_a_change_are_those_of_its_preview(
    ada: Contact, receiver: Receiver, kind: str
) -> None:
    subscribe("contact", name="One")
    subscribe("contact.deleted", "contact.updated", name="Two")
    subscribe("booking", name="Three")
    values = {"email": (ada.email, "a@example.org")} if kind == "updated" else {}
    shown = planning.plan([change_of(ada, by(), kind, values)])
    assert [line.text for line in shown.lines] == ["fire 2 webhooks"]
    if kind == "updated":
        edit(ada, email="a@example.org")
    else:
        delete_contact(contact_id=ada.pk, actor=by())
    rows = [(d.contact_id, d.target, d.kind) for d in Delivery.objects.order_by("pk")]
    assert rows == [(e.contact_id, e.target, e.kind) for e in shown.effects]
