"""What hosts are told by mail about their meetings: booked, moved, canceled, where they want it.

A row in the outbox of mails holds the meeting's id alone; the mail says how the meeting stands when
it leaves, and does not leave where that is no longer so. Nobody is told of what they did themselves.
"""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from activities.cleaning import one_line
from activities.models import Meeting, MeetingEvent
from activities.signals import MeetingChange
from activities.zones import known_zone
from contacts.identity import InvalidValue
from contacts.models import OutgoingMail
from contacts.people import letters, outbox

Kind, Mail = MeetingEvent.Kind, OutgoingMail.Kind
TOLD: dict[str, OutgoingMail.Kind] = {
    Kind.SCHEDULED: Mail.BOOKED,
    Kind.CANCELED_THEN_RESCHEDULED: Mail.BOOKED,
    Kind.RESCHEDULED: Mail.MOVED,
    Kind.CANCELED: Mail.CALLED_OFF,
    Kind.RESCHEDULE_REQUESTED: Mail.CALLED_OFF,
}
SUBJECTS = {
    Mail.BOOKED: "Booked: {meeting} with {guest}, {when}",
    Mail.MOVED: "New time: {meeting} with {guest}, {when}",
    Mail.CALLED_OFF: "Canceled: {meeting} with {guest}, {when}",
}
LONGEST = 200  # characters of a subject


def everywhere() -> None:
    """Called once, when all apps are there."""
    for kind in SUBJECTS:
        letters.DETAILS[kind] = details


def on_meetings_changed(changes: Sequence[MeetingChange], **_: Any) -> None:
    """Queue the mails in the transaction of the changes."""
    told = {c.meeting_id: c for c in changes if c.kind in TOLD}
    if not told:
        return
    rows = Meeting.objects.filter(pk__in=told, calendar__tell_host=True, host__is_active=True)
    for meeting in rows.select_related("host"):
        change = told[meeting.pk]
        if change.doer.user is None or change.doer.user.pk != meeting.host_id:
            outbox.queue(TOLD[change.kind], meeting.host, about=meeting.public_id)


def details(mail: OutgoingMail) -> dict[str, Any] | None:
    """What the mail is to say; None where it is no longer so, or no longer theirs."""
    rows = Meeting.objects.filter(public_id=mail.about, host=mail.user_id or 0, in_trash=False)
    meeting = rows.select_related("host", "calendar").first()
    off = mail.kind == Mail.CALLED_OFF
    if meeting is None or meeting.ends_at <= timezone.now():
        return None
    if (meeting.status == Meeting.Status.CANCELED) != off:
        return None
    start = meeting.starts_at.astimezone(_zone(meeting))
    when = f"{start:%a} {start.day} {start:%b %Y, %H:%M}"
    words = {"meeting": meeting.subject, "guest": str(meeting.guest), "when": when}
    subject = SUBJECTS[Mail(mail.kind)].format(**words)
    return {
        **words,
        "subject": " ".join(one_line(subject, len(subject)).split())[:LONGEST],
        "zone": start.tzname(),
        "note": meeting.guest_note,
        "reason": meeting.reason,
        "link": settings.PUBLIC_URL + reverse("meeting_detail", args=[meeting.public_id]),
    }


def _zone(meeting: Meeting) -> ZoneInfo:
    """The host's own, else that of the calendar's hours."""
    try:
        return known_zone(meeting.host.time_zone)
    except InvalidValue:
        return meeting.calendar.zone if meeting.calendar else ZoneInfo("UTC")
