"""What the terms of a filter ask of the database, by what holds the value.

Each function answers with a condition for contacts: true where any of the terms is. Later apps use
those for columns of Contact (`on_number`, `on_moment`, `on_choice`, …).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, Length
from django.db.models.lookups import Exact, GreaterThan, GreaterThanOrEqual, LessThan
from django.utils import timezone

from contacts.cleaning import FIRST_YEAR
from contacts.fields import Field, Kind
from contacts.filters.terms import ME, Condition, Op, Term
from contacts.identity import parse_email
from contacts.models import Account, Contact, Identifier, PropertyKey
from contacts.models.never import NEVER
from contacts.paging import Moment
from contacts.property_keys import key_of
from contacts.search import LAST, SORT_KEY_LENGTH, fold, phone_needles, sort_key

NOTHING = Q(pk__in=[])


def any_of(conditions: Iterable[Q]) -> Q:
    found = Q()
    for condition in conditions:
        found |= condition
    return found


def _each(condition: Callable[[Term], Q]) -> Condition:
    return lambda terms: any_of(condition(term) for term in terms)


# ------------------------------------------------------------------------ columns of Contact


def on_text(column: str) -> Condition:
    """A text column without an index: upper and lower case are one, accents are not."""

    def condition(term: Term) -> Q:
        if term.op in {Op.BLANK, Op.FILLED}:
            return _blank(Q(**{column: ""}), term)
        lookup = {Op.CONTAINS: "icontains", Op.IS: "iexact", Op.STARTS: "istartswith"}[term.op]
        return any_of(Q(**{f"{column}__{lookup}": text}) for text in _cases(term.values[0]))

    return _each(condition)


def on_folded_text(column: str, folded: str) -> Condition:
    """A text column with a folded copy that is indexed.

    A part of it is read for, not looked up in the index of the search: that one knows hidden
    contacts too, and the time it takes would tell of them (contacts.fencing).
    """

    def condition(term: Term) -> Q:
        if term.op in {Op.BLANK, Op.FILLED}:
            return _blank(Q(**{folded: LAST}), term)
        text, key = term.values[0], sort_key(term.values[0])
        if term.op is Op.IS:
            return Q(**{folded: key}) & _rest(key, Q(**{f"{column}__iexact": text}))
        if term.op is Op.STARTS:
            return _starts(folded, key) & _rest(key, Q(**{f"{column}__istartswith": text}))
        cut = Q(Exact(Length(folded), SORT_KEY_LENGTH)) & Q(**{f"{column}__icontains": text})
        return Q(**{f"{folded}__contains": fold(text)}) | cut

    return _each(condition)


def on_identifier(column: str, kind: str) -> Condition:
    """The current e-mail or mobile phone."""

    def condition(term: Term) -> Q:
        if term.op is not Op.IS:
            return part(term)
        text = term.values[0]
        key = parse_email(text).key if kind == Identifier.Kind.EMAIL else text
        holder = Identifier.objects.filter(kind=kind, key=key, current=True)
        return Q(pk__in=holder.values("contact"))

    email = kind == Identifier.Kind.EMAIL
    part = _part_of_email if email else lambda term: _part_of_phone(column, term)
    return _each(condition)


def on_phone(column: str) -> Condition:
    """A phone number that identifies nobody."""

    def condition(term: Term) -> Q:
        if term.op is not Op.IS:
            return _part_of_phone(column, term)
        return Q(**{column: term.values[0]})

    return _each(condition)


def on_number(column: str) -> Condition:
    def condition(term: Term) -> Q:
        if term.op in {Op.BLANK, Op.FILLED}:
            return _blank(Q(**{f"{column}__isnull": True}), term)
        return any_of([_between(column, *_span(term))])

    return _each(condition)


def on_moment(column: str, *, blank: datetime | None = None) -> Condition:
    """A moment, asked for by days of who is looking.

    Where there may be none, the index is on an expression that puts `blank` in its place: NEVER
    before every moment, or NONE_AHEAD behind every one.
    """
    key = Coalesce(column, Moment(blank)) if blank else F(column)
    valued = GreaterThan if blank == NEVER else LessThan

    def condition(term: Term) -> Q:
        if blank and term.op is Op.BLANK:
            return Q(Exact(key, Moment(blank)))
        found = Q(valued(key, Moment(blank))) if blank else Q()
        if term.op is Op.FILLED:
            return found
        first, last = days_of(term)
        if first:
            found &= Q(GreaterThanOrEqual(key, midnight(first)))
        if last:
            found &= Q(LessThan(key, midnight(last + timedelta(days=1))))
        return found

    return _each(condition)


def on_flag(column: str) -> Condition:
    return _each(lambda term: Q(**{column: term.values[0] == "yes"}))


def on_choice(column: str, blank: str = "") -> Condition:
    """A column that holds one of the choices, or `blank`."""

    def condition(terms: Sequence[Term]) -> Q:
        chosen = [term.values[0] for term in terms if term.op is Op.IS]
        others = (_blank(Q(**{column: blank}), term) for term in terms if term.op is not Op.IS)
        return any_of([Q(**{f"{column}__in": chosen}), *others])

    return condition


def on_owner(terms: Sequence[Term]) -> Q:
    """`me` has been replaced by an id (see contacts.listing)."""
    return Q(owner__in=[int(term.values[0]) for term in terms if term.values[0] != ME])


# ------------------------------------------------------------------------- custom properties


def on_property(field: Field) -> Condition:
    """A custom property, found by its keys: one range of their index for each term."""

    def condition(terms: Sequence[Term]) -> Q:
        asked = [term for term in terms if term.op is not Op.BLANK]
        found = Q()
        if asked:
            keys = _keys(field).filter(any_of(_key_condition(field, term) for term in asked))
            found = Q(pk__in=_with_long_texts(field, keys.values("contact"), asked))
        if len(asked) < len(terms):
            valued = _keys(field).filter(_SORTS, contact=OuterRef("pk"))
            found |= Q(~Exists(valued))
        return found

    return condition


#: `IN (true)`, since SQLite finds no index for a bare boolean.
_SORTS = Q(sorts__in=[True])
#: A key holds the beginning of a long text; what it cannot tell is read in the value itself.
_CUT = Q(Exact(Length("key"), SORT_KEY_LENGTH))


def _keys(field: Field) -> QuerySet[PropertyKey]:
    return PropertyKey.objects.filter(property=field.property_id)


def _with_long_texts(
    field: Field, found: QuerySet[Any, Any], terms: Sequence[Term]
) -> QuerySet[Any, Any]:
    """With those whose text holds what is asked for behind the end of its key.

    A union, since in an OR the database would expect to read the text of every contact.
    """
    parts = [term.values[0] for term in terms if term.op is Op.CONTAINS]
    if not parts:
        return found
    text = KeyTextTransform(field.name, "contact__custom")
    cut = _keys(field).filter(_SORTS, _CUT).annotate(value=text)
    inside = cut.filter(any_of(Q(value__icontains=part) for part in parts))
    return found.union(inside.values("contact"))


def _key_condition(field: Field, term: Term) -> Q:
    if field.kind is Kind.MULTI_SELECT and term.op is Op.IS:
        return Q(sorts__in=[False], key=sort_key(term.values[0]))
    return _SORTS & _key_of_value(field, term)


def _key_of_value(field: Field, term: Term) -> Q:
    if term.op is Op.FILLED:
        return Q()
    if field.kind is Kind.DATE:
        first, last = days_of(term)
        return _between("key", (first or date(FIRST_YEAR, 1, 1)).isoformat(), (last or date.max).isoformat())  # fmt: skip
    if field.kind is Kind.DECIMAL:
        low, high = (value and key_of(field, value) for value in _span(term))
        return _between("key", low or LOWEST, high or HIGHEST)
    text, key = term.values[0], sort_key(term.values[0])
    match term.op:
        case Op.CONTAINS:
            return Q(key__contains=fold(text))
        case Op.STARTS:
            return _starts("key", key) & _rest(key, _in_value(field, istartswith=text))
    return Q(key=key) & _rest(key, _in_value(field, iexact=text))


#: Every number stands between them. With an open end, which would reach into the keys of other
#: kinds of property, the database expects far too many.
LOWEST, HIGHEST = "0", "2"


def _rest(key: str, condition: Q) -> Q:
    return condition if len(key) == SORT_KEY_LENGTH else Q()


def _in_value(field: Field, **lookup: str) -> Q:
    [(name, text)] = lookup.items()
    contacts = Contact.objects.annotate(value=KeyTextTransform(field.name, "custom"))
    return Q(Exists(contacts.filter(pk=OuterRef("contact"), **{f"value__{name}": text})))


# ----------------------------------------------------------------------------------- pieces


def days_of(term: Term) -> tuple[date | None, date | None]:
    """The first and the last day that a term asks for, of who is looking."""
    today = timezone.localdate()
    match term.op:
        case Op.TODAY:
            return today, today
        case Op.LAST:
            return today - timedelta(days=int(term.values[0])), today
        case Op.NEXT:
            return today, today + timedelta(days=int(term.values[0]))
        case Op.FROM:
            return date.fromisoformat(term.values[0]), None
        case Op.TO:
            return None, date.fromisoformat(term.values[0])
    first, last = term.values
    return date.fromisoformat(first), date.fromisoformat(last)


def midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _span(term: Term) -> tuple[str | None, str | None]:
    """The lowest and the highest number that a term asks for."""
    match term.op:
        case Op.AT_LEAST:
            return term.values[0], None
        case Op.AT_MOST:
            return None, term.values[0]
        case Op.IS:
            return term.values[0], term.values[0]
    return term.values[0], term.values[1]


def _between(column: str, low: Any, high: Any) -> Q:
    found = Q()
    if low is not None:
        found &= Q(**{f"{column}__gte": low})
    if high is not None:
        found &= Q(**{f"{column}__lte": high})
    return found


def _starts(column: str, key: str) -> Q:
    """As a range, which both databases find in the index."""
    return Q(**{f"{column}__gte": key, f"{column}__lt": key + LAST})


def _blank(blank: Q, term: Term) -> Q:
    return blank if term.op is Op.BLANK else ~blank


def _cases(text: str) -> list[str]:
    """SQLite folds the case of ASCII only: the usual writings of another alphabet are tried."""
    if text.isascii():
        return [text]
    return list(dict.fromkeys([text, text.lower(), text.upper(), text.title()]))


def _part_of_email(term: Term) -> Q:
    return on_folded_text("email", "sort_email")([term])


def _part_of_phone(column: str, term: Term) -> Q:
    if term.op in {Op.BLANK, Op.FILLED}:
        return _blank(Q(**{column: ""}), term)
    needles = phone_needles(term.values[0], Account.load().default_region)
    return any_of(Q(**{f"{column}__contains": needle}) for needle in needles)
