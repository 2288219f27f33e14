"""What the Edit and Merge panes say of reminders, and that it is then so."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activities.models import BookingCalendar, Meeting, Reminder
from activities.reminders import sending
from activities.reminders.planner import PLANNER
from contacts.deleting import delete_contact
from contacts.models import Contact, User
from contacts.services import update_contact
from contacts.signals import ContactChange
from tests.activities.bookings import make_meeting, soon
from tests.activities.reminders.posted import come_due, of
from tests.activities.reminders.smtp_double import Journal
from tests.activities.senders import Remembering
from tests.contacts.pages import HTMX, read, save, text_of, typed_into, url_of
from tests.contacts.unmerge_tools import fold, merge_of
from tests.factories import by, make_contact

pytestmark = pytest.mark.django_db


@pytest.fixture
def guest(meeting: Meeting) -> Contact:
    """The contact of the meeting; its confirmation has left."""
    meeting.reminders.filter(kind="confirmation").delete()
    return Contact.objects.get(meetings=meeting)


def panel(client: Client, contact: Contact, user: User, **typed: str) -> str:
    data = typed_into(contact, user, **typed)
    url = url_of("contact_impact", contact)
    return text_of(client.post(url, data, headers={**HTMX, "HX-Target": "impact"}))


def change(contact: Contact, kind: str = "updated", **fields: tuple[str, str]) -> ContactChange:
    return ContactChange(
        contact.pk, contact.public_id, by(), kind, contact.version + 1, dict(fields)
    )


def planned(changes: Iterable[ContactChange]) -> set[str]:
    return {effect.target for effect in PLANNER.effects(list(changes))}


def test_the_panel_counts_the_reminders_that_will_go_elsewhere(
    as_member: Client, member: User, guest: Contact, calendar: BookingCalendar
) -> None:
    assert "update 1 upcoming reminder" in panel(as_member, guest, member, email="a@new.org")
    make_meeting(calendar, soon(hour=15))  # and its confirmation is still to be sent
    assert "update 3 upcoming reminders" in panel(as_member, guest, member, email="a@new.org")


@pytest.mark.parametrize("typed", [{"email": "ADA@example.com"}, {"city": "Turin"}])
def test_what_moves_no_reminder_is_silent(
    as_member: Client, member: User, guest: Contact, typed: dict[str, str]
) -> None:
    assert "Saving will" not in panel(as_member, guest, member, **typed)


def test_a_mobile_phone_moves_text_messages_only(calendar: BookingCalendar) -> None:
    meeting = make_meeting(calendar, mobile_phone="+12025550101", sms_consent=True)
    contact = Contact.objects.get(meetings=meeting)
    found = planned([change(contact, mobile_phone=("+12025550101", "+12025550202"))])
    texts = meeting.reminders.filter(channel="sms")
    assert found == {f"reminder {r.pk}" for r in texts} and len(found) == 2


def test_text_messages_stay_with_a_number_that_is_not_the_contacts(
    calendar: BookingCalendar, sms_offered: Remembering
) -> None:
    make_contact(calendar.host, email="ada@example.com", mobile_phone="+12025550101")
    meeting = make_meeting(calendar, mobile_phone="+12025550303", sms_consent=True)
    contact = Contact.objects.get(meetings=meeting)
    assert planned([change(contact, mobile_phone=("+12025550101", "+12025550202"))]) == set()
    update_contact(contact_id=contact.pk, actor=by(), values={"mobile_phone": "+12025550202"})
    sending.run()
    delete_contact(contact_id=contact.pk, actor=by())
    come_due(of(meeting, channel="sms"))
    sending.run()
    assert [message.to for message in sms_offered.sent] == ["+12025550303"] * 2


def test_text_messages_follow_a_number_that_is_the_contacts_own(
    calendar: BookingCalendar, sms_offered: Remembering
) -> None:
    meeting = make_meeting(calendar, mobile_phone="+12025550101", sms_consent=True)
    contact = Contact.objects.get(meetings=meeting)
    for number in ("+12025550202", "+12025550303"):  # twice: then it is a former one
        moved = change(contact, mobile_phone=(contact.mobile_phone, number))
        assert len(planned([moved])) == 2
        update_contact(contact_id=contact.pk, actor=by(), values={"mobile_phone": number})
        contact.refresh_from_db()
    sending.run()
    delete_contact(contact_id=contact.pk, actor=by())
    come_due(of(meeting, channel="sms"))
    sending.run()
    assert [message.to for message in sms_offered.sent] == ["+12025550303"] * 2


def test_an_emptied_address_falls_back_to_the_guests_own(guest: Contact) -> None:
    assert planned([change(guest, email=("ada@example.com", ""))]) == set()
    Meeting.objects.update(guest_email="")
    assert len(planned([change(guest, email=("ada@example.com", ""))])) == 1


def test_what_is_past_canceled_or_sent_is_not_counted(guest: Contact, meeting: Meeting) -> None:
    moved = change(guest, email=("ada@example.com", "a@new.org"))
    for columns in ({"status": "canceled"}, {"starts_at": timezone.now() - timedelta(minutes=1)}):
        before = {name: getattr(meeting, name) for name in columns}
        Meeting.objects.update(**columns)
        assert planned([moved]) == set()
        Meeting.objects.update(**before)
    Reminder.objects.update(state="sent", next_at=None)
    assert planned([moved]) == set()


def test_after_save_the_next_reminder_goes_where_the_panel_said(
    as_member: Client, member: User, guest: Contact, meeting: Meeting, smtp: Journal
) -> None:
    data = typed_into(guest, member, email="a@new.org")
    url = url_of("contact_impact", guest)
    shown = read(as_member.post(url, data, headers={**HTMX, "HX-Target": "impact"}))
    counted = planned([change(guest, email=("ada@example.com", "a@new.org"))])
    assert save(as_member, guest, {**data, "plan": shown.values["plan"]}).status_code == 200
    come_due(of(meeting))
    sending.run()
    gone = Reminder.objects.filter(state="sent", sent_to="a@new.org")
    assert {f"reminder {r.pk}" for r in gone} == counted
    assert smtp.recipients() == ["a@new.org"]


def test_the_merge_prompt_counts_and_the_reminders_of_all_follow(
    as_member: Client, member: User, guest: Contact, calendar: BookingCalendar, smtp: Journal
) -> None:
    holder = make_contact(member, first_name="Holder", email="holder@example.com")
    other = make_meeting(calendar, soon(hour=15), email="holder@example.com")
    other.reminders.filter(kind="confirmation").delete()
    prompt = save(as_member, guest, typed_into(guest, member, email="holder@example.com"))
    text = text_of(prompt)
    assert "Merging will also update 1 upcoming reminder" in text  # the holder's stays where it is
    assert "Upcoming reminders" in text
    as_member.post(url_of("contact_merge", guest), read(prompt).values, headers=HTMX)
    for reminder in Reminder.objects.all():
        come_due(reminder)
    sending.run()
    assert smtp.recipients() == ["holder@example.com"] * 2 and holder.meetings.count() == 2


def test_the_undo_of_a_merge_says_so_and_gives_the_reminder_its_address_back(
    as_member: Client, member: User, guest: Contact, meeting: Meeting, smtp: Journal
) -> None:
    survivor = make_contact(member, first_name="Holder", email="holder@example.com")
    fold(survivor, guest)
    url = url_of("merge_undo", survivor, merge_of(survivor).pk)
    page = as_member.get(url, headers=HTMX)
    assert "Undoing will also update 1 upcoming reminder." in text_of(page)
    assert as_member.post(url, read(page).values, headers=HTMX).status_code == 200
    come_due(of(meeting))
    sending.run()
    assert smtp.recipients() == ["ada@example.com"]


def test_thousands_of_changes_are_planned_in_two_queries(
    guest: Contact, django_assert_num_queries: Any
) -> None:
    moved = [change(guest, email=("ada@example.com", "a@new.org"))]
    others = [
        ContactChange(n, f"CTC-{n}", by(), "updated", 2, {"email": ("a@b.co", "c@d.co")})
        for n in range(guest.pk + 1, guest.pk + 3_001)
    ]
    with CaptureQueriesContext(connection) as asked:
        effects = PLANNER.effects(moved + others)
    assert len(asked) == 2
    assert [effect.contact_id for effect in effects] == [guest.pk]
