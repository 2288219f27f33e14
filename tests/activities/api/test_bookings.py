"""Reading bookings: the object, the filters, the pages, and what can be expanded."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activities.models import BookingCalendar, Meeting
from activities.objects import booking_object
from contacts.deleting import delete_contact
from contacts.models import Contact, User
from contacts.objects import moment, user_id
from tests.activities.bookings import make_calendar, make_meeting, past_meeting, soon
from tests.activities.chats import make_bot, talk
from tests.contacts.api.client import Api, problem
from tests.factories import by, make_user


def ids(api: Api, query: str) -> list[str]:
    return [each["id"] for each in api.get(f"bookings?{query}").json()["data"]]


def test_a_booking_is_told_as_the_webhooks_tell_it(api: Api, calendar: BookingCalendar) -> None:
    meeting = make_meeting(calendar, company="Engines", mobile_phone="+442079460958")
    shown = api.get(f"bookings/{meeting.public_id}").json()
    assert shown == booking_object(Meeting.objects.get())
    assert list(shown) == [
        "object", "id", "tracking_id", "subject", "status", "in_trash", "creation_time",
        "last_updated_time", "starting_time", "duration_minutes", "customer_timezone", "owner",
        "contact", "conversation", "booking_calendar", "form_submission", "attendees",
        "location_description", "virtual_conferencing", "cancel_reschedule_information",
        "rescheduled_booking_id", "external_calendar", "ics_url", "cancel_url", "reschedule_url",
        "custom_fields",
    ]  # fmt: skip
    assert (shown["object"], shown["status"]) == ("booking", "scheduled")
    assert shown["contact"] == Contact.objects.get().public_id
    assert shown["form_submission"]["mobile_phone"] == "+442079460958"


@pytest.mark.parametrize("id", ["123", "BKNG-000000000000", "BKNG-%00", "CTC-000000000000", "%ff"])
def test_no_such_booking(api: Api, id: str) -> None:
    status, message, param = problem(api.get(f"bookings/{id}"))
    assert (status, param) == (404, "id") and message.startswith("No such booking: '")


def test_bookings_are_listed_newest_first_and_paged_both_ways(
    api: Api, calendar: BookingCalendar
) -> None:
    made = [make_meeting(calendar, soon(hour=hour)).public_id for hour in range(8, 13)][::-1]
    first = api.get("bookings?limit=2")
    assert [each["id"] for each in first.json()["data"]] == made[:2] and first.json()["has_more"]
    assert first["Link"] == (f'<http://testserver/v2/bookings?limit=2&after={made[1]}>; rel="next"')
    assert ids(api, f"limit=2&after={made[1]}") == made[2:4]
    assert ids(api, f"limit=2&before={made[2]}") == made[:2]
    assert api.get(f"bookings?after={made[-1]}").json() == {
        "object": "list", "data": [], "has_more": False,
    }  # fmt: skip
    assert problem(api.get("bookings?after=123")) == (400, "No such booking: '123'", "after")


def test_bookings_are_filtered_by_status(api: Api, calendar: BookingCalendar) -> None:
    ahead = make_meeting(calendar)
    past = past_meeting(calendar)
    Meeting.objects.filter(pk=past.pk).update(status="no_show")
    assert ids(api, "status=no_show") == [past.public_id]
    assert set(ids(api, "status=no_show, scheduled")) == {past.public_id, ahead.public_id}
    assert ids(api, "status=canceled") == []
    said = problem(api.get("bookings?status=scheduled,gone"))
    assert said == (400, "Invalid status: 'gone'", "status")
    assert problem(api.get("bookings?status="))[::2] == (400, "status")


@pytest.mark.parametrize("name", ["owner", "host"])
def test_bookings_are_filtered_by_their_host(
    name: str, api: Api, calendar: BookingCalendar
) -> None:
    other = make_calendar(make_user(email="h@kith.test"))
    mine, theirs = make_meeting(calendar), make_meeting(other)
    assert ids(api, f"{name}={user_id(calendar.host_id)}") == [mine.public_id]
    assert ids(api, f"{name}={user_id(other.host_id)}") == [theirs.public_id]
    assert ids(api, f"{name}=123") == []


def test_bookings_are_filtered_by_calendar(api: Api, calendar: BookingCalendar) -> None:
    other = make_calendar(make_user(email="h@kith.test"))
    mine, _ = make_meeting(calendar), make_meeting(other)
    assert ids(api, f"booking_calendar={calendar.public_id}") == [mine.public_id]
    assert ids(api, "booking_calendar=123%00") == []


def test_bookings_of_a_contact_are_found_through_merges(
    api: Api, calendar: BookingCalendar
) -> None:
    ada = make_meeting(calendar)
    bob = make_meeting(calendar, soon(hour=12), name="Bob", email="bob@example.com")
    merged = {"survivor": ada.contact_public_id, "duplicates": [bob.contact_public_id]}
    assert ids(api, f"contact={bob.contact_public_id}") == [bob.public_id]
    assert api.post("contacts/merge", merged).status_code == 200
    for contact in (ada.contact_public_id, bob.contact_public_id):
        assert ids(api, f"contact={contact}") == [bob.public_id, ada.public_id]
    assert ids(api, "contact=CTC-000000000000") == []


def test_bookings_of_a_deleted_contact_are_found(
    api: Api, calendar: BookingCalendar, owner: User
) -> None:
    meeting = make_meeting(calendar)
    public_id = delete_contact(contact_id=meeting.contact_id or 0, actor=by(owner))
    assert ids(api, f"contact={public_id}") == [meeting.public_id]
    shown = api.get(f"bookings/{meeting.public_id}?expand=contact.owner,owner").json()
    assert shown["contact"] == {"id": public_id, "object": "contact", "deleted": True}
    assert shown["owner"]["email"] == owner.email


@pytest.mark.parametrize("name", ["starting_time", "creation_time", "last_updated_time"])
def test_bookings_are_filtered_by_times_strictly(
    name: str, api: Api, calendar: BookingCalendar
) -> None:
    meeting = make_meeting(calendar)
    at = timezone.now().replace(microsecond=0) + timedelta(days=2)
    Meeting.objects.update(starts_at=at, creation_time=at, last_updated_time=at)
    text, before, after = (moment(at + timedelta(seconds=s)) for s in (0, -1, 1))
    assert ids(api, f"{name}.gt={before}&{name}.lt={after}") == [meeting.public_id]
    assert ids(api, f"{name}.gt={text}") == ids(api, f"{name}.lt={text}") == []
    said = problem(api.get(f"bookings?{name}.gt={after}&{name}.lt={before}"))
    assert said == (400, f"{name}.gt cannot be later than {name}.lt", f"{name}.gt")
    said = problem(api.get(f"bookings?{name}.gt=2025-13-45T99:99:99Z"))
    assert said[:2] == (400, "Invalid date: 2025-13-45T99:99:99Z")


def test_what_a_booking_names_can_be_expanded(api: Api, calendar: BookingCalendar) -> None:
    meeting = make_meeting(calendar)
    asked = "contact.owner,owner.teams,booking_calendar.owner"
    shown = api.get(f"bookings/{meeting.public_id}?expand={asked}").json()
    assert shown["contact"]["email"] == "ada@example.com"
    assert shown["contact"]["owner"]["email"] == "owner@kith.test"
    assert shown["owner"]["object"] == "user" and shown["owner"]["teams"] == []
    assert shown["booking_calendar"]["name"] == "Tax review"
    assert shown["booking_calendar"]["owner"]["email"] == "owner@kith.test"
    [listed] = api.get("bookings?expand=data.contact").json()["data"]
    assert listed["contact"]["email"] == "ada@example.com"


def test_the_conversation_of_a_booking_can_be_expanded(
    api: Api, calendar: BookingCalendar, client: Client
) -> None:
    said = talk(client, make_bot(calendar.host, calendar=calendar), "Ada", "ada@example.com", "Tax")
    said.say(said.options[0])
    [shown] = api.get("bookings?expand=data.conversation.contact").json()["data"]
    assert shown["conversation"]["id"] == said.conversation.public_id
    assert shown["conversation"]["booking"] == shown["id"]
    assert shown["conversation"]["contact"]["email"] == "ada@example.com"
    assert {"name": "What about?", "value": "Tax"} in shown["conversation"]["answers"]
    path = f"bookings/{shown['id']}?expand=conversation.booking"
    assert api.get(path).json()["conversation"]["booking"]["id"] == shown["id"]


@pytest.mark.parametrize(
    "path", ["subject", "contact.owner.teams", "contact.email", "data.contact"]
)
def test_what_names_nothing_cannot_be_expanded(
    path: str, api: Api, calendar: BookingCalendar
) -> None:
    meeting = make_meeting(calendar)
    said = problem(api.get(f"bookings/{meeting.public_id}?expand={path}"))
    assert said == (400, f"This property cannot be expanded: {path}", "expand")


def test_a_list_asks_the_database_as_often_for_twenty_as_for_one(
    api: Api, calendar: BookingCalendar
) -> None:
    counts = []
    api.get("test")  # which notes that the key was used
    for hours in (range(1), range(1, 20)):
        for hour in hours:
            make_meeting(calendar, soon(hour=hour))
        with CaptureQueriesContext(connection) as seen:
            api.get("bookings?limit=100&expand=data.contact.owner,data.booking_calendar")
        counts.append(len(seen))
    assert counts[0] == counts[1]
