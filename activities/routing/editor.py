"""The editor of a routing form. It keeps what was typed, whatever is wrong with it.

Rows of questions and rules are added, removed and moved by buttons of the same form: they send it
without saving anything, and it comes back with the rows as wanted.
"""

import re
import secrets
from collections.abc import Callable
from typing import Any

from django.http import QueryDict
from django.utils.text import slugify

from activities.cleaning import lines, one_line
from activities.models import RoutingForm
from activities.questions import LINE, MAX_LINE, Question
from activities.routing import questions as asked
from activities.routing.outcomes import OutcomeChoices, OutcomeText
from activities.routing.rules import CONTAINS, IS, TESTS, WITHOUT_VALUE, Outcome, Rule
from contacts.identity import InvalidValue
from contacts.models import Account, Contact, User

MAX_QUESTIONS, MAX_RULES, MAX_OPTIONS = 30, 30, 100  # each bounds what a page holds
TEXTS = ("name", "slug", "description", "owner", "contact_status")
QUESTION = ("name", "label", "kind", "options", "field", "required")
RULE = ("question", "test", "value", "leads", "text")
DEFAULT = "default"
_DO = re.compile(r"(add|remove|up|down)_(question|rule)(?:_(\d{1,2}))?")
Row = dict[str, Any]


class FormEditor:
    """What a person typed about a form, or the form's own values."""

    def __init__(self, form: RoutingForm | None, user: User, data: QueryDict | None = None) -> None:
        self.form = form
        self.outcomes = OutcomeChoices()
        self.region = Account.load().default_region
        self.asked: dict[str, Question] = {}
        self.owners = _owners(form)
        self.errors: dict[str, str] = {}
        self.values: dict[str, Any] = {}
        self.rearranged = self.bound = False
        if data is None:
            self._show(form or RoutingForm(owner=user))
            return
        self.bound = True
        self.texts = {name: _text(data, name) for name in TEXTS}
        self.questions = _rows(data, "question", QUESTION, MAX_QUESTIONS)
        self.rules = _rows(data, "rule", RULE, MAX_RULES)
        self.default = {part: _text(data, f"{DEFAULT}_{part}") for part in ("leads", "text")}
        self._name_questions()
        self.rearranged = self._rearrange(data.get("do", ""))
        if not self.rearranged:
            self._validate()

    @property
    def is_valid(self) -> bool:
        return self.bound and not self.rearranged and not self.errors

    def _show(self, form: RoutingForm) -> None:
        self.texts = {
            "name": form.name,
            "slug": form.slug,
            "description": form.description,
            "owner": str(form.owner_id),
            "contact_status": form.contact_status,
        }
        self.questions = [_question_row(row) for row in form.questions] or [_question_row()]
        self.rules = [_rule_row(Rule.read(row)) for row in form.rules]
        outcome = Outcome.read(form.default_outcome)
        self.default = {"leads": outcome.choice, "text": outcome.text}

    def _name_questions(self) -> None:
        """Each has a name of its own from its first moment on, so that a rule can be for it."""
        taken: set[str] = set()
        for row in self.questions:
            if not re.fullmatch(r"[a-z0-9]{1,20}", row["name"]) or row["name"] in taken:
                row["name"] = secrets.token_hex(4)
            taken.add(row["name"])

    def _rearrange(self, wish: str) -> bool:
        found = _DO.fullmatch(wish)
        if found is None:
            return False
        what, kind, at = found[1], found[2], int(found[3] or 0)
        rows, most = (
            (self.questions, MAX_QUESTIONS) if kind == "question" else (self.rules, MAX_RULES)
        )
        if what == "add" and len(rows) < most:
            rows.append(_question_row() if kind == "question" else _rule_row())
        elif what == "remove" and at < len(rows):
            rows.pop(at)
        to = at + {"up": -1, "down": 1}.get(what, 0)
        if what in {"up", "down"} and at < len(rows) and 0 <= to < len(rows):
            rows[at], rows[to] = rows[to], rows[at]
        return True

    # --- checking

    def _validate(self) -> None:
        self._take("name", _name)
        self._take("slug", self._slug)
        self._take("description", lambda text: lines(text, 2000))
        self._take("owner", self._owner)
        self._take("contact_status", _status)
        questions: list[Question] = self._each("question", self.questions, self._question)
        self.asked = {question.name: question for question in questions}
        self.values["questions"] = [question.stored() for question in questions]
        if not self.questions:
            self.errors["add_question"] = "Add at least one question"
        self.values["rules"] = [
            rule.stored() for rule in self._each("rule", self.rules, self._rule)
        ]
        try:
            self.values["default_outcome"] = self._outcome(self.default).stored()
        except InvalidValue as fault:
            self.errors[DEFAULT] = self.default["error"] = str(fault)

    def _take(self, name: str, clean: Callable[[str], Any]) -> None:
        try:
            self.values[name] = clean(self.texts[name])
        except InvalidValue as fault:
            self.errors[name] = str(fault)

    def _each(self, kind: str, rows: list[Row], read: Callable[[Row], Any]) -> list[Any]:
        """The rows, read; a fault stands at its row."""
        found = []
        for number, row in enumerate(rows):
            try:
                found.append(read(row))
            except InvalidValue as fault:
                row["error"] = str(fault)
                self.errors[f"{kind}_{number}"] = f"{kind.capitalize()} {number + 1}: {fault}"
        return found

    def _slug(self, text: str) -> str:
        slug = slugify(text or self.texts["name"])[:80]
        if not slug:
            raise InvalidValue("Use letters, digits and hyphens")
        others = RoutingForm.objects.filter(slug=slug)
        if self.form is not None:
            others = others.exclude(pk=self.form.pk)
        if others.exists():
            raise InvalidValue("Another form has this address")
        return slug

    def _owner(self, text: str) -> User:
        for user in self.owners:
            if str(user.pk) == text:
                return user
        raise InvalidValue("Choose an owner from the list")

    def _question(self, row: Row) -> Question:
        question = _question(row)
        same = (each for each in self.questions if each["field"] == question.field)
        if question.field and next(same) is not row:
            raise InvalidValue("another question is for this contact field already")
        return question

    def _rule(self, row: Row) -> Rule:
        if row["question"] not in {each["name"] for each in self.questions}:
            raise InvalidValue("choose a question that the form asks")
        if row["test"] not in TESTS:
            raise InvalidValue("choose what the answer is to be")
        value = one_line(row["value"], MAX_LINE)
        if not value and row["test"] not in WITHOUT_VALUE:
            raise InvalidValue("enter what to compare the answer with")
        question = self.asked.get(row["question"])  # not there while it has a fault itself
        if question is not None and row["test"] not in {*WITHOUT_VALUE, CONTAINS}:
            value = asked.compared_with(question, value, region=self.region)
        return Rule(row["question"], row["test"], value, self._outcome(row))

    def _outcome(self, row: Row) -> Outcome:
        return self.outcomes.read(OutcomeText(row["leads"], row["text"]))

    # --- for the template

    @property
    def error_list(self) -> list[tuple[str, str]]:
        return [(f"c-{name}", text) for name, text in self.errors.items()]

    @property
    def warnings(self) -> list[str]:
        """What will not work as it stands: rules that lead to a closed booking page."""
        told = [(f"Rule {number}", row["leads"]) for number, row in enumerate(self.rules, 1)] + [
            ("The default outcome", self.default["leads"])
        ]
        faults = ((who, self.outcomes.fault_of(leads)) for who, leads in told)
        return [f"{who} leads to {fault}" for who, fault in faults if fault]

    @property
    def gone(self) -> set[str]:
        """What rows lead to that no list has any more."""
        chosen = {row["leads"] for row in (*self.rules, self.default)}
        return {leads for leads in chosen if leads and not self.outcomes.knows(leads)}

    @property
    def asked_questions(self) -> list[tuple[str, str]]:
        """What a rule can be for."""
        return [
            (row["name"], row["label"].strip() or f"Question {number}")
            for number, row in enumerate(self.questions, 1)
        ]

    @property
    def fields(self) -> list[tuple[str, str]]:
        return [(field.name, field.label) for field in asked.mappable_fields().values()]

    most_questions, most_rules = MAX_QUESTIONS, MAX_RULES
    kinds = tuple(asked.KINDS.items())
    tests = tuple(TESTS.items())
    statuses = tuple((value, value) for value in Contact.Status.values)


def _owners(form: RoutingForm | None) -> list[User]:
    """Who may own what the form makes: those who work here, and who owns it now."""
    people = User.objects.filter(is_active=True)
    if form is not None:
        people = people | User.objects.filter(pk=form.owner_id)
    return list(people.order_by("first_name", "last_name", "pk"))


def _text(data: QueryDict, name: str) -> str:
    return str(data.get(name, "")).replace("\x00", "")


def _rows(data: QueryDict, kind: str, parts: tuple[str, ...], most: int) -> list[Row]:
    """The rows as they were sent; how many there are the form says itself."""
    number = _text(data, f"{kind}s")
    count = min(int(number), most) if number.isascii() and number.isdigit() else 0
    rows = [{part: _text(data, f"{kind}_{n}_{part}") for part in parts} for n in range(count)]
    return [{**row, "error": ""} for row in rows]


def _question_row(stored: Row | None = None) -> Row:
    row = stored or {"name": secrets.token_hex(4), "label": "", "kind": LINE, "options": []}
    known = {"field": "", "required": False, **row, "error": ""}
    return {**known, "options": "\n".join(row["options"]), "required": known["required"]}


def _rule_row(rule: Rule | None = None) -> Row:
    if rule is None:
        return {"question": "", "test": IS, "value": "", "leads": "", "text": "", "error": ""}
    outcome = rule.outcome
    return {
        "question": rule.question,
        "test": rule.test,
        "value": rule.value,
        "leads": outcome.choice,
        "text": outcome.text,
        "error": "",
    }


def _name(text: str) -> str:
    name = one_line(text, 120)
    if not name:
        raise InvalidValue("Enter a name")
    return name


def _status(text: str) -> str:
    if text and text not in Contact.Status.values:
        raise InvalidValue("Choose a status from the list")
    return text


def _question(row: Row) -> Question:
    label, kind = one_line(row["label"], MAX_LINE), row["kind"]
    if not label:
        raise InvalidValue("enter what to ask, or remove the question")
    if kind not in asked.KINDS:
        raise InvalidValue("choose a type from the list")
    field = asked.mappable_fields().get(row["field"])
    if row["field"] and field is None:
        raise InvalidValue("choose a contact field from the list")
    if field is not None and not asked.fits(kind, field):
        raise InvalidValue(f"{field.label} cannot hold an answer of the type {asked.KINDS[kind]}")
    options = asked.options_of(kind, field, _options(row["options"]))
    if kind in asked.WITH_OPTIONS and len(options) < 2:
        raise InvalidValue("enter at least two answers to choose from, each on a line")
    required = bool(row["required"])
    return Question(row["name"], label, kind, options, required, field.name if field else "")


def _options(text: str) -> list[str]:
    found = list(dict.fromkeys(filter(None, (one_line(t, 100) for t in text.splitlines()))))
    if len(found) > MAX_OPTIONS:
        raise InvalidValue(f"{len(found)} answers are too many: use at most {MAX_OPTIONS}")
    if any(";" in option for option in found):
        raise InvalidValue("an answer to choose from may not hold a semicolon")
    return found
