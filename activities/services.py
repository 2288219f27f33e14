"""Writing meetings: the only way in for the public page, the host's pages, the API and time itself.

Each function is one transaction that keeps meeting, slots, contact and log together and announces
the change. Rows are locked in one order everywhere: contact, meeting, slots.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from activities import guest_links
from activities.availability import host_is_free, is_free
from activities.capture import Guest, contact_of, described, guest_of
from activities.derived import outdated_contacts, refresh_contacts
from activities.models import (
    BookedSlot,
    BookingCalendar,
    Conversation,
    FormSubmission,
    Meeting,
    MeetingEvent,
)
from activities.models.ids import new_nonce
from activities.models.meeting import AGREED
from activities.signals import Doer, MeetingChange, announce
from activities.slots import (
    SameTime,
    SlotTaken,
    any_time,
    give_up_slots,
    pass_on_slots,
    rules_of,
    take_slots,
    why_not,
)
from contacts import history
from contacts.models import Contact, Source, User
from contacts.resolving import note_activity
from contacts.retrying import Stale, retrying
from contacts.signals import Actor

Kind = MeetingEvent.Kind
Status = Meeting.Status
BATCH = 100
KEEP_UP_FOR = 2.0  # seconds


class WrongState(Exception):
    """The meeting is not in a state in which this can be done to it."""

    def __init__(self, meeting: Meeting) -> None:
        super().__init__("wrong state")
        self.meeting = meeting


class MeetingGone(Exception):
    """The meeting no longer exists."""


class _AlreadyBooked(Exception):
    """The same form was sent before, or is being sent at this moment."""


def book(
    *,
    calendar: BookingCalendar,
    starts_at: datetime,
    guest: Guest,
    source: str = Meeting.Source.PAGE,
    nonce: str = "",
    kind: str = Kind.SCHEDULED,
    doer: Doer | None = None,
    submission: FormSubmission | None = None,
    conversation: Conversation | None = None,
    now: datetime | None = None,
) -> Meeting:
    """Book a time of a calendar; the contact is found or made in the same transaction.

    `submission` is the form whose answers led here, `conversation` the one it is booked in. `nonce` identifies the form: the same one again answers with the meeting it has made. Raises
    NotAvailable (SlotTaken when somebody was faster) and Busy; then nothing was written.
    """
    known = Meeting.objects.filter(guest_nonce=nonce).first() if nonce else None
    if known is not None:
        return known
    try:
        return _book(
            calendar=calendar,
            starts_at=starts_at,
            guest=guest,
            source=source,
            nonce=nonce or new_nonce(),
            kind=kind,
            doer=doer or Doer(Meeting.By.CUSTOMER),
            submission=submission,
            conversation=conversation,
            now=now or timezone.now(),
        )
    except _AlreadyBooked:
        return Meeting.objects.get(guest_nonce=nonce)


@retrying
@transaction.atomic
def _book(
    *, calendar: BookingCalendar, starts_at: datetime, guest: Guest, source: str, nonce: str,
    kind: str, doer: Doer, submission: FormSubmission | None, conversation: Conversation | None,
    now: datetime,
) -> Meeting:  # fmt: skip
    if not is_free(calendar.rules, calendar.host_id, starts_at, now=now):
        if Meeting.objects.filter(guest_nonce=nonce).exists():  # by the same form's first click
            raise _AlreadyBooked
        raise why_not(calendar.rules, calendar.host_id, starts_at)
    meeting = Meeting(
        subject=calendar.name,
        source=source,
        host_id=calendar.host_id,
        calendar=calendar,
        conversation=conversation,
        starts_at=starts_at,
        duration_minutes=calendar.duration_minutes,
        ends_at=starts_at + timedelta(minutes=calendar.duration_minutes),
        buffer_before_minutes=calendar.buffer_before_minutes,
        buffer_after_minutes=calendar.buffer_after_minutes,
        location=calendar.location,
        guest_nonce=nonce,
        guest_token_hash=guest_links.digest(guest_links.token_for(nonce)),
        creation_time=now,
        last_updated_time=now,
        **guest.for_meeting(),
    )
    contact = contact_of(
        guest, source=Source.BOOKING, detail=described(meeting), owner_id=calendar.host_id, at=now,
        api_key=doer.api_key,
    ).contact  # fmt: skip
    meeting.contact, meeting.contact_public_id = contact, contact.public_id
    try:
        with transaction.atomic():
            meeting.save(force_insert=True)
    except IntegrityError:
        if Meeting.objects.filter(guest_nonce=nonce).exists():
            raise _AlreadyBooked from None
        raise
    take_slots(meeting)
    if submission is not None:
        FormSubmission.objects.filter(pk=submission.pk).update(meeting=meeting)
    refresh_contacts([contact.pk], now)
    log_change(meeting, kind, doer, now)
    return meeting


@retrying
@transaction.atomic
def book_instead(*, meeting: Meeting, starts_at: datetime, now: datetime | None = None) -> Meeting:
    """A new meeting for one that the host canceled while asking for another time.

    The guest's details are those of the first one. Raises WrongState, and what `book` raises.
    """
    calendar = meeting.calendar
    if calendar is None or not calendar.is_open or not meeting.reschedule_requested:
        raise WrongState(meeting)
    new = book(
        calendar=calendar,
        starts_at=starts_at,
        guest=guest_of(meeting),
        nonce=guest_links.digest(f"instead of {meeting.guest_nonce}"),
        kind=Kind.CANCELED_THEN_RESCHEDULED,
        now=now,
    )
    Meeting.objects.filter(pk=meeting.pk).update(rescheduled_to=new)
    return new


def cancel(
    *,
    meeting_id: int,
    doer: Doer,
    reason: str = "",
    ask_for_another: bool = False,
    now: datetime | None = None,
) -> Meeting:
    """Call off a meeting that has not ended; its time is free again.

    `ask_for_another`: the guest is asked to take another time, through the same link. Raises
    WrongState, MeetingGone.
    """
    moment = now or timezone.now()

    def change(meeting: Meeting) -> dict[str, Any]:
        if not meeting.is_active or meeting.is_over(moment):
            raise WrongState(meeting)
        give_up_slots(meeting)
        return {
            "status": Status.CANCELED,
            "reason": reason,
            "reschedule_requested": ask_for_another,
            "sequence": meeting.sequence + 1,
            **_by(doer),
        }

    kind = Kind.RESCHEDULE_REQUESTED if ask_for_another else Kind.CANCELED
    return change_meeting(meeting_id, kind, doer, moment, change)


def reschedule(
    *,
    meeting_id: int,
    starts_at: datetime,
    doer: Doer,
    reason: str = "",
    now: datetime | None = None,
) -> Meeting:
    """Give a meeting another time; the old one is free in the same moment.

    The time must be one that its calendar offers (for a meeting without one: that the host is
    free). Raises NotAvailable, SlotTaken, SameTime, WrongState, MeetingGone; then the old time
    stands.
    """
    moment = now or timezone.now()

    def change(meeting: Meeting) -> dict[str, Any]:
        if not meeting.is_active or meeting.is_over(moment):
            raise WrongState(meeting)
        if starts_at == meeting.starts_at:
            raise SameTime
        rules = rules_of(meeting)
        if not is_free(rules, meeting.host_id, starts_at, now=moment, besides=meeting):
            raise why_not(rules, meeting.host_id, starts_at, besides=meeting)
        give_up_slots(meeting)
        meeting.starts_at = starts_at
        meeting.ends_at = starts_at + timedelta(minutes=meeting.duration_minutes)
        take_slots(meeting)
        return {
            "starts_at": meeting.starts_at,
            "ends_at": meeting.ends_at,
            "status": Status.RESCHEDULED,
            "reason": reason,
            "sequence": meeting.sequence + 1,
            **_by(doer),
        }

    return change_meeting(meeting_id, Kind.RESCHEDULED, doer, moment, change)


def reassign(*, meeting_id: int, host: User, doer: Doer, now: datetime | None = None) -> Meeting:
    """Give a meeting to another host who is free at its time, whatever their working hours.

    Raises SlotTaken when they are not, WrongState, MeetingGone; then the host stays.
    """
    moment = now or timezone.now()

    def change(meeting: Meeting) -> dict[str, Any]:
        if not meeting.is_active or meeting.starts_at <= moment or meeting.host_id == host.pk:
            raise WrongState(meeting)
        if not host_is_free(any_time(meeting), host.pk, meeting.starts_at):
            raise SlotTaken
        give_up_slots(meeting)
        meeting.host = host
        take_slots(meeting)
        return {"host": host, "sequence": meeting.sequence + 1}

    return change_meeting(meeting_id, Kind.REASSIGNED, doer, moment, change)


def mark_no_show(*, meeting_id: int, doer: Doer, now: datetime | None = None) -> Meeting:
    """Note that the guest did not come: once the meeting has begun. Raises WrongState, MeetingGone."""
    moment = now or timezone.now()

    def change(meeting: Meeting) -> dict[str, Any]:
        if meeting.status not in {*AGREED, Status.COMPLETED} or meeting.starts_at > moment:
            raise WrongState(meeting)
        give_up_slots(meeting)
        return {"status": Status.NO_SHOW, "last_email": "", "last_mobile_phone": ""}

    return change_meeting(meeting_id, Kind.NO_SHOW, doer, moment, change)


def mark_attended(*, meeting_id: int, doer: Doer, now: datetime | None = None) -> Meeting:
    """Take a no-show back: the guest did come. Raises WrongState, MeetingGone."""
    moment = now or timezone.now()

    def change(meeting: Meeting) -> dict[str, Any]:
        if meeting.status != Status.NO_SHOW:
            raise WrongState(meeting)
        note_activity([meeting.contact_id] if meeting.contact_id else [], meeting.starts_at)
        return {"status": Status.COMPLETED}

    return change_meeting(meeting_id, Kind.COMPLETED, doer, moment, change)


def keep_up(now: datetime | None = None) -> None:
    """What time changes by itself: past meetings are completed, begun ones no longer ahead.

    Some batches of each; the rest is done the next time, after whatever else the relay has to do.
    """
    moment, until = now or timezone.now(), time.monotonic() + KEEP_UP_FOR
    while complete_past(moment) and time.monotonic() < until:
        pass
    while ids := outdated_contacts(moment, BATCH):
        with transaction.atomic():
            refresh_contacts(ids, moment)
        if time.monotonic() >= until:
            break


@retrying
@transaction.atomic
def complete_past(now: datetime) -> int:
    """Complete some of the meetings that have ended; how many. Safe in several processes at once."""
    over = Meeting.objects.filter(status__in=AGREED, ends_at__lte=now, in_trash=False)
    rows = list(over.order_by("ends_at").values_list("pk", "contact_id")[:BATCH])
    ids = sorted({contact for _, contact in rows if contact is not None})
    list(Contact.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
    done = list(over.select_for_update().filter(pk__in=[pk for pk, _ in rows]).order_by("pk"))
    Meeting.objects.filter(pk__in=[meeting.pk for meeting in done]).update(
        status=Status.COMPLETED, last_updated_time=now, last_email="", last_mobile_phone=""
    )
    BookedSlot.objects.filter(meeting__in=done).delete()
    MeetingEvent.objects.bulk_create(
        MeetingEvent(meeting=meeting, kind=Kind.COMPLETED, at=meeting.ends_at) for meeting in done
    )
    for meeting in done:
        note_activity([meeting.contact_id] if meeting.contact_id else [], meeting.starts_at)
    refresh_contacts([meeting.contact_id for meeting in done], now)
    announce(*(_announcement(meeting, Kind.COMPLETED, Doer(), {}) for meeting in done))
    return len(done)


@retrying
@transaction.atomic
def change_meeting(
    meeting_id: int,
    kind: str,
    doer: Doer,
    now: datetime,
    change: Callable[[Meeting], dict[str, Any]],
) -> Meeting:
    """Lock the meeting, let `change` check it and say what to write, write and announce that.

    For the services of this app. Raises MeetingGone, and whatever `change` raises.
    """
    meeting = _lock(meeting_id)
    before = {"starts_at": meeting.starts_at.isoformat(), "host": meeting.host_id}
    had = (meeting.host_id, meeting.starts_at, meeting.ends_at)
    values = {**change(meeting), "last_updated_time": now}
    for name, value in values.items():
        setattr(meeting, name, value)
    meeting.save(update_fields=list(values))
    if not meeting.is_active or had != (meeting.host_id, meeting.starts_at, meeting.ends_at):
        pass_on_slots(host_id=had[0], starts_at=had[1], ends_at=had[2])
    if doer.by == Meeting.By.CUSTOMER and meeting.contact_id:
        note_activity([meeting.contact_id], now)
    refresh_contacts([meeting.contact_id], now)
    log_change(meeting, kind, doer, now, before)
    return meeting


def _lock(meeting_id: int) -> Meeting:
    """The meeting, locked after its contact, as a merge does it. Raises MeetingGone, Stale."""
    contacts = Meeting.objects.filter(pk=meeting_id).values_list("contact_id", flat=True)
    contact_id = contacts.first()
    if contact_id is not None:
        list(Contact.objects.select_for_update().filter(pk=contact_id))
    rows = Meeting.objects.select_for_update(of=("self",)).select_related("calendar", "host")
    meeting = rows.filter(pk=meeting_id).first()
    if meeting is None:
        raise MeetingGone
    if meeting.contact_id != contact_id:  # merged or deleted in between
        raise Stale
    return meeting


def _by(doer: Doer) -> dict[str, Any]:
    return {"actioned_by": doer.by, "actioned_user": doer.user}


def log_change(
    meeting: Meeting, kind: str, doer: Doer, at: datetime, before: dict[str, Any] | None = None
) -> None:
    MeetingEvent.objects.create(
        meeting=meeting, kind=kind, at=at, by=doer.by, user=doer.user, api_key=doer.api_key,
        before=before or {},
    )  # fmt: skip
    if doer.api_key is not None:
        actor = Actor(None, Source.API_KEY, api_key=doer.api_key)
        history.audit(actor, f"meeting.{kind}", meeting.public_id)
    elif doer.user is not None:
        history.audit(Actor(doer.user), f"meeting.{kind}", meeting.public_id)
    announce(_announcement(meeting, kind, doer, before or {}))


def _announcement(meeting: Meeting, kind: str, doer: Doer, before: dict[str, Any]) -> MeetingChange:
    return MeetingChange(
        meeting_id=meeting.pk,
        public_id=meeting.public_id,
        contact_id=meeting.contact_id,
        kind=kind,
        doer=doer,
        before=before,
    )
