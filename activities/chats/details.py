"""What a booking calendar asks the guest of a meeting, as a bot asks it: one thing at a time.

Name, email, mobile phone and company where the calendar needs them, its own questions, and the
consent to text messages. A mobile phone that is optional is asked for where the calendar sends text
messages; the note and further guests are left to the booking page.
"""

import re
from dataclasses import dataclass

from activities import sms
from activities.chats.flow import CHOICE, DATE, DETAILS, TEXT, Flow, Need, Position, key_of
from activities.models import BookingCalendar
from activities.questions import BOX, SEVERAL, Question, answer_to, read_questions
from activities.questions import CHOICE as ONE_OF
from activities.questions import DATE as DAY
from contacts.identity import InvalidValue
from contacts.models import Account

CONSENT = "sms_consent"
MAY_WE_TEXT = "May we send text messages about this meeting to your mobile phone?"
YES, NO = "Yes", "No"
NEEDS_YES = "This meeting can only be booked with a Yes here"
WHICH = "Type the number of each that applies, with commas between them."
_OWN = "q_"  # of the calendar: before the name of a question
_KINDS = {ONE_OF: CHOICE, BOX: CHOICE, DAY: DATE}
Ask = BookingCalendar.Ask


@dataclass(frozen=True)
class Detail:
    """A detail that is being asked for: `question` where it is one of the calendar's own."""

    key: str
    label: str
    required: bool
    question: Question | None = None

    @property
    def kind(self) -> str:
        return _KINDS.get(self.question.kind, TEXT) if self.question else CHOICE

    @property
    def options(self) -> tuple[str, ...]:
        if self.question is None or self.question.kind == BOX:
            return YES, NO
        return self.question.options if self.question.kind == ONE_OF else ()


def find_calendar(public_id: str) -> BookingCalendar | None:
    rows = BookingCalendar.objects.active().select_related("host")
    return rows.filter(public_id=public_id).first()


def needs_from(calendar: BookingCalendar) -> list[Need]:
    """In the order of the booking page."""
    texts = calendar.offer_sms and calendar.ask_mobile != Ask.NO and sms.sender() is not None
    needs = [_detail("name")]
    if calendar.email_required:
        needs.append(_detail("email"))
    if calendar.ask_mobile == Ask.REQUIRED or texts:
        needs.append(_detail("mobile_phone", optional=calendar.ask_mobile != Ask.REQUIRED))
    if texts:
        needs.append(Need(CONSENT, MAY_WE_TEXT, beside="mobile_phone"))
    if calendar.ask_company == Ask.REQUIRED:
        needs.append(_detail("company"))
    return [*needs, *map(_own, read_questions(calendar.questions))]


def _detail(name: str, *, optional: bool = False) -> Need:
    return Need(name, DETAILS[name], about=name, optional=optional)


def _own(question: Question) -> Need:
    """A box is asked for in each meeting: what was said of it before is no agreement."""
    about = "" if question.kind == BOX else question.field
    text = question.label
    if question.kind == SEVERAL:
        lines = [f"{number}. {option}" for number, option in enumerate(question.options, 1)]
        text = "\n".join([text, *lines, WHICH])
    return Need(_OWN + question.name, text, about=about, optional=not question.required)


def is_optional(flow: Flow, position: Position) -> bool:
    """Whether one of DETAILS may be left out: also when its calendar was closed meanwhile."""
    calendar = _calendar_at(flow, position)
    needs = needs_from(calendar) if calendar else []
    return all(need.optional for need in needs if need.name == position.detail)


def detail_at(flow: Flow, position: Position) -> Detail:
    """A calendar's own question or the consent. One that was removed meanwhile may be left out."""
    key = key_of(position.step, position.detail)
    if position.detail == CONSENT:
        return Detail(key, MAY_WE_TEXT, required=True)
    calendar, name = _calendar_at(flow, position), position.detail.removeprefix(_OWN)
    asked = read_questions(calendar.questions) if calendar else []
    gone = Question(name, "Question")
    question = next((question for question in asked if question.name == name), gone)
    return Detail(key, question.label, question.required, question)


def _calendar_at(flow: Flow, position: Position) -> BookingCalendar | None:
    step = flow.step(position.step)
    return find_calendar(step.calendar) if step else None


def read_detail(question: Question, typed: str) -> tuple[str, object]:
    """What the meeting keeps of an answer, and its value. Raises InvalidValue."""
    if question.kind == BOX and question.required and typed != YES:
        raise InvalidValue(NEEDS_YES)
    given = [typed]
    if question.kind == BOX:
        given = [YES] if typed == YES else []
    if question.kind == SEVERAL:
        given = _several(question.options, typed)
    answer = answer_to(question, given, region=Account.load().default_region)
    return answer.text, answer.value


def _several(options: tuple[str, ...], typed: str) -> list[str]:
    """Options by their numbers or as they are written."""
    if typed in options:
        return [typed]
    words = [word.strip() for word in re.split(r"[,;\n]", typed) if word.strip()]
    numbered = {str(number): option for number, option in enumerate(options, 1)}
    return [numbered.get(word.rstrip("."), word) for word in words]


def agreed_to_texts(answers: dict[str, dict[str, object]], step: str) -> bool:
    """Whether the consent was given for the meeting of this step."""
    return answers.get(key_of(step, CONSENT), {}).get("value") == YES


def belongs_to_meeting(key: str, step: str) -> bool:
    """Whether an answer is told with the meeting of `step`: not what another meeting asked."""
    of, tilde, detail = key.partition("~")
    return detail != CONSENT and (not tilde or of in {"", step})


def name_of(key: str) -> str:
    """The name of an answer, as the booking page has it."""
    return key.rpartition("~")[2].removeprefix(_OWN) if "~" in key else key
