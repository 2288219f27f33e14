"""A reminder that is due leaves once, to where its guest is now."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from activities.models import BookingCalendar, Meeting, Reminder
from activities.reminders import sending
from activities.services import cancel, reschedule
from contacts.deleting import delete_contact
from contacts.models import Contact
from contacts.services import update_contact
from tests.activities.bookings import HOST, make_meeting, soon
from tests.activities.reminders.posted import come_due, of, only_reminder, sent
from tests.activities.reminders.smtp_double import Journal
from tests.factories import by, make_contact, merge

pytestmark = pytest.mark.django_db


def test_a_reminder_is_sent_once(meeting: Meeting, smtp: Journal) -> None:
    reminder = sent(only_reminder(meeting))
    assert (reminder.state, reminder.sent_to, reminder.attempts) == ("sent", "ada@example.com", 1)
    assert sending.run() == 0 and len(smtp.taken) == 1
    mail = smtp.taken[0].message
    assert mail["To"] == "ada@example.com" and mail["Reply-To"] == "member@kith.test"
    assert mail["Subject"].startswith("Reminder: Tax review with")


def test_a_message_in_flight_while_its_meeting_moved_is_not_tried_again(
    meeting: Meeting, smtp: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = of(meeting, "confirmation")
    smtp.answers = {"DATA": ["451 later"]}
    send = sending._dispatch

    def dispatch(*given: Any) -> Any:
        if not Meeting.objects.get().sequence:
            reschedule(meeting_id=meeting.pk, starts_at=soon(days=4), doer=HOST)
        return send(*given)

    monkeypatch.setattr(sending, "_dispatch", dispatch)
    sending.run()
    assert sent(come_due(first)).state == "canceled"
    assert [mail.message["Subject"][:8] for mail in smtp.taken] == ["New time"]


def test_nothing_leaves_before_its_time(meeting: Meeting, smtp: Journal) -> None:
    assert sent(of(meeting)).state == "scheduled"
    assert [mail.message["Subject"][:6] for mail in smtp.taken] == ["Booked"]


def test_an_edited_contact_is_reminded_at_the_new_address(meeting: Meeting, smtp: Journal) -> None:
    update_contact(contact_id=meeting.contact_id or 0, actor=by(), values={"email": "a@new.org"})
    sent(only_reminder(meeting))
    assert smtp.recipients() == ["a@new.org"]


def test_after_a_merge_the_reminder_goes_to_the_address_that_won(
    meeting: Meeting, smtp: Journal
) -> None:
    contact = Contact.objects.get(meetings=meeting)
    holder = make_contact(contact.owner, email="a.lovelace@example.org")
    merge(contact, holder)
    sent(only_reminder(meeting))
    assert smtp.recipients() == ["a.lovelace@example.org"]


def test_after_a_delete_the_reminder_goes_to_the_last_address(
    meeting: Meeting, smtp: Journal
) -> None:
    update_contact(contact_id=meeting.contact_id or 0, actor=by(), values={"email": "a@new.org"})
    delete_contact(contact_id=meeting.contact_id or 0, actor=by())
    sent(only_reminder(meeting))
    assert smtp.recipients() == ["a@new.org"]


def test_a_contact_without_an_address_is_reminded_where_the_guest_said(
    meeting: Meeting, smtp: Journal
) -> None:
    update_contact(contact_id=meeting.contact_id or 0, actor=by(), values={"email": ""})
    sent(only_reminder(meeting))
    assert smtp.recipients() == ["ada@example.com"]


def test_a_guest_without_an_address_is_skipped_in_words(
    calendar: BookingCalendar, smtp: Journal
) -> None:
    calendar.email_required = False
    calendar.save()
    reminder = sent(only_reminder(make_meeting(calendar, email="")))
    assert (reminder.state, reminder.words) == ("skipped", "The guest has no email.")


def test_a_reminder_later_than_the_meeting_is_not_sent(meeting: Meeting, smtp: Journal) -> None:
    reminder = only_reminder(meeting)
    Meeting.objects.update(starts_at=timezone.now() - timedelta(minutes=1))
    assert sent(reminder).state == "skipped" and "Too late" in reminder.words
    assert smtp.taken == []


def test_of_two_reminders_that_are_late_the_last_is_sent(meeting: Meeting, smtp: Journal) -> None:
    last = only_reminder(meeting)
    now = timezone.now()
    first = meeting.reminders.create(
        kind="reminder", channel="email", minutes_before=1440, due_at=now - timedelta(hours=23)
    )
    Reminder.objects.filter(pk=last.pk).update(due_at=now - timedelta(seconds=2))
    come_due(last)
    assert sent(come_due(first)).state == "skipped" and len(smtp.taken) == 1
    assert first.words == "A later reminder took its place."


def test_a_canceled_meeting_reminds_nobody_and_says_so_once(
    meeting: Meeting, smtp: Journal
) -> None:
    reminder = only_reminder(meeting)
    cancel(meeting_id=meeting.pk, doer=HOST, reason="Snow")
    assert sent(reminder).state == "canceled"
    assert [mail.message["Subject"][:8] for mail in smtp.taken] == ["Canceled"]
    assert "Reason: Snow" in smtp.taken[0].message.get_body().get_content()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("step", "answer", "state"),
    [
        ("RCPT", "550 5.1.1 no such user", "failed"),
        ("RCPT", "451 try later", "scheduled"),
        ("MAIL", "421 shutting down", "scheduled"),
        ("DATA", "452 out of space", "scheduled"),
        ("content", "554 spam", "failed"),
        ("content", "451 greylisted", "scheduled"),
    ],
)
def test_what_the_mail_server_answers_decides(
    meeting: Meeting, smtp: Journal, step: str, answer: str, state: str
) -> None:
    smtp.answers = {step: [answer]}
    reminder = sent(only_reminder(meeting))
    assert (reminder.state, reminder.words) == (state, answer)
    assert (reminder.next_at is not None) == (state == "scheduled") and smtp.taken == []


def test_a_passing_refusal_is_tried_again_and_then_sent(meeting: Meeting, smtp: Journal) -> None:
    smtp.answers = {"RCPT": ["451 try later"]}
    reminder = sent(only_reminder(meeting))
    assert reminder.next_at and 20 < (reminder.next_at - timezone.now()).total_seconds() <= 30
    assert sent(come_due(reminder)).state == "sent"
    assert (reminder.attempts, reminder.resent, reminder.words) == (2, False, "")


def test_there_is_no_next_try_after_the_meeting_has_begun(meeting: Meeting, smtp: Journal) -> None:
    smtp.answers = {"RCPT": ["451 try later"]}
    reminder = only_reminder(meeting)
    Meeting.objects.update(starts_at=timezone.now() + timedelta(seconds=20))
    assert sent(reminder).state == "failed"
    assert reminder.words == "451 try later No time was left to try again."


def test_a_server_that_hung_up_in_between_is_called_again(meeting: Meeting, smtp: Journal) -> None:
    smtp.answers = {"MAIL": [""]}
    assert sent(only_reminder(meeting)).state == "sent" and smtp.connections == 2


def test_an_answer_lost_after_the_content_is_unknown_and_sent_once_more(
    meeting: Meeting, smtp: Journal
) -> None:
    smtp.answers = {"content": ["", None]}
    reminder = sent(only_reminder(meeting))
    assert (reminder.state, reminder.resent) == ("unknown", False) and reminder.waits
    assert sent(come_due(reminder)).state == "unknown"
    assert reminder.resent and not reminder.waits
    assert sending.run() == 0 and len(smtp.taken) == 2
    first, second = (mail.message["Message-ID"] for mail in smtp.taken)
    assert first == second


def test_an_unknown_one_that_is_accepted_the_second_time_is_sent_and_flagged(
    meeting: Meeting, smtp: Journal
) -> None:
    smtp.answers = {"content": [""]}
    reminder = sent(come_due(sent(only_reminder(meeting))))
    assert (reminder.state, reminder.resent, reminder.attempts) == ("sent", True, 2)


def test_without_a_mail_server_all_wait_and_no_attempt_is_spent(
    meeting: Meeting, smtp: Journal
) -> None:
    smtp.greeting = "554 go away"
    reminder = sent(only_reminder(meeting))
    assert (reminder.state, reminder.attempts, reminder.words) == ("scheduled", 0, "554 go away")
    smtp.greeting = "220 double"
    assert sent(come_due(reminder)).state == "sent"


def test_an_address_gets_ten_messages_an_hour_and_the_rest_later(
    calendar: BookingCalendar, smtp: Journal
) -> None:
    for hour in range(11):
        make_meeting(calendar, soon(hour=hour))
    sending.run()
    assert len(smtp.taken) == 10
    waiting = Reminder.objects.get(kind="confirmation", state="scheduled")
    assert "10 messages within an hour" in waiting.words and waiting.sent_to == ""
    Reminder.objects.filter(state="sent").update(begun_at=timezone.now() - timedelta(hours=1))
    assert sent(come_due(waiting)).state == "sent" and waiting.attempts == 1
