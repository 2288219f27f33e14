"""The pages of hosts: activities, a meeting and what can be done to it, booking calendars."""

from typing import Any

import pytest
from django.apps import apps
from django.db.models.signals import pre_save
from django.test import Client
from django.urls import reverse

from activities.calendar_form import longest_stretch, read_hours
from activities.models import BookingCalendar, Meeting
from activities.services import cancel
from contacts.access import Role
from contacts.deleting import delete_contact
from contacts.identity import InvalidValue
from contacts.models import Account, AuditEntry, Contact, User
from tests.activities.bookings import HOST, make_calendar, make_meeting, past_meeting, soon
from tests.contacts.pages import HTMX, read, text_of, url_of
from tests.factories import by, make_property, make_team, make_user

LATER = f"{soon(hour=15):%Y-%m-%dT%H:%M}Z"
ACTIONS = (
    "meeting_cancel", "meeting_reschedule", "meeting_reassign", "meeting_no_show", "meeting_attended",
)  # fmt: skip


@pytest.fixture
def calendar(member: User) -> BookingCalendar:
    return make_calendar(member)


@pytest.fixture
def meeting(calendar: BookingCalendar) -> Meeting:
    return make_meeting(calendar)


def url(name: str, meeting: Meeting) -> str:
    return reverse(name, args=[meeting.public_id])


def post(client: Client, name: str, meeting: Meeting, **data: Any) -> Any:
    return client.post(url(name, meeting), data, follow=True)


# --- activities


def test_activities_are_those_of_ones_own_and_of_ones_contacts(
    client: Client, meeting: Meeting, member: User, stranger: User, admin_user: User
) -> None:
    manager = make_user(Role.MANAGER)
    make_team(manager=manager, members=[member])
    owner_of_contact = make_user()
    Contact.objects.filter(public_id=meeting.contact_public_id).update(owner=owner_of_contact)
    for user, sees in (
        (member, True), (manager, True), (admin_user, True), (owner_of_contact, True), (stranger, False),
    ):  # fmt: skip
        client.force_login(user)
        assert ("Ada Lovelace" in text_of(client.get(reverse("activity_list")))) is sees, user
        assert client.get(url("meeting_detail", meeting)).status_code == (200 if sees else 404)


# --- one meeting


def test_the_page_of_a_meeting_tells_all_of_it(as_member: Client, meeting: Meeting) -> None:
    text = text_of(as_member.get(url("meeting_detail", meeting)))
    for words in (meeting.public_id, "Scheduled", "ada@example.com", "Ada Lovelace", "by Guest"):
        assert words in text


def test_a_contact_that_one_may_not_see_is_not_linked(
    as_member: Client, meeting: Meeting, stranger: User
) -> None:
    Contact.objects.filter(public_id=meeting.contact_public_id).update(
        owner=stranger, first_name="Secret"
    )
    page = as_member.get(url("meeting_detail", meeting))
    assert meeting.contact_public_id not in page.content.decode()
    assert "Secret" not in text_of(page) and "None that you can see" in text_of(page)


def test_a_deleted_contact_is_said_and_not_linked(
    as_member: Client, meeting: Meeting, member: User
) -> None:
    delete_contact(contact_id=meeting.contact_id or 0, actor=by(member))
    page = as_member.get(url("meeting_detail", meeting))
    assert "The contact was deleted" in text_of(page) and "ada@example.com" in text_of(page)
    assert "/contacts/CTC-" not in page.content.decode()


@pytest.mark.parametrize("name", ACTIONS)
def test_a_stranger_does_nothing(
    client: Client, meeting: Meeting, stranger: User, name: str
) -> None:
    client.force_login(stranger)
    data = {"start": LATER, "host": str(stranger.pk)}
    assert client.post(url(name, meeting), data).status_code == 404
    assert client.post(reverse(name, args=["BKNG-NOTHING"]), data).status_code == 404
    meeting.refresh_from_db()
    assert (meeting.status, meeting.host.email) == ("scheduled", "member@kith.test")


@pytest.mark.parametrize("name", ["meeting_cancel", "meeting_reassign", "meeting_no_show"])
def test_nothing_is_changed_by_a_get(as_member: Client, meeting: Meeting, name: str) -> None:
    assert as_member.get(url(name, meeting)).status_code == 405


def test_the_host_cancels_and_may_ask_for_another_time(as_member: Client, meeting: Meeting) -> None:
    answer = post(as_member, "meeting_cancel", meeting, reason="Snow", ask_for_another="yes")
    assert "Meeting canceled" in text_of(answer) and "Snow" in text_of(answer)
    meeting.refresh_from_db()
    assert (meeting.status, meeting.reschedule_requested) == ("canceled", True)


def test_a_reason_too_long_is_kept(as_member: Client, meeting: Meeting) -> None:
    answer = post(as_member, "meeting_cancel", meeting, reason="x" * 1001)
    assert answer.status_code == 422 and read(answer).values["reason"] == "x" * 1001


def test_a_meeting_settled_meanwhile_says_what_it_is(as_member: Client, meeting: Meeting) -> None:
    cancel(meeting_id=meeting.pk, doer=HOST)
    for name in ACTIONS:
        data = {"start": LATER, "host": make_user().pk}
        answer = post(as_member, name, meeting, **data)
        assert answer.status_code in (409, 422) and "Nothing was changed" in text_of(answer)


def test_the_host_moves_a_meeting(as_member: Client, meeting: Meeting) -> None:
    assert f"start={LATER}" in as_member.get(url("meeting_reschedule", meeting)).content.decode()
    asked = as_member.get(url("meeting_reschedule", meeting), {"start": LATER})
    answer = post(as_member, "meeting_reschedule", meeting, **read(asked).values)
    assert "Meeting rescheduled" in text_of(answer)
    meeting.refresh_from_db()
    assert (meeting.starts_at, meeting.actioned_by) == (soon(hour=15), "user")


def test_a_time_that_is_gone_offers_others(
    as_member: Client, meeting: Meeting, calendar: BookingCalendar
) -> None:
    make_meeting(calendar, soon(hour=15), email="other@example.com")
    answer = post(as_member, "meeting_reschedule", meeting, start=LATER, reason="Train")
    assert answer.status_code == 409 and "no longer free" in text_of(answer)
    assert read(answer).values["reason"] == "Train"


def test_an_administrator_gives_a_meeting_to_a_colleague(
    as_admin: Client, meeting: Meeting, stranger: User
) -> None:
    answer = post(as_admin, "meeting_reassign", meeting, host=stranger.pk)
    assert "Meeting given to Sten" in text_of(answer)
    meeting.refresh_from_db()
    assert meeting.host == stranger


def test_a_colleague_who_is_busy_keeps_the_host(
    as_admin: Client, meeting: Meeting, stranger: User
) -> None:
    make_meeting(make_calendar(stranger), email="other@example.com")
    answer = post(as_admin, "meeting_reassign", meeting, host=stranger.pk)
    assert answer.status_code == 409 and "Sten is not free" in text_of(answer)


def test_a_member_gives_meetings_to_nobody(
    as_member: Client, meeting: Meeting, stranger: User
) -> None:
    answer = post(as_member, "meeting_reassign", meeting, host=stranger.pk)
    assert answer.status_code == 422
    meeting.refresh_from_db()
    assert meeting.host.email == "member@kith.test"


def test_a_time_outside_the_hours_is_not_said_to_be_taken(
    as_member: Client, meeting: Meeting
) -> None:
    answer = post(as_member, "meeting_reschedule", meeting, start="2020-01-06T10:00Z")
    assert "The booking calendar does not offer that time" in text_of(answer)


def test_a_no_show_is_marked(as_member: Client, calendar: BookingCalendar) -> None:
    over = past_meeting(calendar)
    assert "The guest did not come" in text_of(as_member.get(url("meeting_detail", over)))
    assert "Marked as no-show" in text_of(post(as_member, "meeting_no_show", over))


def test_a_no_show_is_taken_back(as_member: Client, calendar: BookingCalendar) -> None:
    over = past_meeting(calendar)
    marked = post(as_member, "meeting_no_show", over)
    assert "The guest did come" in text_of(marked)
    answer = post(as_member, "meeting_attended", over)
    assert "Marked as completed" in text_of(answer)
    assert "The guest did not come" in text_of(answer)
    over.refresh_from_db()
    assert over.status == "completed"


def test_the_pane_shows_the_next_meetings(as_member: Client, calendar: BookingCalendar) -> None:
    for hour in range(10, 17):
        meeting = make_meeting(calendar, soon(hour=hour))
    address = url_of("contact_detail", meeting.contact_public_id)
    pane = as_member.get(f"{address}?activity=changes", headers=HTMX)
    assert "Upcoming meetings7" in text_of(pane) and "and 2 more" in text_of(pane)
    assert url("meeting_detail", meeting) not in pane.content.decode()


# --- booking calendars


def typed_in(client: Client, page: str, **typed: Any) -> dict[str, Any]:
    return read(client.get(page)).values | {"name": "First call"} | typed


NEW = "/settings/booking-calendars/new/"


def test_a_host_makes_a_calendar_whose_page_is_open_at_once(
    as_member: Client, member: User
) -> None:
    make_property("Budget")
    form = typed_in(
        as_member, NEW, hours_0="9-12, 13:00–17:30", hours_5="", notice_hours="2",
        question_0_label="What is it about?", question_0_kind="choice", question_0_options="Tax, Payroll",
        question_1_label="Your budget?", question_1_field="custom_budget",
    )  # fmt: skip
    assert as_member.post(NEW, form).status_code == 302
    calendar = BookingCalendar.objects.get()
    assert (calendar.host, calendar.slug, calendar.notice_minutes) == (member, "first-call", 120)
    assert calendar.working_hours["0"] == [[540, 720], [780, 1050]]
    assert [q["field"] for q in calendar.questions] == ["", "custom_budget"]
    assert as_member.get("/book/first-call/").status_code == 200
    assert AuditEntry.objects.get().action == "calendar.created"
    assert "/book/first-call/" in text_of(as_member.get(reverse("calendar_list")))


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ({"name": ""}, "Enter a name"),
        ({"duration_minutes": "0"}, "Duration: Use a number from 5 to 720"),
        ({"duration_minutes": "7"}, "multiple of 5"),
        ({"duration_minutes": "x" * 400}, "Use a whole number"),
        ({"time_zone": "Mars/Base"}, "Time zone of the working hours: Use a time zone such as"),
        ({"time_zone": "\u200b"}, "Choose a time zone"),
        ({"time_zone": "localtime"}, "Use a time zone such as"),
        ({"duration_minutes": "485"}, "at most 480 minutes without a break"),
        ({"hours_1": "17-9"}, "Tuesday: 17-9 is no time of the day"),
        ({"hours_1": "9-25"}, "no time of the day"),
        ({"hours_1": "9-12, 11-13"}, "Tuesday: the times overlap"),
        ({"hours_1": "nine"}, "use the form 9:00-12:00"),
        ({f"hours_{day}": "" for day in range(7)}, "at least one day"),
        ({"question_0_options": "a, b"}, "Question 1: enter what to ask"),
        ({"question_0_label": "Why?", "question_0_kind": "choice"}, "at least two answers"),
        ({"question_0_label": "Why?", "question_0_field": "owner"}, "choose a contact field"),
        ({"host": "999999"}, "Choose a host"),
        ({"ask_mobile": "perhaps"}, "Choose one from the list"),
        ({"slug": "???"}, "Use letters, digits and hyphens"),
    ],
)
def test_a_fault_in_a_calendar_is_named_and_what_was_typed_stays(
    as_member: Client, typed: dict[str, str], fault: str
) -> None:
    answer = as_member.post(NEW, typed_in(as_member, NEW, **typed))
    assert answer.status_code == 422 and fault in text_of(answer), text_of(answer)
    assert not BookingCalendar.objects.exists()
    kept = read(answer).values
    assert all(kept[name] == text for name, text in typed.items() if name in kept and name not in {"host", "ask_mobile", "question_0_field"})  # fmt: skip


def test_an_address_that_is_taken_is_said(as_member: Client, calendar: BookingCalendar) -> None:
    answer = as_member.post(NEW, typed_in(as_member, NEW, slug=calendar.slug))
    assert "Another booking calendar has this address" in text_of(answer)


def test_a_calendar_is_edited_closed_and_opened_again(
    as_member: Client, calendar: BookingCalendar
) -> None:
    page = reverse("calendar_edit", args=[calendar.public_id])
    calendar.questions = [
        {
            "name": "a1",
            "label": "Why?",
            "kind": "line",
            "options": [],
            "required": True,
            "field": "",
        }
    ]
    calendar.save()
    assert as_member.post(page, typed_in(as_member, page, name="Renamed")).status_code == 302
    calendar.refresh_from_db()
    assert (calendar.name, calendar.questions[0]["name"]) == ("Renamed", "a1")
    assert calendar.working_hours == {str(day): [[0, 1440]] for day in range(7)}
    archive = reverse("calendar_archive", args=[calendar.public_id])
    as_member.post(archive)
    assert as_member.get(f"/book/{calendar.slug}/").status_code == 404
    as_member.post(archive, {"open": "1"})
    assert as_member.get(f"/book/{calendar.slug}/").status_code == 200


def test_a_page_closed_meanwhile_stays_closed_when_its_calendar_is_saved(
    as_member: Client, calendar: BookingCalendar
) -> None:
    page = reverse("calendar_edit", args=[calendar.public_id])
    typed = typed_in(as_member, page, name="Renamed")

    def close(**_: Any) -> None:
        BookingCalendar.objects.filter(pk=calendar.pk).update(archived_at=soon())

    pre_save.connect(close, sender=BookingCalendar)
    try:
        assert as_member.post(page, typed).status_code == 302
    finally:
        pre_save.disconnect(close, sender=BookingCalendar)
    calendar.refresh_from_db()
    assert calendar.name == "Renamed" and calendar.archived_at is not None


def test_others_calendars_are_for_administrators_only(
    client: Client, calendar: BookingCalendar, stranger: User, admin_user: User
) -> None:
    page = reverse("calendar_edit", args=[calendar.public_id])
    archive = reverse("calendar_archive", args=[calendar.public_id])
    for user, status in ((stranger, 404), (admin_user, 200)):
        client.force_login(user)
        assert client.get(page).status_code == status
        assert (calendar.name in text_of(client.get(reverse("calendar_list")))) is (status == 200)
    client.force_login(stranger)
    assert client.post(page, {}).status_code == client.post(archive).status_code == 404
    assert client.post(NEW, typed_in(client, NEW, host=calendar.host_id)).status_code == 422


def test_only_administrators_decide_what_becomes_of_other_values(
    client: Client, member: User, admin_user: User
) -> None:
    for user, status, at_once in ((member, 403, False), (admin_user, 302, True)):
        client.force_login(user)
        answer = client.post(reverse("suggestion_policy"), {"apply_suggestions": "yes"})
        assert (answer.status_code, Account.load().apply_suggestions) == (status, at_once)
    client.post(reverse("suggestion_policy"))
    assert not Account.load().apply_suggestions


@pytest.mark.parametrize("page", ["activity_list", "calendar_list", "calendar_new"])
def test_the_pages_of_hosts_need_a_sign_in(client: Client, db: None, page: str) -> None:
    assert client.get(reverse(page))["Location"].startswith("/login/")


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("9:00-17:00", [[540, 1020]]),
        (" 13-17:30 ;9–12 ", [[540, 720], [780, 1050]]),
        ("0:00-24:00", [[0, 1440]]),
        ("", []),
    ],
)
def test_hours_are_read_in_the_ways_people_write_them(text: str, minutes: list[list[int]]) -> None:
    assert read_hours(text) == minutes


@pytest.mark.parametrize("text", ["24:05-24:10", "9:61-10", "9:02-10:00", "10-9", "9-9", "1" * 500])
def test_hours_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        read_hours(text)


@pytest.mark.parametrize(
    "model", [m._meta.model_name for m in apps.get_app_config("activities").get_models()]
)
def test_every_model_has_its_page_in_the_admin(
    as_admin: Client, meeting: Meeting, model: str
) -> None:
    assert as_admin.get(reverse(f"admin:activities_{model}_changelist")).status_code == 200


def test_deactivating_names_the_meetings_that_are_left_behind(
    as_admin: Client, member: User, meeting: Meeting
) -> None:
    asked = as_admin.get(reverse("person_deactivate", args=[member.pk]))
    assert "1 upcoming meeting stays with them: give it to a colleague" in text_of(asked)
    link = f"{reverse('activity_list')}?host={member.pk}"
    assert f'href="{link}"' in asked.content.decode()
    assert "Ada Lovelace" in text_of(as_admin.get(link))


@pytest.mark.parametrize(
    ("hours", "minutes"),
    [
        ({"0": [[540, 720], [720, 1020]]}, 480),
        ({"0": [[1200, 1440]], "1": [[0, 120]]}, 360),
        ({"6": [[1320, 1440]], "0": [[0, 60], [120, 180]]}, 180),
    ],
)
def test_working_hours_that_touch_are_one_stretch(
    hours: dict[str, list[list[int]]], minutes: int
) -> None:
    assert longest_stretch(hours) == minutes
