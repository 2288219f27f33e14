"""The texts of a booking calendar: its own, or those that every calendar begins with."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass

from activities.models import Channel, ReminderKind, ReminderTemplate
from contacts.models import Account

#: What identifies a text within a calendar: channel, kind, minutes before the start.
Key = tuple[str, str, int]

SIGNED = "\n\nTo cancel or reschedule: {{ manage_link }}\n\n{{ account }}"
DETAILS = (
    "When: {{ start }}, {{ time_zone }} ({{ duration }})\n"
    "Where: {{ location }}\n"
    "Join: {{ join_link }}"
)


@dataclass(frozen=True)
class Text:
    """One message as an author wrote it. `minutes_before` is 0 unless it is a reminder."""

    channel: str
    kind: str
    body: str
    subject: str = ""
    minutes_before: int = 0
    enabled: bool = True

    @property
    def key(self) -> Key:
        return (self.channel, self.kind, self.minutes_before)


def _mail(
    kind: str, subject: str, first: str, minutes_before: int = 0, rest: str = DETAILS
) -> Text:
    body = f"Hello {{{{ guest_first_name }}}},\n\n{first}\n\n{rest}{SIGNED}"
    return Text(Channel.EMAIL, kind, body, subject, minutes_before)


def _sms(kind: str, said: str, minutes_before: int = 0) -> Text:
    return Text(Channel.SMS, kind, said, "", minutes_before)


CANCELED_DETAILS = (
    "It was to be on {{ start }}, {{ time_zone }}.\nReason: {{ reason }}\n\n"
    "What was booked: {{ manage_link }}\n\n{{ account }}"
)
DEFAULTS = (
    _mail(
        ReminderKind.CONFIRMATION,
        "Booked: {{ meeting }} with {{ host }}, {{ start }}",
        "{{ meeting }} with {{ host }} is booked.",
    ),
    _mail(
        ReminderKind.REMINDER,
        "Reminder: {{ meeting }} with {{ host }}, {{ start }}",
        "This is a reminder of {{ meeting }} with {{ host }}.",
        60,
    ),
    _mail(
        ReminderKind.RESCHEDULED,
        "New time: {{ meeting }} with {{ host }}, {{ start }}",
        "{{ meeting }} with {{ host }} has a new time.",
    ),
    Text(
        Channel.EMAIL,
        ReminderKind.CANCELED,
        "Hello {{ guest_first_name }},\n\n{{ meeting }} with {{ host }} is canceled.\n\n"
        + CANCELED_DETAILS,
        "Canceled: {{ meeting }} with {{ host }}, {{ start }}",
    ),
    _sms(
        ReminderKind.CONFIRMATION,
        "{{ account }}: {{ meeting }} with {{ host }} is booked for {{ start }}, {{ time_zone }}. "
        "To change it: {{ manage_link }}",
    ),
    _sms(
        ReminderKind.REMINDER,
        "{{ account }}: {{ meeting }} with {{ host }} is on {{ start }}, {{ time_zone }}. "
        "To change it: {{ manage_link }}",
        60,
    ),
    _sms(
        ReminderKind.RESCHEDULED,
        "{{ account }}: {{ meeting }} with {{ host }} is now on {{ start }}, {{ time_zone }}. "
        "To change it: {{ manage_link }}",
    ),
    _sms(
        ReminderKind.CANCELED,
        "{{ account }}: {{ meeting }} with {{ host }} on {{ start }} is canceled. {{ manage_link }}",
    ),
)


class Texts:
    """The texts of several calendars, read in one query, and whose they are."""

    def __init__(self, calendar_ids: Iterable[int | None]) -> None:
        wanted = {pk for pk in calendar_ids if pk is not None}
        self._own: dict[int, list[Text]] = {}
        for row in ReminderTemplate.objects.filter(calendar__in=wanted) if wanted else ():
            text = Text(
                row.channel, row.kind, row.body, row.subject, row.minutes_before, row.enabled
            )
            self._own.setdefault(row.calendar_id, []).append(text)

    @functools.cached_property
    def account(self) -> str:
        """The organisation's name, read once."""
        return Account.load().name

    def of(self, calendar_id: int | None) -> list[Text]:
        """Every text of a calendar; the common ones where it has none of its own."""
        return self._own.get(calendar_id or 0, list(DEFAULTS))

    def enabled(self, calendar_id: int | None, kind: str) -> list[Text]:
        """What is to be sent on this occasion."""
        return [text for text in self.of(calendar_id) if text.enabled and text.kind == kind]

    def find(self, calendar_id: int | None, key: Key) -> Text:
        """The text of a message that was planned; the common one where it is gone since."""
        for text in self.of(calendar_id):
            if text.key == key:
                return text
        return next(text for text in DEFAULTS if text.key[:2] == key[:2])
