"""A chatbot's flow, and the one way through it. Pure: it reads and writes nothing.

A flow is an ordered list of steps. Each leads to the next one, unless it names another (`then`).
A conversation stands at a step that waits for an answer; `begin` and `advance` say what the bot
says next, and where it waits then.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from contacts.search import fold

MESSAGE, QUESTION, BRANCH = "message", "question", "branch"
STATUS, MEETING, END = "status", "meeting", "end"
KINDS = {
    MESSAGE: "Message",
    QUESTION: "Question",
    BRANCH: "Branch",
    STATUS: "Contact status",
    MEETING: "Offer a meeting",
    END: "End",
}
TEXT, EMAIL, MOBILE, PHONE, NUMBER, CHOICE = "text", "email", "mobile", "phone", "number", "choice"
DATE = "date"  # of a booking calendar's own question only
ANSWERS = {
    TEXT: "Text",
    EMAIL: "Email",
    MOBILE: "Mobile phone",
    PHONE: "Phone",
    NUMBER: "Number",
    CHOICE: "One of several",
}
#: The contact field of an answer of that kind; it needs no other.
OWN_FIELD = {EMAIL: "email", MOBILE: "mobile_phone", PHONE: "phone"}
IS, IS_NOT, CONTAINS = "is", "is_not", "contains"
AT_LEAST, AT_MOST, ANSWERED, UNANSWERED = "at_least", "at_most", "answered", "unanswered"
OPS = {
    IS: "is",
    IS_NOT: "is not",
    CONTAINS: "contains",
    AT_LEAST: "is at least",
    AT_MOST: "is at most",
    ANSWERED: "is answered",
    UNANSWERED: "is not answered",
}
WITHOUT_VALUE = {ANSWERED, UNANSWERED}
#: Steps on end without waiting for an answer. A flow with a loop is refused when it is saved; this
#: is for what slips through.
MOST_ON_END = 200
CLOSED = "No meeting can be booked here at the moment."
CHOOSE = "Choose a time that suits you."
#: Who the guest of a meeting is, and how the bot asks for what it has not been told.
DETAILS = {
    "name": "What is your name?",
    "email": "Which email should the invitation go to?",
    "mobile_phone": "What is your mobile phone number?",
    "company": "Which company are you with?",
}


class BadFlow(ValueError):
    """Stored steps that are none: another version of Kith wrote them, or a hand did."""


@dataclass(frozen=True)
class Rule:
    """Of a branch: where it goes on (a step's id) when the answer to a question is so."""

    question: str  # the id of a question, or of a meeting: answered when one was booked
    op: str
    value: str
    then: str


@dataclass(frozen=True)
class Step:
    """One step. Which of the values it has depends on its kind."""

    id: str
    kind: str
    text: str = ""
    answer: str = TEXT
    options: tuple[str, ...] = ()
    required: bool = False
    field: str = ""  # the contact field that the answer is for; "name" is first and last name
    rules: tuple[Rule, ...] = ()
    status: str = ""
    calendar: str = ""  # public id
    then: str = ""

    @property
    def about(self) -> str:
        """The contact field that the answer to this question is for, or ""."""
        return OWN_FIELD.get(self.answer) or self.field if self.kind == QUESTION else ""

    def stored(self) -> dict[str, Any]:
        """As JSON holds it: what is not the default."""
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        kept = {k: v for k, v in given.items() if v != Step.__dataclass_fields__[k].default}
        if self.options:
            kept["options"] = list(self.options)
        if self.rules:
            kept["rules"] = [asdict(rule) for rule in self.rules]
        return kept


def read_step(stored: Any) -> Step:
    """Raises BadFlow."""
    try:
        given = dict(stored)
        given["options"] = tuple(map(str, given.get("options", ())))
        given["rules"] = tuple(Rule(**rule) for rule in given.get("rules", ()))
        step = Step(**given)
    except (TypeError, ValueError) as error:
        raise BadFlow from error
    if step.kind not in KINDS or not step.id:
        raise BadFlow
    return step


@dataclass(frozen=True)
class Flow:
    """The steps in their order."""

    steps: tuple[Step, ...] = ()

    @classmethod
    def read(cls, stored: Any) -> "Flow":
        """Raises BadFlow."""
        if not isinstance(stored, list):
            raise BadFlow
        return cls(tuple(map(read_step, stored)))

    def stored(self) -> list[dict[str, Any]]:
        return [step.stored() for step in self.steps]

    def place(self, step_id: str) -> int | None:
        """Where a step stands; None for one that is not there."""
        return next((n for n, step in enumerate(self.steps) if step.id == step_id), None)

    def step(self, step_id: str) -> Step | None:
        place = self.place(step_id)
        return None if place is None else self.steps[place]

    def after(self, place: int) -> int | None:
        """The place after a step, by its `then` or by the order; None at the end."""
        then = self.steps[place].then
        if then:
            return self.place(then)
        return place + 1 if place + 1 < len(self.steps) else None


@dataclass(frozen=True)
class Position:
    """Where a conversation waits: at a step, and at a meeting for a detail of the guest's first."""

    step: str = ""  # "" at the end
    detail: str = ""  # the name of a Need


@dataclass(frozen=True)
class Turn:
    """What the bot says now, where it waits then, and the status that it gives the contact."""

    says: tuple[str, ...]
    position: Position
    status: str = ""


@dataclass(frozen=True)
class Need:
    """One thing that a meeting needs to know of its guest."""

    name: str  # one of DETAILS, or another that is asked anew for each meeting
    text: str  # how the bot asks for it
    about: str = ""  # the contact field that it is for: not asked for twice
    optional: bool = False
    beside: str = ""  # asked only of who has told this field

    def is_met(self, step: str, answers: "Answers", told: Mapping[str, bool]) -> bool:
        """`told`: the fields that were asked about, and whether an answer was given."""
        if self.beside and not told.get(self.beside):
            return True
        if self.name not in DETAILS and key_of(step, self.name) in answers:
            return True
        return self.about in told if self.optional else told.get(self.about, False)


def key_of(step: str, detail: str) -> str:
    """Under what the answer to a Need is kept: who the guest is for the whole conversation."""
    return f"~{detail}" if detail in DETAILS else f"{step}~{detail}"


#: The answers so far, by the id of their step, or by `key_of` where a meeting has asked.
Answers = Mapping[str, str]
#: What a booking calendar (public id) needs; None where it takes no meetings.
Needs = Callable[[str], Sequence[Need] | None]


def begin(flow: Flow, needs: Needs) -> Turn:
    """The first turn of a conversation."""
    return _Walk(flow, {}, needs).from_place(0 if flow.steps else None)


def advance(flow: Flow, position: Position, answers: Answers, needs: Needs) -> Turn:
    """The turn after the answer at `position`, which `answers` has already."""
    place = flow.place(position.step)
    walk = _Walk(flow, answers, needs)
    if place is None:
        return walk.from_place(None)
    if position.detail:
        return walk.ask_on(place)
    return walk.from_place(flow.after(place))


def holds(rule: Rule, answers: Answers) -> bool:
    """Whether the answer is as the rule has it. An answer that is no number is neither more nor
    less than one."""
    answer = answers.get(rule.question, "")
    if rule.op in WITHOUT_VALUE:
        return bool(answer) == (rule.op == ANSWERED)
    if rule.op in {AT_LEAST, AT_MOST}:
        told, wanted = _number(answer), _number(rule.value)
        if told is None or wanted is None:
            return False
        return told >= wanted if rule.op == AT_LEAST else told <= wanted
    one, other = fold(answer), fold(rule.value)
    if rule.op == CONTAINS:
        return bool(other) and other in one
    return (one == other) == (rule.op == IS)


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None


@dataclass
class _Walk:
    """From one waiting step to the next."""

    flow: Flow
    answers: Answers
    needs: Needs
    says: list[str] = field(default_factory=list)
    status: str = ""

    def from_place(self, place: int | None) -> Turn:
        for _ in range(MOST_ON_END):
            if place is None:
                break
            step = self.flow.steps[place]
            if step.kind == QUESTION:
                return self._wait(step, step.text)
            if step.kind == MEETING and (missing := self._missing(step)) is not None:
                return self._meet(step, missing)
            place = self._pass(step, place)
        return Turn(tuple(self.says), Position(), self.status)

    def ask_on(self, place: int) -> Turn:
        """A meeting that has been told a detail: the next one, or the times."""
        step = self.flow.steps[place]
        missing = self._missing(step)
        if missing is None:
            return self.from_place(self._pass(step, place))
        return self._detail(step, missing[0]) if missing else self._wait(step, CHOOSE)

    def _pass(self, step: Step, place: int) -> int | None:
        """Do what a step does that waits for nothing; the place after it."""
        if step.kind == BRANCH:
            for rule in step.rules:
                if holds(rule, self.answers):
                    return self.flow.place(rule.then)
        if step.kind == STATUS:
            self.status = step.status
        text = CLOSED if step.kind == MEETING else step.text
        if text:
            self.says.append(text)
        return None if step.kind == END else self.flow.after(place)

    def _meet(self, step: Step, missing: Sequence[Need]) -> Turn:
        if not missing:
            return self._wait(step, step.text or CHOOSE)
        if step.text:
            self.says.append(step.text)
        return self._detail(step, missing[0])

    def _detail(self, step: Step, missing: Need) -> Turn:
        self.says.append(missing.text)
        return Turn(tuple(self.says), Position(step.id, missing.name), self.status)

    def _wait(self, step: Step, text: str) -> Turn:
        self.says.append(text)
        return Turn(tuple(self.says), Position(step.id), self.status)

    def _missing(self, step: Step) -> list[Need] | None:
        """What has not been told yet; None where nothing can be booked."""
        needed = self.needs(step.calendar)
        if needed is None:
            return None
        told = self._told()
        return [need for need in needed if not need.is_met(step.id, self.answers, told)]

    def _told(self) -> dict[str, bool]:
        """The contact fields that were asked about, and whether an answer was given."""
        asked = [(s.about, s.id) for s in self.flow.steps if s.about]
        asked += [(key[1:], key) for key in self.answers if key.startswith("~")]
        told: dict[str, bool] = {}
        for about, key in asked:
            if key in self.answers:
                told[about] = told.get(about, False) or bool(self.answers[key])
        if told.get("first_name") or told.get("last_name"):
            told["name"] = True
        return told
