"""Bringing one event up to date: the meeting as it stands now, at one connection.

Every step is safe to repeat. Before an address is written it is noted beside the event's id, so that
whatever becomes of the answer, the next try knows under which addresses the guest may be found.
"""

from typing import Any

from django.utils import timezone

from activities.models import Meeting, MeetingEvent
from contacts.models import Identifier
from integrations.calendars import vendors
from integrations.calendars.events import GUEST, MAKE, TIME, ids_of, parts_in
from integrations.connectors import calendars
from integrations.connectors.base import Done, SkippedByPolicy, TargetGone
from integrations.connectors.calendars import Attendee, CalendarConnector, NewEvent
from integrations.connectors.guests import GuestChange, address_key
from integrations.models import Connection, Delivery, ExternalRecord

DISCONNECTED = "The calendar was disconnected."
REMOVED = "The meeting no longer exists."
NO_EVENT = "There is no event for this meeting in the calendar."
NO_ADDRESS = "The guest has no email address any more; the event keeps the earlier one."
NAMES = 200  # characters of a guest's name


class CalendarDeliverer:
    """Makes, moves, cancels, and replaces the guest, as the delivery's parts say."""

    reads_back = True

    def deliver(self, delivery: Delivery) -> Done:
        meeting_id, connection_id = ids_of(delivery.target)
        connection = Connection.objects.filter(pk=connection_id).first()
        if connection is None or connection.state == Connection.State.DISCONNECTED:
            raise SkippedByPolicy(DISCONNECTED)
        meeting = Meeting.objects.select_related("contact").filter(pk=meeting_id).first()
        if meeting is None:
            raise SkippedByPolicy(REMOVED)
        event = _Event(meeting, connection, vendors.connector_of(connection))
        parts = parts_in(delivery.payload)
        try:
            return event.write(parts) if event.is_wanted else event.cancel()
        except TargetGone:
            raise SkippedByPolicy(calendars.GONE) from None

    def gave_up(self, delivery: Delivery) -> None:
        """The row says so; there is nothing to switch off."""


class _Event:
    """The event of one meeting in one calendar."""

    def __init__(
        self, meeting: Meeting, connection: Connection, connector: CalendarConnector
    ) -> None:
        self.meeting = meeting
        self.connection = connection
        self.connector = connector
        self.record = ExternalRecord.objects.filter(
            connection=connection, meeting_id=meeting.pk
        ).first()

    @property
    def is_wanted(self) -> bool:
        """Whether the meeting takes place, and its host still keeps it in this calendar."""
        vendor = vendors.UPDATED[self.connection.vendor]
        here = self.meeting.external_calendar_type == vendor.calendar_type
        return (
            here
            and self.meeting.status != Meeting.Status.CANCELED
            and not self.meeting.in_trash
            and self.meeting.host_id == self.connection.user_id
        )

    @property
    def key(self) -> str:
        """The same at every try. A host who gets the meeting back gets a new event."""
        times = self.meeting.events.filter(kind=MeetingEvent.Kind.REASSIGNED).count()
        return f"kith {self.meeting.public_id} {self.connection.pk} {times}"

    def write(self, parts: set[str]) -> Done:
        done, changed = Done(changed=False), False
        if self.record is None:
            if MAKE not in parts:
                raise SkippedByPolicy(NO_EVENT)
            done = self._make()
            if done.changed:
                return done
            parts = {TIME, GUEST}  # made by an earlier try, perhaps of an earlier state
        assert self.record is not None
        if parts & {TIME, MAKE}:
            ends = (self.meeting.starts_at, self.meeting.ends_at)
            done = self.connector.move(self.record.external_id, *ends)
            changed |= done.changed
        if GUEST in parts:
            done = self._replace_guest(self.record)
            changed |= done.changed
        self._keep(self.record, version=done.version)
        return Done(done.external_id, done.version, changed)

    def cancel(self) -> Done:
        """Also of one whose making was never confirmed."""
        known = self.record.external_id if self.record else self.connector.find(self.key)
        done = self.connector.cancel(known) if known else Done(changed=False)
        if self.record is not None:
            self.record.delete()
        if self.meeting.host_id == self.connection.user_id:
            Meeting.objects.filter(pk=self.meeting.pk).update(external_event_id="")
        return done

    def _make(self) -> Done:
        guest = self._guest()
        done = self.connector.create(self._new_event(guest))
        self.record = ExternalRecord.objects.create(
            connection=self.connection,
            kind=ExternalRecord.Kind.MEETING,
            contact_id=self.meeting.contact_id,
            meeting_id=self.meeting.pk,
            external_type="event",
            external_id=done.external_id,
            version=done.version,
            guests=[guest] if guest else [],
        )
        mine = Meeting.objects.filter(pk=self.meeting.pk)
        mine.update(external_event_id=done.external_id)
        return done

    def _new_event(self, guest: str) -> NewEvent:
        meeting = self.meeting
        invited = {address_key(guest): Attendee(guest, meeting.guest_name)} if guest else {}
        for address in meeting.guests:
            invited.setdefault(address_key(address), Attendee(address))
        return NewEvent(
            key=self.key,
            subject=f"{meeting.subject}: {meeting.guest}",
            starts_at=meeting.starts_at,
            ends_at=meeting.ends_at,
            guests=tuple(invited.values()),
            location=meeting.location or meeting.join_url,
        )

    def _replace_guest(self, record: ExternalRecord) -> Done:
        current = self._guest()
        if not current:
            raise SkippedByPolicy(NO_ADDRESS)
        former = {*record.guests, self.meeting.guest_email, *self._former()} - {"", current}
        self._keep(record, guests=[*dict.fromkeys([*record.guests, current])])
        change = GuestChange(frozenset(former), current, self._name())
        done = self.connector.replace_guest(record.external_id, change)
        self._keep(record, guests=[*dict.fromkeys([done.guest or current, current])])
        return done

    def _guest(self) -> str:
        """Where the guest is reached now: the contact's address, of a deleted one the last."""
        contact = self.meeting.contact
        known = contact.email if contact is not None else self.meeting.last_email
        return known or self.meeting.guest_email

    def _name(self) -> str:
        contact = self.meeting.contact
        return (str(contact) if contact is not None else self.meeting.guest_name)[:NAMES]

    def _former(self) -> list[str]:
        rows = Identifier.objects.filter(contact=self.meeting.contact_id, kind="email")
        return list(rows.values_list("key", flat=True)) if self.meeting.contact_id else []

    def _keep(self, record: ExternalRecord, **columns: Any) -> None:
        for name, value in columns.items():
            setattr(record, name, value)
        record.seen_at = timezone.now()
        record.save(update_fields=[*columns, "seen_at"])


DELIVERER = CalendarDeliverer()
