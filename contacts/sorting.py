"""The orders of All Contacts: the indexed columns, and every custom property.

Later apps register theirs from `AppConfig.ready`, for a column of Contact with an index on
(column, id); where it may be blank, for the expression of that index.
"""

from collections.abc import Sequence

from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from contacts.fields import CUSTOM, Field, known_fields
from contacts.filters.terms import Op, Term
from contacts.models import Contact, PropertyKey
from contacts.models.never import NEVER
from contacts.paging import ColumnOrder, Moment, Order, Segment

DEFAULT_SORT = "-activity"
SORTS: dict[str, Combinable] = {
    "name": F("sort_name"),
    "email": F("sort_email"),
    "company": F("sort_company"),
    "status": F("sort_status"),
    "captured": F("creation_time"),
    "activity": Coalesce("last_interacted_time", Moment(NEVER)),
}


class PropertyOrder:
    """By a custom property: the contacts that have a value in the order of its index, whichever
    way, then those that have none by their id."""

    def __init__(self, field: Field, terms: Sequence[Term] = ()) -> None:
        """`terms` are those by which the list is filtered by the same property: where they leave
        no contact without a value, or none with one, nothing of that kind is looked for."""
        self.field = field
        self.blank = not terms or any(term.op is Op.BLANK for term in terms)
        self.valued = not terms or any(term.op is not Op.BLANK for term in terms)

    def segments(self, contacts: QuerySet[Contact]) -> tuple[Segment, ...]:
        valued, blank = self._both(contacts)
        return (*((valued,) if self.valued else ()), *((blank,) if self.blank else ()))

    def _both(self, contacts: QuerySet[Contact]) -> tuple[Segment, Segment]:
        # `IN (true)`, since SQLite finds no index for a bare boolean.
        own = Q(property_keys__property=self.field.property_id, property_keys__sorts__in=[True])
        valued = contacts.annotate(sorting=FilteredRelation("property_keys", condition=own)).filter(
            sorting__key__isnull=False
        )
        keys = PropertyKey.objects.filter(
            property=self.field.property_id, sorts__in=[True], contact=OuterRef("pk")
        )
        return (
            Segment(valued, F("sorting__key"), F("sorting__contact_id")),
            Segment(contacts.filter(~Exists(keys)), None, F("pk")),
        )


def register(name: str, key: Combinable) -> None:
    """A further sort of the list; `key` is never NULL."""
    SORTS[name] = key


def may_sort(sort: str) -> bool:
    """Whether `sort` ("company", "-custom_tier") is an order of the list."""
    name = sort.removeprefix("-")
    if name in SORTS:
        return True
    if not name.startswith(CUSTOM):
        return False
    field = known_fields().get(name)
    return field is not None and not field.archived


def order_of(sort: str, terms: Sequence[Term] = ()) -> Order:
    """`terms` as in PropertyOrder. Raises KeyError for what `may_sort` refuses."""
    name = sort.removeprefix("-")
    if name in SORTS:
        return ColumnOrder(SORTS[name])
    return PropertyOrder(known_fields()[name], terms)
