"""Adding a filter by hand: the property is chosen, then how it compares and with what.

A plain form: `add=city` opens the editor, `add=city&add.op=contains&add.v=lyon` is its answer. The
list then spells it as a filter of the URL.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.http import QueryDict

from contacts.filters.reading import MAX_FILTERS, MAX_VALUES, Applied
from contacts.filters.registry import NoSuchFilter, filter_named
from contacts.filters.terms import ME, VALUELESS, Filter, Op, Shape, Term, read_term, term_of
from contacts.identity import InvalidValue

CHOSEN = {Shape.CHOICE, Shape.OWNER, Shape.YES_NO}  # ticked in a list, the others are typed


@dataclass(frozen=True)
class Editor:
    """What the pop-up of one property shows: what was typed, or what is in force."""

    filter: Filter
    op: Op
    typed: tuple[str, str, str] = ("", "", "")  # value, the second of two, days
    ticked: tuple[str, ...] = ()
    was: str = ""  # the term that is being changed
    error: str = ""

    @property
    def shape(self) -> str:
        return self.filter.shape.name

    @property
    def begins(self) -> str:
        """The input that has the focus at first: how it compares, or what was typed wrongly."""
        if not self.error or self.op in VALUELESS:
            return "op"
        if self.op in {Op.LAST, Op.NEXT}:
            return "days"
        first, second, _days = self.typed
        return "to" if self.op is Op.BETWEEN and first.strip() and not second.strip() else "v"

    @property
    def ticks(self) -> bool:
        return self.filter.shape in CHOSEN

    @property
    def ops(self) -> list[tuple[str, str, bool]]:
        return [(op.value, self.filter.words(op), op is self.op) for op in self.filter.allowed]

    def choices(self, owners: dict[str, str]) -> list[tuple[str, str, bool]]:
        """(term, words, whether it is ticked) of everything that can be ticked."""
        found = []
        if self.filter.shape is Shape.OWNER:
            found = [(f"{Op.IS}:{pk}", name) for pk, name in {ME: "Me", **owners}.items()]
        elif self.filter.shape is Shape.YES_NO:
            found = [(f"{Op.IS}:yes", "Yes"), (f"{Op.IS}:no", "No")]
        else:
            found = [(f"{Op.IS}:{option}", option) for option in self.filter.options]
            found += [(f"{Op.IS}:{gone}", f"{gone} (removed)") for gone in self._removed()]
        label = self.filter.label.lower() if not self.filter.custom else "value"
        if Op.BLANK in self.filter.allowed:
            found += [(Op.BLANK.value, f"No {label}"), (Op.FILLED.value, f"Any {label}")]
        return [(term, words, term in self.ticked) for term, words in found]

    def _removed(self) -> list[str]:
        """Choices that are in force, though the property no longer has them."""
        values = [term.removeprefix(f"{Op.IS}:") for term in self.ticked if ":" in term]
        return [
            value for value in values if self.filter.custom and value not in self.filter.options
        ]


@dataclass(frozen=True)
class Addition:
    """What came of it: the filters with the new one, else the editor to show, else a notice."""

    filters: tuple[Applied, ...] | None = None
    editor: Editor | None = None
    notice: str = ""


def read_addition(query: QueryDict, filters: Sequence[Applied]) -> Addition:
    """What the `add` parameters of a URL ask for; `filters` are in force already."""
    name = query.get("add", "")
    if not name:
        return Addition()
    try:
        spec = filter_named(name)
    except NoSuchFilter as fault:
        return Addition(notice=f"{fault}. No filter was added.")
    editor = _editor(spec, query, filters)
    if not any(parameter.startswith("add.") for parameter in query if parameter != "add.was"):
        return Addition(editor=editor)
    try:
        return Addition(filters=_with(filters, spec, editor))
    except InvalidValue as fault:
        return Addition(editor=replace(editor, error=str(fault)))


def _editor(spec: Filter, query: QueryDict, filters: Sequence[Applied]) -> Editor:
    first, second, days = (query.get(name, "") for name in ("add.v", "add.to", "add.days"))
    was = query.get("add.was", "")
    in_force = next((applied.terms for applied in filters if applied.name == spec.name), ())
    if "add.op" in query or "add.set" in query:
        word = query.get("add.op", "")
        op = Op(word) if word in set(spec.allowed) else spec.allowed[0]
        ticked = tuple(query.getlist("add.v"))
        return Editor(spec, op, (first, second, days), ticked, was)
    edited = next((term for term in in_force if str(term) == was), None)
    if edited is not None and spec.shape not in CHOSEN:
        return Editor(spec, edited.op, _typed(edited), was=was)
    return Editor(spec, spec.allowed[0], ticked=tuple(str(term) for term in in_force))


def _typed(term: Term) -> tuple[str, str, str]:
    """A term as the inputs of the editor show it."""
    if term.op in {Op.LAST, Op.NEXT}:
        return "", "", term.values[0]
    first, second = (*term.values, "", "")[:2]
    return first, second, ""


def _with(filters: Sequence[Applied], spec: Filter, editor: Editor) -> tuple[Applied, ...]:
    """The filters with what the editor says. Raises InvalidValue."""
    known = {applied.name: applied for applied in filters}
    old = known[spec.name].terms if spec.name in known else ()
    if editor.ticks:
        terms = tuple(read_term(spec, text) for text in editor.ticked)
        if not terms and not old:
            raise InvalidValue("Choose one or more")
    else:
        terms = (*(term for term in old if str(term) != editor.was), _term(spec, editor))
    if len(set(terms)) > MAX_VALUES:
        raise InvalidValue(f"At most {MAX_VALUES} values. Remove one first")
    known[spec.name] = Applied(spec.name, tuple(dict.fromkeys(terms)))
    if len(known) > MAX_FILTERS:
        raise InvalidValue(f"A list takes at most {MAX_FILTERS} filters. Remove one first")
    return tuple(applied for applied in known.values() if applied.terms)


def _term(spec: Filter, editor: Editor) -> Term:
    first, second, days = editor.typed
    if editor.op in {Op.LAST, Op.NEXT}:
        return term_of(spec, editor.op, days)
    return term_of(spec, editor.op, first, *([second] if editor.op is Op.BETWEEN else []))
