"""Messages in the timeline of their contact: what left for the guest of its meetings."""

from datetime import datetime

from django.urls import reverse

from activities.models import Channel, Reminder
from activities.reminders.showing import before_text
from contacts.identity import format_phone
from contacts.models import Contact, User
from contacts.timeline.sources import Entry, Stretch, TimelineSource

State = Reminder.State
LEFT = (State.SENT, State.DELIVERED, State.UNKNOWN)
TOLD = {
    State.SENT: "sent",
    State.DELIVERED: "delivered",
    State.UNKNOWN: "may have been sent: the answer was lost",
}


def sent_to_contact(
    contact_id: int, *, upto: datetime | None = None, limit: int = 50
) -> list[Reminder]:
    """What left for the guest in meetings of this contact up to a moment, newest first, in one query.

    Those whose outcome is unknown are among them, since they may have arrived.
    """
    rows = Reminder.objects.filter(
        meeting__contact=contact_id, meeting__in_trash=False, state__in=LEFT
    )
    if upto is not None:
        rows = rows.filter(begun_at__lte=upto)
    return list(rows.select_related("meeting").order_by("-begun_at", "-pk")[:limit])


def find(contact: Contact, viewer: User, stretch: Stretch) -> list[Entry]:
    """Whoever sees the contact sees where its messages went."""
    rows = sent_to_contact(contact.pk, upto=stretch.upto, limit=stretch.limit)
    return [_entry(reminder) for reminder in rows]


def _entry(reminder: Reminder) -> Entry:
    assert reminder.begun_at is not None
    by = "by email" if reminder.channel == Channel.EMAIL else "by text message"
    sent_to = (
        reminder.sent_to if reminder.channel == Channel.EMAIL else format_phone(reminder.sent_to)
    )
    to = f" to {sent_to}" if sent_to else ""
    before = f", {before_text(reminder.minutes_before)}" if reminder.minutes_before else ""
    state = State(reminder.state)
    return Entry(
        at=reminder.begun_at,
        icon="mail",
        tint="w" if state == State.UNKNOWN else "",
        lead=f"{reminder.get_kind_display()} {TOLD[state]}",
        text=reminder.meeting.subject,
        detail=f"{by.capitalize()}{to}{before}{', re-sent' if reminder.resent else ''}",
        url=reverse("meeting_detail", args=[reminder.meeting.public_id]),
    )


SOURCE = TimelineSource("reminders", "meetings", 20, find)
