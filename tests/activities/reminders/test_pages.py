"""The pages about reminders: the texts of a calendar, a meeting's messages, what needs attention."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from activities.models import BookingCalendar, Meeting, Reminder, ReminderTemplate
from activities.reminders import sending
from activities.services import cancel, reassign, reschedule
from contacts.access import Role
from contacts.models import AuditEntry, Contact, User
from contacts.services import update_contact
from tests.activities.bookings import HOST, make_meeting, soon
from tests.activities.reminders.posted import come_due, only_reminder, rows, sent
from tests.activities.reminders.smtp_double import Journal
from tests.contacts.pages import read, text_of
from tests.factories import by, make_user

pytestmark = pytest.mark.django_db


def texts_url(calendar: BookingCalendar) -> str:
    return reverse("calendar_reminders", args=[calendar.public_id])


def typed(client: Client, calendar: BookingCalendar, **values: str) -> dict[str, str]:
    return {**read(client.get(texts_url(calendar))).values, **values}


def again(client: Client, reminder: Reminder) -> Any:
    args = [reminder.meeting.public_id, reminder.pk]
    return client.post(reverse("reminder_again", args=args), follow=True)


# --- the texts of a calendar


def test_a_new_calendar_has_texts_and_one_reminder_an_hour_before(
    as_member: Client, calendar: BookingCalendar
) -> None:
    form = typed(as_member, calendar)
    kinds = [form[f"t{n}_kind"] for n in range(4)]
    assert kinds == ["confirmation", "reminder", "rescheduled", "canceled"]
    assert (form["t1_amount"], form["t1_unit"]) == ("1", "hours") and "t4_kind" not in form
    assert "Set TWILIO_ACCOUNT_SID" in text_of(as_member.get(texts_url(calendar)))


def test_saved_texts_are_what_is_sent(
    as_member: Client, calendar: BookingCalendar, smtp: Journal
) -> None:
    form = typed(
        as_member, calendar, t0_subject="See you, {{guest_first_name}}", t0_body="Bye {{ host }}"
    )
    assert as_member.post(texts_url(calendar), form).status_code == 302
    make_meeting(calendar)
    sending.run()
    mail = smtp.taken[0].message
    assert mail["Subject"] == "See you, Ada"
    assert "Bye Mia" in mail.get_body().get_content()  # type: ignore[union-attr]
    assert AuditEntry.objects.get(action="calendar.reminders").object_id == calendar.public_id


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("t0_body", "Hi {{ contact.owner.password }}", "{{ contact.owner.password }} cannot be filled in"),
        ("t0_subject", "{{ settings.SECRET_KEY }}", "{{ settings.SECRET_KEY }} cannot be filled in"),
        ("t0_body", "{% include 'x' %}", "{% include 'x' %} does nothing here"),
        ("t0_body", "", "enter a text"),
        ("t0_subject", "a\r\nBcc: x@y.co", "a subject is one line"),
        ("t0_subject", "s" * 201, "Too long: 201 characters, at most 200"),
        ("t0_body", "b" * 5001, "Too long: 5,001 characters, at most 5,000"),
        ("t1_amount", "soon", "use a whole number"),
        ("t1_amount", "9999", "use a time from 5 minutes to 28 days"),
    ],
)  # fmt: skip
def test_what_cannot_be_saved_is_named_and_kept(
    as_member: Client, calendar: BookingCalendar, name: str, value: str, words: str
) -> None:
    answer = as_member.post(texts_url(calendar), typed(as_member, calendar, **{name: value}))
    assert answer.status_code == 422 and words in text_of(answer)
    assert read(answer).values[name].replace("\r\n", "\n") == value.replace("\r\n", "\n")
    assert not ReminderTemplate.objects.exists()


def test_reminders_are_added_and_removed_without_script_and_count_when_saved(
    as_member: Client, calendar: BookingCalendar
) -> None:
    meeting = make_meeting(calendar)
    form = typed(as_member, calendar, do="add-email")
    page = as_member.post(texts_url(calendar), form)
    assert "Not saved yet" in text_of(page) and not ReminderTemplate.objects.exists()
    assert (
        as_member.post(texts_url(calendar), {**read(page).values, "do": "save"}).status_code == 302
    )
    assert [row[2] for row in rows(meeting, kind="reminder")] == [1440, 60]
    page = as_member.post(texts_url(calendar), typed(as_member, calendar, do="remove-t2"))
    as_member.post(texts_url(calendar), {**read(page).values, "do": "save"})
    left = rows(meeting, kind="reminder")
    assert left == [("email", "reminder", 1440, "scheduled"), ("email", "reminder", 60, "canceled")]


def test_five_reminders_are_the_most(as_member: Client, calendar: BookingCalendar) -> None:
    form = typed(as_member, calendar)
    for number in range(4, 9):
        form |= {f"t{number}_channel": "email", f"t{number}_kind": "reminder", f"t{number}_body": "x",
                 f"t{number}_subject": "x", f"t{number}_amount": str(number), f"t{number}_unit": "days"}  # fmt: skip
    answer = as_member.post(texts_url(calendar), form)
    assert answer.status_code == 422 and "at most 5 reminders" in text_of(answer)
    assert "Five reminders are the most" in text_of(answer)


def test_two_reminders_at_the_same_time_are_refused(
    as_member: Client, calendar: BookingCalendar
) -> None:
    page = as_member.post(texts_url(calendar), typed(as_member, calendar, do="add-email"))
    form = {**read(page).values, "do": "save", "t2_amount": "60", "t2_unit": "minutes"}
    answer = as_member.post(texts_url(calendar), form)
    assert answer.status_code == 422 and "another reminder goes out at the same time" in text_of(
        answer
    )


def test_a_preview_shows_the_mail_and_saves_nothing(
    as_member: Client, calendar: BookingCalendar
) -> None:
    form = typed(
        as_member, calendar, do="preview", t0_body="Dear {{ guest_name }} at {{ location }}"
    )
    answer = text_of(as_member.post(texts_url(calendar), form))
    assert "Dear Ada Lovelace" in answer and "Booked: Tax review with Mia" in answer
    assert not ReminderTemplate.objects.exists()


def test_the_texts_are_for_the_host_and_administrators(
    client: Client, calendar: BookingCalendar, stranger: User, admin_user: User
) -> None:
    for user, status in ((stranger, 404), (admin_user, 200)):
        client.force_login(user)
        assert client.get(texts_url(calendar)).status_code == status
        assert client.post(texts_url(calendar), {"do": "preview"}).status_code in {status, 422}


# --- a meeting's messages


def test_the_meeting_lists_its_messages_with_state_and_address(
    as_member: Client, meeting: Meeting, smtp: Journal
) -> None:
    sending.run()
    text = text_of(as_member.get(reverse("meeting_detail", args=[meeting.public_id])))
    assert "Messages to the guest" in text and "Confirmation, by email" in text
    assert "Sent" in text and "Reminder, 1 hour before, by email" in text and "Scheduled" in text


def test_a_failed_one_is_sent_again_once_and_stays_on_record(
    as_member: Client, meeting: Meeting, smtp: Journal
) -> None:
    smtp.answers = {"RCPT": ["550 no such user"]}
    reminder = sent(only_reminder(meeting))
    page = text_of(as_member.get(reverse("reminder_list")))
    assert "550 no such user" in page and "Send again" in page
    assert "It is being sent again" in text_of(again(as_member, reminder))
    again(as_member, reminder)
    sending.run()
    assert [r.state for r in meeting.reminders.order_by("pk")] == ["failed", "sent"]
    assert len(smtp.taken) == 1 and "Nothing needs attention" in text_of(
        as_member.get(reverse("reminder_list"))
    )


@pytest.mark.parametrize("end", ["cancel", "move"])
def test_what_failed_for_a_meeting_that_was_canceled_or_moved_needs_no_attention(
    as_member: Client, meeting: Meeting, smtp: Journal, end: str
) -> None:
    smtp.answers = {"RCPT": ["550 unknown"]}
    sent(only_reminder(meeting))
    reassign(meeting_id=meeting.pk, host=make_user(), doer=HOST)  # the same time: still meant
    assert Reminder.objects.need_attention().count() == 1
    if end == "cancel":
        cancel(meeting_id=meeting.pk, doer=HOST)
    else:
        reschedule(meeting_id=meeting.pk, starts_at=soon(hour=15), doer=HOST)
    assert "Nothing needs attention" in text_of(as_member.get(reverse("reminder_list")))


def test_what_has_ended_is_listed_by_when_it_ended(
    as_member: Client, meeting: Meeting, smtp: Journal
) -> None:
    sending.run()  # the confirmation; the reminder is due later, and canceled before that
    reschedule(meeting_id=meeting.pk, starts_at=soon(hour=15), doer=HOST)
    sending.run()
    text = text_of(as_member.get(reverse("reminder_list"), {"show": "ended"}))
    order = [text.index(word) for word in ("Rescheduled,", "Reminder,", "Confirmation,")]
    assert order == sorted(order)


def test_an_unknown_one_says_what_that_means(
    as_member: Client, meeting: Meeting, smtp: Journal
) -> None:
    smtp.answers = {"content": ["", ""]}
    sent(come_due(sent(only_reminder(meeting))))
    text = text_of(as_member.get(reverse("meeting_detail", args=[meeting.public_id])))
    assert "Unknown" in text and "Re-sent" in text and "It may have arrived or not." in text


def test_what_was_sent_is_not_sent_again(
    as_member: Client, meeting: Meeting, smtp: Journal
) -> None:
    reminder = sent(only_reminder(meeting))
    answer = again(as_member, reminder)
    assert answer.status_code == 409 and "Nothing was sent" in text_of(answer)


def test_a_stranger_sends_and_sees_nothing(
    client: Client, meeting: Meeting, stranger: User, smtp: Journal
) -> None:
    reminder = only_reminder(meeting)
    Reminder.objects.update(state="failed", next_at=None)
    client.force_login(stranger)
    assert again(client, reminder).status_code == 404 and meeting.reminders.count() == 1
    assert "Tax review" not in text_of(client.get(reverse("reminder_list")))


def test_a_host_who_may_not_see_the_contact_does_not_learn_its_new_address(
    client: Client, as_member: Client, meeting: Meeting, smtp: Journal
) -> None:
    update_contact(
        contact_id=meeting.contact_id or 0, actor=by(), values={"email": "new@secret.org"}
    )
    Contact.objects.update(owner=make_user(Role.MEMBER))
    smtp.answers = {"RCPT": ["550 <new@secret.org> is unknown"]}
    sent(only_reminder(meeting))
    for url in (reverse("meeting_detail", args=[meeting.public_id]), reverse("reminder_list")):
        page = as_member.get(url).content.decode()
        assert "secret.org" not in page and "an address that you cannot see" in page


def test_the_list_costs_the_same_however_many(as_member: Client, calendar: BookingCalendar) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            as_member.get(reverse("reminder_list"), {"show": "waiting"})
        return len(asked)

    make_meeting(calendar)
    queries()
    with_one = queries()
    for hour in range(11, 20):
        make_meeting(calendar, soon(hour=hour), email=f"{hour}@example.com")
    assert queries() == with_one <= 12
