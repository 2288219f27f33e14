"""The filters of a URL, read and written. Whatever cannot be understood is left out and named."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.http import QueryDict

from contacts.filters.conditions import NOTHING
from contacts.filters.registry import NoSuchFilter, filter_named
from contacts.filters.terms import (
    BETWEEN,
    ME,
    Filter,
    Op,
    Shape,
    Term,
    read_term,
    words_of,
)
from contacts.identity import InvalidValue

PREFIX = "f."
MAX_FILTERS, MAX_VALUES = 20, 50
PRESETS = {"today": "today", "7": "last 7 days", "30": "last 30 days", "90": "last 90 days"}
#: Parameters of their own, each of the filter it belongs to.
OWN_PARAMETERS = {
    "status": "status",
    "owner": "owner",
    "captured": "captured",
    "from": "captured",
    "to": "captured",
}
NO_STATUS = "none"


@dataclass(frozen=True)
class Applied:
    """One property's filter: the terms of which a contact must meet one."""

    name: str
    terms: tuple[Term, ...]

    @property
    def filter(self) -> Filter:
        return filter_named(self.name)

    def condition(self, viewer: int | None) -> Q:
        """`viewer` is the id of the user who is "me"."""
        terms = [term for term in (_for(viewer, term) for term in self.terms) if term]
        return self.filter.condition(terms) if terms else NOTHING

    def words(self, term: Term, owners: dict[str, str]) -> str:
        """One term as a person reads it. `owners` maps ids to names."""
        spec = self.filter
        shown = words_of(spec, term)
        if spec.shape is Shape.OWNER:
            shown = "me" if shown == ME else owners.get(shown, "somebody whose contacts you do not see")  # fmt: skip
        return f"{spec.label}: {shown}"


def _for(viewer: int | None, term: Term) -> Term | None:
    if term.values != (ME,):
        return term
    return Term(term.op, (str(viewer),)) if viewer else None


def filter_of(parameter: str) -> str:
    """The name of the filter that a parameter belongs to; "" for a parameter of something else."""
    if parameter.startswith(PREFIX):
        return parameter.removeprefix(PREFIX)
    return OWN_PARAMETERS.get(parameter, "")


def read_filters(query: QueryDict, notices: list[str]) -> tuple[Applied, ...]:
    """The filters of a URL; what is left out goes into `notices`."""
    texts: dict[str, list[str]] = {}
    for name, text in _texts(query):
        texts.setdefault(name, []).append(text)
    found = []
    for name, values in texts.items():
        try:
            spec = filter_named(name)
        except NoSuchFilter as fault:
            notices.append(f"{fault}. That filter was left out.")
            continue
        terms = _terms(spec, values, notices)
        if terms:
            found.append(Applied(name, terms))
    if len(found) > MAX_FILTERS:
        left = ", ".join(applied.filter.label for applied in found[MAX_FILTERS:])
        notices.append(f"A list takes at most {MAX_FILTERS} filters. Left out: {left}.")
    return tuple(found[:MAX_FILTERS])


def _terms(spec: Filter, texts: Sequence[str], notices: list[str]) -> tuple[Term, ...]:
    if len(texts) > MAX_VALUES:
        over = len(texts) - MAX_VALUES
        notices.append(f"{spec.label}: at most {MAX_VALUES} values. The last {over} were left out.")
    terms = []
    for text in texts[:MAX_VALUES]:
        try:
            terms.append(read_term(spec, text))
        except InvalidValue as fault:
            what = "value" if len(texts) > 1 else "filter"
            notices.append(f"{spec.label}: {lower_first(str(fault))}. That {what} was left out.")
    return tuple(dict.fromkeys(terms))


def lower_first(fault: str) -> str:
    return fault[:1].lower() + fault[1:]


def _texts(query: QueryDict) -> Iterator[tuple[str, str]]:
    """(filter, term as text) of every parameter, those of their own included."""
    for status in filter(None, query.getlist("status")):
        yield "status", Op.BLANK if status == NO_STATUS else f"{Op.IS}:{status}"
    for owner in filter(None, query.getlist("owner")):
        yield "owner", f"{Op.IS}:{owner}"
    yield from (("captured", text) for text in _captured(query))
    for parameter, texts in query.lists():
        if parameter.startswith(PREFIX):
            yield from ((parameter.removeprefix(PREFIX), text) for text in filter(None, texts))


def _captured(query: QueryDict) -> list[str]:
    """A preset or the dates: the page offers the dates under "any time"."""
    preset, first, last = (query.get(name, "") for name in ("captured", "from", "to"))
    if preset:
        return [preset if preset == Op.TODAY else f"{Op.LAST}:{preset}"]
    if first and last:
        return [f"{Op.BETWEEN}:{first}{BETWEEN}{last}"]
    return [f"{op}:{text}" for op, text in ((Op.FROM, first), (Op.TO, last)) if text]


def write_filters(filters: Sequence[Applied]) -> Iterator[tuple[str, str]]:
    """The parameters that spell these filters, in their order."""
    for applied in filters:
        own = _own_parameters(applied)
        yield from own or ((PREFIX + applied.name, str(term)) for term in applied.terms)


def _own_parameters(applied: Applied) -> list[tuple[str, str]]:
    terms = applied.terms
    if applied.name == "owner":
        return [("owner", term.values[0]) for term in terms]
    if applied.name == "status" and all(term.op is not Op.FILLED for term in terms):
        return [("status", term.values[0] if term.values else NO_STATUS) for term in terms]
    if applied.name != "captured" or len(terms) > 1:
        return []
    [term] = terms
    match term.op:
        case Op.TODAY:
            return [("captured", term.op.value)]
        case Op.LAST:
            return [("captured", term.values[0])]
        case Op.FROM | Op.TO:
            return [(term.op.value, term.values[0])]
    return [("from", term.values[0]), ("to", term.values[1])]
