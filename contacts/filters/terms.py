"""One value of a filter: how it compares and with what, as it stands in the URL.

`contains:lyon`, `between:5..10`, `last:30`, `blank`. What is typed is cleaned by the same code as
the fields of a contact.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as of_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum, StrEnum

from django.db.models import Q

from contacts.cleaning import clean, clean_text
from contacts.fields import Field, Kind
from contacts.identity import InvalidValue, format_phone, trim
from contacts.models import Account, PropertyKey
from contacts.search import sort_key

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(9998, 12, 31)
MAX_DAYS = 3650
BETWEEN = ".."
ME = "me"


class Op(StrEnum):
    """How a contact's value is compared."""

    CONTAINS = "contains"
    IS = "is"
    STARTS = "starts-with"
    AT_LEAST = "at-least"
    AT_MOST = "at-most"
    BETWEEN = "between"
    TODAY = "today"
    LAST = "last"
    NEXT = "next"
    FROM = "from"
    TO = "to"
    BLANK = "blank"
    FILLED = "has-value"

    @property
    def words(self) -> str:
        return _WORDS.get(self, self.value.replace("-", " "))


_WORDS = {
    Op.BETWEEN: "is between",
    Op.LAST: "in the last … days",
    Op.NEXT: "in the next … days",
    Op.BLANK: "is blank",
    Op.FILLED: "has a value",
}
VALUELESS = {Op.TODAY, Op.BLANK, Op.FILLED}


class Shape(Enum):
    """What is typed into a filter."""

    TEXT = "text"
    EMAIL = "email"
    PHONE = "phone"
    NUMBER = "number"
    DAY = "day"
    YES_NO = "yes/no"
    CHOICE = "choice"
    OWNER = "owner"


_EITHER_WAY = (Op.BLANK, Op.FILLED)
OPS: dict[Shape, tuple[Op, ...]] = {
    Shape.TEXT: (Op.CONTAINS, Op.IS, Op.STARTS, *_EITHER_WAY),
    Shape.EMAIL: (Op.CONTAINS, Op.IS, *_EITHER_WAY),
    Shape.PHONE: (Op.CONTAINS, Op.IS, *_EITHER_WAY),
    Shape.NUMBER: (Op.IS, Op.AT_LEAST, Op.AT_MOST, Op.BETWEEN, *_EITHER_WAY),
    Shape.DAY: (Op.TODAY, Op.LAST, Op.NEXT, Op.FROM, Op.TO, Op.BETWEEN, *_EITHER_WAY),
    Shape.YES_NO: (Op.IS,),
    Shape.CHOICE: (Op.IS, *_EITHER_WAY),
    Shape.OWNER: (Op.IS,),
}
SHAPES = {
    Kind.TEXT: Shape.TEXT,
    Kind.LONG_TEXT: Shape.TEXT,
    Kind.TIME_ZONE: Shape.TEXT,
    Kind.EMAIL: Shape.EMAIL,
    Kind.MOBILE: Shape.PHONE,
    Kind.PHONE: Shape.PHONE,
    Kind.NUMBER: Shape.NUMBER,
    Kind.DECIMAL: Shape.NUMBER,
    Kind.DATE: Shape.DAY,
    Kind.YES_NO: Shape.YES_NO,
    Kind.STATUS: Shape.CHOICE,
    Kind.SELECT: Shape.CHOICE,
    Kind.MULTI_SELECT: Shape.CHOICE,
    Kind.OWNER: Shape.OWNER,
}


@dataclass(frozen=True)
class Term:
    """One cleaned value; its text is what the URL says."""

    op: Op
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.op}:{BETWEEN.join(self.values)}" if self.values else self.op.value


Condition = Callable[[Sequence[Term]], Q]


@dataclass(frozen=True)
class Filter:
    """A filter of the list.

    `condition` gives the contacts that any of the terms finds (see contacts.filters.conditions);
    `field` says how a typed value is cleaned. `ops` narrows what the shape allows. `wording` says
    how a comparison without a value reads here, where "blank" and "has a value" would not do.
    """

    name: str
    label: str
    shape: Shape
    condition: Condition
    field: Field
    options: tuple[str, ...] = ()
    ops: tuple[Op, ...] = ()
    wording: Mapping[Op, str] = of_dataclass(default_factory=dict, hash=False)

    def words(self, op: Op) -> str:
        """How a comparison is offered."""
        return self.wording.get(op, op.words)

    @property
    def allowed(self) -> tuple[Op, ...]:
        return self.ops or OPS[self.shape]

    @property
    def custom(self) -> bool:
        return self.field.custom


def read_term(spec: Filter, text: str) -> Term:
    """The term that a text of the URL spells. Raises InvalidValue."""
    word, colon, rest = text.partition(":")
    try:
        op = Op(word.strip().lower())
    except ValueError:
        op = None
    if op is None or op not in spec.allowed or (op in VALUELESS) == bool(colon):
        ways = ", ".join(op if op in VALUELESS else f"{op}:…" for op in spec.allowed)
        raise InvalidValue(f"“{cut(text)}” does not say how to compare. Use {ways}")
    if op in VALUELESS:
        return Term(op)
    if op is not Op.BETWEEN:
        return term_of(spec, op, rest)
    return term_of(spec, op, *rest.split(BETWEEN, 1))


def term_of(spec: Filter, op: Op, *typed: str) -> Term:
    """A term of what was typed. Raises InvalidValue."""
    if op in VALUELESS:
        return Term(op)
    if op in {Op.LAST, Op.NEXT}:
        return Term(op, (_days(typed[0]),))
    wanted = 2 if op is Op.BETWEEN else 1
    if len(typed) != wanted or not all(trim(text) for text in typed):
        raise InvalidValue(_MISSING[spec.shape] if wanted == 1 else _MISSING_PAIR[spec.shape])
    values = tuple(_cleaned(spec, op, text) for text in typed)
    return Term(op, tuple(sorted(values, key=_order(spec))) if op is Op.BETWEEN else values)


_MISSING = {
    Shape.TEXT: "Enter a text",
    Shape.EMAIL: "Enter an email or a part of one",
    Shape.PHONE: "Enter a phone number or a part of one",
    Shape.NUMBER: "Enter a number",
    Shape.DAY: "Enter a date",
    Shape.YES_NO: "Choose yes or no",
    Shape.CHOICE: "Choose one or more",
    Shape.OWNER: "Choose one or more",
}
_MISSING_PAIR = {Shape.NUMBER: "Enter two numbers", Shape.DAY: "Enter two dates"}


def _cleaned(spec: Filter, op: Op, text: str) -> str:
    match spec.shape:
        case Shape.EMAIL | Shape.PHONE if op is Op.CONTAINS:
            return _part(spec, text)
        case Shape.TEXT if spec.field.kind is not Kind.TIME_ZONE or op is not Op.IS:
            return _text(clean_text(text, spec.field))
        case Shape.NUMBER | Shape.TEXT | Shape.EMAIL:
            return str(clean(spec.field, text, region=""))
        case Shape.PHONE:
            return str(clean(spec.field, text, region=Account.load().default_region))
        case Shape.DAY:
            return _day(text)
        case Shape.YES_NO:
            return "yes" if clean(spec.field, text, region="") else "no"
        case Shape.CHOICE:
            return _option(spec, text)
    return _owner(text)


def _text(text: str) -> str:
    if not text:
        raise InvalidValue(_MISSING[Shape.TEXT])
    return text


def _part(spec: Filter, text: str) -> str:
    """A fragment of an e-mail, or of a phone number as somebody writes it."""
    part = _text(clean_text(text, spec.field))
    if spec.shape is Shape.PHONE and not any(c.isdigit() for c in part):
        raise InvalidValue("Use digits")
    return part


def _day(text: str) -> str:
    try:
        day = date.fromisoformat(clean(_DAY, text, region=""))
    except InvalidValue as fault:
        raise InvalidValue(f"“{cut(text)}” is not a date. {fault}") from fault
    if FIRST_DAY <= day <= LAST_DAY:
        return day.isoformat()
    raise InvalidValue(f"“{cut(text)}” is out of range. Use a date from 1900 to 9998")


_DAY = Field("day", "Day", Kind.DATE)


def _days(text: str) -> str:
    digits = trim(text)
    if digits.isascii() and digits.isdigit() and len(digits) < 6 and 1 <= int(digits) <= MAX_DAYS:
        return str(int(digits))
    raise InvalidValue(f"Use a number of days from 1 to {MAX_DAYS}")


def _option(spec: Filter, text: str) -> str:
    """One option, whatever the case; a multi select's as well, and a removed one that is kept."""
    one = replace(spec.field, kind=Kind.SELECT, options=spec.options)
    try:
        return str(clean(one, text, region=""))
    except InvalidValue:
        if _still_kept(spec.field, text):
            return trim(text)
        raise InvalidValue(f"There is no choice “{cut(text)}”") from None


def _still_kept(field: Field, text: str) -> bool:
    """Whether a contact has this choice, although it is no longer one of the property's."""
    if not field.custom or not trim(text):
        return False
    sorts = field.kind is not Kind.MULTI_SELECT
    keys = PropertyKey.objects.filter(property=field.property_id, sorts__in=[sorts])
    return keys.filter(key=sort_key(trim(text))).exists()


def _owner(text: str) -> str:
    word = trim(text).lower()
    if word == ME or (word.isascii() and word.isdigit() and len(word) < 10):
        return word if word == ME else str(int(word))
    raise InvalidValue(f"There is no owner “{cut(text)}”")


def _order(spec: Filter) -> Callable[[str], Decimal | str]:
    return Decimal if spec.shape is Shape.NUMBER else str


def cut(text: str) -> str:
    return text[:40]


def words_of(spec: Filter, term: Term) -> str:
    """A term as people read it behind the label: "contains “lyon”", "5 to 10"."""
    values = [_shown(spec, value) for value in term.values]
    if term.op in spec.wording:
        return spec.wording[term.op]
    match term.op:
        case Op.CONTAINS | Op.STARTS:
            verb = "contains" if term.op is Op.CONTAINS else "starts with"
            return f"{verb} “{values[0]}”"
        case Op.IS:
            return values[0]
        case Op.BETWEEN:
            return f"{values[0]} to {values[1]}"
        case Op.LAST | Op.NEXT:
            return f"{term.op} {values[0]} day{'' if values[0] == '1' else 's'}"
        case Op.TO:
            return f"until {values[0]}"
        case Op.BLANK:
            return "none" if spec.shape is Shape.CHOICE else "blank"
        case Op.FILLED:
            return "any" if spec.shape is Shape.CHOICE else "has a value"
    return " ".join([term.op.words, *values])


def _shown(spec: Filter, value: str) -> str:
    if spec.shape is Shape.PHONE:
        return format_phone(value)
    if spec.shape is Shape.DAY and not value.isdigit():
        day = date.fromisoformat(value)
        return f"{day.day} {day:%b} {day.year}"
    if spec.shape is Shape.CHOICE and spec.custom and value not in spec.options:
        return f"{value} (removed)"
    return value
