"""What becomes of a meeting: cancelled, moved, given away, missed, over; slots and contacts follow."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from activities import busy, services
from activities.models import BookedSlot, BookingCalendar, Meeting, MeetingEvent
from activities.scheduling import Span
from activities.services import (
    WrongState,
    book_instead,
    cancel,
    keep_up,
    mark_no_show,
    reassign,
    reschedule,
)
from activities.signals import Doer, MeetingChange, meetings_changed
from activities.slots import NotAvailable, SlotTaken
from contacts.deleting import delete_contact
from contacts.merging.merge import merge_contacts, plan_merge
from contacts.models import AuditEntry, Contact, Merge, User
from contacts.services import update_contact
from tests.activities.bookings import HOST, make_calendar, make_meeting, past_meeting, soon
from tests.factories import by, make_contact, make_user, typed

GUEST = Doer(Meeting.By.CUSTOMER)


@pytest.fixture
def calendar(member: User) -> BookingCalendar:
    return make_calendar(member, buffer_before_minutes=5, buffer_after_minutes=10)


@pytest.fixture
def heard() -> Iterator[list[MeetingChange]]:
    """What was announced, in order."""
    told: list[MeetingChange] = []

    def listen(changes: list[MeetingChange], **_: Any) -> None:
        told.extend(changes)

    meetings_changed.connect(listen, weak=False, dispatch_uid="test")
    yield told
    meetings_changed.disconnect(dispatch_uid="test")


def contact_of(meeting: Meeting) -> Contact:
    assert meeting.contact_id
    return Contact.objects.get(pk=meeting.contact_id)


# --- booking


def test_a_booking_takes_its_time_with_the_buffers(calendar: BookingCalendar) -> None:
    meeting = make_meeting(calendar)
    first = int((soon() - timedelta(minutes=5)).timestamp()) // 300
    assert list(meeting.slots.order_by("slot").values_list("slot", flat=True)) == list(
        range(first, first + 9)
    )


def test_the_database_refuses_a_slot_twice(calendar: BookingCalendar) -> None:
    slot = make_meeting(calendar).slots.first()
    assert slot is not None
    with pytest.raises(IntegrityError), transaction.atomic():
        BookedSlot.objects.create(host=slot.host, slot=slot.slot, meeting=slot.meeting)


def test_two_calendars_of_one_host_share_the_time(calendar: BookingCalendar, member: User) -> None:
    make_meeting(calendar)
    with pytest.raises(SlotTaken):
        make_meeting(make_calendar(member), email="other@example.com")
    assert Contact.objects.count() == 1  # whoever was refused left nothing


def test_two_hosts_do_not(calendar: BookingCalendar, stranger: User) -> None:
    make_meeting(calendar)
    make_meeting(make_calendar(stranger), email="other@example.com")
    assert Meeting.objects.count() == 2


def test_the_contact_knows_its_next_meeting(calendar: BookingCalendar) -> None:
    later, sooner = make_meeting(calendar, soon(days=5)), make_meeting(calendar, soon(days=4))
    ada = contact_of(later)
    assert (ada.upcoming_meetings, ada.next_meeting_time) == (2, sooner.starts_at)
    assert ada.last_interacted_time == sooner.creation_time


def test_it_is_announced_and_logged(calendar: BookingCalendar, heard: list[MeetingChange]) -> None:
    meeting = make_meeting(calendar)
    assert [(c.kind, c.public_id, c.contact_id) for c in heard] == [
        ("scheduled", meeting.public_id, meeting.contact_id)
    ]
    assert meeting.events.get().by == "customer"


def test_a_listener_that_fails_undoes_the_booking(calendar: BookingCalendar) -> None:
    def fail(**_: Any) -> None:
        raise ValueError("no")

    meetings_changed.connect(fail, dispatch_uid="fail")
    try:
        with pytest.raises(ValueError, match="no"):
            make_meeting(calendar)
    finally:
        meetings_changed.disconnect(dispatch_uid="fail")
    assert not Meeting.objects.exists() and not Contact.objects.exists()


# --- cancel, reschedule, reassign


def test_cancel_frees_the_time_and_keeps_why_and_by_whom(
    calendar: BookingCalendar, member: User
) -> None:
    meeting = make_meeting(calendar)
    meeting = cancel(meeting_id=meeting.pk, doer=Doer("user", member), reason="Ill")
    assert (meeting.status, meeting.reason, meeting.actioned_by, meeting.actioned_user) == (
        "canceled", "Ill", "user", member,
    )  # fmt: skip
    assert not meeting.slots.exists() and contact_of(meeting).upcoming_meetings == 0
    entry = AuditEntry.objects.get(object_id=meeting.public_id)
    assert (entry.action, entry.actor) == ("meeting.canceled", member)
    make_meeting(calendar, email="other@example.com")  # the time is free again


@pytest.mark.parametrize("status", ["canceled", "completed", "no_show"])
def test_what_is_settled_is_not_cancelled_nor_moved(calendar: BookingCalendar, status: str) -> None:
    meeting = make_meeting(calendar)
    Meeting.objects.update(status=status)
    for change in (
        lambda: cancel(meeting_id=meeting.pk, doer=HOST),
        lambda: reschedule(meeting_id=meeting.pk, starts_at=soon(days=5), doer=HOST),
        lambda: reassign(meeting_id=meeting.pk, host=make_user(), doer=HOST),
    ):
        with pytest.raises(WrongState):
            change()
    assert MeetingEvent.objects.count() == 1


def test_a_meeting_that_is_over_is_not_cancelled(calendar: BookingCalendar) -> None:
    meeting = past_meeting(calendar)
    with pytest.raises(WrongState):
        cancel(meeting_id=meeting.pk, doer=GUEST)


def test_reschedule_swaps_the_time_at_once(
    calendar: BookingCalendar, heard: list[MeetingChange]
) -> None:
    meeting = make_meeting(calendar)
    moved = reschedule(meeting_id=meeting.pk, starts_at=soon(hour=15), doer=GUEST)
    assert (moved.pk, moved.status, moved.starts_at) == (meeting.pk, "rescheduled", soon(hour=15))
    assert moved.sequence == 1 and contact_of(moved).next_meeting_time == soon(hour=15)
    assert heard[-1].before["starts_at"] == soon().isoformat()
    make_meeting(calendar, soon(), email="other@example.com")


def test_a_meeting_may_move_into_its_own_time(calendar: BookingCalendar) -> None:
    meeting = make_meeting(calendar)
    moved = reschedule(meeting_id=meeting.pk, starts_at=soon(minute=30), doer=GUEST)
    assert moved.starts_at == soon(minute=30) and moved.slots.count() == 9


def test_a_refused_move_leaves_the_old_time_taken(calendar: BookingCalendar) -> None:
    meeting = make_meeting(calendar)
    make_meeting(calendar, soon(hour=15), email="other@example.com")
    with pytest.raises(SlotTaken):
        reschedule(meeting_id=meeting.pk, starts_at=soon(hour=15), doer=GUEST)
    with pytest.raises(NotAvailable):
        reschedule(meeting_id=meeting.pk, starts_at=soon(days=300), doer=GUEST)
    meeting.refresh_from_db()
    assert (meeting.starts_at, meeting.status, meeting.slots.count()) == (soon(), "scheduled", 9)


def test_a_meeting_without_its_calendar_moves_where_the_host_is_free(
    calendar: BookingCalendar,
) -> None:
    meeting = make_meeting(calendar)
    make_meeting(calendar, soon(hour=15), email="other@example.com")
    calendar.delete()
    with pytest.raises(SlotTaken):
        reschedule(meeting_id=meeting.pk, starts_at=soon(hour=15), doer=HOST)
    assert (
        reschedule(meeting_id=meeting.pk, starts_at=soon(hour=3, minute=15), doer=HOST).calendar
        is None
    )


def test_reassign_moves_the_slots_to_the_other_host(
    calendar: BookingCalendar, stranger: User, heard: list[MeetingChange]
) -> None:
    meeting = reassign(meeting_id=make_meeting(calendar).pk, host=stranger, doer=HOST)
    assert meeting.host == stranger
    assert set(meeting.slots.values_list("host", flat=True)) == {stranger.pk}
    assert heard[-1].before["host"] == calendar.host_id
    make_meeting(calendar, email="other@example.com")  # the first host is free again


def test_reassign_to_a_host_who_is_busy_is_refused(
    calendar: BookingCalendar, stranger: User
) -> None:
    meeting = make_meeting(calendar)
    other = make_meeting(make_calendar(stranger), email="other@example.com")
    with pytest.raises(SlotTaken):
        reassign(meeting_id=meeting.pk, host=stranger, doer=HOST)
    cancel(meeting_id=other.pk, doer=HOST)
    busy.register("test", lambda host, start, end: [Span(soon(), soon() + timedelta(hours=1))])
    try:
        with pytest.raises(SlotTaken):
            reassign(meeting_id=meeting.pk, host=stranger, doer=HOST)
    finally:
        busy.forget("test")
    meeting.refresh_from_db()
    assert meeting.host == calendar.host and meeting.slots.count() == 9


def test_the_guest_may_be_asked_for_another_time_and_takes_one(
    calendar: BookingCalendar, heard: list[MeetingChange]
) -> None:
    meeting = make_meeting(calendar, note="Tea")
    meeting = cancel(meeting_id=meeting.pk, doer=HOST, ask_for_another=True)
    new = book_instead(meeting=meeting, starts_at=soon(hour=15))
    again = book_instead(meeting=meeting, starts_at=soon(hour=16))
    meeting.refresh_from_db()
    assert again == new and meeting.rescheduled_to == new
    assert (new.guest_note, new.contact, Contact.objects.count()) == ("Tea", meeting.contact, 1)
    assert [change.kind for change in heard] == [
        "scheduled", "canceled_reschedule_requested", "canceled_then_rescheduled",
    ]  # fmt: skip


def test_nobody_takes_another_time_unasked(calendar: BookingCalendar) -> None:
    meeting = cancel(meeting_id=make_meeting(calendar).pk, doer=GUEST)
    with pytest.raises(WrongState):
        book_instead(meeting=meeting, starts_at=soon(hour=15))


# --- no-show, and time passing


def test_a_no_show_is_noted_once_the_meeting_has_begun(calendar: BookingCalendar) -> None:
    ahead, over = make_meeting(calendar), past_meeting(calendar, email="other@example.com")
    assert mark_no_show(meeting_id=over.pk, doer=HOST).status == "no_show"
    for meeting in (ahead, over):
        with pytest.raises(WrongState):
            mark_no_show(meeting_id=meeting.pk, doer=HOST)


def test_past_meetings_become_completed(
    calendar: BookingCalendar, heard: list[MeetingChange]
) -> None:
    over, ahead = past_meeting(calendar), make_meeting(calendar, email="other@example.com")
    keep_up()
    keep_up()
    over.refresh_from_db()
    ahead.refresh_from_db()
    assert (over.status, ahead.status) == ("completed", "scheduled")
    assert not over.slots.exists() and ahead.slots.exists()
    assert [change.kind for change in heard].count("completed") == 1
    ada = contact_of(over)
    assert (ada.upcoming_meetings, ada.next_meeting_time) == (0, None)
    assert ada.last_interacted_time == over.starts_at


def test_a_meeting_that_has_begun_is_no_longer_ahead(calendar: BookingCalendar) -> None:
    meeting = past_meeting(calendar, hours=0)
    assert contact_of(meeting).upcoming_meetings == 1
    if meeting.ends_at > timezone.now():
        keep_up()
        meeting.refresh_from_db()
        assert meeting.status == "scheduled"
    keep_up()
    assert contact_of(meeting).upcoming_meetings == 0


@pytest.mark.parametrize("status", ["requested", "canceled", "no_show"])
def test_time_completes_only_what_was_agreed(calendar: BookingCalendar, status: str) -> None:
    meeting = past_meeting(calendar)
    Meeting.objects.update(status=status)
    keep_up()
    meeting.refresh_from_db()
    assert meeting.status == status


# --- the contact is edited, merged, deleted


def test_an_edit_leaves_the_details_as_they_were_booked(
    calendar: BookingCalendar, member: User
) -> None:
    meeting = make_meeting(calendar)
    update_contact(contact_id=meeting.contact_id or 0, actor=by(member), values={"email": "new@example.com"})  # fmt: skip
    meeting.refresh_from_db()
    assert meeting.guest_email == "ada@example.com"


def test_merge_moves_meetings_to_the_survivor(calendar: BookingCalendar, member: User) -> None:
    meeting = make_meeting(calendar)
    ada, holder = contact_of(meeting), make_contact(member, email="holder@example.com")
    make_meeting(calendar, soon(hour=15), email="holder@example.com")
    values = typed(ada, email="holder@example.com")
    plan = plan_merge(
        holders={"email": Contact.objects.get(pk=holder.pk)}, edited=ada, values=values
    )
    survivor = merge_contacts(plan=plan, values=values, actor=by(member))
    survivor.refresh_from_db()
    assert set(survivor.meetings.values_list("guest_email", flat=True)) == {
        "ada@example.com", "holder@example.com",
    }  # fmt: skip
    assert (survivor.upcoming_meetings, survivor.next_meeting_time) == (2, soon())
    moved = Merge.objects.get().moved_rows.filter(model="activities.meeting")
    assert list(moved.values_list("row", flat=True)) == [str(meeting.pk)]


def test_a_deleted_contact_leaves_its_meetings_with_the_guests_details(
    calendar: BookingCalendar, member: User
) -> None:
    over, ahead = past_meeting(calendar), make_meeting(calendar)
    ada = contact_of(ahead)
    update_contact(contact_id=ada.pk, actor=by(member), values={"email": "new@example.com"})
    delete_contact(contact_id=ada.pk, actor=by(member))
    for meeting in (over, ahead):
        meeting.refresh_from_db()
        assert meeting.contact is None and meeting.contact_public_id == ada.public_id
        assert meeting.guest_email == "ada@example.com"
    assert (ahead.last_email, over.last_email) == ("new@example.com", "")
    assert cancel(meeting_id=ahead.pk, doer=HOST).status == "canceled"


def test_the_last_address_goes_when_the_meeting_is_over(
    calendar: BookingCalendar, member: User
) -> None:
    meeting = make_meeting(calendar)
    delete_contact(contact_id=meeting.contact_id or 0, actor=by(member))
    keep_up(meeting.ends_at)
    meeting.refresh_from_db()
    assert (meeting.status, meeting.last_email) == ("completed", "")


def test_whoever_books_after_a_delete_is_a_new_contact(
    calendar: BookingCalendar, member: User
) -> None:
    first = make_meeting(calendar)
    delete_contact(contact_id=first.contact_id or 0, actor=by(member))
    again = make_meeting(calendar, soon(hour=15))
    assert again.contact_public_id not in ("", first.contact_public_id)


def test_keeping_up_leaves_the_rest_for_the_next_time(
    calendar: BookingCalendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "BATCH", 1)
    monkeypatch.setattr(services, "KEEP_UP_FOR", 0)
    past_meeting(calendar, hours=2)
    past_meeting(calendar, hours=4)
    for left in (1, 0):
        keep_up()
        assert Meeting.objects.filter(status="scheduled").count() == left
