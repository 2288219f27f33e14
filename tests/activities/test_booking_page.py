"""The public page: free times, the form, and every way a booking can end."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from activities import busy, guest_links
from activities.models import BookingCalendar, Meeting
from activities.scheduling import Span
from contacts.models import Account, Contact, User
from tests.activities.bookings import (
    details_url,
    filled_in,
    make_calendar,
    make_meeting,
    old_key,
    send,
    soon,
)
from tests.activities.senders import Remembering
from tests.contacts.pages import read, text_of
from tests.factories import make_user


@pytest.fixture
def calendar(member: User) -> BookingCalendar:
    return make_calendar(member, location="Room 4", description="Bring last year's papers.")


def page(client: Client, calendar: BookingCalendar, **query: str) -> Any:
    return client.get(reverse("booking_page", args=[calendar.slug]), query)


def booked(client: Client, response: Any) -> Any:
    assert response.status_code == 302, text_of(response)
    return client.get(response["Location"])


# --- free times


def test_the_page_says_what_is_booked_with_whom_and_when(
    client: Client, calendar: BookingCalendar
) -> None:
    text = text_of(page(client, calendar))
    for words in (
        "Tax review",
        "Mia",
        "30 minutes",
        "Room 4",
        "Bring last year's papers.",
        "10:30",
    ):
        assert words in text


def test_times_are_those_of_the_zone_that_was_chosen(client: Client, member: User) -> None:
    calendar = make_calendar(
        member, time_zone="Europe/Berlin",
        working_hours={str(day): [[540, 570]] for day in range(7)},
    )  # fmt: skip
    at_nine = datetime.combine(
        timezone.now().date(), datetime.min.time(), ZoneInfo("Europe/Berlin")
    )
    in_tokyo = (at_nine + timedelta(days=3, hours=9)).astimezone(ZoneInfo("Asia/Tokyo"))
    response = page(client, calendar, tz="asia/tokyo")
    assert f">{in_tokyo:%H:%M}</a>" in response.content.decode()
    assert read(response).values["tz"] == "Asia/Tokyo"


def test_an_unknown_zone_is_named_and_the_hosts_is_shown(
    client: Client, calendar: BookingCalendar
) -> None:
    response = page(client, calendar, tz="Mars/Base")
    assert response.status_code == 200
    assert "There is no time zone “Mars/Base”. Times are shown in UTC" in text_of(response)


def test_a_week_without_free_times_leads_to_the_next_one(client: Client, member: User) -> None:
    calendar = make_calendar(member, notice_minutes=20 * 24 * 60)
    text = text_of(page(client, calendar))
    day = timezone.now() + timedelta(days=20, minutes=30)  # the next half hour after the notice
    assert "No free times in these days. The next ones are on" in text
    assert f"{day.day}" in text.split("The next ones are on")[1]


def test_later_and_earlier_lead_through_the_weeks_and_end(client: Client, member: User) -> None:
    calendar = make_calendar(member, horizon_days=10)
    first = page(client, calendar).content.decode()
    assert 'rel="next"' in first and 'rel="prev"' not in first
    later = timezone.now().date() + timedelta(days=7)
    second = page(client, calendar, **{"from": later.isoformat()}).content.decode()
    assert 'rel="prev"' in second and 'rel="next"' not in second


@pytest.mark.parametrize("day", ["yesterday", "0001-01-01", "9999-12-31", "2020-01-01"])
def test_a_day_out_of_reach_shows_a_page_all_the_same(
    client: Client, calendar: BookingCalendar, day: str
) -> None:
    assert page(client, calendar, **{"from": day}).status_code == 200


@pytest.mark.parametrize("slug", ["nothing", "-", "a\x00b", "ü" * 300])
def test_an_address_that_leads_nowhere(client: Client, db: None, slug: str) -> None:
    response = client.get(f"/book/{slug}/")
    assert response.status_code == 404
    assert "There is nothing here" in text_of(response)


def test_a_closed_page_and_that_of_a_former_colleague_are_not_there(
    client: Client, calendar: BookingCalendar, member: User
) -> None:
    member.is_active = False
    member.save()
    assert page(client, calendar).status_code == 404
    BookingCalendar.objects.update(archived_at=timezone.now(), host=make_user())
    assert page(client, calendar).status_code == 404
    assert send(client, calendar).status_code == 404


def test_what_another_calendar_of_the_host_holds_is_not_offered(
    client: Client, calendar: BookingCalendar, member: User
) -> None:
    make_meeting(make_calendar(member), soon(days=2))
    html = page(client, calendar).content.decode()
    assert f"start={soon(days=2):%Y-%m-%dT%H:%M}Z" not in html
    assert f"start={soon(days=2, hour=11):%Y-%m-%dT%H:%M}Z" in html


# --- other calendars of the host


@pytest.fixture
def busy_until() -> Any:
    yield lambda source: busy.register("test", source)
    busy.forget("test")


def test_what_a_connected_calendar_holds_is_not_offered(
    client: Client, calendar: BookingCalendar, busy_until: Any
) -> None:
    begin = soon(days=2)
    busy_until(lambda host, start, end: [Span(begin, begin + timedelta(hours=2))])
    html = page(client, calendar).content.decode()
    assert f"start={soon(days=2, hour=11):%Y-%m-%dT%H:%M}Z" not in html
    assert send(client, calendar, start=soon(days=2)).status_code == 409


@pytest.mark.parametrize("error", [busy.BusyUnknown(), RuntimeError("broken")])
def test_a_calendar_that_cannot_be_read_offers_no_time_and_takes_none(
    client: Client, calendar: BookingCalendar, busy_until: Any, error: Exception
) -> None:
    def source(host: int, start: datetime, end: datetime) -> list[Span]:
        raise error

    busy_until(source)
    assert "No times can be offered at the moment" in text_of(page(client, calendar))
    assert send(client, calendar).status_code == 409
    assert not Meeting.objects.exists()


# --- booking


def test_a_guest_books_and_sees_what_was_booked(client: Client, calendar: BookingCalendar) -> None:
    response = send(
        client, calendar, mobile_phone="+44 7700 900142", company="Engines", note="Two\nlines",
        guests="charles@example.com; luigi@example.com", sms_consent="",
    )  # fmt: skip
    text = text_of(booked(client, response))
    for words in ("Meeting booked", "Ada Lovelace", "+44 7700 900142", "charles@example.com"):
        assert words in text
    meeting = Meeting.objects.get()
    assert (meeting.status, meeting.source, meeting.guest_note) == (
        "scheduled",
        "page",
        "Two\nlines",
    )
    assert meeting.starts_at == soon() and meeting.guest_time_zone == "Europe/London"
    assert meeting.contact and meeting.contact.owner == calendar.host


def test_the_same_form_sent_twice_is_one_booking(client: Client, calendar: BookingCalendar) -> None:
    form = filled_in()
    first, second = (client.post(details_url(calendar), form) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert (Meeting.objects.count(), Contact.objects.count()) == (1, 1)


def test_a_time_taken_meanwhile_keeps_what_was_typed_and_offers_others(
    client: Client, calendar: BookingCalendar
) -> None:
    make_meeting(calendar, email="other@example.com")
    response = send(client, calendar, note="Bring <b>tea</b>")
    assert response.status_code == 409
    assert "has just been taken" in text_of(response)
    values = read(response).values
    assert (values["note"], values["email"]) == ("Bring <b>tea</b>", "ada@example.com")
    assert f'value="{soon(minute=30):%Y-%m-%dT%H:%M}Z"' in response.content.decode()
    again = {**values, "start": f"{soon(minute=30):%Y-%m-%dT%H:%M}Z"}
    assert client.post(details_url(calendar), again).status_code == 302


@pytest.mark.parametrize(
    "start",
    [
        soon(days=-1),  # past
        soon(days=300),  # beyond the horizon
        soon(minute=7),  # between two start times
    ],
)
def test_a_time_that_is_not_offered_is_refused_with_others(
    client: Client, calendar: BookingCalendar, start: datetime
) -> None:
    response = send(client, calendar, start=start)
    assert (response.status_code, Meeting.objects.count()) == (409, 0)
    assert "That time cannot be booked" in text_of(response)
    assert read(response).values["name"] == "Ada Lovelace"


def test_a_time_outside_the_hours_or_too_soon_is_refused(client: Client, member: User) -> None:
    calendar = make_calendar(
        member, working_hours={str(day): [[0, 60]] for day in range(7)}, notice_minutes=60 * 48
    )
    assert send(client, calendar, start=soon(hour=10)).status_code == 409
    assert send(client, calendar, start=soon(days=1, hour=0)).status_code == 409
    assert send(client, calendar, start=soon(days=4, hour=0)).status_code == 302


@pytest.mark.parametrize(
    "start", ["", "soon", "2026-13-45T99:99Z", "2026-11-23T09:30", "\x00", "9" * 500]
)
def test_a_time_that_cannot_be_read_keeps_what_was_typed(
    client: Client, calendar: BookingCalendar, start: str
) -> None:
    response = client.post(details_url(calendar), filled_in() | {"start": start})
    assert (response.status_code, Meeting.objects.count()) == (422, 0)
    assert "Choose one of these times" in text_of(response)
    assert read(response).values["email"] == "ada@example.com"


@pytest.mark.parametrize("zone", ["\0", "\u200b", "\x01", "\x7f", "\xad", "localtime"])
def test_a_zone_of_characters_that_nobody_sees_is_like_an_unknown_one(
    client: Client, calendar: BookingCalendar, zone: str
) -> None:
    meeting = make_meeting(calendar, email="zone@example.com")
    moving = reverse("guest_reschedule", args=[guest_links.token_of(meeting)])
    for address in (reverse("booking_page", args=[calendar.slug]), moving):
        answer = client.get(address, {"tz": zone})
        assert answer.status_code == 200 and "There is no time zone" in text_of(answer)


def test_after_a_failed_booking_the_summary_has_the_focus(
    client: Client, calendar: BookingCalendar
) -> None:
    answer = send(client, calendar, name="").content.decode()
    assert 'role="alert" id="err-sum" tabindex="-1" autofocus' in answer
    gone = client.get(details_url(calendar), {"start": "2020-01-01T10:00Z"})
    assert "autofocus" not in gone.content.decode()


def test_text_messages_need_a_number(
    client: Client, member: User, sms_offered: Remembering
) -> None:
    calendar = make_calendar(member, offer_sms=True)
    answer = send(client, calendar, sms_consent="yes")
    assert answer.status_code == 422 and not Meeting.objects.exists()
    assert "Mobile phone: Enter a mobile phone to get text messages" in text_of(answer)
    assert booked(client, send(client, calendar, sms_consent="yes", mobile_phone="+12025550101"))


@pytest.mark.parametrize("zone", ["Mars/Base", "../../etc/passwd", ""])
def test_a_zone_that_does_not_exist_is_named_and_nothing_is_lost(
    client: Client, calendar: BookingCalendar, zone: str
) -> None:
    response = send(client, calendar, tz=zone)
    if zone:
        assert (response.status_code, Meeting.objects.count()) == (422, 0)
        assert "There is no time zone" in text_of(response)
        assert read(response).values["name"] == "Ada Lovelace"
    else:  # none given: the host's
        assert Meeting.objects.get().guest_time_zone == "UTC"


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ({"name": " \u200b "}, "Name: Enter your name"),
        ({"email": ""}, "Email: Enter your email"),
        ({"email": "ada@nowhere"}, "needs a dot"),
        ({"mobile_phone": "12"}, "Mobile phone: Too short"),
        ({"guests": "a@example.com, nobody"}, "Further guests: nobody"),
        ({"guests": ",".join(f"g{n}@example.com" for n in range(11))}, "at most 10"),
        ({"name": "x" * 201}, "at most 200"),
        ({"note": "x" * 5001}, "5,001 characters, at most 5,000"),
        ({"company": "x" * 100_000}, "100,000 characters, at most 255"),
    ],
)
def test_a_fault_stands_at_its_field_and_what_was_typed_stays(
    client: Client, calendar: BookingCalendar, typed: dict[str, str], fault: str
) -> None:
    response = send(client, calendar, **typed)
    assert (response.status_code, Meeting.objects.count()) == (422, 0)
    assert fault in text_of(response)
    values = read(response).values
    assert all(values[name] == text for name, text in typed.items())


def test_a_megabyte_is_refused_before_it_is_read(client: Client, calendar: BookingCalendar) -> None:
    response = send(client, calendar, note="x" * 1_000_000)
    assert response.status_code == 413
    assert "Everything together may have 256 kB" in text_of(response)
    assert not Meeting.objects.exists()


def test_a_phone_may_be_asked_for_and_an_email_be_optional(client: Client, member: User) -> None:
    calendar = make_calendar(member, ask_mobile="required", email_required=False)
    refused = send(client, calendar, email="")
    assert "Enter your mobile phone" in text_of(refused)
    assert send(client, calendar, email="", mobile_phone="+12025550101").status_code == 302
    assert Contact.objects.get().mobile_phone == "+12025550101"


def test_consent_to_text_messages_belongs_to_the_meeting(
    client: Client, member: User, sms_offered: Remembering
) -> None:
    calendar = make_calendar(member, offer_sms=True)
    send(client, calendar, mobile_phone="+12025550101", sms_consent="yes")
    meeting = Meeting.objects.get()
    assert meeting.sms_consent and meeting.contact and not meeting.contact.has_consent


def test_what_cannot_be_sent_is_not_offered(client: Client, member: User) -> None:
    calendar = make_calendar(member, offer_sms=True)
    start = f"{soon():%Y-%m-%dT%H:%M}Z"
    assert "text messages" not in text_of(client.get(details_url(calendar), {"start": start}))
    send(client, calendar, mobile_phone="+12025550101", sms_consent="yes")
    assert not Meeting.objects.get().sms_consent


# --- those who are no guests


def test_a_form_filled_in_by_a_machine_is_asked_for_again(
    client: Client, calendar: BookingCalendar
) -> None:
    response = send(client, calendar, website="https://spam.example")
    assert (response.status_code, Meeting.objects.count()) == (422, 0)
    values = read(response).values
    assert values["website"] == "" and values["name"] == "Ada Lovelace"


def test_a_form_sent_within_a_second_or_made_up_is_asked_for_again(
    client: Client, calendar: BookingCalendar
) -> None:
    fresh = read(client.get(details_url(calendar), {"start": f"{soon():%Y-%m-%dT%H:%M}Z"})).values
    for key in (fresh["key"], "made-up", ""):
        response = send(client, calendar, key=key)
        assert (response.status_code, Meeting.objects.count()) == (422, 0)
        assert read(response).values["name"] == "Ada Lovelace"
    assert read(response).values["key"] not in ("", "made-up")


def test_an_address_that_posts_too_often_waits_and_loses_nothing(
    client: Client, calendar: BookingCalendar, settings: Any
) -> None:
    settings.BOOKING_POSTS_PER_ADDRESS = 3
    answers = [send(client, calendar, name="") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 429]
    assert 0 < int(answers[3]["Retry-After"]) <= 600
    assert read(answers[3]).values["email"] == "ada@example.com"
    other = client.post(details_url(calendar), filled_in(), REMOTE_ADDR="203.0.113.9")
    assert other.status_code == 302


def test_a_calendar_takes_so_many_bookings_an_hour(
    client: Client, calendar: BookingCalendar, settings: Any
) -> None:
    settings.BOOKINGS_PER_CALENDAR = 1
    assert send(client, calendar).status_code == 302
    assert send(client, calendar, start=soon(hour=12)).status_code == 429


@pytest.mark.parametrize(
    ("behind", "first", "second", "same"),
    [
        (False, {}, {"HTTP_X_FORWARDED_FOR": "198.51.100.7"}, True),  # made up by the sender
        (True, {"HTTP_X_FORWARDED_FOR": "198.51.100.7"}, {"HTTP_X_FORWARDED_FOR": "9.9.9.9, 198.51.100.7"}, True),
        (True, {"HTTP_X_FORWARDED_FOR": "198.51.100.7"}, {"HTTP_X_FORWARDED_FOR": "198.51.100.8"}, False),
        (False, {"REMOTE_ADDR": "2001:db8::1"}, {"REMOTE_ADDR": "2001:db8::2"}, True),  # one /64
        (False, {"REMOTE_ADDR": "2001:db8::1"}, {"REMOTE_ADDR": "2001:db8:0:1::1"}, False),
    ],
)  # fmt: skip
def test_the_limit_counts_the_true_address(
    client: Client, calendar: BookingCalendar, settings: Any,
    behind: bool, first: dict[str, str], second: dict[str, str], same: bool,
) -> None:  # fmt: skip
    settings.BOOKING_POSTS_PER_ADDRESS, settings.BEHIND_PROXY = 1, behind
    client.post(details_url(calendar), filled_in(name=""), **first)  # type: ignore[arg-type]
    answer = client.post(details_url(calendar), filled_in(name=""), **second)  # type: ignore[arg-type]
    assert answer.status_code == (429 if same else 422)


def test_a_post_without_our_token_is_refused(calendar: BookingCalendar) -> None:
    answer = send(Client(enforce_csrf_checks=True), calendar)
    assert answer.status_code == 403 and "The form could not be checked" in text_of(answer)
    assert not Meeting.objects.exists()


def test_the_page_never_tells_whether_an_address_is_known(
    client: Client, calendar: BookingCalendar, ada: Contact
) -> None:
    known = send(client, calendar, start=soon(hour=12), company="Other")
    unknown = send(client, calendar, start=soon(hour=14), email="new@example.com", company="Other")

    def pages(response: Any) -> str:
        text = text_of(client.get(response["Location"]))
        head, _, tail = text.partition("Reference")
        return (
            head.replace("12:00", "14:00").replace("12:30", "14:30").replace("new@", "ada@")
            + tail[9:]
        )

    assert known.headers.keys() == unknown.headers.keys()
    assert pages(known) == pages(unknown)


def test_answers_leave_at_even_times(
    client: Client, calendar: BookingCalendar, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("activities.views.public.time.sleep", waits.append)
    settings.BOOKING_ANSWERS_EVERY_MS = 60_000
    assert send(client, calendar).status_code == 302
    assert 50 < waits[0] <= 60


def test_the_key_of_a_form_is_good_for_one_time_only(
    client: Client, calendar: BookingCalendar
) -> None:
    key = old_key()
    first = send(client, calendar, key=key)
    second = send(client, calendar, key=key, start=soon(hour=12))
    assert first["Location"] != second["Location"] and Meeting.objects.count() == 2


def test_an_error_page_says_nothing_of_contacts_to_a_guest(
    client: Client, calendar: BookingCalendar, settings: Any
) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 3
    for answer in (
        client.get("/book/nothing/at/all"),
        client.post(details_url(calendar), filled_in()),
    ):
        text = text_of(answer)
        assert answer.status_code in (400, 404) and "ontacts" not in text


@pytest.mark.parametrize(("region", "example"), [("US", "(201) 555-0123"), ("GB", "07400 123456")])
def test_a_national_number_is_taken_and_the_page_shows_how_one_looks(
    client: Client, calendar: BookingCalendar, region: str, example: str
) -> None:
    Account.load()
    Account.objects.update(default_region=region)
    page = client.get(details_url(calendar), {"start": f"{soon():%Y-%m-%dT%H:%M}Z"})
    assert f"For example {example}, or + and a country code" in text_of(page)
    assert send(client, calendar, mobile_phone=example).status_code == 302
    assert Meeting.objects.get().guest_mobile_phone.startswith("+")
