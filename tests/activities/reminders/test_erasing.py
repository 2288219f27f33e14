"""Deleting and erasing a person: what becomes of the messages to them."""

from typing import Any

import pytest
from django.apps import apps

from activities.models import BookingCalendar, Reminder, SmsReply
from activities.reminders import opt_outs, sending
from contacts.deleting import delete_contact
from contacts.erasing import erase_contact, plan_erasure
from contacts.models import Contact
from tests.activities.bookings import make_meeting
from tests.activities.reminders.posted import come_due, of
from tests.activities.reminders.smtp_double import Journal
from tests.factories import by

pytestmark = pytest.mark.django_db
MOBILE = "+12025550101"


@pytest.fixture
def guest(calendar: BookingCalendar, smtp: Journal) -> Contact:
    """Someone who was told, whose mail server named the address, and who replied STOP."""
    meeting = make_meeting(calendar, mobile_phone=MOBILE, sms_consent=True)
    smtp.answers = {"RCPT": ["550 <ada@example.com> is unknown"]}
    sending.run()
    opt_outs.note(number=MOBILE, sender="+15005550006", stop=True, message_id="SM1")
    return Contact.objects.get(meetings=meeting)


def stored() -> str:
    models: Any = apps.get_app_config("activities").get_models(include_auto_created=True)
    return repr([list(model._default_manager.values_list()) for model in models])


def test_erasing_leaves_no_address_in_messages_and_replies(guest: Contact) -> None:
    planned = plan_erasure(guest.public_id).others
    receipt = erase_contact(public_id=guest.public_id, actor=by())
    assert "ada@" not in stored() and "2025550101" not in stored()
    assert not SmsReply.objects.exists()
    assert (
        planned["addresses of messages"] == receipt.detail["counts"]["addresses of messages"] == 1
    )


def test_after_erasing_nothing_is_sent(guest: Contact, smtp: Journal) -> None:
    erase_contact(public_id=guest.public_id, actor=by())
    come_due(Reminder.objects.get(kind="reminder", channel="email"))
    sending.run()
    assert smtp.taken == []
    assert Reminder.objects.get(kind="reminder", channel="email").words == "The guest has no email."


def test_a_deleted_person_can_be_erased_later(guest: Contact) -> None:
    public_id = guest.public_id
    delete_contact(contact_id=guest.pk, actor=by())
    assert "ada@example.com" in stored()  # activities stay, and the reminders still go out
    erase_contact(public_id=public_id, actor=by())
    assert "ada@" not in stored() and "2025550101" not in stored()


def test_a_message_in_flight_brings_no_words_back(
    calendar: BookingCalendar, smtp: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = make_meeting(calendar)
    reminder = of(meeting, "confirmation")
    smtp.answers = {"RCPT": ["550 <ada@example.com> is unknown"]}
    send = sending._dispatch

    def dispatch(*given: Any) -> Any:
        outcome = send(*given)
        Reminder.objects.filter(pk=reminder.pk).update(sent_to="", words="")
        return outcome

    monkeypatch.setattr(sending, "_dispatch", dispatch)
    sending.run()
    reminder.refresh_from_db()
    assert (reminder.state, reminder.words) == ("failed", "")
