"""The questions of a routing form: their types, what each may be for, and what an answer means."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from activities.capture import FULL_NAME, Answer, Guest
from activities.cleaning import lines, one_line
from activities.questions import (
    CHOICE,
    DATE,
    LINE,
    MAX_LINE,
    MAX_TEXT,
    SEVERAL,
    TEXT,
    Question,
)
from contacts.cleaning import clean, multi_select
from contacts.fields import YES_NO, Field, Kind, as_text, live_fields
from contacts.identity import InvalidValue, parse_email, parse_phone
from contacts.search import fold

EMAIL, PHONE, NUMBER, YES_OR_NO = "email", "tel", "number", "yesno"
#: The types in the order of the editor.
KINDS = {
    LINE: "Text",
    TEXT: "Long text",
    EMAIL: "Email",
    PHONE: "Phone",
    NUMBER: "Number",
    YES_OR_NO: "Yes or no",
    DATE: "Date",
    CHOICE: "Single select",
    SEVERAL: "Multi select",
}
WITH_OPTIONS = {CHOICE, SEVERAL}
#: The kinds of contact field that an answer of each type can be stored in.
_FITS = {
    LINE: {Kind.TEXT, Kind.LONG_TEXT},
    TEXT: {Kind.LONG_TEXT},
    EMAIL: {Kind.EMAIL},
    PHONE: {Kind.MOBILE, Kind.PHONE},
    NUMBER: {Kind.NUMBER, Kind.DECIMAL},
    YES_OR_NO: {Kind.YES_NO},
    DATE: {Kind.DATE},
    CHOICE: {Kind.TEXT, Kind.LONG_TEXT, Kind.SELECT},
    SEVERAL: {Kind.MULTI_SELECT},
}
_SELECTS = {Kind.SELECT, Kind.MULTI_SELECT}
_NOT_ASKED = {Kind.OWNER, Kind.STATUS, Kind.TIME_ZONE}
_NAME = Field(FULL_NAME, "Full name")
_NUMBER, _DATE = Field("", "", Kind.DECIMAL), Field("", "", Kind.DATE)
MAX_NAME, MAX_TYPED = 200, 320


def mappable_fields() -> dict[str, Field]:
    """What an answer can be for: the full name, and every field that a person may state."""
    stated = [field for field in live_fields() if field.kind not in _NOT_ASKED]
    return {field.name: field for field in (_NAME, *stated)}


def fits(kind: str, field: Field) -> bool:
    """Whether an answer of this type can be stored in the field."""
    if field.kind is Kind.SELECT and field.options == YES_NO:
        return kind == YES_OR_NO
    return field.kind in _FITS[kind]


def options_of(kind: str, field: Field | None, typed: Sequence[str]) -> tuple[str, ...]:
    """What there is to choose from: a select property has its own choices."""
    if kind == YES_OR_NO:
        return YES_NO
    if field is not None and field.kind in _SELECTS:
        return field.options
    return tuple(typed) if kind in WITH_OPTIONS else ()


def read_questions(stored: Sequence[Mapping[str, Any]]) -> list[Question]:
    """The questions as asked today: for no field once that is archived or is of another kind."""
    known, found = mappable_fields(), []
    for row in stored:
        question = _read(row)
        field = known.get(question.field)
        if field is not None and not fits(question.kind, field):
            field = None
        options = options_of(question.kind, field, question.options)
        found.append(replace(question, field=field.name if field else "", options=options))
    return found


def _read(row: Mapping[str, Any]) -> Question:
    """A stored question; one of a type that there is no more is asked as a text."""
    kind = str(row.get("kind", ""))
    return Question(
        name=str(row.get("name", "")),
        label=str(row.get("label", "")),
        kind=kind if kind in KINDS else LINE,
        options=tuple(map(str, row.get("options") or ())),
        required=bool(row.get("required")),
        field=str(row.get("field") or ""),
    )


def answer_to(question: Question, texts: Sequence[str], *, region: str) -> Answer:
    """What was typed or chosen, cleaned. Raises InvalidValue, also for a required one left out."""
    given = [text for text in texts if text.strip()]
    text = _cleaned(question, given, region)
    if question.required and not text:
        raise InvalidValue("Answer this question")
    value: Any = text
    if question.field and question.field != FULL_NAME:
        value = clean(mappable_fields()[question.field], text, region=region)
        if value and question.kind == PHONE:
            text = as_text(value)
    return Answer(question.name, question.label, text, question.field, value)


def _cleaned(question: Question, given: Sequence[str], region: str) -> str:
    """The answer as a text of its type; "" for none."""
    if question.kind == SEVERAL:
        return multi_select(given, question.options)
    if not given:
        return ""
    if question.kind == TEXT:
        return lines(given[0], MAX_TEXT)
    typed = one_line(given[0], MAX_NAME if question.field == FULL_NAME else MAX_LINE)
    match question.kind if typed else LINE:
        case "email":
            return parse_email(typed).value
        case "tel":
            return typed if question.field else parse_phone(typed, region)
        case "number":
            return str(clean(_NUMBER, typed, region=region))
        case "date":
            return str(clean(_DATE, typed, region=region))
        case "choice" | "yesno" if typed not in question.options:
            raise InvalidValue("Choose one of the answers")
    return typed


def compared_with(question: Question, text: str, *, region: str) -> str:
    """What an answer is compared with, in the form of an answer. Raises InvalidValue for what no
    answer can be."""
    match question.kind:
        case "number":
            return str(clean(_NUMBER, text, region=region))
        case "date":
            return str(clean(_DATE, text, region=region))
    known = {fold(option): option for option in question.options}
    if known and fold(text) not in known:
        raise InvalidValue(f"“{text[:60]}” is no answer that can be chosen")
    return known.get(fold(text), text)


def guest_from(answers: Sequence[Answer]) -> Guest:
    """Who answered, by the answers that are for the contact."""
    told = {answer.field: answer.text for answer in answers if answer.field}
    apart = f"{told.get('first_name', '')} {told.get('last_name', '')}".strip()
    return Guest(
        name=(told.get(FULL_NAME) or apart)[:MAX_NAME],
        email=told.get("email", ""),
        mobile_phone=told.get("mobile_phone", ""),
        company=told.get("company", ""),
        phone=told.get("phone", ""),
        time_zone="",
        answers=tuple(answers),
    )
