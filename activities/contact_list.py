"""What meetings add to All Contacts and to its export: a column, two filters, a sort.

All of it stands in columns of Contact that `activities.derived` keeps; nothing is joined.
"""

from collections.abc import Sequence

from django.db.models import Q
from django.db.models.functions import Coalesce
from django.db.models.lookups import LessThan
from django.utils.html import format_html
from django.utils.safestring import SafeString

from contacts import columns, sorting
from contacts.columns import Column
from contacts.exporting import rows as exports
from contacts.fields import Field, Kind
from contacts.filters import conditions, registry
from contacts.filters.terms import Filter, Op, Shape, Term
from contacts.models import Contact
from contacts.models.never import NONE_AHEAD
from contacts.paging import Moment
from contacts.templatetags.kith import day

NUMBER, NEXT = "upcoming_meetings", "next_meeting_time"
#: The expression of the index on it.
NEXT_KEY = Coalesce(NEXT, Moment(NONE_AHEAD))
ANY, NONE = Q(LessThan(NEXT_KEY, Moment(NONE_AHEAD))), Q(**{f"{NEXT}__isnull": True})
WORDS = {Op.BLANK: "none", Op.FILLED: "any"}
#: Seen as "None", heard as what there is none of; a phone's card leaves it out.
NO_MEETING = format_html(
    '<span aria-hidden="true">{}</span><span class="sr">{}</span>', "None", "No upcoming meetings"
)
_of_number = conditions.on_number(NUMBER)


def cell(contact: Contact) -> SafeString:
    """How many meetings are ahead, and when the next one is; a phone's card says how many."""
    if not contact.upcoming_meetings:
        return NO_MEETING
    return format_html(
        '<span class="next"><b>{}</b><span class="only-wide">{}</span>'
        '<span class="only-narrow">upcoming</span></span>',
        contact.upcoming_meetings,
        day(contact.next_meeting_time),
    )


def on_number_ahead(terms: Sequence[Term]) -> Q:
    """By how many are ahead. Where that is one or more, the index on the next one narrows it."""
    return conditions.any_of(_with_so_many(term) for term in terms)


def _with_so_many(term: Term) -> Q:
    if term.op in WORDS:
        return ANY if term.op is Op.FILLED else NONE
    has_some = term.op is not Op.AT_MOST and int(term.values[0]) > 0
    return _of_number([term]) & ANY if has_some else _of_number([term])


COLUMN = Column(
    name="upcoming",
    label="Upcoming",
    css="c-last",
    order=85,
    cell=cell,
    sort="next",
    usual=True,
    yields=2,
    on_card=True,
)
FILTERS = (
    Filter(
        name="upcoming",
        label="Upcoming meetings",
        shape=Shape.NUMBER,
        condition=on_number_ahead,
        field=Field(NUMBER, "Upcoming meetings", Kind.NUMBER),
        wording=WORDS,
    ),
    Filter(
        name="next",
        label="Next meeting",
        shape=Shape.DAY,
        condition=conditions.on_moment(NEXT, blank=NONE_AHEAD),
        field=Field(NEXT, "Next meeting", Kind.DATE),
        ops=(Op.TODAY, Op.NEXT, Op.FROM, Op.TO, Op.BETWEEN, Op.BLANK, Op.FILLED),
        wording=WORDS,
    ),
)
IN_FILE = (
    exports.Column(NUMBER, "Upcoming meetings", NUMBER),
    exports.Column(NEXT, "Next meeting", NEXT, exports.moment_text),
)


def register() -> None:
    columns.register(COLUMN)
    sorting.register("next", NEXT_KEY)
    for spec in FILTERS:
        registry.register(spec)
    exports.register("upcoming", *IN_FILE)
