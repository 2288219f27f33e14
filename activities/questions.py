"""The questions of a booking calendar, and what their answers mean for the contact."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from activities.capture import Answer
from activities.cleaning import lines, one_line
from contacts.cleaning import clean, multi_select
from contacts.fields import Field, Kind, as_text, known_fields, live_fields
from contacts.identity import InvalidValue

LINE, TEXT, CHOICE, SEVERAL, BOX, DATE = "line", "text", "choice", "several", "box", "date"
#: The kinds a person chooses from; a question for a contact field is of that field's kind.
KINDS = {
    LINE: "One line",
    TEXT: "Several lines",
    CHOICE: "One of several",
    BOX: "A box to tick",
}
MAX_LINE, MAX_TEXT = 255, 5000
_OF_FIELD = {
    Kind.LONG_TEXT: TEXT,
    Kind.SELECT: CHOICE,
    Kind.MULTI_SELECT: SEVERAL,
    Kind.YES_NO: BOX,
    Kind.DATE: DATE,
}
#: Who the contact is, and what is decided about it, is no answer of a guest.
_NOT_ASKED = {Kind.OWNER, Kind.STATUS, Kind.EMAIL, Kind.MOBILE, Kind.TIME_ZONE}
_BUILT_IN = {"first_name", "last_name", "company"}


@dataclass(frozen=True)
class Question:
    """One question. `field` names the contact field that the answer is for; "" keeps it here."""

    name: str
    label: str
    kind: str = LINE
    options: tuple[str, ...] = ()
    required: bool = False
    field: str = ""

    def stored(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "label": self.label,
            "kind": self.kind,
            "options": list(self.options),
            "required": self.required,
            "field": self.field,
        }


def mappable_fields() -> list[Field]:
    """The contact fields that a question can be for."""
    return [f for f in live_fields() if f.kind not in _NOT_ASKED and f.name not in _BUILT_IN]


def read_questions(stored: Sequence[dict[str, Any]]) -> list[Question]:
    """The questions as asked today: of a field's kind and options, alone once it is archived."""
    known = {field.name: field for field in mappable_fields()}
    found = []
    for row in stored:
        question = Question(**{**row, "options": tuple(row["options"])})
        field = known.get(question.field)
        if field is None:
            kind = question.kind if question.options or question.kind in (TEXT, BOX) else LINE
            question = replace(question, field="", kind=kind)
        else:
            question = replace(question, kind=kind_of(field), options=field.options)
        found.append(question)
    return found


def kind_of(field: Field) -> str:
    return _OF_FIELD.get(field.kind, LINE)


def answer_to(question: Question, texts: Sequence[str], *, region: str) -> Answer:
    """What was typed or chosen, cleaned. Raises InvalidValue, also for a required one left out."""
    given = [text for text in texts if text.strip()]
    value = _value(question, given, region)
    if question.required and not value:
        ticks = question.kind == BOX
        raise InvalidValue("Tick this box to go on" if ticks else "Answer this question")
    text = ("Yes" if value else "No") if isinstance(value, bool) else as_text(value)
    return Answer(question.name, question.label, text, question.field, value)


def _value(question: Question, given: list[str], region: str) -> Any:
    first = given[0] if given else ""
    if question.kind == BOX:
        return bool(given)
    if question.kind == SEVERAL:
        return multi_select(given, question.options)
    typed = lines(first, MAX_TEXT) if question.kind == TEXT else one_line(first, MAX_LINE)
    if question.field:
        return clean(known_fields()[question.field], typed, region=region)
    if question.kind == CHOICE and typed and typed not in question.options:
        raise InvalidValue("Choose one of the answers")
    return typed
