"""What is planned when a meeting is booked, moved, given to somebody else, canceled, over."""

from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.utils import timezone
from django.utils.module_loading import import_string

from activities.models import BookingCalendar, Meeting, Reminder, ReminderTemplate
from activities.reminders import planning
from activities.reminders.saving import save_texts
from activities.reminders.texts import DEFAULTS, Text
from activities.services import (
    book_instead,
    cancel,
    complete_past,
    mark_no_show,
    reassign,
    reschedule,
)
from contacts.models import User
from tests.activities.bookings import HOST, make_meeting, past_meeting, soon
from tests.activities.reminders.posted import of, rows
from tests.factories import make_user

pytestmark = pytest.mark.django_db
DAY_BEFORE = Text("email", "reminder", "Tomorrow", "Tomorrow", 1440)


def waiting(meeting: Meeting) -> list[tuple[str, int]]:
    return [(r.kind, r.minutes_before) for r in meeting.reminders.filter(next_at__isnull=False)]


def test_a_booking_plans_the_confirmation_now_and_the_reminder_an_hour_before(
    meeting: Meeting,
) -> None:
    assert rows(meeting) == [
        ("email", "confirmation", 0, "scheduled"), ("email", "reminder", 60, "scheduled"),
    ]  # fmt: skip
    assert of(meeting).due_at == meeting.starts_at - timedelta(hours=1)
    assert of(meeting, "confirmation").due_at <= timezone.now()


def test_a_reminder_whose_time_has_passed_is_not_planned(calendar: BookingCalendar) -> None:
    meeting = make_meeting(calendar)
    Meeting.objects.update(starts_at=timezone.now() + timedelta(minutes=59))
    Reminder.objects.all().delete()
    planning.plan_upcoming()
    assert waiting(meeting) == []


def test_moving_a_meeting_cancels_what_was_planned_and_plans_anew(meeting: Meeting) -> None:
    later = soon(days=5)
    reschedule(meeting_id=meeting.pk, starts_at=later, doer=HOST)
    assert waiting(meeting) == [("rescheduled", 0), ("reminder", 60)]
    assert of(meeting).due_at == later - timedelta(hours=1)


def test_moving_it_there_and_back_tells_of_each_move(meeting: Meeting) -> None:
    first = meeting.starts_at
    reschedule(meeting_id=meeting.pk, starts_at=soon(days=5), doer=HOST)
    Reminder.objects.filter(kind="rescheduled").update(state="sent", next_at=None)
    reschedule(meeting_id=meeting.pk, starts_at=first, doer=HOST)
    assert waiting(meeting) == [("rescheduled", 0), ("reminder", 60)]
    assert Reminder.objects.filter(kind="rescheduled").count() == 2


def test_another_host_keeps_the_reminders(meeting: Meeting) -> None:
    host = make_user()
    reassign(meeting_id=meeting.pk, host=host, doer=HOST)
    assert waiting(meeting) == [("confirmation", 0), ("reminder", 60)]
    planning.replan(meeting.calendar)  # type: ignore[arg-type]
    assert meeting.reminders.count() == 2


def test_a_cancellation_is_told_and_reminds_no_more(meeting: Meeting) -> None:
    cancel(meeting_id=meeting.pk, doer=HOST)
    assert waiting(meeting) == [("canceled", 0)]


def test_a_meeting_in_the_place_of_a_canceled_one_is_confirmed(meeting: Meeting) -> None:
    cancel(meeting_id=meeting.pk, doer=HOST, ask_for_another=True)
    new = book_instead(meeting=Meeting.objects.get(), starts_at=soon(days=6))
    assert waiting(new) == [("confirmation", 0), ("reminder", 60)]


@pytest.mark.parametrize("over", ["completed", "no_show"])
def test_a_meeting_that_is_over_has_nothing_left_to_send(
    calendar: BookingCalendar, over: str
) -> None:
    meeting = past_meeting(calendar)
    assert waiting(meeting) != []
    if over == "completed":
        complete_past(timezone.now())
    else:
        mark_no_show(meeting_id=meeting.pk, doer=HOST)
    assert waiting(meeting) == []


@pytest.mark.parametrize(
    "start", [datetime(2026, 3, 29, 1, 30, tzinfo=UTC), datetime(2027, 1, 1, 0, 15, tzinfo=UTC)]
)
def test_an_hour_before_is_an_hour_whatever_the_clocks_do(
    meeting: Meeting, start: datetime
) -> None:
    meeting.starts_at = start
    found = list(planning._rows(meeting, planning.Texts([]), "", start - timedelta(days=1)))
    assert [row.due_at for row in found] == [start - timedelta(hours=1)]


def test_a_new_reminder_of_the_calendar_is_planned_for_meetings_ahead(
    meeting: Meeting, calendar: BookingCalendar, member: User
) -> None:
    save_texts(
        calendar=calendar, texts=[*DEFAULTS[:4], DAY_BEFORE], channels=["email"], user=member
    )
    assert [minutes for _, minutes in waiting(meeting)] == [0, 1440, 60]
    save_texts(calendar=calendar, texts=DEFAULTS[:4], channels=["email"], user=member)
    assert [minutes for _, minutes in waiting(meeting)] == [0, 60]
    save_texts(
        calendar=calendar, texts=[*DEFAULTS[:4], DAY_BEFORE], channels=["email"], user=member
    )
    assert [minutes for _, minutes in waiting(meeting)] == [0, 1440, 60]


def test_what_has_left_is_not_planned_a_second_time(
    meeting: Meeting, calendar: BookingCalendar, member: User
) -> None:
    Reminder.objects.filter(kind="reminder").update(state="sent", next_at=None, attempts=1)
    save_texts(calendar=calendar, texts=DEFAULTS[:4], channels=["email"], user=member)
    assert waiting(meeting) == [("confirmation", 0)]


def test_saving_mails_keeps_the_texts_of_text_messages(
    calendar: BookingCalendar, member: User
) -> None:
    save_texts(calendar=calendar, texts=DEFAULTS[:4], channels=["email"], user=member)
    assert ReminderTemplate.objects.filter(channel="sms").count() == 4


def test_meetings_from_before_there_were_reminders_are_planned(calendar: BookingCalendar) -> None:
    meeting = make_meeting(calendar, mobile_phone="+12025550101", sms_consent=True)
    Reminder.objects.all().delete()
    plan = import_string("activities.migrations.0006_plan_reminders.plan")
    plan(apps, None)
    plan(apps, None)
    assert rows(meeting) == [
        ("email", "reminder", 60, "scheduled"), ("sms", "reminder", 60, "scheduled"),
    ]  # fmt: skip
