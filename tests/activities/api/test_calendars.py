"""Booking calendars: what they offer, and booking a time as a guest would."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from activities import busy
from activities.models import BookedSlot, BookingCalendar, Meeting, MeetingEvent
from activities.scheduling import Span
from contacts.models import Contact, FieldChange, OutgoingMail, User
from contacts.objects import moment, user_id
from tests.activities.bookings import make_calendar, make_meeting, soon
from tests.contacts.api.client import Api, problem
from tests.factories import make_contact, make_property, make_user

QUESTION = {
    "name": "ab12", "label": "Budget", "kind": "choice", "options": ["Low", "High"],
    "required": False, "field": "",
}  # fmt: skip


def slots(api: Api, calendar: BookingCalendar, query: str) -> Any:
    return api.get(f"booking-calendars/{calendar.public_id}/time-slots?{query}")


def wanted(start: datetime | None = None, **form: Any) -> dict[str, Any]:
    """A body that is accepted."""
    return {
        "start_time": moment(start or soon()),
        "guest_time_zone": "Europe/London",
        "booking_form": {"name": "Ada Lovelace", "email": "ada@example.com", **form},
    }


def schedule(api: Api, calendar: BookingCalendar, body: Any, **headers: str) -> Any:
    return api.post(f"booking-calendars/{calendar.public_id}/schedule", body, **headers)


def test_a_calendar_tells_what_it_asks_for(api: Api, owner: User) -> None:
    calendar = make_calendar(owner, ask_company="required", questions=[QUESTION])
    shown = api.get(f"booking-calendars/{calendar.public_id}").json()
    assert shown["object"] == "booking_calendar" and shown["owner"] == user_id(owner.pk)
    assert (shown["duration_minutes"], shown["active"]) == (30, True)
    assert shown["url"].endswith(reverse("booking_page", args=[calendar.slug]))
    fields = {each["name"]: each for each in shown.pop("booking_form")}
    assert fields["company"]["required"] and fields["ab12"]["options"] == ["Low", "High"]
    assert api.get("booking-calendars").json()["data"] == [shown]


def test_calendars_are_listed_newest_first(api: Api, owner: User) -> None:
    made = [make_calendar(owner).public_id for _ in range(3)][::-1]
    first = api.get("booking-calendars?limit=2&expand=data.owner").json()
    assert [each["id"] for each in first["data"]] == made[:2] and first["has_more"]
    assert first["data"][0]["owner"]["email"] == owner.email
    rest = api.get(f"booking-calendars?after={made[1]}").json()
    assert [each["id"] for each in rest["data"]] == made[2:]
    assert problem(api.get("booking-calendars?after=1"))[::2] == (400, "after")


@pytest.mark.parametrize("path", ["", "/time-slots"])
def test_no_such_calendar(path: str, api: Api) -> None:
    said = problem(api.get(f"booking-calendars/123{path}"))
    assert said == (404, "No such booking calendar: '123'", "id")
    said = problem(api.post("booking-calendars/123/schedule", wanted()))
    assert said == (404, "No such booking calendar: '123'", "id")


def test_time_slots_are_an_array_of_what_is_free(api: Api, calendar: BookingCalendar) -> None:
    make_meeting(calendar, soon(hour=10, minute=30))
    start, end = moment(soon(hour=10)), moment(soon(hour=11, minute=30))
    assert slots(api, calendar, f"start_time={start}&end_time={end}").json() == [
        {"start_time": start, "end_time": moment(soon(hour=10, minute=30)), "duration_minutes": 30},
        {
            "start_time": moment(soon(hour=11)),
            "end_time": moment(soon(hour=11, minute=30)),
            "duration_minutes": 30,
        },
    ]


def test_without_a_period_the_next_week_is_told(api: Api, calendar: BookingCalendar) -> None:
    told = slots(api, calendar, "").json()
    assert 330 <= len(told) <= 336
    assert told[-1]["start_time"] < (moment(timezone.now() + timedelta(days=7)) or "")


def test_times_without_a_zone_are_those_of_the_zone_that_is_sent(
    api: Api, calendar: BookingCalendar
) -> None:
    day = soon(days=5).date()
    told = slots(
        api, calendar, f"start_time={day}&end_time={day}T00:30:00&timezone=America/New_York"
    ).json()
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("America/New_York"))
    assert [each["start_time"] for each in told] == [moment(midnight.astimezone(UTC))]


@pytest.mark.parametrize(
    ("query", "message", "param"),
    [
        ("timezone=Mars/Base", "Invalid timezone: 'Mars/Base'", "timezone"),
        ("timezone=", "Invalid timezone: ''", "timezone"),
        ("start_time=soon", "Invalid date: soon", "start_time"),
        ("end_time=2025-13-45T99:99:99Z", "Invalid date: 2025-13-45T99:99:99Z", "end_time"),
        ("start_time=9999-12-31", "Invalid date: 9999-12-31", "start_time"),
        (
            "start_time=2030-01-02&end_time=2030-01-01",
            "start_time cannot be later than end_time",
            "start_time",
        ),
        (
            "start_time=2030-01-01&end_time=2031-01-01",
            "end_time: at most 62 days after start_time",
            "end_time",
        ),
    ],
)
def test_a_period_that_is_none_is_refused(
    query: str, message: str, param: str, api: Api, calendar: BookingCalendar
) -> None:
    assert problem(slots(api, calendar, query)) == (400, message, param)


@pytest.mark.parametrize("year", ["0001", "1970", "9998"])
def test_far_away_nothing_is_free(year: str, api: Api, calendar: BookingCalendar) -> None:
    period = f"start_time={year}-01-01&end_time={year}-02-01"
    assert slots(api, calendar, period).json() == []


def test_a_closed_calendar_offers_and_takes_nothing(api: Api, owner: User) -> None:
    calendar = make_calendar(owner, archived_at=timezone.now())
    assert slots(api, calendar, "").json() == []
    assert problem(schedule(api, calendar, wanted()))[0] == 400
    assert api.get(f"booking-calendars/{calendar.public_id}").json()["active"] is False


def test_what_cannot_be_read_is_not_told_as_nothing(api: Api, calendar: BookingCalendar) -> None:
    def unknown(host_id: int, start: datetime, end: datetime) -> list[Span]:
        raise busy.BusyUnknown

    busy.register("test", unknown)
    answer = slots(api, calendar, "")
    busy.forget("test")
    assert answer.status_code == 409 and answer["Retry-After"] == "60"


def test_a_time_is_booked_and_its_contact_made(api: Api, calendar: BookingCalendar) -> None:
    answer = schedule(api, calendar, {**wanted(phone="+442079460958"), "location": {"type": "x"}})
    meeting = Meeting.objects.get()
    assert (answer.status_code, answer.json()) == (200, {"id": meeting.public_id})
    assert (meeting.source, meeting.starts_at, meeting.status) == ("api", soon(), "scheduled")
    assert meeting.guest_time_zone == "Europe/London" and BookedSlot.objects.count() == 6
    contact = Contact.objects.get()
    assert (contact.first_name, contact.email) == ("Ada", "ada@example.com")
    assert contact.phone == meeting.guest_phone == "+442079460958"
    assert meeting.contact == contact and contact.owner == calendar.host


def test_a_booking_finds_its_contact(api: Api, calendar: BookingCalendar, owner: User) -> None:
    ada = make_contact(owner, first_name="Ada", email="ada@example.com")
    schedule(api, calendar, wanted(company="Engines"))
    assert Meeting.objects.get().contact == ada
    ada.refresh_from_db()
    assert ada.company == "Engines"
    assert FieldChange.objects.get(field="company").api_key == api.row


def test_the_history_of_a_booking_names_the_key(api: Api, calendar: BookingCalendar) -> None:
    schedule(api, calendar, wanted())
    event = MeetingEvent.objects.get()
    assert (event.kind, event.api_key) == ("scheduled", api.row)


def test_the_host_is_told_as_of_any_other_booking(api: Api, owner: User) -> None:
    schedule(api, make_calendar(owner, tell_host=True), wanted())
    assert OutgoingMail.objects.get().user == owner


@pytest.mark.parametrize("name", ["start_time", "guest_time_zone", "booking_form"])
@pytest.mark.parametrize("value", [None, ""])
def test_required_fields_are_required(
    name: str, value: Any, api: Api, calendar: BookingCalendar
) -> None:
    body = {**wanted(), name: value}
    if value == "" and name == "booking_form":
        body[name] = {}
    if value is None:
        body.pop(name)
    said = problem(schedule(api, calendar, body))
    assert said == (400, "Required fields are missing.", name)
    assert not Meeting.objects.exists() and not Contact.objects.exists()


@pytest.mark.parametrize("name", ["name", "email", "company"])
def test_what_the_calendar_requires_is_required(name: str, api: Api, owner: User) -> None:
    calendar = make_calendar(owner, ask_company="required")
    body = wanted(company="Engines")
    body["booking_form"].pop(name)
    assert problem(schedule(api, calendar, body)) == (400, "Required fields are missing.", name)


@pytest.mark.parametrize(
    "start",
    [soon(minute=10), soon(days=90), soon(days=-3), datetime(9999, 12, 31, 23, 59, tzinfo=UTC),
     datetime(1, 1, 1, tzinfo=UTC)],
)  # fmt: skip
def test_a_time_that_is_not_offered_is_not_available(
    start: datetime, api: Api, calendar: BookingCalendar
) -> None:
    said = problem(schedule(api, calendar, wanted(start)))
    assert said == (400, "The selected start time is not available.", "start_time")


def test_a_time_is_booked_once(api: Api, calendar: BookingCalendar) -> None:
    assert schedule(api, calendar, wanted()).status_code == 200
    said = problem(schedule(api, calendar, wanted(email="bob@example.com")))
    assert said == (400, "The selected start time is not available.", "start_time")
    assert Contact.objects.count() == 1


def test_the_same_request_again_is_one_booking(api: Api, calendar: BookingCalendar) -> None:
    first = schedule(api, calendar, wanted(), idempotency_key="k")
    assert schedule(api, calendar, wanted(), idempotency_key="k").content == first.content
    assert Meeting.objects.count() == 1


@pytest.mark.parametrize(
    ("form", "message", "param"),
    [
        ({"email": "john.doe@invalid"}, "Invalid email format: 'john.doe@invalid'", "email"),
        ({"mobile_phone": "12"}, "Invalid phone format: '12'", "mobile_phone"),
        ({"phone": "+91999999"}, "Invalid phone format: '+91999999'", "phone"),
        ({"shoe_size": "9"}, "Unsupported field", "shoe_size"),
        ({"owner": "USR-00000001"}, "Unsupported field", "owner"),
        ({"note": {}}, "Invalid value for note: Use a text, or a list of texts", "note"),
        ({"ab12": "Huge"}, "Invalid value for ab12: Choose one of the answers", "ab12"),
    ],
)
def test_details_that_cannot_be_are_refused(
    form: dict[str, Any], message: str, param: str, api: Api, owner: User
) -> None:
    calendar = make_calendar(owner, questions=[QUESTION])
    assert problem(schedule(api, calendar, wanted(**form))) == (400, message, param)
    assert not Meeting.objects.exists()


def test_a_zone_that_does_not_exist_is_refused(api: Api, calendar: BookingCalendar) -> None:
    said = problem(schedule(api, calendar, {**wanted(), "guest_time_zone": "Mars/Base"}))
    assert said == (400, "Invalid timezone: 'Mars/Base'", "guest_time_zone")


def test_answers_go_by_the_names_of_questions_and_of_contact_fields(api: Api, owner: User) -> None:
    tier = make_property("Tier", "select", "Gold", "Silver")
    calendar = make_calendar(owner, questions=[QUESTION], ask_guests=False)
    name = tier.name.removeprefix("custom_")
    form: dict[str, Any] = {
        "ab12": "High",
        name: "Gold",
        "city": "Bath",
        "guests": ["bob@example.com"],
    }
    assert schedule(api, calendar, wanted(**form)).status_code == 200
    contact = Contact.objects.get()
    assert contact.city == "Bath"
    meeting = Meeting.objects.get()
    answers = {each["label"]: each["value"] for each in meeting.answers}
    assert answers == {"Budget": "High", "Tier": "Gold", "City": "Bath"}
    assert meeting.guests == ["bob@example.com"]
    assert BookingCalendar.objects.get().questions == [QUESTION]


def test_the_page_of_a_calendar_no_longer_offers_what_the_api_has_booked(
    api: Api, calendar: BookingCalendar
) -> None:
    schedule(api, calendar, wanted())
    start = moment(soon())
    assert slots(api, calendar, f"start_time={start}&end_time={moment(soon(hour=11))}").json()[0][
        "start_time"
    ] == moment(soon(minute=30))


def test_no_booking_of_somebody_who_left(api: Api) -> None:
    calendar = make_calendar(make_user(email="gone@kith.test", is_active=False))
    said = problem(schedule(api, calendar, wanted()))
    assert said == (400, "The selected start time is not available.", "start_time")
