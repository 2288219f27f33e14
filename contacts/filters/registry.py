"""The filters of All Contacts: one for each field people see, the times, and those of later apps.

Those register theirs from `AppConfig.ready`, for a column of Contact that their services keep.
"""

from contacts.fields import BY_NAME, Field, Kind, known_fields, live_fields
from contacts.filters import conditions
from contacts.filters.terms import OPS, SHAPES, Condition, Filter, Op, Shape
from contacts.identity import InvalidValue
from contacts.models import Contact
from contacts.models.never import NEVER
from contacts.search import LAST

_more: dict[str, Filter] = {}
_PAST = (Op.TODAY, Op.LAST, Op.FROM, Op.TO, Op.BETWEEN)
_FOLDED = {"company": "sort_company"}


class NoSuchFilter(InvalidValue):
    """No property has this name, or it has been archived."""


def register(spec: Filter) -> None:
    _more[spec.name] = spec


def filters() -> dict[str, Filter]:
    """Every filter by name, in the order in which they are offered."""
    own = {field.name: _of_field(field) for field in live_fields() if not field.custom}
    custom = {field.name: _of_field(field) for field in live_fields() if field.custom}
    return {**own, **_more, **custom}


def filter_named(name: str) -> Filter:
    """Raises NoSuchFilter."""
    if name in _more:
        return _more[name]
    field = BY_NAME.get(name) or known_fields().get(name)
    if field is not None and field.archived:
        raise NoSuchFilter(f"The property “{field.label}” is archived")
    if field is not None:
        return _of_field(field)
    raise NoSuchFilter(f"There is no property “{name[:40]}”")


def _of_field(field: Field) -> Filter:
    shape = SHAPES[field.kind]
    never_blank = field.kind in {Kind.OWNER, Kind.YES_NO}
    ops = OPS[shape] if not never_blank else (Op.IS,)
    options = tuple(Contact.Status.values) if field.kind is Kind.STATUS else field.options
    return Filter(
        name=field.name,
        label=field.label,
        shape=shape,
        condition=_condition(field),
        field=field,
        options=options,
        ops=ops,
    )


def _condition(field: Field) -> Condition:
    if field.custom:
        return conditions.on_property(field)
    if field.name in _FOLDED:
        return conditions.on_folded_text(field.name, _FOLDED[field.name])
    match field.kind:
        case Kind.EMAIL | Kind.MOBILE:
            return conditions.on_identifier(field.name, field.name)
        case Kind.PHONE:
            return conditions.on_phone(field.name)
        case Kind.NUMBER:
            return conditions.on_number(field.name)
        case Kind.YES_NO:
            return conditions.on_flag(field.name)
        case Kind.STATUS:
            return conditions.on_choice("sort_status", LAST)  # the one with an index
        case Kind.OWNER:
            return conditions.on_owner
    return conditions.on_text(field.name)


for _name, _label, _column, _ops in (
    ("captured", "Captured on", "creation_time", _PAST),
    ("updated", "Last updated", "last_updated_time", _PAST),
    ("activity", "Last activity", "last_interacted_time", (*_PAST, Op.BLANK, Op.FILLED)),
):
    register(
        Filter(
            name=_name,
            label=_label,
            shape=Shape.DAY,
            condition=conditions.on_moment(_column, blank=NEVER if Op.BLANK in _ops else None),
            field=Field(_column, _label, Kind.DATE),
            ops=_ops,
        )
    )
