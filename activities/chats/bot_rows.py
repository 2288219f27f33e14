"""The steps of the editor as rows: what was typed of each, and the step that it means."""

import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from activities.chats.answers import fields_for
from activities.chats.flow import (
    ANSWERS,
    BRANCH,
    CHOICE,
    END,
    KINDS,
    NUMBER,
    OPS,
    OWN_FIELD,
    QUESTION,
    TEXT,
    WITHOUT_VALUE,
    Rule,
    Step,
)
from activities.cleaning import lines, one_line
from contacts.identity import InvalidValue
from contacts.models import Contact

MOST_STEPS, MOST_RULES, MOST_OPTIONS = 60, 8, 12
MAX_TEXT, MAX_OPTION, MAX_VALUE = 1000, 80, 255
_PARTS = ("id", "kind", "text", "answer", "options", "required", "field", "status", "calendar", "then")  # fmt: skip
_RULE_PARTS = ("question", "op", "value", "then")
_ID = re.compile(r"[a-z0-9]{1,20}")


@dataclass
class Row:
    """One step as it was typed. `errors` by the name of the input."""

    texts: dict[str, str]
    rules: list[dict[str, str]] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return self.texts["kind"]

    @property
    def kind_label(self) -> str:
        return KINDS[self.kind]

    @property
    def short(self) -> str:
        """The step in a list of steps."""
        text = self.texts["text"] or self.texts["status"]
        return f"{self.kind_label}: {text[:50]}" if text else self.kind_label

    @property
    def rule_rows(self) -> list[dict[str, str]]:
        """The rules, and one that is empty."""
        return [*self.rules, _empty_rule()] if len(self.rules) < MOST_RULES else self.rules


def row_of(step: Step) -> Row:
    texts = {part: str(getattr(step, part)) for part in _PARTS}
    texts["options"] = "\n".join(step.options)
    texts["required"] = "yes" if step.required else ""
    rules = [{part: getattr(rule, part) for part in _RULE_PARTS} for rule in step.rules]
    return Row(texts, rules)


def _empty_rule() -> dict[str, str]:
    return dict.fromkeys(_RULE_PARTS, "") | {"op": "is"}


def typed_rows(data: QueryDict) -> list[Row]:
    """The rows as they were sent; one of a kind that does not exist is none."""

    def typed(name: str) -> str:
        return str(data.get(name, "")).replace("\x00", "")

    rows, seen = [], set[str]()
    for n in range(MOST_STEPS):
        texts = {part: typed(f"s{n}_{part}") for part in _PARTS}
        if texts["kind"] not in KINDS:
            continue
        if not _ID.fullmatch(texts["id"]) or texts["id"] in seen:
            texts["id"] = secrets.token_hex(4)
        seen.add(texts["id"])
        rules = [
            {part: typed(f"s{n}_r{m}_{part}") for part in _RULE_PARTS} for m in range(MOST_RULES)
        ]
        rows.append(Row(texts, [r for r in rules if r["question"] or r["value"] or r["then"]]))
    return rows


def read_row(row: Row) -> Step:
    """The step of a row; what is wrong with it stands in `row.errors`."""
    texts, kind = row.texts, row.kind
    step: dict[str, Any] = {"id": texts["id"], "kind": kind}
    if kind not in {BRANCH, "status"}:
        step["text"] = _read(row, "text", lambda t: lines(t, MAX_TEXT))
    if kind == QUESTION:
        step |= _question(row)
    if kind == BRANCH:
        step["rules"] = _rules(row)
    if kind == "status":
        step["status"] = texts["status"] if texts["status"] in Contact.Status.values else ""
    if kind == "meeting":
        step["calendar"] = texts["calendar"]
    return Step(**step, then="" if kind == END else texts["then"])


def _question(row: Row) -> dict[str, Any]:
    answer = row.texts["answer"] if row.texts["answer"] in ANSWERS else TEXT
    name = "" if answer in OWN_FIELD else row.texts["field"]
    if name and name not in fields_for(answer):
        label = dict(every_field()).get(name, name)
        row.errors["field"] = f"{label} takes no answer of this kind. Choose another field"
    options = _read(row, "options", _options) if answer == CHOICE else ()
    required = bool(row.texts["required"])
    return {"answer": answer, "field": name, "options": options or (), "required": required}


def every_field() -> list[tuple[str, str]]:
    """The contact fields that some kind of answer can be for, with their labels."""
    found: dict[str, str] = {}
    for answer in (TEXT, NUMBER, CHOICE):
        found |= fields_for(answer)
    return list(found.items())


def _read(row: Row, name: str, clean: Callable[[str], Any]) -> Any:
    """The cleaned text of one input; a fault stands at it."""
    try:
        return clean(row.texts[name])
    except InvalidValue as fault:
        row.errors[name] = str(fault)
        return ""


def _options(text: str) -> tuple[str, ...]:
    typed = (one_line(line, MAX_OPTION) for line in text.splitlines())
    found: Sequence[str] = tuple(dict.fromkeys(filter(None, typed)))
    if len(found) > MOST_OPTIONS:
        raise InvalidValue(f"Too many: {len(found)} answers, at most {MOST_OPTIONS}")
    return tuple(found)


def _rules(row: Row) -> tuple[Rule, ...]:
    found = []
    for number, texts in enumerate(row.rules):
        op = texts["op"] if texts["op"] in OPS else "is"
        try:
            value = "" if op in WITHOUT_VALUE else one_line(texts["value"], MAX_VALUE)
        except InvalidValue as fault:
            row.errors[f"rule_{number}"] = str(fault)
            value = ""
        if not value and op not in WITHOUT_VALUE:
            row.errors.setdefault(f"rule_{number}", "Enter what the answer is compared with")
        found.append(Rule(texts["question"], op, value, texts["then"]))
    return tuple(found)
