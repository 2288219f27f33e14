"""The part of SOQL that the double of Salesforce understands; everything else it refuses.

    SELECT a, b FROM Object [WHERE condition] [ORDER BY a [ASC|DESC]] [LIMIT n]

with conditions of =, != and >= on a text, a moment, true, false or null, IN with texts, AND, OR and
parentheses. As Salesforce does, it refuses AND and OR side by side without parentheses, and compares
texts without regard to case.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Row = Mapping[str, Any]
Test = Callable[[Row], bool]
TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\\n\r]|\\['\"\\nrtbf])*')"
    r"|(?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)|(?P<number>\d+)"
    r"|(?P<name>[A-Za-z][A-Za-z0-9_]*)|(?P<sign>>=|!=|=|\(|\)|,))"
)
ESCAPE = re.compile(r"\\(.)")
ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
LONGEST = 100_000  # characters [vendor]
MOST = 2000  # rows of one answer [vendor]
Token = tuple[str, str]


class Malformed(Exception):
    """It is not in the part of the language that is understood here."""


class NoSuchField(Exception):
    """The object has no such field, or it is hidden from this sign-in."""


@dataclass(frozen=True)
class Query:
    """A query that was read: `fields` of `kind`, of the rows for which `test` holds."""

    fields: tuple[str, ...]
    kind: str
    test: Test
    named: frozenset[str]  # every field that is spoken of
    order: str = ""
    descending: bool = False
    limit: int = MOST


def parse(text: str) -> Query:
    """Raises Malformed."""
    reader = _Reader(_tokens(text))
    query = reader.query()
    if reader.here != ("", ""):
        raise Malformed(reader.here[1])
    return query


def _tokens(text: str) -> list[Token]:
    if len(text) > LONGEST:
        raise Malformed("too long")
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise Malformed(text[at : at + 10])
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


class _Reader:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens, self.at = tokens, 0
        self.named: set[str] = set()

    @property
    def here(self) -> Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("", "")

    def take(self, *kinds: str) -> str:
        kind, text = self.here
        if kind not in kinds:
            raise Malformed(text)
        self.at += 1
        return text

    def is_next(self, word: str) -> bool:
        """Whether this word or sign comes next; it is taken."""
        kind, text = self.here
        if kind in {"name", "sign"} and text.upper() == word:
            self.at += 1
            return True
        return False

    def need(self, word: str) -> None:
        if not self.is_next(word):
            raise Malformed(self.here[1])

    def field(self) -> str:
        name = self.take("name")
        self.named.add(name)
        return name

    def query(self) -> Query:
        self.need("SELECT")
        fields = [self.field()]
        while self.is_next(","):
            fields.append(self.field())
        if len(set(fields)) != len(fields):
            raise Malformed("duplicate field selected")
        self.need("FROM")
        kind = self.take("name")
        test = self.condition() if self.is_next("WHERE") else lambda row: True
        order, descending = "", False
        if self.is_next("ORDER"):
            self.need("BY")
            order = self.field()
            descending = self.is_next("DESC") or (self.is_next("ASC") and False)
        limit = int(self.take("number")) if self.is_next("LIMIT") else MOST
        named = frozenset(self.named)
        return Query(tuple(fields), kind, test, named, order, descending, min(limit, MOST))

    def condition(self) -> Test:
        tests, joint = [self.single()], ""
        while self.here[1].upper() in {"AND", "OR"}:
            word = self.take("name").upper()
            if joint and word != joint:
                raise Malformed(word)
            joint = word
            tests.append(self.single())
        every = all if joint != "OR" else any
        return lambda row: every(test(row) for test in tests)

    def single(self) -> Test:
        if self.is_next("("):
            test = self.condition()
            self.need(")")
            return test
        name = self.field()
        if self.is_next("IN"):
            return self.among(name)
        sign = self.take("sign")
        value = self.value()
        if sign == "=":
            return lambda row: same(row.get(name), value)
        if sign == "!=":
            return lambda row: not same(row.get(name), value)
        if sign == ">=" and isinstance(value, datetime):
            return lambda row: datetime.fromisoformat(row[name]) >= value
        raise Malformed(sign)

    def among(self, name: str) -> Test:
        self.need("(")
        values = [self.value()]
        while self.is_next(","):
            values.append(self.value())
        self.need(")")
        wanted = {each.casefold() if isinstance(each, str) else each for each in values}
        return lambda row: str(row.get(name) or "").casefold() in wanted

    def value(self) -> Any:
        kind, text = self.here
        self.take("text", "moment", "name")
        if kind == "text":
            return ESCAPE.sub(lambda m: ESCAPED.get(m[1], m[1]), text[1:-1])
        if kind == "moment":
            return datetime.fromisoformat(text)
        words = {"true": True, "false": False, "null": None}
        if text.lower() not in words:
            raise Malformed(text)
        return words[text.lower()]


def same(stored: Any, wanted: Any) -> bool:
    if isinstance(stored, str) and isinstance(wanted, str):
        return stored.casefold() == wanted.casefold()
    return bool((stored or None) == (wanted or None))
