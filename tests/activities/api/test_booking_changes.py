"""What a host does to a booking, done by a key: states, words, and what it leaves behind."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from activities.models import BookedSlot, BookingCalendar, Meeting, MeetingEvent
from activities.signals import meetings_changed
from contacts.models import AuditEntry
from contacts.objects import user_id
from tests.activities.bookings import make_calendar, make_meeting, past_meeting, soon
from tests.contacts.api.client import Api, problem
from tests.contacts.pages import text_of
from tests.factories import make_user


def test_a_booking_is_canceled_with_a_reason(api: Api, calendar: BookingCalendar) -> None:
    meeting = make_meeting(calendar)
    sent = {"cancellation_reason": "Flooded office", "send_cancellation_email": True}
    answer = api.post(f"bookings/{meeting.public_id}/cancel", sent)
    assert answer.status_code == 200 and answer.json()["status"] == "canceled"
    assert answer.json()["cancel_reschedule_information"] == {
        "reason": "Flooded office", "actioned_by": "user", "user_id": None,
    }  # fmt: skip
    assert not BookedSlot.objects.exists()


def test_another_time_is_asked_for(api: Api, calendar: BookingCalendar) -> None:
    meeting = make_meeting(calendar)
    kinds: list[str] = []

    def listen(changes: list[Any], **_: Any) -> None:
        kinds.extend(change.kind for change in changes)

    meetings_changed.connect(listen)
    sent = {"reschedule_reason": "Too early"}
    answer = api.post(f"bookings/{meeting.public_id}/request-reschedule", sent)
    meetings_changed.disconnect(listen)
    assert answer.status_code == 200 and kinds == ["canceled_reschedule_requested"]
    assert Meeting.objects.get().reschedule_requested
    assert Meeting.objects.get().reason == "Too early"


@pytest.mark.parametrize("action", ["cancel", "request-reschedule", "no-show"])
def test_a_body_is_not_needed(action: str, api: Api, calendar: BookingCalendar) -> None:
    meeting = past_meeting(calendar) if action == "no-show" else make_meeting(calendar)
    assert api.post(f"bookings/{meeting.public_id}/{action}").status_code == 200


def test_a_guest_who_did_not_come_is_noted(api: Api, calendar: BookingCalendar) -> None:
    meeting = past_meeting(calendar)
    assert api.post(f"bookings/{meeting.public_id}/no-show").json()["status"] == "no_show"


@pytest.mark.parametrize(
    ("action", "status"),
    [("cancel", "canceled"), ("request-reschedule", "canceled"), ("no-show", "no_show")],
)
def test_in_another_state_nothing_is_changed(
    action: str, status: str, api: Api, calendar: BookingCalendar
) -> None:
    meeting = make_meeting(calendar)
    Meeting.objects.update(status="canceled")
    before = Meeting.objects.values().get()
    said = problem(api.post(f"bookings/{meeting.public_id}/{action}"))
    assert said == (409, f"Cannot update booking status to {status}: '{meeting.public_id}'", "id")
    assert Meeting.objects.values().get() == before


def test_nobody_has_missed_what_is_still_ahead(api: Api, calendar: BookingCalendar) -> None:
    meeting = make_meeting(calendar)
    said = problem(api.post(f"bookings/{meeting.public_id}/no-show"))
    assert said[:2] == (409, f"Cannot update booking status to no_show: '{meeting.public_id}'")


@pytest.mark.parametrize("action", ["cancel", "request-reschedule", "no-show", "reassign"])
def test_what_is_not_there_cannot_be_changed(action: str, api: Api) -> None:
    said = problem(api.post(f"bookings/123/{action}", {"owner": "USR-00000001"}))
    assert said == (404, "No such booking: '123'", "id")


def test_a_booking_is_given_to_another_host(api: Api, calendar: BookingCalendar) -> None:
    meeting, host = make_meeting(calendar), make_user(email="h@kith.test")
    answer = api.post(f"bookings/{meeting.public_id}/reassign", {"owner": user_id(host.pk)})
    assert answer.status_code == 200 and answer.json()["owner"] == user_id(host.pk)
    assert set(BookedSlot.objects.values_list("host", flat=True)) == {host.pk}


def test_a_host_who_is_not_free_is_not_given_it(api: Api, calendar: BookingCalendar) -> None:
    host = make_user(email="h@kith.test")
    make_meeting(make_calendar(host))
    meeting = make_meeting(calendar)
    path, sent = f"bookings/{meeting.public_id}/reassign", {"owner": user_id(host.pk)}
    said = (409, "The new owner is not available at the time of the booking.", "owner")
    assert problem(api.post(path, sent)) == said
    meeting.refresh_from_db()
    assert meeting.host_id == calendar.host_id


@pytest.mark.parametrize(
    ("sent", "message", "param"),
    [
        ({}, "owner is required", "owner"),
        ({"owner": None}, "owner is required", "owner"),
        ({"owner": "123"}, "Invalid owner: '123'", "owner"),
        ({"host": "USR-ZZZZZZZZ"}, "Invalid owner: 'USR-ZZZZZZZZ'", "host"),
    ],
)
def test_a_new_host_is_somebody_who_works_here(
    sent: dict[str, Any], message: str, param: str, api: Api, calendar: BookingCalendar
) -> None:
    meeting = make_meeting(calendar)
    said = problem(api.post(f"bookings/{meeting.public_id}/reassign", sent))
    assert said == (400, message, param)


def test_its_own_host_is_no_new_one(api: Api, calendar: BookingCalendar) -> None:
    path = f"bookings/{make_meeting(calendar).public_id}/reassign"
    said = problem(api.post(path, {"host": user_id(calendar.host_id)}))
    assert said == (409, "The booking has this owner already.", "host")


def test_what_has_begun_stays_with_its_host(api: Api, calendar: BookingCalendar) -> None:
    meeting, host = past_meeting(calendar), make_user(email="h@kith.test")
    said = problem(api.post(f"bookings/{meeting.public_id}/reassign", {"owner": user_id(host.pk)}))
    assert said == (409, f"Cannot reassign booking: '{meeting.public_id}'", "id")


@pytest.mark.parametrize("value", [1, True, ["a"], {}])
def test_a_reason_is_a_text(value: Any, api: Api, calendar: BookingCalendar) -> None:
    path = f"bookings/{make_meeting(calendar).public_id}/cancel"
    said = problem(api.post(path, {"cancellation_reason": value}))
    assert said[::2] == (400, "cancellation_reason")


def test_a_reason_has_a_limit(api: Api, calendar: BookingCalendar) -> None:
    path = f"bookings/{make_meeting(calendar).public_id}/request-reschedule"
    said = problem(api.post(path, {"reschedule_reason": "x" * 1001}))
    words = "Too long: 1,001 characters, at most 1,000"
    assert said == (400, f"Invalid value for reschedule_reason: {words}", "reschedule_reason")
    assert Meeting.objects.get().status == "scheduled"


def test_the_history_and_the_audit_name_the_key(
    api: Api, calendar: BookingCalendar, client: Client
) -> None:
    meeting = make_meeting(calendar)
    api.post(f"bookings/{meeting.public_id}/cancel")
    assert MeetingEvent.objects.get(kind="canceled").api_key == api.row
    entry = AuditEntry.objects.get(action="meeting.canceled")
    assert (entry.source, entry.actor) == ("api_key", None)
    assert (entry.object_id, entry.detail["key"]) == (meeting.public_id, api.row.public_id)
    client.force_login(calendar.host)
    page = client.get(reverse("meeting_detail", args=[meeting.public_id]))
    assert "Canceled by API key Warehouse" in text_of(page)


def test_the_same_request_again_gets_the_first_answer(api: Api, calendar: BookingCalendar) -> None:
    path = f"bookings/{make_meeting(calendar).public_id}/cancel"
    first = api.post(path, {}, idempotency_key="once")
    assert api.post(path, {}, idempotency_key="once").content == first.content
    assert problem(api.post(path, {}))[0] == 409
    assert MeetingEvent.objects.filter(kind="canceled").count() == 1


def test_what_is_in_the_trash_stays_as_it_is(api: Api, calendar: BookingCalendar) -> None:
    meeting = make_meeting(calendar, soon(hour=7))
    Meeting.objects.update(in_trash=True)
    assert api.get(f"bookings/{meeting.public_id}").json()["in_trash"] is True
    assert problem(api.post(f"bookings/{meeting.public_id}/cancel"))[0] == 409
