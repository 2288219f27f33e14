"""The form of a public booking page. It keeps what was typed, whatever is wrong with it."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from django.core import signing
from django.http import QueryDict

from activities import sms
from activities.capture import Answer, Guest
from activities.cleaning import lines, one_line
from activities.models import BookingCalendar
from activities.models.ids import new_nonce
from activities.questions import Question, answer_to, read_questions
from contacts.identity import (
    InvalidValue,
    example_mobile,
    format_phone,
    parse_email,
    parse_mobile,
)
from contacts.models import Account

MAX_NAME, MAX_COMPANY, MAX_NOTE = 200, 255, 5000
MAX_GUESTS, MAX_GUESTS_TEXT = 10, 3000
MAX_EMAIL_INPUT = 320
SALT = "activities.form"
FORM_LIVES = 24 * 60 * 60  # seconds
NO_NUMBER = "Enter a mobile phone to get text messages"
FASTEST = 1.0  # seconds that a person needs at least
Ask = BookingCalendar.Ask


@dataclass
class Input:
    """One field as the template shows it."""

    name: str
    label: str
    kind: str = "line"
    required: bool = False
    options: tuple[str, ...] = ()
    hint: str = ""
    autocomplete: str = "off"
    texts: list[str] = field(default_factory=list)
    error: str = ""

    @property
    def text(self) -> str:
        return self.texts[0] if self.texts else ""

    @property
    def id(self) -> str:
        return f"b-{self.name}"


class BookingForm:
    """The guest's details: fields that the calendar asks for, then its questions."""

    def __init__(
        self,
        calendar: BookingCalendar,
        data: QueryDict | None = None,
        *,
        zone: str = "UTC",
        known: Callable[[list[Input], list[Question]], None] | None = None,
    ) -> None:
        """`known` fills in what the guest has told before, where nothing was sent yet."""
        self.calendar = calendar
        self.bound = data is not None
        self.region = Account.load().default_region
        self.questions = read_questions(calendar.questions)
        self.inputs = [*_own_inputs(calendar), *map(_input_of, self.questions)]
        self._by_name = {each.name: each for each in self.inputs}
        if "mobile_phone" in self._by_name and (example := example_mobile(self.region)):
            self._by_name["mobile_phone"].hint = f"For example {example}, or + and a country code"
        self.guest: Guest | None = None
        if data is not None:
            for each in self.inputs:
                each.texts = [str(t).replace("\x00", "") for t in data.getlist(each.name)]
            self._validate(zone)
        elif known is not None:
            known(self.inputs, self.questions)

    @property
    def is_valid(self) -> bool:
        return self.guest is not None

    @property
    def error_list(self) -> list[tuple[str, str, str]]:
        """(input id, label, sentence) for the summary."""
        return [(each.id, each.label, each.error) for each in self.inputs if each.error]

    def _validate(self, zone: str) -> None:
        email = self._read("email", _email)
        mobile = self._read("mobile_phone", lambda text: _mobile(text, self.region))
        consent = bool(self._text("sms_consent"))
        asked = self._by_name.get("mobile_phone")
        if consent and not mobile and asked is not None and not asked.error:
            asked.error = NO_NUMBER
        guest = Guest(
            name=self._read("name", lambda text: one_line(text, MAX_NAME)),
            email=email,
            mobile_phone=mobile,
            company=self._read("company", lambda text: one_line(text, MAX_COMPANY)),
            note=self._read("note", lambda text: lines(text, MAX_NOTE)),
            guests=self._guests(email),
            time_zone=zone,
            sms_consent=consent,
            answers=tuple(self._answers()),
        )
        phone = next((a.text for a in guest.answers if a.field == "phone"), "")
        if not self.error_list:
            self.guest = Guest(**{**vars(guest), "phone": phone})

    def _text(self, name: str) -> str:
        return self._by_name[name].text if name in self._by_name else ""

    def _read(self, name: str, clean: Callable[[str], str]) -> str:
        """The cleaned text of one field; a fault stands at the field."""
        each = self._by_name.get(name)
        if each is None:
            return ""
        try:
            value = clean(each.text)
            if each.required and not value:
                raise InvalidValue(f"Enter your {each.label.lower()}")
        except InvalidValue as fault:
            each.error = str(fault)
            return ""
        return value

    def _guests(self, own: str) -> tuple[str, ...]:
        each = self._by_name.get("guests")
        if each is None:
            return ()
        try:
            return _addresses(each.text, own)
        except InvalidValue as fault:
            each.error = str(fault)
            return ()

    def _answers(self) -> list[Answer]:
        answers = []
        for question in self.questions:
            each = self._by_name[f"q_{question.name}"]
            try:
                answers.append(answer_to(question, each.texts, region=self.region))
            except InvalidValue as fault:
                each.error = str(fault)
        return answers


def _own_inputs(calendar: BookingCalendar) -> list[Input]:
    inputs = [
        Input("name", "Name", required=True, autocomplete="name"),
        Input("email", "Email", "email", calendar.email_required, autocomplete="email"),
    ]
    if calendar.ask_mobile != Ask.NO:
        required = calendar.ask_mobile == Ask.REQUIRED
        inputs.append(Input("mobile_phone", "Mobile phone", "tel", required, autocomplete="tel"))
        if calendar.offer_sms and sms.sender() is not None:
            inputs.append(Input("sms_consent", "Send me text messages about this meeting", "box"))
    if calendar.ask_company != Ask.NO:
        required = calendar.ask_company == Ask.REQUIRED
        inputs.append(Input("company", "Company", required=required, autocomplete="organization"))
    if calendar.ask_guests:
        hint = f"Their emails, separated by commas; at most {MAX_GUESTS}."
        inputs.append(Input("guests", "Further guests", hint=hint))
    if calendar.ask_note:
        inputs.append(Input("note", "Note", "text", hint="What you would like to talk about."))
    return inputs


def _input_of(question: Question) -> Input:
    return Input(
        f"q_{question.name}", question.label, question.kind, question.required, question.options
    )


def _email(text: str) -> str:
    if len(text) > MAX_EMAIL_INPUT:
        raise InvalidValue(f"Too long: {len(text):,} characters, at most 254")
    return parse_email(text).value if text.strip() else ""


def _mobile(text: str, region: str) -> str:
    return parse_mobile(text, region) if text.strip() else ""


def _addresses(text: str, own: str) -> tuple[str, ...]:
    """The addresses of further guests, each once. Raises InvalidValue and names the wrong one."""
    if len(text) > MAX_GUESTS_TEXT:
        raise InvalidValue(f"Too long: {len(text):,} characters, at most {MAX_GUESTS_TEXT:,}")
    found: dict[str, str] = {}
    for word in text.replace(";", ",").replace("\n", ",").split(","):
        if not word.strip():
            continue
        try:
            address = parse_email(word)
        except InvalidValue as fault:
            raise InvalidValue(f"{one_line(word, MAX_GUESTS_TEXT)[:60]}: {fault}") from None
        found.setdefault(address.key, address.value)
    if own:
        found.pop(parse_email(own).key, None)
    if len(found) > MAX_GUESTS:
        raise InvalidValue(f"Too many: {len(found)} guests, at most {MAX_GUESTS}")
    return tuple(found.values())


def shown_phone(value: str) -> str:
    return format_phone(value) if value else ""


# --- the key of a form: it was given out by us, a while ago, and makes one thing at most


class BadKey(Exception):
    """The form was not given out by us, or so long ago that its times are no longer those."""


class TooFast(Exception):
    """Nobody fills in a form in this time."""


def new_key() -> str:
    return signing.dumps([new_nonce(), time.time()], salt=SALT)


def good_key(key: str) -> str:
    """The key, to be sent with the form again; "" for one that is none of ours or too old."""
    try:
        signing.loads(key, salt=SALT, max_age=FORM_LIVES)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return key


def nonce_of(key: str, start: datetime) -> str:
    """What identifies the meeting that this form makes at this time: sent twice, it is one.

    Raises BadKey, TooFast.
    """
    return nonce_for(key, start.isoformat())


def nonce_for(key: str, what: str) -> str:
    """What identifies the one thing that a form makes. Raises BadKey, TooFast."""
    try:
        nonce, made = signing.loads(key, salt=SALT, max_age=FORM_LIVES)
    except (signing.BadSignature, ValueError, TypeError):
        raise BadKey from None
    if time.time() - made < FASTEST:
        raise TooFast
    return hashlib.sha256(f"{nonce} {what}".encode()).hexdigest()
