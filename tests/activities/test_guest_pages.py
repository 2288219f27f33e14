"""The guest's link: see, download, cancel, move; a made-up one is like nothing."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from activities import guest_links
from activities.ics import invitation
from activities.models import BookingCalendar, Meeting
from activities.services import cancel, reassign
from activities.signals import Doer
from activities.views.public import read_start
from contacts.models import User
from tests.activities.bookings import HOST, make_calendar, make_meeting, past_meeting, soon
from tests.contacts.pages import read, text_of
from tests.factories import make_user

LATER = f"{soon(hour=15):%Y-%m-%dT%H:%M}Z"


@pytest.fixture
def calendar(member: User) -> BookingCalendar:
    return make_calendar(member, location="Room 4")


@pytest.fixture
def meeting(calendar: BookingCalendar) -> Meeting:
    return make_meeting(calendar, time_zone="America/New_York", note="Tea")


def url(name: str, meeting: Meeting) -> str:
    return reverse(name, args=[guest_links.token_of(meeting)])


def test_the_page_shows_the_meeting_in_the_guests_zone(client: Client, meeting: Meeting) -> None:
    text = text_of(client.get(url("guest_meeting", meeting)))
    local = soon().astimezone(ZoneInfo("America/New_York"))
    for words in ("Tax review", f"{local:%H:%M}", "America/New_York time", "Room 4", "Tea"):
        assert words in text
    assert meeting.tracking_id in text and meeting.public_id not in text


@pytest.mark.parametrize("page", ["", "cancel/", "reschedule/", "meeting.ics"])
def test_a_forged_or_foreign_link_is_like_nothing(
    client: Client, meeting: Meeting, page: str
) -> None:
    token = guest_links.token_of(meeting)
    forged = ("0" * 64, token[:-1] + ("0" if token[-1] != "0" else "1"), token.upper(), token + "0",
              meeting.public_id, meeting.guest_nonce, meeting.guest_token_hash, "a\x00b")  # fmt: skip
    answers = [client.get(f"/booked/{each}/{page}") for each in forged]
    posted = [client.post(f"/booked/{each}/cancel/") for each in forged]
    assert {answer.status_code for answer in answers + posted} == {404}
    assert len({answer.content for answer in answers}) == 1
    meeting.refresh_from_db()
    assert meeting.status == "scheduled"


def test_the_database_holds_no_link(client: Client, meeting: Meeting) -> None:
    row = Meeting.objects.filter(pk=meeting.pk).values().get()
    assert guest_links.token_of(meeting) not in [str(value) for value in row.values()]


def test_links_outlive_a_new_secret_key_and_are_made_anew_when_the_old_one_goes(
    client: Client, meeting: Meeting, settings: Any
) -> None:
    old, link = settings.SECRET_KEY, url("guest_meeting", meeting)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key, long enough to be one", [old]
    assert client.get(link).status_code == 200 and url("guest_meeting", meeting) == link
    settings.SECRET_KEY_FALLBACKS = []
    assert client.get(link).status_code == 200  # known by its digest
    fresh = url("guest_meeting", meeting)
    assert fresh != link and client.get(fresh).status_code == 200


def test_cancel_asks_first_and_tells_the_host_why(client: Client, meeting: Meeting) -> None:
    asked = client.get(url("guest_cancel", meeting))
    assert "Cancel this meeting?" in text_of(asked)
    meeting.refresh_from_db()
    assert meeting.status == "scheduled"
    answer = client.post(url("guest_cancel", meeting), {"reason": "Down with a cold"}, follow=True)
    assert "Meeting canceled" in text_of(answer)
    meeting.refresh_from_db()
    assert (meeting.status, meeting.reason, meeting.actioned_by) == (
        "canceled", "Down with a cold", "customer",
    )  # fmt: skip


def test_a_reason_that_is_too_long_stays_in_its_field(client: Client, meeting: Meeting) -> None:
    answer = client.post(url("guest_cancel", meeting), {"reason": "x" * 1001})
    assert answer.status_code == 422 and "at most 1,000" in text_of(answer)
    assert read(answer).values["reason"] == "x" * 1001


@pytest.mark.parametrize("page", ["guest_cancel", "guest_reschedule"])
def test_what_is_settled_can_no_longer_be_changed(
    client: Client, meeting: Meeting, page: str
) -> None:
    cancel(meeting_id=meeting.pk, doer=HOST, reason="Snow")
    for answer in (
        client.get(url(page, meeting)),
        client.post(url(page, meeting), {"start": LATER}),
    ):
        assert answer.status_code == 409
        assert "can no longer be changed" in text_of(answer) and "Snow" in text_of(answer)


def test_a_meeting_that_is_over_says_so(client: Client, calendar: BookingCalendar) -> None:
    over = past_meeting(calendar)
    assert client.post(url("guest_cancel", over)).status_code == 409


def test_reschedule_shows_free_times_then_asks_then_moves(client: Client, meeting: Meeting) -> None:
    link = url("guest_reschedule", meeting)
    assert f"start={LATER}" in client.get(link).content.decode()
    asked = client.get(link, {"start": LATER})
    assert "Move the meeting?" in text_of(asked)
    answer = client.post(link, read(asked).values | {"reason": "School run"}, follow=True)
    assert "Meeting rescheduled" in text_of(answer)
    meeting.refresh_from_db()
    assert (meeting.status, meeting.starts_at, meeting.reason) == (
        "rescheduled", soon(hour=15), "School run",
    )  # fmt: skip


def test_a_time_taken_meanwhile_offers_others_and_keeps_the_reason(
    client: Client, meeting: Meeting, calendar: BookingCalendar
) -> None:
    make_meeting(calendar, soon(hour=15), email="other@example.com")
    link = url("guest_reschedule", meeting)
    assert client.get(link, {"start": LATER}).status_code == 409
    answer = client.post(link, {"start": LATER, "tz": "UTC", "reason": "School run"})
    assert answer.status_code == 409 and "has just been taken" in text_of(answer)
    assert read(answer).values["reason"] == "School run"
    assert f'value="{soon(hour=14):%Y-%m-%dT%H:%M}Z"' in answer.content.decode()
    meeting.refresh_from_db()
    assert meeting.starts_at == soon()


def test_a_guest_who_is_asked_for_another_time_takes_one(client: Client, meeting: Meeting) -> None:
    cancel(meeting_id=meeting.pk, doer=HOST, ask_for_another=True)
    assert "asks you to choose another time" in text_of(client.get(url("guest_meeting", meeting)))
    answer = client.post(
        url("guest_reschedule", meeting), {"start": LATER, "tz": "UTC"}, follow=True
    )
    assert "Meeting booked" in text_of(answer)
    meeting.refresh_from_db()
    assert meeting.rescheduled_to and meeting.rescheduled_to.starts_at == soon(hour=15)


def test_who_books_again_is_offered_the_times_of_the_calendars_host(
    client: Client, meeting: Meeting, calendar: BookingCalendar
) -> None:
    colleague = make_user(first_name="Carl", last_name="Other")
    reassign(meeting_id=meeting.pk, host=colleague, doer=HOST)
    make_meeting(calendar, soon(hour=15), email="other@example.com")  # Mia's time
    make_meeting(make_calendar(colleague), soon(hour=16), email="o@example.com")  # not hers
    cancel(meeting_id=meeting.pk, doer=Doer("user", colleague), ask_for_another=True)
    assert "Carl Other canceled this meeting" in text_of(client.get(url("guest_meeting", meeting)))
    times = client.get(url("guest_reschedule", meeting)).content.decode()
    free = LATER.replace("T15", "T16")
    assert f"start={LATER}" not in times and f"start={free}" in times
    asked = client.get(url("guest_reschedule", meeting), {"start": free})
    assert "Book this time?" in text_of(asked) and "WithMia" in text_of(asked)


def test_with_a_host_who_has_left_a_meeting_can_only_be_canceled(
    client: Client, meeting: Meeting
) -> None:
    User.objects.filter(pk=meeting.host_id).update(is_active=False)
    shown = client.get(url("guest_meeting", meeting))
    assert "takes no meetings at present" in text_of(shown)
    assert "Cancel meeting" in text_of(shown) and "Reschedule" not in text_of(shown)
    answer = client.post(url("guest_reschedule", meeting), {"start": LATER, "tz": "UTC"})
    assert answer.status_code == 409 and "takes no meetings at present" in text_of(answer)
    assert client.post(url("guest_cancel", meeting)).status_code == 302


def test_nobody_books_again_with_a_host_who_has_left(client: Client, meeting: Meeting) -> None:
    cancel(meeting_id=meeting.pk, doer=HOST, ask_for_another=True)
    User.objects.filter(pk=meeting.host_id).update(is_active=False)
    assert "Choose a time" not in text_of(client.get(url("guest_meeting", meeting)))
    answer = client.post(url("guest_reschedule", meeting), {"start": LATER, "tz": "UTC"})
    assert answer.status_code == 409 and Meeting.objects.count() == 1


def test_a_canceled_meeting_leads_on(
    client: Client, meeting: Meeting, calendar: BookingCalendar
) -> None:
    client.post(url("guest_cancel", meeting))
    booking = reverse("booking_page", args=[calendar.slug])
    assert f'href="{booking}"' in client.get(url("guest_meeting", meeting)).content.decode()
    BookingCalendar.objects.update(archived_at=timezone.now())
    assert "Book another time" not in text_of(client.get(url("guest_meeting", meeting)))


def test_a_meeting_that_was_booked_again_leads_to_the_new_one(
    client: Client, meeting: Meeting
) -> None:
    cancel(meeting_id=meeting.pk, doer=HOST, ask_for_another=True)
    client.post(url("guest_reschedule", meeting), {"start": LATER, "tz": "UTC"})
    new = Meeting.objects.exclude(pk=meeting.pk).get()
    page = client.get(url("guest_meeting", meeting)).content.decode()
    assert f'href="{url("guest_meeting", new)}"' in page and "Book another time" not in page


def test_a_time_outside_the_hours_is_not_said_to_be_taken(client: Client, meeting: Meeting) -> None:
    past = {"start": "2020-01-06T10:00Z", "tz": "UTC"}
    link = url("guest_reschedule", meeting)
    for answer in (client.get(link, past), client.post(link, past)):
        assert answer.status_code == 409 and "That time cannot be booked" in text_of(answer)


def test_a_meeting_is_not_moved_to_the_time_that_it_has(client: Client, meeting: Meeting) -> None:
    same = {"start": f"{meeting.starts_at:%Y-%m-%dT%H:%M}Z", "tz": "UTC"}
    link = url("guest_reschedule", meeting)
    for answer in (client.get(link, same), client.post(link, same)):
        assert answer.status_code == 409 and "the time that the meeting has" in text_of(answer)
    meeting.refresh_from_db()
    assert (meeting.status, meeting.sequence) == ("scheduled", 0)


# --- the file for a calendar


def event_of(body: bytes) -> tuple[Any, Any]:
    calendar: Any = Calendar.from_ical(body)
    (event,) = calendar.events
    return calendar, event


def test_the_file_is_the_meeting(client: Client, meeting: Meeting) -> None:
    answer = client.get(url("guest_ics", meeting))
    assert answer["Content-Type"] == "text/calendar; charset=utf-8; method=PUBLISH"
    assert "attachment" in answer["Content-Disposition"]
    file, event = event_of(answer.content)
    assert file["METHOD"] == "PUBLISH" and event["SEQUENCE"] == 0 and "ATTENDEE" not in event
    start = event["DTSTART"]
    assert start.params["TZID"] == "America/New_York" and start.dt.astimezone(UTC) == soon()
    assert event["SUMMARY"] == "Tax review" and event["LOCATION"] == "Room 4"
    assert event["ORGANIZER"] == "mailto:member@kith.test"
    assert url("guest_meeting", meeting) in event["DESCRIPTION"]
    assert [str(zone.tz_name) for zone in file.timezones] == ["America/New_York"]
    lines = answer.content.split(b"\r\n")
    assert b"\n" not in b"".join(lines) and all(len(line) <= 75 for line in lines)


def test_a_later_state_has_the_same_uid_and_a_higher_sequence(
    client: Client, meeting: Meeting
) -> None:
    _, first = event_of(client.get(url("guest_ics", meeting)).content)
    client.post(url("guest_reschedule", meeting), {"start": LATER, "tz": "UTC"})
    _, moved = event_of(client.get(url("guest_ics", meeting)).content)
    client.post(url("guest_cancel", meeting))
    file, gone = event_of(client.get(url("guest_ics", meeting)).content)
    assert first["UID"] == moved["UID"] == gone["UID"]
    assert [each["SEQUENCE"] for each in (first, moved, gone)] == [0, 1, 2]
    assert (file["METHOD"], gone["STATUS"]) == ("CANCEL", "CANCELLED")


def test_an_invitation_names_its_guests(calendar: BookingCalendar) -> None:
    meeting = make_meeting(calendar, guests=("charles@example.com",))
    file, event = event_of(invitation(meeting, url="https://kith.test/", to_guest=True))
    assert file["METHOD"] == "REQUEST"
    assert [str(each) for each in event["ATTENDEE"]] == [
        "mailto:ada@example.com", "mailto:charles@example.com",
    ]  # fmt: skip


@pytest.mark.parametrize("zone", ["Australia/Lord_Howe", "Asia/Kathmandu", "UTC", "Pacific/Apia"])
def test_the_zone_in_the_file_gives_the_same_moment(calendar: BookingCalendar, zone: str) -> None:
    meeting = make_meeting(calendar, time_zone=zone)
    _, event = event_of(invitation(meeting, url="https://kith.test/"))
    assert event["DTSTART"].dt.astimezone(UTC) == soon()
    assert event["DTEND"].dt.astimezone(UTC) == meeting.ends_at


def test_texts_cannot_add_lines_to_the_file(calendar: BookingCalendar) -> None:
    calendar.name = "Review\r\nATTENDEE:mailto:x@attacker.invalid"
    calendar.location = "Room; 4, \\n\nX:1"
    meeting = make_meeting(calendar, name='Ada"\r\nX-EVIL: 1')
    body = invitation(meeting, url="https://kith.test/", to_guest=True)
    _, event = event_of(body)
    assert len(event["ATTENDEE"].params) and str(event["ATTENDEE"]) == "mailto:ada@example.com"
    assert b"\r\nX-EVIL" not in body and b"\r\nX:1" not in body
    assert event["SUMMARY"].startswith("Review")


def test_the_moment_of_a_link_is_read_as_utc() -> None:
    assert read_start("2026-11-23T09:30Z") == datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    assert read_start("2026-11-23T09:30+05:30") == datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
    assert read_start("0001-01-01T00:00Z") is None and read_start("9999-12-31T23:00-12:00") is None
