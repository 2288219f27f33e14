"""Samples, polling and Find Contact."""

import pytest

from activities.models import Meeting
from contacts.deleting import delete_contact
from contacts.models import Contact, User
from contacts.services import update_contact
from integrations.sandbox.zapier import ZapierDouble
from tests.activities.bookings import make_calendar, make_meeting
from tests.contacts.api.client import Api, person, problem
from tests.factories import by, make_contact
from tests.integrations.zapier.test_hooks import check_event
from tests.integrations.zapier.zaps import deliver, edit, turn_on

pytestmark = pytest.mark.django_db


def sample(api: Api, event: str) -> list[dict[str, object]]:
    answer = api.get(f"zapier/hooks/samples/{event}")
    assert answer.status_code == 200
    found: list[dict[str, object]] = answer.json()
    return found


def test_polling_shows_the_same_events_as_the_hooks_newest_first(
    api: Api, double: ZapierDouble, ada: Contact
) -> None:
    zap = turn_on(api, double, "contact.lifecycle")
    edit(ada, email="ada@new.example"), edit(ada, city="Riga")
    deliver()
    polled = sample(api, "contact.updated")
    for each in polled:
        check_event(each)
    assert [each["id"] for each in polled] == [told["id"] for told in reversed(zap.received)]
    assert polled[1]["previous"] == {"email": "ada@example.com"}
    assert sample(api, "contact.updated") == polled


def test_a_lifecycle_is_everything_and_captured_only_new_contacts(
    api: Api, member: User, ada: Contact
) -> None:
    bob = make_contact(member, first_name="Bob")
    edit(ada, city="Riga")
    delete_contact(contact_id=bob.pk, actor=by())
    assert [e["event"] for e in sample(api, "contact.created")] == ["contact.created"]
    whole = [e["event"] for e in sample(api, "contact.lifecycle")]
    assert whole == ["contact.deleted", "contact.updated", "contact.created"]


def test_what_the_key_has_written_itself_is_not_polled(api: Api, ada: Contact) -> None:
    api.post("contacts", person())
    api.patch(f"contacts/{ada.public_id}", {"city": "Riga"})
    assert sample(api, "contact.updated") == []
    assert [e["contact"]["id"] for e in sample(api, "contact.created")] == [ada.public_id]  # type: ignore[index]


def test_bookings_are_polled_with_their_contacts(api: Api, member: User) -> None:
    meeting: Meeting = make_meeting(make_calendar(member))
    [told] = sample(api, "booking.scheduled")
    assert told["booking"]["id"] == meeting.public_id  # type: ignore[index]
    assert told["contact"]["id"] == meeting.contact_public_id  # type: ignore[index]
    assert sample(api, "booking.canceled") == [] and len(sample(api, "booking.lifecycle")) == 1


def test_an_account_with_nothing_in_it_has_no_samples(api: Api) -> None:
    assert sample(api, "contact.updated") == [] and sample(api, "conversation.started") == []
    assert problem(api.get("zapier/hooks/samples/lead"))[0] == 404


def test_find_contact_finds_by_address_by_phone_and_by_a_former_address(
    api: Api, ada: Contact
) -> None:
    update_contact(contact_id=ada.pk, actor=by(), values={"email": "ada@new.example"})

    def found(query: str) -> list[str]:
        return [each["id"] for each in api.get(f"zapier/contacts?{query}").json()]

    assert found("email=ADA@new.example") == found("email=ada@example.com") == [ada.public_id]
    assert found("email=nobody@example.com") == []


def test_find_contact_says_what_is_wrong(api: Api) -> None:
    assert problem(api.get("zapier/contacts"))[0] == 400
    assert problem(api.get("zapier/contacts?email=nobody"))[2] == "email"
    assert problem(api.get("zapier/contacts?mobile_phone=12"))[2] == "mobile_phone"
    assert problem(api.get("zapier/contacts?email=%00"))[0] == 400


def test_the_connection_is_named_after_the_account_and_the_key(api: Api) -> None:
    told = api.get("zapier/me").json()
    assert told["id"] == api.row.public_id and told["label"].endswith("(Zapier)")
