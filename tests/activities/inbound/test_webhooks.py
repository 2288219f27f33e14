"""Webhooks of other schedulers: what becomes of bookings, in whatever order they are told."""

import itertools
import json
import time
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from activities.inbound.applying import forget_old_events
from activities.models import (
    BookedSlot,
    ExternalBooking,
    Meeting,
    SchedulerConnection,
    SchedulerEvent,
)
from contacts.deleting import delete_contact
from contacts.models import Contact, Suggestion, User
from tests.activities.bookings import make_calendar, make_meeting, send, soon
from tests.activities.inbound.webhooks import (
    calcom,
    calendly,
    invitee,
    make_connection,
    post,
    signature,
    stamp,
    take,
)
from tests.contacts.pages import text_of
from tests.factories import by, make_user


@pytest.fixture
def connection(admin_user: User) -> SchedulerConnection:
    return make_connection(admin_user)


@pytest.fixture
def by_calendly(admin_user: User) -> SchedulerConnection:
    return make_connection(admin_user, "calendly")


def only_meeting() -> Meeting:
    return Meeting.objects.get()


def outcomes() -> list[str]:
    """What the log says, oldest first."""
    return list(SchedulerEvent.objects.order_by("pk").values_list("outcome", flat=True))


# --- bookings


def test_a_booking_of_calcom_becomes_a_meeting_of_its_organizer(
    connection: SchedulerConnection,
) -> None:
    host = make_user(email="host@kith.test")
    take(connection, calcom())
    meeting = only_meeting()
    assert (meeting.subject, meeting.source, meeting.status) == ("Introductory call", "scheduler", "scheduled")  # fmt: skip
    assert (meeting.host, meeting.starts_at, meeting.duration_minutes) == (host, soon(), 30)
    assert (meeting.guest_note, meeting.guests) == ("Two\nlines", ["bob@example.com"])
    assert (meeting.join_url, meeting.location) == ("https://video.example.com/room", "")
    assert meeting.answers == [
        {"name": "a0", "label": "What about?", "field": "", "value": "Tax, VAT"}
    ]
    contact = meeting.contact
    assert contact and (contact.display_name, contact.owner) == ("Ada Lovelace", host)
    assert (contact.timezone, contact.upcoming_meetings) == ("Europe/London", 1)


def test_a_booking_of_calendly_goes_to_the_host_of_the_connection(
    by_calendly: SchedulerConnection,
) -> None:
    take(by_calendly, calendly())
    meeting = only_meeting()
    assert meeting.host == by_calendly.host and meeting.location == "Room 4"
    assert (meeting.guest_mobile_phone, meeting.guest_time_zone) == (
        "+12025550101", "America/New_York",
    )  # fmt: skip
    assert meeting.guests == ["bob@example.com"] and meeting.answers[0]["value"] == "Tax"
    assert meeting.contact and meeting.contact.mobile_phone == "+12025550101"


def test_somebody_known_is_recognised_and_what_differs_is_suggested(
    by_calendly: SchedulerConnection, ada: Contact
) -> None:
    take(by_calendly, calendly(name="Augusta King"))
    assert only_meeting().contact == ada and Contact.objects.count() == 1
    assert set(Suggestion.objects.values_list("field", flat=True)) == {"first_name", "last_name"}


def test_a_guest_without_a_good_address_has_a_meeting_all_the_same(
    by_calendly: SchedulerConnection,
) -> None:
    take(by_calendly, calendly(email="nobody", name=" ", text_reminder_number="12"))
    assert only_meeting().contact is None and not Contact.objects.exists()


def test_a_host_who_is_busy_has_both_meetings_and_no_third_one(
    client: Client, connection: SchedulerConnection
) -> None:
    calendar = make_calendar(connection.host)
    make_meeting(calendar, soon(), email="first@example.com")
    take(connection, calcom(start=soon() - timedelta(minutes=15), minutes=60))
    assert Meeting.objects.count() == 2
    external = Meeting.objects.get(source="scheduler")
    assert external.slots.count() == 6  # of twelve: half of the hour was taken
    assert send(client, calendar, start=soon(minute=30)).status_code == 409


def test_a_move_and_a_cancellation_of_calcom(connection: SchedulerConnection) -> None:
    later = soon(days=4)
    take(
        connection,
        calcom(),
        calcom("BOOKING_RESCHEDULED", "uid-2", later, rescheduleUid="uid-1"),
    )
    meeting = only_meeting()
    assert (meeting.status, meeting.starts_at) == ("rescheduled", later)
    assert set(meeting.slots.values_list("slot", flat=True)) == {
        int(later.timestamp()) // 300 + n for n in range(6)
    }
    take(connection, calcom("BOOKING_CANCELLED", "uid-2", cancellationReason="Ill"))
    meeting.refresh_from_db()
    assert (meeting.status, meeting.reason, meeting.actioned_by) == ("canceled", "Ill", "customer")
    assert not BookedSlot.objects.exists() and meeting.contact
    meeting.contact.refresh_from_db()
    assert meeting.contact.upcoming_meetings == 0


def test_a_move_and_a_cancellation_of_calendly(by_calendly: SchedulerConnection) -> None:
    later = soon(days=4)
    take(
        by_calendly,
        calendly(),
        calendly("invitee.canceled", "1", rescheduled=True, new_invitee=invitee("2")),
        calendly("invitee.created", "2", later, old_invitee=invitee("1")),
    )
    meeting = only_meeting()
    assert (meeting.status, meeting.starts_at) == ("rescheduled", later)
    reason = {"reason": "On holiday", "canceler_type": "host"}
    take(by_calendly, calendly("invitee.canceled", "2", cancellation=reason))
    meeting.refresh_from_db()
    assert (meeting.status, meeting.reason, meeting.actioned_by) == (
        "canceled", "On holiday", "user",
    )  # fmt: skip


def test_a_booking_that_keeps_its_id_moves_by_the_newest_time(
    connection: SchedulerConnection,
) -> None:
    now = timezone.now()
    move = calcom("BOOKING_RESCHEDULED", start=soon(days=4), rescheduleUid="uid-1", sent=now)
    late = calcom("BOOKING_RESCHEDULED", start=soon(days=5), rescheduleUid="uid-1",
                  sent=now - timedelta(minutes=5))  # fmt: skip
    take(connection, calcom(sent=now - timedelta(hours=1)), move, late)
    assert only_meeting().starts_at == soon(days=4)


def test_the_page_of_the_meeting_says_where_to_change_it(
    as_admin: Client, connection: SchedulerConnection
) -> None:
    take(connection, calcom())
    page = as_admin.get(reverse("meeting_detail", args=[only_meeting().public_id]))
    assert "Booked through another scheduler, which is not told" in text_of(page)


# --- again, and in any order


def test_the_same_body_again_changes_nothing(connection: SchedulerConnection) -> None:
    booking, cancellation = calcom(), calcom("BOOKING_CANCELLED")
    take(connection, booking, booking, cancellation, booking, cancellation)
    meeting = only_meeting()
    assert meeting.status == "canceled" and outcomes() == ["booked", "canceled"]
    assert list(meeting.events.values_list("kind", flat=True)) == ["scheduled", "canceled"]


def test_the_same_booking_told_in_other_words_is_one_meeting(
    connection: SchedulerConnection,
) -> None:
    take(connection, calcom(), calcom(additionalNotes="again"))
    assert only_meeting().status == "scheduled" and outcomes() == ["booked", "nothing"]


def story(kind: str) -> list[dict[str, Any]]:
    """Booked, moved twice, and called off."""
    if kind == "calcom":
        return [
            calcom(uid="A"),
            calcom("BOOKING_RESCHEDULED", "B", soon(days=4), rescheduleUid="A"),
            calcom("BOOKING_RESCHEDULED", "C", soon(days=5), rescheduleUid="B"),
            calcom("BOOKING_CANCELLED", "C"),
        ]
    return [
        calendly(uid="A"),
        calendly("invitee.created", "B", soon(days=4), old_invitee=invitee("A")),
        calendly("invitee.created", "C", soon(days=5), old_invitee=invitee("B")),
        calendly("invitee.canceled", "C"),
    ]


@pytest.mark.parametrize("order", [*itertools.permutations(range(4))][1::3], ids=str)
def test_in_whatever_order_a_story_is_told_nothing_is_left_to_take_place(
    connection: SchedulerConnection, order: tuple[int, ...]
) -> None:
    hooks = story("calcom")
    take(connection, *(hooks[n] for n in order))
    assert not Meeting.objects.upcoming().exists() and not BookedSlot.objects.exists()
    assert Meeting.objects.filter(status="canceled").exists()
    before = list(Meeting.objects.order_by("pk").values())
    take(connection, *hooks)
    assert list(Meeting.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
@pytest.mark.parametrize("kind", ["calcom", "calendly"])
def test_in_whatever_order_a_booking_is_moved_it_ends_at_its_last_time(
    admin_user: User, kind: str, order: tuple[int, ...]
) -> None:
    connection, hooks = make_connection(admin_user, kind), story(kind)[:3]
    take(connection, *(hooks[n] for n in order))
    ahead = Meeting.objects.upcoming()
    assert [meeting.starts_at for meeting in ahead] == [soon(days=5)]
    slots = BookedSlot.objects.exclude(meeting=ahead[0])
    assert not slots.exists()


def test_a_cancellation_that_comes_first_is_remembered(connection: SchedulerConnection) -> None:
    take(connection, calcom("BOOKING_CANCELLED"))
    assert not Meeting.objects.exists() and outcomes() == ["early"]
    take(connection, calcom())
    meeting = only_meeting()
    assert meeting.status == "canceled" and not meeting.slots.exists()
    assert meeting.contact and meeting.contact.upcoming_meetings == 0


def test_one_called_off_to_be_booked_again_names_its_successor(
    connection: SchedulerConnection,
) -> None:
    again = calcom("BOOKING_RESCHEDULED", "uid-2", soon(days=4), rescheduleUid="uid-1")
    take(connection, calcom(), calcom("BOOKING_CANCELLED"), again)
    first, second = Meeting.objects.order_by("pk")
    assert first.status == "canceled" and first.rescheduled_to == second
    assert second.starts_at == soon(days=4)


def test_what_is_over_or_was_called_off_here_stays(connection: SchedulerConnection) -> None:
    begun = timezone.now() - timedelta(hours=3)
    take(connection, calcom(start=begun), calcom("BOOKING_CANCELLED"))
    assert only_meeting().status == "scheduled" and not BookedSlot.objects.exists()
    assert outcomes() == ["booked", "nothing"]


def test_connections_do_not_know_each_others_bookings(
    connection: SchedulerConnection, admin_user: User
) -> None:
    take(connection, calcom())
    take(make_connection(admin_user), calcom("BOOKING_CANCELLED"))
    assert only_meeting().status == "scheduled"


def test_a_deleted_contacts_meeting_can_still_be_called_off(
    connection: SchedulerConnection,
) -> None:
    take(connection, calcom())
    delete_contact(contact_id=only_meeting().contact_id or 0, actor=by())
    take(connection, calcom("BOOKING_CANCELLED"))
    assert only_meeting().status == "canceled" and not Contact.objects.exists()


# --- what is refused


def test_unsigned_forged_and_stale_ones_are_refused_without_a_word(
    connection: SchedulerConnection, by_calendly: SchedulerConnection
) -> None:
    for one, hook in ((connection, calcom()), (by_calendly, calendly())):
        body = json.dumps(hook).encode()
        forged = signature(one.kind, body, "guessed")
        of_another = signature(one.kind, body + b" ")
        header = next(iter(forged))
        for headers in ({}, forged, of_another, {header: "v1=,t="}, {header: "ünsinn" * 9}):
            response = post(one, body, headers)
            assert (response.status_code, response.content) == (401, b"")
    assert not Meeting.objects.exists() and not SchedulerEvent.objects.exists()
    connection.refresh_from_db()
    assert connection.refused_why == "not signed" and connection.received_at is None


@pytest.mark.parametrize(("seconds", "status"), [(170, 200), (190, 401), (-190, 401)])
def test_calendlys_time_may_be_three_minutes_off(
    by_calendly: SchedulerConnection, seconds: int, status: int
) -> None:
    body = json.dumps(calendly()).encode()
    headers = signature("calendly", body, at=time.time() - seconds)
    assert post(by_calendly, body, headers).status_code == status


def test_calcoms_time_may_be_a_day_off(connection: SchedulerConnection) -> None:
    old = calcom(sent=timezone.now() - timedelta(hours=25))
    assert post(connection, old).status_code == 401
    take(connection, calcom(sent=timezone.now() - timedelta(hours=23)))
    assert Meeting.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"[" * 100_000, b'{"triggerEvent": 7}', b'"\\ud800"',
        b'{"triggerEvent": "BOOKING_CREATED"}',
        b'{"triggerEvent": "BOOKING_CREATED", "createdAt": "soon", "payload": {}}',
    ],
)  # fmt: skip
def test_signed_nonsense_makes_no_meeting_and_no_error(
    connection: SchedulerConnection, body: bytes
) -> None:
    assert post(connection, body).status_code in {200, 400}
    assert not Meeting.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"uid": None}, {"uid": "x" * 301}, {"uid": ["a"]}, {"startTime": "2026-01-01T10:00:00"},
        {"endTime": stamp(soon() - timedelta(hours=1))},
        {"endTime": stamp(soon() + timedelta(days=8))},
    ],
)  # fmt: skip
def test_a_booking_without_its_essentials_is_noted_as_unreadable(
    connection: SchedulerConnection, wrong: dict[str, Any]
) -> None:
    assert post(connection, calcom(**wrong)).status_code == 400
    assert outcomes() == ["unreadable"] and not Meeting.objects.exists()


@pytest.mark.parametrize(
    "odd",
    [
        {"attendees": None}, {"attendees": "Ada"}, {"responses": [1]}, {"organizer": []},
        {"metadata": {"videoCallUrl": "javascript:alert(1)"}}, {"title": 7, "eventTitle": None},
        {"location": "x" * 10_000}, {"responses": {"a": {"label": None, "value": {"b": 1}}}},
        {"attendees": [{"name": "<script>alert(1)</script>\x00", "email": "a@b\r\nBcc: x"}]},
    ],
)  # fmt: skip
def test_a_booking_with_odd_details_is_kept_without_them(
    connection: SchedulerConnection, odd: dict[str, Any]
) -> None:
    take(connection, calcom(**odd))
    meeting = only_meeting()
    assert "javascript" not in meeting.join_url and "\x00" not in meeting.guest_name


def test_other_events_are_taken_and_left_alone(connection: SchedulerConnection) -> None:
    take(connection, calcom("MEETING_ENDED"), {"triggerEvent": "PING", "createdAt": "now"})
    assert outcomes() == ["ignored", "ignored"] and not ExternalBooking.objects.exists()


def test_addresses_sizes_methods_and_numbers_have_their_limits(
    connection: SchedulerConnection, settings: Any
) -> None:
    url = reverse("scheduler_hook", args=[connection.address])
    assert Client().get(url).status_code == 405
    assert Client().post("/hooks/" + "0" * 40 + "/").status_code == 404
    assert Client().post("/hooks/a%00b/").status_code == 404
    assert post(connection, b"x" * 300_000).status_code == 413
    settings.WEBHOOKS_PER_ADDRESS = 1
    assert [post(connection, calcom()).status_code for _ in range(2)] == [200, 429]


def test_a_closed_connection_is_not_there(connection: SchedulerConnection) -> None:
    SchedulerConnection.objects.update(closed_at=timezone.now())
    assert post(connection, calcom()).status_code == 404


def test_the_log_goes_after_a_month_and_a_replay_still_changes_nothing(
    connection: SchedulerConnection,
) -> None:
    take(connection, calcom())
    SchedulerEvent.objects.update(received_at=timezone.now() - timedelta(days=31))
    forget_old_events()
    assert not SchedulerEvent.objects.exists()
    take(connection, calcom())
    assert Meeting.objects.count() == 1


def test_the_log_holds_nothing_of_the_guest(connection: SchedulerConnection) -> None:
    take(connection, calcom())
    logged = str(list(SchedulerEvent.objects.values())) + str(
        list(ExternalBooking.objects.values())
    )
    assert "@" not in logged and "lovelace" not in logged.lower()
