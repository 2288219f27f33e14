"""How far a contact's changes have come elsewhere: a column and a filter of All Contacts.

Nothing of it is stored: one query for the rows of a page reads the outbox, which is the truth, so
that no delivery writes to its contact and nothing can differ from what Sync activity says.
"""

import functools
from collections.abc import Sequence

from django.db.models import Exists, OuterRef, Q
from django.utils.html import format_html
from django.utils.safestring import SafeString

from contacts import columns
from contacts.columns import Column
from contacts.exporting import rows as exports
from contacts.fields import Field, Kind
from contacts.filters import conditions, registry
from contacts.filters.terms import Filter, Op, Shape, Term
from contacts.models import Contact
from contacts.templatetags.kith import icon
from integrations.models import Delivery
from integrations.models.deliveries import OPEN, DeliveryQuerySet

State = Delivery.State
#: Replaced by later rows, or taken back: they say nothing of now.
OVER = (State.SUPERSEDED, State.CANCELLED)
#: What each word stands for, the one that most needs somebody first; a contact shows its first.
WORDS: dict[str, tuple[str, ...]] = {
    "Conflict": (State.CONFLICT,),
    "Failed": (State.FAILED,),
    "Needs reconnect": (State.NEEDS_RECONNECT,),
    "Unknown": (State.UNKNOWN,),
    "Retrying": (State.RETRYING,),
    "Pending": (State.PENDING, State.IN_FLIGHT),
    "Synced": (State.DELIVERED,),
    "Skipped by policy": (State.SKIPPED,),
}
OF_STATE = {state: word for word, states in WORDS.items() for state in states}
RANKS = {word: rank for rank, word in enumerate(WORDS)}
LOOKS = {
    "Conflict": ("pill-bad", "circle-alert"),
    "Failed": ("pill-bad", "circle-x"),
    "Needs reconnect": ("pill-warn", "triangle-alert"),
    "Unknown": ("pill-warn", "circle-alert"),
    "Retrying": ("pill-info", "rotate-cw"),
    "Pending": ("pill-info", "clock"),
    "Synced": ("pill-ok pill-plain", "circle-check"),
    "Skipped by policy": ("pill-vio", "circle-slash"),
    "": ("pill-none", "circle-minus"),
}
NOT_LINKED = "Not linked"


def current(rows: DeliveryQuerySet) -> DeliveryQuerySet:
    """Those of `rows` that say how it stands: whatever is open, and of each target the last."""
    newer = Delivery.objects.filter(
        contact_id=OuterRef("contact_id"), target=OuterRef("target"), pk__gt=OuterRef("pk")
    ).exclude(state__in=OVER)
    standing = rows.filter(contact_id__isnull=False).exclude(state__in=OVER)
    return standing.filter(Q(state__in=OPEN) | ~Exists(newer))


def load(contacts: Sequence[Contact]) -> None:
    """Note the word on each of these contacts, in one query."""
    words = words_of([contact.pk for contact in contacts])
    for contact in contacts:
        vars(contact)["sync_word"] = words.get(contact.pk, "")


def words_of(contact_ids: Sequence[int]) -> dict[int, str]:
    """By contact; those are left out of which nothing was sent anywhere."""
    own = Delivery.objects.filter(contact_id__in=contact_ids)
    found = current(own).order_by().values_list("contact_id", "state").distinct()
    words: dict[int, str] = {}
    for pk, state in found:
        word = OF_STATE[State(state)]
        if pk is not None and RANKS[word] < RANKS.get(words.get(pk, ""), len(RANKS)):
            words[pk] = word
    return words


def cell(contact: Contact) -> SafeString:
    return _pill(vars(contact).get("sync_word", ""))


@functools.lru_cache(maxsize=16)
def _pill(word: str) -> SafeString:
    css, mark = LOOKS[word]
    return format_html('<span class="pill {}">{}{}</span>', css, icon(mark), word or NOT_LINKED)


def condition(terms: Sequence[Term]) -> Q:
    """Contacts that show any of these words."""
    return conditions.any_of(_shows(term) for term in terms)


def _shows(term: Term) -> Q:
    own = Delivery.objects.filter(contact_id=OuterRef("pk"))
    if term.op is not Op.IS:
        linked = Exists(own.exclude(state__in=OVER))
        return Q(linked) if term.op is Op.FILLED else ~Q(linked)
    word = term.values[0]
    worse = [state for other, rank in RANKS.items() if rank < RANKS[word] for state in WORDS[other]]
    none_worse = ~Q(pk__in=_contacts(worse)) if worse else Q()
    if word == "Synced":  # nearly all, or nearly none: looked for contact by contact
        return Q(Exists(current(own.filter(state__in=WORDS[word])))) & none_worse
    return Q(pk__in=_contacts(WORDS[word])) & none_worse


def _contacts(states: Sequence[str]) -> DeliveryQuerySet:
    return current(Delivery.objects.filter(state__in=states)).values("contact_id")  # type: ignore[return-value]


COLUMN = Column(
    name="sync",
    label="Sync",
    css="c-sync",
    order=95,
    cell=cell,
    load=load,
    usual=True,
    yields=0,
)
FILTER = Filter(
    name="sync",
    label="Sync",
    shape=Shape.CHOICE,
    condition=condition,
    field=Field("sync", "Sync", Kind.SELECT, options=tuple(WORDS)),
    options=tuple(WORDS),
    wording={Op.BLANK: "not linked", Op.FILLED: "linked to something"},
)
IN_FILE = exports.Column("sync_state", "Sync", "pk", lambda word: word or NOT_LINKED, read=words_of)


def register() -> None:
    columns.register(COLUMN)
    registry.register(FILTER)
    exports.register("sync", IN_FILE)
