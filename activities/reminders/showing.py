"""Messages as the pages show them: to whom, as far as the person may know it, and what became of
them. Whoever may see a meeting may not see its contact, and so not the contact's new address."""

from collections.abc import Sequence
from dataclasses import dataclass

from activities.models import Channel, Meeting, Reminder
from activities.reminders.addresses import address_of
from activities.reminders.again import may_be_sent_again
from activities.reminders.form import UNITS
from contacts.identity import format_phone
from contacts.models import Contact, User

HIDDEN = "an address that you cannot see"
State = Reminder.State


@dataclass(frozen=True)
class Shown:
    """One line: what it is, its state, where it went or will go, and the words about it."""

    reminder: Reminder
    what: str
    state: str
    pill: str
    icon: str
    to: str
    words: str
    may_send_again: bool


_LOOKS = {
    State.SCHEDULED: ("pill-info", "clock"),
    State.SENDING: ("pill-info", "arrow-right"),
    State.SENT: ("pill-ok pill-plain", "check"),
    State.DELIVERED: ("pill-ok pill-plain", "check"),
    State.FAILED: ("pill-bad", "circle-x"),
    State.UNKNOWN: ("pill-warn", "triangle-alert"),
    State.SKIPPED: ("pill-vio", "circle-minus"),
    State.CANCELED: ("pill-none", "circle-minus"),
}
UNCERTAIN = "It may have arrived or not."


def shown(reminders: Sequence[Reminder], user: User) -> list[Shown]:
    """The lines for this person. The rows' `meeting` and its `contact` are loaded; one query."""
    contacts = {r.meeting.contact_id for r in reminders if r.meeting.contact_id is not None}
    visible = set(
        Contact.objects.visible_to(user).filter(pk__in=contacts).values_list("pk", flat=True)
    )
    newest: dict[tuple[object, ...], int] = {}
    for reminder in reminders:
        newest[_which(reminder)] = max(reminder.again, newest.get(_which(reminder), 0))
    return [
        _line(
            reminder,
            may_see=reminder.meeting.contact_id in visible or user.role.administers,
            last=newest[_which(reminder)] == reminder.again,
        )
        for reminder in reminders
    ]


def _which(reminder: Reminder) -> tuple[object, ...]:
    r = reminder
    return (r.meeting_id, r.kind, r.channel, r.minutes_before, r.sequence)


def _line(reminder: Reminder, *, may_see: bool, last: bool) -> Shown:
    state = State(reminder.state)
    address = reminder.sent_to
    if not address and reminder.waits:
        address = address_of(reminder.meeting, reminder.channel)
    known = may_see or not address or address in _given(reminder.meeting)
    words = reminder.words
    if not known:
        words = words.replace(address, "…")
    pill, icon = _LOOKS[state]
    return Shown(
        reminder=reminder,
        what=what(reminder),
        state="Retrying" if state == State.SCHEDULED and reminder.words else state.label,
        pill=pill,
        icon=icon,
        to=_address_text(reminder, address) if known else HIDDEN,
        words=f"{words} {UNCERTAIN}".strip() if state == State.UNKNOWN else words,
        may_send_again=last and may_be_sent_again(reminder),
    )


def _given(meeting: Meeting) -> tuple[str, str]:
    """What stands on the meeting's page anyway."""
    return (meeting.guest_email, meeting.guest_mobile_phone)


def _address_text(reminder: Reminder, address: str) -> str:
    return format_phone(address) if address and reminder.channel == Channel.SMS else address


def what(reminder: Reminder) -> str:
    """ "Reminder, 1 hour before, by email"."""
    by = "by email" if reminder.channel == Channel.EMAIL else "by text message"
    before = f", {before_text(reminder.minutes_before)}" if reminder.minutes_before else ""
    again = ", sent again" if reminder.again else ""
    return f"{reminder.get_kind_display()}{before}, {by}{again}"


def before_text(minutes: int) -> str:
    """ "1 hour before", "90 minutes before"."""
    unit = max((u for u in UNITS if minutes % UNITS[u] == 0), key=lambda u: UNITS[u])
    number = minutes // UNITS[unit]
    return f"{number} {unit if number != 1 else unit[:-1]} before"
