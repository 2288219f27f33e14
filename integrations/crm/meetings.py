"""Meetings as activities of the contact's record: logged when booked, kept up when moved or canceled."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from activities.models import Meeting
from activities.signals import MeetingChange
from integrations.connectors.base import Done, SkippedByPolicy, TargetGone
from integrations.connectors.crm import CrmConnector, LoggedMeeting
from integrations.crm import rows, vendors
from integrations.models import Connection, Delivery, ExternalRecord
from integrations.outbox import writing

MEETING = ExternalRecord.Kind.MEETING
REMOVED = "The meeting no longer exists."
DELETED = "The activity was deleted in {}."
TEXT = "{subject} with {host}. Booked through Kith, reference {reference}."


def on_meetings_changed(changes: Sequence[MeetingChange], **_: Any) -> None:
    """Write a delivery for each account that logs meetings, in the transaction of the change."""
    known = [change for change in changes if change.contact_id]
    accounts = [c for c in rows.active() if known and _logs(c)]
    if not accounts:
        return
    meetings = Meeting.objects.in_bulk([change.meeting_id for change in known])
    writing.enqueue(
        [
            rows.delivery(
                connection,
                {"meeting": change.meeting_id},
                kind=f"booking.{change.kind}",
                contact_id=change.contact_id,
                contact_public_id=meetings[change.meeting_id].contact_public_id,
                changed_by=change.doer.user,
                priority=Delivery.Priority.INTERACTIVE,
            )
            for change in known
            for connection in accounts
            if change.meeting_id in meetings
        ]
    )


def _logs(connection: Connection) -> bool:
    account = getattr(connection, "crm", None)
    return account is None or account.log_meetings


def log(connection: Connection, connector: CrmConnector, meeting_id: int, record: str) -> Done:
    """Bring the activity up to date with the meeting as it stands now."""
    meeting = Meeting.objects.select_related("host").filter(pk=meeting_id).first()
    if meeting is None:
        raise SkippedByPolicy(REMOVED)
    told = logged(meeting)
    row = ExternalRecord.objects.filter(
        connection=connection, meeting=meeting, kind=MEETING
    ).first()
    if row is not None and row.external_id:
        try:
            changed = connector.change_meeting(row.external_id, told)
        except TargetGone:
            label = vendors.vendor_of(connection).label
            raise SkippedByPolicy(DELETED.format(label)) from None
        return Done(row.external_id, changed=changed)
    look_first = row is not None  # an earlier try may have logged it
    row = row or ExternalRecord.objects.create(
        connection=connection, kind=MEETING, meeting=meeting, contact_id=meeting.contact_id,
        external_type="meeting",
    )  # fmt: skip
    made = connector.log_meeting(record, told, look_first=look_first)
    rows_ = ExternalRecord.objects.filter(pk=row.pk)
    rows_.update(external_id=made, seen_at=timezone.now())
    return Done(made)


def logged(meeting: Meeting) -> LoggedMeeting:
    """The meeting as the CRM is told of it; nothing that the guest has written in confidence."""
    link = reverse("meeting_detail", args=[meeting.public_id])
    return LoggedMeeting(
        key=f"{settings.PUBLIC_URL}{link}",
        title=meeting.subject,
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        state=meeting.status,
        location=meeting.location or meeting.join_url,
        text=TEXT.format(
            subject=meeting.subject, host=str(meeting.host), reference=meeting.tracking_id
        ),
    )
