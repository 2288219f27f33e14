"""From a booking or an edit to the event in the host's calendar, for both vendors."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone

from activities.models import BookingCalendar, Meeting
from activities.services import cancel, reassign, reschedule
from contacts import planning
from contacts.deleting import delete_contact
from contacts.models import Contact, OutgoingMail, User
from contacts.people import letters
from contacts.planning import Line
from contacts.services import create_contact, update_contact
from contacts.signals import ContactChange
from integrations.calendars.connecting import disconnect
from integrations.models import Connection, Delivery, ExternalRecord
from tests.activities.bookings import HOST, make_calendar, make_meeting, soon
from tests.contacts.pages import text_of
from tests.factories import by, make_contact, merge
from tests.integrations.calendars import Calendar, later, sent, served

pytestmark = pytest.mark.django_db
OLD, NEW = "ada@example.com", "ada@new.example"


@pytest.fixture(params=["google_calendar", "microsoft_graph"])
def kept(request: pytest.FixtureRequest, settings: Any) -> Iterator[Calendar]:
    yield from served(request.param, settings)


@pytest.fixture
def connection(kept: Calendar, member: User) -> Connection:
    return kept.connect(member)


@pytest.fixture
def calendar(connection: Connection, member: User) -> BookingCalendar:
    return make_calendar(member)


def edit(meeting: Meeting, **values: Any) -> None:
    update_contact(contact_id=meeting.contact_id or 0, actor=by(), values=values)


def lines(meeting: Meeting, old: str = OLD, new: str = NEW) -> list[Line]:
    """What the Edit pane says before the address is saved."""
    contact = meeting.contact
    assert contact is not None
    fields = {"email": (old, new)}
    change = ContactChange(contact.pk, contact.public_id, by(), "updated", 2, fields)
    return planning.plan([change]).lines[1:]  # the reminders are told first


def test_a_booking_is_an_event_with_its_guest(kept: Calendar, calendar: BookingCalendar) -> None:
    meeting = make_meeting(calendar, guests=["boss@example.com"])
    assert sent() == ["delivered"]
    meeting.refresh_from_db()
    assert meeting.external_event_id == kept.events[0]["id"]
    assert kept.guests() == [OLD, "boss@example.com"]
    assert kept.start() == f"{meeting.starts_at:%Y-%m-%dT%H:%M:%S}"


def test_the_event_moves_and_goes_with_the_meeting(
    kept: Calendar, calendar: BookingCalendar
) -> None:
    meeting = make_meeting(calendar)
    sent()
    reschedule(meeting_id=meeting.pk, starts_at=soon(5), doer=HOST)
    sent()
    assert kept.start() == f"{soon(5):%Y-%m-%dT%H:%M:%S}"
    cancel(meeting_id=meeting.pk, doer=HOST)
    assert sent() == ["delivered"] * 3
    assert kept.events == [] and not ExternalRecord.objects.exists()


def test_a_meeting_that_was_moved_before_its_event_was_made_is_made_once_at_its_last_time(
    kept: Calendar, calendar: BookingCalendar
) -> None:
    meeting = make_meeting(calendar)
    Delivery.objects.filter(family="calendars").update(next_at=None, state="retrying")
    reschedule(meeting_id=meeting.pk, starts_at=soon(5), doer=HOST)
    assert sent() == ["superseded", "delivered"]
    assert len(kept.events) == 1 and kept.start() == f"{soon(5):%Y-%m-%dT%H:%M:%S}"


def test_a_meeting_that_was_canceled_before_its_event_was_made_leaves_none(
    kept: Calendar, calendar: BookingCalendar
) -> None:
    kept.double.faults = ["lost"] if kept.vendor == "google_calendar" else ["", "lost"]
    meeting = make_meeting(calendar)
    assert sent() == ["unknown"] and len(kept.events) == 1
    cancel(meeting_id=meeting.pk, doer=HOST)
    assert sent() == ["superseded", "delivered"] and kept.events == []


def test_what_saving_will_do_is_said_and_done(kept: Calendar, calendar: BookingCalendar) -> None:
    first, second = make_meeting(calendar), make_meeting(calendar, soon(4))
    sent()
    word = "Google Calendar" if kept.vendor == "google_calendar" else "Exchange"
    assert lines(first) == [Line(f"update the guest list on 2 {word} events")]
    edit(first, email=NEW)
    assert sent()[2:] == ["delivered"] * 2
    assert [kept.guests(n) for n in (0, 1)] == [[NEW]] * 2
    assert second.contact_id == first.contact_id


def test_the_rows_are_those_that_the_pane_has_counted(calendar: BookingCalendar) -> None:
    meeting = make_meeting(calendar)
    sent()
    contact = Contact.objects.get(pk=meeting.contact_id or 0)
    change = ContactChange(contact.pk, contact.public_id, by(), "updated", 2, {"email": (OLD, NEW)})
    shown = {effect.target for effect in planning.plan([change]).effects if effect.planner == "calendars"}  # fmt: skip
    edit(meeting, email=NEW)
    assert {row.target for row in Delivery.objects.filter(kind="event.guest")} == shown


def test_of_quick_edits_the_last_address_is_on_the_event_and_none_in_between(
    kept: Calendar, calendar: BookingCalendar
) -> None:
    meeting = make_meeting(calendar)
    sent()
    for number in range(5):
        edit(meeting, email=f"ada{number}@new.example")
    assert sent() == ["delivered", *["superseded"] * 4, "delivered"]
    assert kept.guests() == ["ada4@new.example"]
    told = {mail.to for mail in kept.double.mails if mail.about == "invited"}
    assert told == {OLD, "ada4@new.example"}


def test_an_address_whose_write_was_lost_is_found_and_replaced_by_the_next(
    kept: Calendar, calendar: BookingCalendar
) -> None:
    meeting = make_meeting(calendar)
    sent()
    kept.double.faults = ["", "lost"]
    edit(meeting, email="typo@new.example")
    assert sent()[-1] == "unknown" and kept.guests() == ["typo@new.example"]
    edit(meeting, email=NEW)
    sent()
    assert kept.guests() == [NEW]


def test_an_edit_does_not_move_an_event_that_the_host_has_moved(
    kept: Calendar, calendar: BookingCalendar
) -> None:
    meeting = make_meeting(calendar)
    sent()
    kept.events[0]["start"]["dateTime"] = "2031-01-01T09:00:00"
    kept.events[0]["end"]["dateTime"] = "2031-01-01T10:00:00"
    edit(meeting, email=NEW)
    sent()
    assert kept.guests() == [NEW] and kept.start() == "2031-01-01T09:00:00"


def test_past_canceled_and_other_meetings_are_not_touched(
    kept: Calendar, calendar: BookingCalendar
) -> None:
    meeting = make_meeting(calendar)
    sent()
    cancel(meeting_id=meeting.pk, doer=HOST)
    sent()
    number = Delivery.objects.count()
    edit(meeting, email=NEW)
    edit(meeting, first_name="Augusta")
    assert Delivery.objects.count() == number


def test_a_merge_brings_the_surviving_address_onto_the_events(
    kept: Calendar, calendar: BookingCalendar, member: User
) -> None:
    meeting = make_meeting(calendar)
    sent()
    edited = Contact.objects.get(pk=meeting.contact_id or 0)
    Contact.objects.filter(pk=edited.pk).update(owner=member)
    edited.refresh_from_db()
    holder = make_contact(member, email="a.lovelace@example.org")
    merge(edited, holder)
    sent()
    assert kept.guests() == ["a.lovelace@example.org"]


def test_a_delete_calls_no_calendar_and_lets_an_earlier_edit_finish(
    kept: Calendar, calendar: BookingCalendar
) -> None:
    meeting = make_meeting(calendar)
    sent()
    edit(meeting, email=NEW)
    asked = len(kept.double.requests)
    delete_contact(contact_id=meeting.contact_id or 0, actor=by())
    assert len(kept.double.requests) == asked
    assert sent()[-1] == "delivered" and kept.guests() == [NEW]


def test_a_reassigned_meeting_goes_from_one_calendar_to_the_other(
    kept: Calendar, calendar: BookingCalendar, stranger: User
) -> None:
    meeting = make_meeting(calendar)
    sent()
    reassign(meeting_id=meeting.pk, host=stranger, doer=HOST)
    sent()
    meeting.refresh_from_db()
    assert kept.events == [] and meeting.external_calendar_type == ""
    reassign(meeting_id=meeting.pk, host=calendar.host, doer=HOST)
    sent()
    assert len(kept.events) == 1


def test_a_revoked_sign_in_holds_everything_until_somebody_has_signed_in_again(
    kept: Calendar, calendar: BookingCalendar, connection: Connection
) -> None:
    meeting = make_meeting(calendar)
    sent()
    kept.double.sign_in.revoke(kept.account)
    edit(meeting, email="first@new.example")
    assert sent()[-1] == "needs_reconnect"
    vendor = "Google Calendar" if kept.vendor == "google_calendar" else "Microsoft Exchange"
    held = Line(f"hold the {vendor} update until you reconnect", done=False)
    assert lines(meeting, "first@new.example") == [held]
    edit(meeting, email=NEW)
    assert Delivery.objects.latest("pk").state == "needs_reconnect"
    assert kept.connect(calendar.host) == connection
    assert sent()[-1] == "delivered" and kept.guests() == [NEW]


def test_the_owner_of_a_lost_sign_in_gets_one_mail(
    kept: Calendar,
    calendar: BookingCalendar,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: Any,
) -> None:
    first, _ = make_meeting(calendar), make_meeting(calendar, soon(4))
    kept.double.sign_in.revoke(kept.account)
    with django_capture_on_commit_callbacks(execute=True):
        assert sent() == ["needs_reconnect"] * 2
        edit(first, email=NEW)
        sent()
    for waiting in OutgoingMail.objects.all():  # with a broker, as its worker does
        letters.deliver(waiting.pk)
    told = [mail for mail in mailoutbox if "waits for somebody to sign in" in mail.subject]
    assert [mail.to for mail in told] == [[calendar.host.email]]
    assert told[0].subject.startswith(("Google Calendar", "Microsoft Exchange"))
    assert "http://127.0.0.1:8000/integrations/" in told[0].body


def test_a_disconnected_calendar_is_left_alone_and_said_so(
    kept: Calendar, calendar: BookingCalendar, connection: Connection
) -> None:
    meeting = make_meeting(calendar)
    sent()
    disconnect(connection, user=calendar.host)
    asked = len(kept.double.requests)
    assert [(line.done, line.note) for line in lines(meeting)] == [(False, "Its calendar is no longer connected.")]  # fmt: skip
    edit(meeting, email=NEW)
    assert sent()[-1] == "skipped" and len(kept.double.requests) == asked


def test_an_event_that_the_host_deleted_is_said_to_be_gone(
    kept: Calendar, calendar: BookingCalendar
) -> None:
    meeting = make_meeting(calendar)
    sent()
    event = kept.events[0]
    event["status"] = "cancelled"
    if kept.vendor == "microsoft_graph":
        del kept.double.calendars[kept.account][event["id"]]
    edit(meeting, email=NEW)
    sent()
    row = Delivery.objects.latest("pk")
    assert (row.state, row.words) == ("skipped", "The event no longer exists.")


def test_a_throttled_write_waits_as_long_as_it_is_asked_to(
    kept: Calendar, calendar: BookingCalendar
) -> None:
    kept.double.faults = ["429 after 7"]
    make_meeting(calendar)
    row = Delivery.objects.latest("pk")
    assert sent() == ["retrying"] and row.attempts == 0
    row.refresh_from_db()
    assert row.last_status == 429
    later()
    assert sent() == ["delivered"]


@pytest.mark.parametrize("name", ["iCloud", "Fastmail"])
def test_other_calendars_are_never_contacted_and_shown_as_not_updated(
    kept: Calendar, member: User, name: str
) -> None:
    kind = "icloud" if name == "iCloud" else "other"
    Connection.objects.create(vendor="other_calendar", user=member, external_account=kind, label=name)  # fmt: skip
    meeting = make_meeting(make_calendar(member))
    assert sent() == []
    spam = "To prevent notification spam, other platforms do not update automatically."
    assert lines(meeting) == [Line(f"1 {name} event will NOT be updated", done=False, note=spam)]
    edit(meeting, email=NEW)
    row = Delivery.objects.get()
    assert (row.state, row.words, row.sent_to) == ("skipped", spam, name)
    assert sent() == ["skipped"] and kept.double.requests == []


def test_an_import_plans_thousands_of_changes_in_few_queries(
    calendar: BookingCalendar, django_assert_max_num_queries: Any
) -> None:
    meeting = make_meeting(calendar)
    own = Contact.objects.get(pk=meeting.contact_id or 0)
    changes: Sequence[ContactChange] = [
        ContactChange(pk, f"CTC-{pk}", by(), "updated", 2, {"email": (OLD, NEW)})
        for pk in [own.pk, *range(own.pk + 1, own.pk + 3_001)]
    ]
    with django_assert_max_num_queries(10):
        plan = planning.plan(changes)
    assert [e.planner for e in plan.effects if e.planner == "calendars"] == ["calendars"]


def test_no_address_stands_in_a_delivery(calendar: BookingCalendar) -> None:
    meeting = make_meeting(calendar)
    edit(meeting, email=NEW)
    stored = " ".join(str(vars(row)) for row in Delivery.objects.filter(family="calendars"))
    assert "@" not in stored


def test_a_meeting_booked_by_phone_alone_has_an_event_without_guests(
    kept: Calendar, calendar: BookingCalendar
) -> None:
    meeting = make_meeting(calendar, email="", mobile_phone="+12025550101")
    sent()
    assert kept.guests() == []
    edit(meeting, email=NEW)
    assert sent() == ["delivered"]


def test_two_people_who_swap_addresses_are_on_their_own_events(
    kept: Calendar, calendar: BookingCalendar
) -> None:
    first = make_meeting(calendar, email="a@example.com", name="A")
    second = make_meeting(calendar, soon(4), email="b@example.com", name="B")
    sent()
    edit(first, email="c@example.com")
    for pk in (first.contact_id, second.contact_id):
        Contact.objects.get(pk=pk or 0).identifiers.filter(current=False).delete()
    edit(second, email="a@example.com")
    for pk in (first.contact_id, second.contact_id):
        Contact.objects.get(pk=pk or 0).identifiers.filter(current=False).delete()
    edit(first, email="b@example.com")
    sent()
    assert [kept.guests(0), kept.guests(1)] == [["b@example.com"], ["a@example.com"]]


def test_a_new_contact_contacts_nobody(kept: Calendar, connection: Connection) -> None:
    create_contact(
        actor=by(),
        values={"first_name": "Bo", "email": "bo@example.com", "owner": connection.user_id},
    )
    assert sent() == []


def test_sync_activity_names_the_event_of_each_row(
    as_member: Client, calendar: BookingCalendar
) -> None:
    """By its subject and day: thirty rows of one calendar are told apart."""
    meeting = make_meeting(calendar)
    at = timezone.localtime(meeting.starts_at)
    told = text_of(as_member.get("/sync/"))
    assert f"{meeting.subject}, {at.day} {at:%b}" in told
