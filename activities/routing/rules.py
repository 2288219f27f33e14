"""Where a form leads: rules from the top down, the first that applies decides."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from activities.capture import Answer
from activities.models import BookingCalendar, FormSubmission, RoutingForm
from activities.questions import SEVERAL, Question
from activities.routing.questions import NUMBER
from contacts.search import fold

Kind = FormSubmission.Outcome
IS, IS_NOT, CONTAINS, ANSWERED, BLANK = "is", "is_not", "contains", "answered", "blank"
AT_LEAST, AT_MOST = "at_least", "at_most"
#: What a rule may ask of an answer, in the order of the editor.
TESTS = {
    IS: "is",
    IS_NOT: "is not",
    CONTAINS: "contains",
    AT_LEAST: "is at least",
    AT_MOST: "is at most",
    ANSWERED: "is answered",
    BLANK: "is not answered",
}
WITHOUT_VALUE = {ANSWERED, BLANK}
CALENDAR_CHOICE = "calendar:"
#: What a new form says at its end, until somebody writes something better.
THANKS = "Thank you. Your answers have arrived."


@dataclass(frozen=True)
class Outcome:
    """Where to: a booking page (its public id), a message to read, or a web address."""

    kind: str
    to: str

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "Outcome":
        """A stored outcome; one that is none is a message of thanks."""
        kind, to = stored.get("kind"), stored.get("to")
        known = kind in Kind.values and isinstance(to, str) and to
        return cls(str(kind), str(to)) if known else cls(Kind.MESSAGE, THANKS)

    def stored(self) -> dict[str, str]:
        return {"kind": self.kind, "to": self.to}

    @property
    def choice(self) -> str:
        """As the editor's list has it: "calendar:BKC-…", "message" or "url"."""
        return CALENDAR_CHOICE + self.to if self.kind == Kind.CALENDAR else self.kind

    @property
    def text(self) -> str:
        """The message, or the address."""
        return "" if self.kind == Kind.CALENDAR else self.to


@dataclass(frozen=True)
class Rule:
    """If the answer to a question passes a test, this is the outcome."""

    question: str  # its name
    test: str  # one of TESTS
    value: str
    outcome: Outcome

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "Rule":
        texts = {name: str(stored.get(name, "")) for name in ("question", "test", "value")}
        return cls(**texts, outcome=Outcome.read(stored.get("outcome") or {}))

    def stored(self) -> dict[str, Any]:
        return {
            "question": self.question,
            "test": self.test,
            "value": self.value,
            "outcome": self.outcome.stored(),
        }

    def applies(self, question: Question, answer: Answer) -> bool:
        """Words are compared without case and accents; a number and a date by their size."""
        given = answer.text.split("; ") if question.kind == SEVERAL else [answer.text]
        given = [text for text in map(fold, given) if text]
        wanted = fold(self.value)
        match self.test:
            case "is":
                return any(_same(question, text, wanted) for text in given)
            case "is_not":
                return not any(_same(question, text, wanted) for text in given)
            case "contains":
                return any(wanted in text for text in given)
            case "answered":
                return bool(given)
            case "blank":
                return not given
            case "at_least":
                return any(_compared(question, text, wanted, lambda a, b: a >= b) for text in given)
            case "at_most":
                return any(_compared(question, text, wanted, lambda a, b: a <= b) for text in given)
        return False


@dataclass(frozen=True)
class Routed:
    """Where one submission leads. `rule` counts from 1, 0 is the default; `fell_back`: the booking
    page that it should have been is closed or gone."""

    kind: str
    text: str = ""  # the message or the address
    calendar: BookingCalendar | None = None
    rule: int = 0
    fell_back: bool = False


def route(form: RoutingForm, questions: Sequence[Question], answers: Sequence[Answer]) -> Routed:
    """The outcome of the first rule that applies; the default where its booking page is closed."""
    number, outcome = decide(form, questions, answers)
    default = Outcome.read(form.default_outcome)
    routed = _open(outcome, number)
    if routed is not None:
        return routed
    instead = _open(default, 0) or Routed(Kind.MESSAGE, "Thank you.")
    return Routed(instead.kind, instead.text, instead.calendar, fell_back=True)


def decide(
    form: RoutingForm, questions: Sequence[Question], answers: Sequence[Answer]
) -> tuple[int, Outcome]:
    """The outcome of the first rule that applies, and its number from 1; else the default and 0."""
    asked = {question.name: question for question in questions}
    given = {answer.name: answer for answer in answers}
    for number, rule in enumerate(map(Rule.read, form.rules), 1):
        if rule.question in given and rule.applies(asked[rule.question], given[rule.question]):
            return number, rule.outcome
    return 0, Outcome.read(form.default_outcome)


def _open(outcome: Outcome, rule: int) -> Routed | None:
    """The way there; None where its booking page is not open."""
    if outcome.kind != Kind.CALENDAR:
        return Routed(outcome.kind, outcome.to, rule=rule)
    calendar = BookingCalendar.objects.active().filter(public_id=outcome.to).first()
    return Routed(outcome.kind, calendar=calendar, rule=rule) if calendar else None


def _same(question: Question, text: str, wanted: str) -> bool:
    if question.kind == NUMBER:
        return _compared(question, text, wanted, lambda a, b: a == b)
    return text == wanted


def _compared(question: Question, text: str, wanted: str, test: Callable[[Any, Any], bool]) -> bool:
    """Numbers by value; ISO dates, and all else, by their letters."""
    if question.kind != NUMBER:
        return test(text, wanted)
    try:
        return test(float(text), float(wanted))
    except ValueError:
        return False
