"""The form of a calendar's texts. It keeps what was typed, whatever is wrong with it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from activities.models import Channel, ReminderKind
from activities.models.reminder import MAX_BODY, MAX_SMS, MAX_SUBJECT, MOST_REMINDERS
from activities.reminders.placeholders import check
from activities.reminders.texts import DEFAULTS, Text
from contacts.identity import InvalidValue

UNITS = {"minutes": 1, "hours": 60, "days": 24 * 60}
LEAST, MOST = 5, 28 * 24 * 60  # minutes before the start
MOST_ROWS = 2 * (MOST_REMINDERS + 3)
HEADINGS = {
    ReminderKind.CONFIRMATION: "When it is booked",
    ReminderKind.REMINDER: "Before it begins",
    ReminderKind.RESCHEDULED: "When it is moved",
    ReminderKind.CANCELED: "When it is canceled",
}
ORDER = list(HEADINGS)


@dataclass
class Row:
    """One text as the page shows it; `id` is its place in the form."""

    channel: str
    kind: str
    subject: str = ""
    body: str = ""
    amount: str = ""
    unit: str = "minutes"
    enabled: bool = True
    id: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    preview: Mapping[str, str] | None = None

    @property
    def is_reminder(self) -> bool:
        return self.kind == ReminderKind.REMINDER

    @property
    def is_mail(self) -> bool:
        return self.channel == Channel.EMAIL

    @property
    def heading(self) -> str:
        return HEADINGS[ReminderKind(self.kind)]


class ReminderForm:
    """The rows of every channel that is offered: from the calendar, or as they were typed."""

    units = tuple(UNITS)

    def __init__(
        self, texts: Iterable[Text], channels: Iterable[str], data: Mapping[str, str] | None = None
    ) -> None:
        self.channels = tuple(channels)
        self.bound = data is not None
        if data is None:
            rows = [_row_of(text) for text in texts if text.channel in self.channels]
        else:
            rows = self._typed(data)
        self.rows = rows
        self.texts: list[Text] = []
        self._number()
        if data is not None:
            self._validate()

    def _typed(self, data: Mapping[str, str]) -> list[Row]:
        rows = []
        for number in range(MOST_ROWS):
            part = {
                name: str(data.get(f"t{number}_{name}", "")).replace("\x00", "")
                for name in ("channel", "kind", "subject", "body", "amount", "unit", "enabled")
            }
            if part["channel"] in self.channels and part["kind"] in HEADINGS:
                rows.append(Row(**{**part, "enabled": bool(part["enabled"])}))  # type: ignore[arg-type]
        return self._complete(rows)

    def _complete(self, rows: list[Row]) -> list[Row]:
        """Each occasion once in each channel, whatever was sent; reminders as they come."""
        seen: set[tuple[str, str]] = set()
        kept = []
        for row in rows:
            if row.is_reminder or (row.channel, row.kind) not in seen:
                kept.append(row)
            seen.add((row.channel, row.kind))
        missing = [
            _row_of(text)
            for text in DEFAULTS
            if text.channel in self.channels and text.kind != ReminderKind.REMINDER
            if (text.channel, text.kind) not in seen
        ]
        return kept + missing

    def _number(self) -> None:
        """In the order of the screen."""
        self.rows.sort(key=lambda row: (self.channels.index(row.channel), ORDER.index(ReminderKind(row.kind))))  # fmt: skip
        for number, row in enumerate(self.rows):
            row.id = f"t{number}"

    def add(self, channel: str) -> Row | None:
        """One more reminder, to be filled in; None where there are five already."""
        if channel not in self.channels or self.count(channel) >= MOST_REMINDERS:
            return None
        common = next(t for t in DEFAULTS if t.channel == channel and t.kind == "reminder")
        row = replace(_row_of(common), amount="1", unit="days")
        self.rows.append(row)
        self._number()
        return row

    def remove(self, row_id: str) -> None:
        """Leave a reminder out; the other occasions stay, and can be switched off."""
        self.rows = [row for row in self.rows if row.id != row_id or not row.is_reminder]
        self._number()

    def count(self, channel: str) -> int:
        return sum(row.channel == channel and row.is_reminder for row in self.rows)

    @property
    def is_valid(self) -> bool:
        return self.bound and not self.error_list

    @property
    def error_list(self) -> list[tuple[str, str]]:
        """(input id, sentence) for the summary."""
        return [
            (f"{row.id}_{name}", f"{row.heading}: {text}")
            for row in self.rows
            for name, text in row.errors.items()
        ]

    @property
    def groups(self) -> list[tuple[Channel, list[Row], bool]]:
        """By channel: its rows, and whether one more reminder may be added."""
        return [
            (
                Channel(channel),
                [row for row in self.rows if row.channel == channel],
                self.count(channel) < MOST_REMINDERS,
            )
            for channel in self.channels
        ]

    def _validate(self) -> None:
        taken: set[tuple[str, int]] = set()
        for row in self.rows:
            text = _text_of(row)
            if row.is_reminder and "amount" not in row.errors:
                if (row.channel, text.minutes_before) in taken:
                    row.errors["amount"] = "another reminder goes out at the same time"
                taken.add((row.channel, text.minutes_before))
            self.texts.append(text)
        for channel in self.channels:
            if self.count(channel) > MOST_REMINDERS:
                extra = next(r for r in reversed(self.rows) if r.is_reminder and r.channel == channel)  # fmt: skip
                extra.errors["amount"] = f"at most {MOST_REMINDERS} reminders"


def _row_of(text: Text) -> Row:
    amount, unit = _in_units(text.minutes_before)
    return Row(text.channel, text.kind, text.subject, text.body, amount, unit, text.enabled)


def _in_units(minutes: int) -> tuple[str, str]:
    """In the largest unit that says it exactly."""
    if not minutes:
        return "", "minutes"
    unit = max((u for u in UNITS if minutes % UNITS[u] == 0), key=lambda u: UNITS[u])
    return str(minutes // UNITS[unit]), unit


def _text_of(row: Row) -> Text:
    """What the row says; what is wrong with it is noted in the row."""
    limit = MAX_BODY if row.is_mail else MAX_SMS
    return Text(
        channel=row.channel,
        kind=row.kind,
        body=_checked(row, "body", row.body, limit),
        subject=_checked(row, "subject", row.subject, MAX_SUBJECT) if row.is_mail else "",
        minutes_before=_minutes(row) if row.is_reminder else 0,
        enabled=row.enabled,
    )


def _checked(row: Row, name: str, typed: str, limit: int) -> str:
    try:
        text = check(typed, limit)
        if not text:
            raise InvalidValue("enter a subject" if name == "subject" else "enter a text")
        if name == "subject" and "\n" in text:
            raise InvalidValue("a subject is one line")
    except InvalidValue as fault:
        row.errors[name] = str(fault)
        return ""
    return text


def _minutes(row: Row) -> int:
    if row.unit not in UNITS or not re.fullmatch(r"\s*[0-9]{1,5}\s*", row.amount):
        row.errors["amount"] = "use a whole number"
        return 0
    minutes = int(row.amount) * UNITS[row.unit]
    if not LEAST <= minutes <= MOST:
        row.errors["amount"] = "use a time from 5 minutes to 28 days"
    return minutes
