"""The form of a booking calendar. It keeps what was typed, whatever is wrong with it."""

import re
import secrets
from collections.abc import Callable
from typing import Any

from django.db.models import Q
from django.http import QueryDict
from django.utils.text import slugify

from activities.cleaning import lines, one_line
from activities.models import BookingCalendar, default_hours
from activities.models.calendar import DAY, Hours
from activities.questions import (
    CHOICE,
    KINDS,
    LINE,
    MAX_LINE,
    Question,
    kind_of,
    mappable_fields,
)
from activities.zones import known_zone
from contacts.identity import InvalidValue
from contacts.models import Account, User

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NO_HOURS = "Enter working hours on at least one day"
TOO_LONG = "No working hours are that long: at most {} minutes without a break"
MAX_QUESTIONS = 20
SPARE = 2  # empty rows for further questions
#: name -> (label, least, most, unit)
NUMBERS = {
    "duration_minutes": ("Duration", 5, 720, "minutes"),
    "every_minutes": ("Start times every", 5, 720, "minutes"),
    "buffer_before_minutes": ("Keep free before", 0, 240, "minutes"),
    "buffer_after_minutes": ("Keep free after", 0, 240, "minutes"),
    "notice_hours": ("Minimum notice", 0, 24 * 90, "hours"),
    "horizon_days": ("Can be booked up to", 1, 365, "days ahead"),
}
CHECKS = {
    "email_required": "An email is required",
    "ask_note": "Ask for a note",
    "ask_guests": "Let guests name further guests",
    "tell_host": "Mail the host when a meeting is booked, moved or canceled",
    "offer_sms": "Offer text messages, where a mobile phone is asked for",
}
_SPAN = re.compile(r"\s*(\d{1,2}):?(\d{2})?\s*[-\u2010-\u2015]\s*(\d{1,2}):?(\d{2})?\s*")


class CalendarForm:
    """What a person typed about a calendar, or the calendar's own values."""

    def __init__(
        self,
        *,
        user: User,
        calendar: BookingCalendar | None = None,
        data: QueryDict | None = None,
    ) -> None:
        self.user = user
        self.calendar = calendar
        self.bound = data is not None
        self.errors: dict[str, str] = {}
        self.values: dict[str, Any] = {}
        if data is None:
            self.texts = _stored(calendar, user)
            questions = calendar.questions if calendar else []
            self.question_rows = [_row_of(stored) for stored in questions]
        else:
            names = (*_stored(None, user), *(f"ask_{n}" for n in ("mobile", "company")))
            self.texts = {name: str(data.get(name, "")).replace("\x00", "") for name in names}
            self.question_rows = _typed_rows(data)
            self._validate()
        spare = max(0, min(SPARE, MAX_QUESTIONS - len(self.question_rows)))
        self.question_rows += [_row_of(None) for _ in range(spare)]

    @property
    def is_valid(self) -> bool:
        return self.bound and not self.errors

    def _validate(self) -> None:
        self._take("name", lambda text: _needed(one_line(text, 120), "Enter a name"))
        self._take("slug", self._slug)
        self._take("host", self._host)
        self._take("description", lambda text: lines(text, 2000))
        self._take("location", lambda text: one_line(text, 500))
        self._take("time_zone", lambda text: known_zone(text).key)
        for name, (_, least, most, unit) in NUMBERS.items():
            self._take(name, lambda text, a=least, b=most, u=unit: _number(text, a, b, u))  # type: ignore[misc]
        for name in CHECKS:
            self.values[name] = bool(self.texts[name])
        for name in ("ask_mobile", "ask_company"):
            self._take(name, _ask)
        self._take_hours()
        self._take_questions()
        if "notice_hours" in self.values:
            self.values["notice_minutes"] = self.values.pop("notice_hours") * 60

    def _take(self, name: str, clean: Callable[[str], Any]) -> None:
        try:
            self.values[name] = clean(self.texts[name])
        except InvalidValue as fault:
            self.errors[name] = str(fault)

    def _slug(self, text: str) -> str:
        slug = slugify(text or self.texts["name"])[:80]
        if not slug:
            raise InvalidValue("Use letters, digits and hyphens")
        others = BookingCalendar.objects.filter(slug=slug)
        if self.calendar is not None:
            others = others.exclude(pk=self.calendar.pk)
        if others.exists():
            raise InvalidValue("Another booking calendar has this address")
        return slug

    def _host(self, text: str) -> User:
        for user in self.hosts:
            if str(user.pk) == text:
                return user
        raise InvalidValue("Choose a host from the list")

    def _take_hours(self) -> None:
        hours: Hours = {}
        for day, label in enumerate(WEEKDAYS):
            try:
                hours[str(day)] = read_hours(self.texts[f"hours_{day}"])
            except InvalidValue as fault:
                self.errors[f"hours_{day}"] = f"{label}: {fault}"
        if len(hours) == len(WEEKDAYS) and not any(hours.values()):
            self.errors["hours_0"] = NO_HOURS
        elif len(hours) == len(WEEKDAYS):
            longest = longest_stretch(hours)
            if self.values.get("duration_minutes", 0) > longest:
                self.errors["duration_minutes"] = TOO_LONG.format(longest)
        self.values["working_hours"] = hours

    def _take_questions(self) -> None:
        questions = []
        for number, row in enumerate(self.question_rows):
            try:
                question = _question(row)
            except InvalidValue as fault:
                row["error"] = str(fault)
                self.errors[f"question_{number}"] = f"Question {number + 1}: {fault}"
                continue
            if question is not None:
                questions.append(question.stored())
        self.values["questions"] = questions

    # --- for the template

    @property
    def hosts(self) -> list[User]:
        """Whom the person may name as the host: themselves, and everybody for administrators."""
        allowed = Q(pk=self.user.pk)
        if self.user.role.administers:
            allowed |= Q(is_active=True)
        if self.calendar is not None:
            allowed |= Q(pk=self.calendar.host_id)
        return list(User.objects.filter(allowed).order_by("first_name", "last_name", "pk"))

    @property
    def error_list(self) -> list[tuple[str, str]]:
        """Each with the name of its field, which the sentence at the field leaves out."""
        labels = {name: label for name, (label, *_) in NUMBERS.items()}
        labels["time_zone"] = "Time zone of the working hours"
        return [
            (f"c-{name}", f"{labels[name]}: {text}" if name in labels else text)
            for name, text in self.errors.items()
        ]

    @property
    def numbers(self) -> list[dict[str, str]]:
        return [
            {
                "name": name,
                "label": label,
                "unit": unit,
                "text": self.texts[name],
                "error": self.errors.get(name, ""),
            }
            for name, (label, _, _, unit) in NUMBERS.items()
        ]

    @property
    def days(self) -> list[dict[str, str]]:
        return [
            {
                "name": f"hours_{day}",
                "label": label,
                "text": self.texts[f"hours_{day}"],
                "error": self.errors.get(f"hours_{day}", ""),
            }
            for day, label in enumerate(WEEKDAYS)
        ]

    @property
    def checks(self) -> list[tuple[str, str, bool]]:
        return [(name, label, bool(self.texts[name])) for name, label in CHECKS.items()]

    @property
    def asks(self) -> list[tuple[str, str, str]]:
        return [
            ("ask_mobile", "Mobile phone", self.texts["ask_mobile"]),
            ("ask_company", "Company", self.texts["ask_company"]),
        ]

    ask_choices = BookingCalendar.Ask.choices
    kinds = tuple(KINDS.items())

    @property
    def fields(self) -> list[tuple[str, str]]:
        return [(field.name, field.label) for field in mappable_fields()]


def _stored(calendar: BookingCalendar | None, user: User) -> dict[str, str]:
    zone = user.time_zone or Account.load().time_zone
    shown = calendar or BookingCalendar(
        host=user, time_zone=zone, working_hours=default_hours(), tell_host=True
    )
    texts = {
        "name": shown.name,
        "slug": shown.slug,
        "host": str(shown.host_id),
        "description": shown.description,
        "location": shown.location,
        "time_zone": shown.time_zone,
        "ask_mobile": shown.ask_mobile,
        "ask_company": shown.ask_company,
    }
    for name in NUMBERS:
        number = shown.notice_minutes // 60 if name == "notice_hours" else getattr(shown, name)
        texts[name] = str(number)
    for name in CHECKS:
        texts[name] = "yes" if getattr(shown, name) else ""
    for day in range(7):
        texts[f"hours_{day}"] = hours_text(shown.working_hours.get(str(day), []))
    return texts


def read_hours(text: str) -> list[list[int]]:
    """ "9:00-12:00, 13:00-17:30" as minutes of the day. Raises InvalidValue."""
    spans = []
    for part in re.split(r"[,;]", text):
        if not part.strip():
            continue
        found = _SPAN.fullmatch(part)
        if found is None:
            raise InvalidValue("use the form 9:00-12:00, 13:00-17:00")
        start = int(found[1]) * 60 + int(found[2] or 0)
        end = int(found[3]) * 60 + int(found[4] or 0)
        if max(int(found[2] or 0), int(found[4] or 0)) > 59 or not start < end <= DAY:
            raise InvalidValue(f"{part.strip()[:40]} is no time of the day")
        if start % 5 or end % 5:
            raise InvalidValue("use times in steps of five minutes")
        spans.append([start, end])
    spans.sort()
    if any(first[1] > second[0] for first, second in zip(spans, spans[1:], strict=False)):
        raise InvalidValue("the times overlap")
    return spans


def longest_stretch(hours: Hours) -> int:
    """Minutes of the longest working time without a break, which may run on past midnight."""
    week = [
        (int(day) * DAY + a, int(day) * DAY + b) for day, spans in hours.items() for a, b in spans
    ]
    longest, begin, end = 0, 0, -1
    for start, until in sorted([*week, *((a + 7 * DAY, b + 7 * DAY) for a, b in week)]):
        begin = begin if start == end else start
        end = until
        longest = max(longest, end - begin)
    return longest


def hours_text(spans: list[list[int]]) -> str:
    return ", ".join(f"{_clock(start)}-{_clock(end)}" for start, end in spans)


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02}"


def _needed(text: str, fault: str) -> str:
    if not text:
        raise InvalidValue(fault)
    return text


def _number(text: str, least: int, most: int, unit: str) -> int:
    if not text.isascii() or not text.strip().isdigit() or len(text) > 6:
        raise InvalidValue(f"Use a whole number of {unit}")
    number = int(text)
    if not least <= number <= most:
        raise InvalidValue(f"Use a number from {least} to {most:,}")
    if unit == "minutes" and number % 5:
        raise InvalidValue("Use a multiple of 5")
    return number


def _ask(text: str) -> str:
    if text not in BookingCalendar.Ask.values:
        raise InvalidValue("Choose one from the list")
    return text


def _row_of(stored: dict[str, Any] | None) -> dict[str, Any]:
    row = stored or {"name": "", "label": "", "kind": LINE, "options": [], "required": False}
    return {"field": "", **row, "options": ", ".join(row["options"]), "error": ""}


def _typed_rows(data: QueryDict) -> list[dict[str, Any]]:
    """The question rows as they were sent, those that say nothing left out."""
    rows = []
    for number in range(MAX_QUESTIONS):
        row = {
            part: str(data.get(f"question_{number}_{part}", "")).replace("\x00", "")
            for part in ("name", "label", "kind", "options", "field", "required")
        }
        if any(row[part].strip() for part in ("label", "options", "field", "required")):
            rows.append({**row, "required": bool(row["required"]), "error": ""})
    return rows


def _question(row: dict[str, Any]) -> Question | None:
    """The question of a row; None for one whose label was emptied. Raises InvalidValue."""
    label = one_line(row["label"], MAX_LINE)
    if not label:
        if row["options"].strip() or row["field"]:
            raise InvalidValue("enter what to ask")
        return None
    fields = {field.name: field for field in mappable_fields()}
    field = fields.get(row["field"])
    if row["field"] and field is None:
        raise InvalidValue("choose a contact field from the list")
    kind = kind_of(field) if field else row["kind"]
    options: tuple[str, ...] = ()
    if field is None and kind not in KINDS:
        raise InvalidValue("choose a kind of answer from the list")
    if field is None and kind == CHOICE:
        texts = (one_line(text, MAX_LINE) for text in row["options"].split(","))
        options = tuple(dict.fromkeys(filter(None, texts)))
        if len(options) < 2:
            raise InvalidValue("enter at least two answers, separated by commas")
    name = row["name"] if re.fullmatch(r"[a-z0-9]{1,20}", row["name"]) else secrets.token_hex(4)
    return Question(name, label, kind, options, row["required"], field.name if field else "")
