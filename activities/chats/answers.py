"""What a visitor answers to a bot: read, checked, and what it says about the contact."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from activities.capture import Answer, Guest
from activities.chats.details import detail_at, is_optional, read_detail
from activities.chats.flow import (
    CHOICE,
    DETAILS,
    EMAIL,
    MOBILE,
    NUMBER,
    OWN_FIELD,
    PHONE,
    QUESTION,
    TEXT,
    Flow,
    Position,
    Step,
    key_of,
)
from activities.cleaning import lines, one_line
from activities.models import Conversation
from activities.models.conversation import in_order
from activities.questions import Question
from contacts.cleaning import clean
from contacts.fields import Field, Kind, as_text, known_fields, live_fields
from contacts.identity import InvalidValue, parse_email, parse_mobile, parse_phone
from contacts.models import Account

MAX_ANSWER = 2000
NAME = "name"
_NO_FIELD = {Kind.OWNER, Kind.STATUS, Kind.EMAIL, Kind.MOBILE, Kind.PHONE, Kind.TIME_ZONE}
_NUMBERS = {Kind.NUMBER, Kind.DECIMAL}
_DETAIL_KINDS = {"email": EMAIL, "mobile_phone": MOBILE}


@dataclass(frozen=True)
class Asked:
    """The question that a conversation waits with. `key` is under what its answer is kept.

    `question` is there where a booking calendar asks.
    """

    key: str
    label: str
    kind: str = TEXT
    options: tuple[str, ...] = ()
    required: bool = False
    field: str = ""
    question: Question | None = None


def asked_at(flow: Flow, position: Position) -> Asked | None:
    """The question at a position; None where it waits for a time, or for nothing."""
    step = flow.step(position.step)
    if step is None:
        return None
    if position.detail:
        return _of_meeting(flow, position)
    return _of_question(step) if step.kind == QUESTION else None


def _of_meeting(flow: Flow, position: Position) -> Asked:
    name = position.detail
    if name in DETAILS:
        kind, key = _DETAIL_KINDS.get(name, TEXT), key_of(position.step, name)
        required = not is_optional(flow, position)
        return Asked(key, DETAILS[name], kind, required=required, field=name)
    asked = detail_at(flow, position)
    field = asked.question.field if asked.question else ""
    return Asked(
        asked.key, asked.label, asked.kind, asked.options, asked.required, field, asked.question
    )


def _of_question(step: Step) -> Asked:
    """As asked today: a field that is archived since has no part in it any more."""
    name, options = step.about, step.options
    if step.field and step.answer not in OWN_FIELD:
        name = name if name in fields_for(step.answer) else ""
        field = known_fields().get(name)
        if step.answer == CHOICE and field is not None and field.kind is Kind.SELECT:
            options = field.options
    return Asked(step.id, step.text, step.answer, options, step.required, name)


def fields_for(answer: str) -> dict[str, str]:
    """The contact fields that an answer of this kind can be for, with their labels."""
    if answer in OWN_FIELD:
        return {}
    found = {f.name: f.label for f in live_fields() if _fits(f, answer)}
    return {NAME: "First and last name", **found} if answer == TEXT else found


def _fits(field: Field, answer: str) -> bool:
    if field.kind in _NO_FIELD:
        return False
    if answer == NUMBER:
        return field.kind in _NUMBERS
    if answer == CHOICE:
        return field.kind in {Kind.SELECT, Kind.TEXT, Kind.YES_NO}
    return field.kind not in _NUMBERS


def read_answer(asked: Asked, text: str) -> dict[str, Any]:
    """The answer as the conversation keeps it. Raises InvalidValue with a sentence for the visitor."""
    typed = lines(text, MAX_ANSWER)
    if not typed:
        if asked.required:
            raise InvalidValue("Choose one" if asked.kind == CHOICE else "Enter an answer")
        return {"label": asked.label, "text": "", "field": "", "value": ""}
    if asked.question is not None:
        told, value = read_detail(asked.question, typed)
        return {"label": asked.label, "text": told, "field": asked.field, "value": value}
    value = _value(asked, typed)
    # A tick is told by its word; what else is stored reads as the visitor may have written it.
    told = typed if isinstance(value, bool) else as_text(value)
    return {"label": asked.label, "text": told, "field": asked.field, "value": value}


def _value(asked: Asked, typed: str) -> Any:
    if asked.kind == EMAIL:
        return parse_email(typed).value
    if asked.kind == MOBILE:
        return parse_mobile(typed, Account.load().default_region)
    if asked.kind == PHONE:
        return parse_phone(typed, Account.load().default_region)
    if asked.kind == CHOICE and typed not in asked.options:
        raise InvalidValue("Choose one of the answers")
    if asked.kind == NUMBER and not asked.field:
        return clean(Field("number", "Number", Kind.DECIMAL), typed, region="")
    if not asked.field:
        return typed
    if asked.field == NAME:
        return one_line(typed, 200)
    field = known_fields().get(asked.field)
    return clean(field, typed, region="") if field else typed


def guest_of(conversation: Conversation) -> Guest:
    """What the conversation has learnt of its visitor, as a booking form would have been told it."""
    told: Mapping[str, Any] = {a["field"]: a["value"] for a in conversation.answers.values()}
    own = {NAME, "email", "mobile_phone", "phone", "company"}
    names = f"{told.get('first_name', '')} {told.get('last_name', '')}".strip()
    rest = (
        Answer(key, a["label"], str(a["text"]), a["field"], a["value"])
        for key, a in in_order(conversation.answers).items()
        if a["field"] not in own and "text" in a and not a.get("meeting")
    )
    return Guest(
        name=str(told.get(NAME) or names),
        email=str(told.get("email", "")),
        mobile_phone=str(told.get("mobile_phone", "")),
        phone=str(told.get("phone", "")),
        company=str(told.get("company", "")),
        time_zone=conversation.time_zone,
        answers=tuple(rest),
    )
