"""Which contact an activity belongs to: found by its identifiers, else made (product, section 2).

A booking, a routing form and a conversation come this way. Their values come from people who have
not signed in: they fill blanks, and what would replace a value becomes a suggestion.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q

from contacts.fields import (
    IDENTIFIER_FIELDS,
    Kind,
    as_text,
    current_value,
    field_named,
    is_blank,
)
from contacts.models import Account, Contact, Identifier, PossibleDuplicate
from contacts.retrying import Busy, Stale
from contacts.search import fold
from contacts.services import (
    Changes,
    ContactGone,
    IdentifierTaken,
    Values,
    apply_changes,
    change_of,
    create_contact,
    identifier_key,
)
from contacts.signals import Actor, announce
from contacts.suggestions import suggest

ATTEMPTS = 6
NAME = ("first_name", "last_name")
TEXTS = {Kind.TEXT, Kind.LONG_TEXT}


@dataclass(frozen=True)
class Visitor:
    """What somebody says of themselves in an activity.

    `values` are cleaned (contacts.cleaning); a yes/no is true only where the person ticked it.
    `actor` carries the source and the detail that history and suggestions name. Fields of
    `fills_only` are noticed rather than told (the zone of a browser): they suggest nothing.
    `made` is the contact that the same activity has made earlier, of a phone: an email that nobody
    has, told later, is that contact's and makes no second one.
    """

    values: Values
    actor: Actor
    owner_id: int  # of the contact, when it has to be made
    at: datetime  # when they did it: it becomes the contact's last activity
    fills_only: frozenset[str] = frozenset()
    made: int | None = None


@dataclass(frozen=True)
class Resolved:
    """The contact of the activity. `matched_on` is "" for a new one."""

    contact: Contact
    matched_on: str
    former: bool = False

    @property
    def created(self) -> bool:
        return not self.matched_on


@dataclass(frozen=True)
class _Held:
    contact: Contact
    current: bool


def resolve(visitor: Visitor) -> Resolved:
    """The one contact of this person, locked, filled and with suggestions.

    E-mail decides (current, then former); without one the mobile phone; with neither it is a new
    contact each time. Runs in the transaction that writes the activity, so both are kept or
    neither is. Raises Busy when others take and release the same identifiers again and again.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("resolve() belongs into the transaction of the activity")
    for _ in range(ATTEMPTS):
        try:
            with transaction.atomic():
                return _resolve(visitor)
        except (IdentifierTaken, ContactGone, Stale):
            continue  # somebody made, merged or deleted that contact this moment: look again
    raise Busy


def _resolve(visitor: Visitor) -> Resolved:
    values = {name: value for name, value in visitor.values.items() if not is_blank(value)}
    keys = {
        kind: identifier_key(kind, values[kind]) for kind in IDENTIFIER_FIELDS if kind in values
    }
    held = _lock_holders(keys)
    kind = next(iter(keys), "")  # e-mail before mobile phone
    match = held.get(kind)
    phone = held.get("mobile_phone")
    if match is None and phone is not None and phone.contact.pk == visitor.made:
        kind, match = "mobile_phone", phone
    clash = phone is not None and (match is None or phone.contact != match.contact)
    if clash:  # the phone stays where it is
        values.pop("mobile_phone")
    if match is None:
        contact = create_contact(
            actor=visitor.actor,
            values={**values, "owner": visitor.owner_id},
            creation_time=visitor.at,
            last_interacted_time=visitor.at,
        )
    else:
        contact = match.contact
        formers = {kind for kind, row in held.items() if row.contact == contact and not row.current}
        _fill(contact, visitor, values, formers=formers, own=_own(contact, held))
    if clash and phone is not None:
        _suspect(contact, phone.contact, visitor.actor)
    return Resolved(contact, kind if match else "", bool(match and not match.current))


def _own(contact: Contact, held: dict[str, _Held]) -> set[str]:
    return {kind for kind, row in held.items() if row.contact == contact and row.current}


def _lock_holders(keys: dict[str, str]) -> dict[str, _Held]:
    """Who holds each of the keys, locked in id order. Raises Stale when that changed meanwhile."""
    found = _holders(keys)
    if not found:
        return {}
    ids = {contact_id for contact_id, _ in found.values()}
    rows = Contact.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    contacts = {contact.pk: contact for contact in rows}
    if len(contacts) < len(ids) or _holders(keys) != found:
        raise Stale
    return {kind: _Held(contacts[pk], current) for kind, (pk, current) in found.items()}


def _holders(keys: dict[str, str]) -> dict[str, tuple[int, bool]]:
    condition = Q(pk__in=[])
    for kind, key in keys.items():
        condition |= Q(kind=kind, key=key)
    rows = Identifier.objects.filter(condition).values_list("kind", "contact_id", "current")
    return {kind: (contact_id, current) for kind, contact_id, current in rows}


def _fill(
    contact: Contact, visitor: Visitor, values: Values, *, formers: set[str], own: set[str]
) -> None:
    """Fill blanks, suggest the rest, and note the activity on a locked contact."""
    fills, others = _sort_out(contact, values, formers=formers, own=own)
    others = {name: value for name, value in others.items() if name not in visitor.fills_only}
    if others and Account.load().apply_suggestions:
        at_once = {name for name in others if name not in formers}
        fills |= {name: others.pop(name) for name in at_once}
    changes: Changes = {
        name: (current_value(contact, field_named(name)), value) for name, value in fills.items()
    }
    seen = max(filter(None, (contact.last_interacted_time, visitor.at)))
    if changes:
        apply_changes(contact, changes, visitor.actor, last_interacted_time=seen)
        announce(change_of(contact, visitor.actor, "updated", changes))
    else:
        contact.last_interacted_time = seen
        Contact.objects.filter(pk=contact.pk).update(last_interacted_time=seen)
    suggest(contact, others, visitor.actor, visitor.at)


def _sort_out(
    contact: Contact, values: Values, *, formers: set[str], own: set[str]
) -> tuple[Values, Values]:
    """What fills a blank, and what differs from a value that is there.

    `own` identifiers are the contact's current ones, in whatever spelling; `formers` never become
    current by themselves, not even where there is none.
    """
    fills: Values = {}
    others: Values = {}
    for name, value in values.items():
        if name in own or name in NAME:
            continue
        current = current_value(contact, field_named(name))
        if name not in formers and is_blank(current):
            fills[name] = value
        elif not _same(name, current, value):
            others[name] = value
    names = {name: values[name] for name in NAME if name in values}
    (fills if _name_fits(contact, names) else others).update(_new_names(contact, names))
    return fills, others


def _same(name: str, current: object, value: object) -> bool:
    """Equal; for free text also in another case or without accents."""
    one, other = as_text(current), as_text(value)
    return one == other or (field_named(name).kind in TEXTS and fold(one) == fold(other))


def _new_names(contact: Contact, names: Values) -> Values:
    told = fold(" ".join(str(value) for value in names.values()))
    if told == fold(f"{contact.first_name} {contact.last_name}"):
        return {}  # the same name, divided in another way
    return {n: v for n, v in names.items() if not _same(n, getattr(contact, n), v)}


def _name_fits(contact: Contact, names: Values) -> bool:
    """First and last name are one name: half of somebody else's fills no blank."""
    return all(
        is_blank(getattr(contact, name)) or _same(name, getattr(contact, name), value)
        for name, value in names.items()
    )


def _suspect(contact: Contact, other: Contact, actor: Actor) -> None:
    """Two contacts that may be one person. "Not a duplicate", once said, is remembered."""
    first, second = sorted((contact.pk, other.pk))
    reason = f"{actor.source.label} named the email of one and the mobile phone of the other"
    PossibleDuplicate.objects.bulk_create(
        [PossibleDuplicate(first_id=first, second_id=second, reason=reason)], ignore_conflicts=True
    )


def note_activity(contacts: Iterable[int], at: datetime) -> None:
    """Move the last activity of these contacts forward to `at`; never back."""
    earlier = Q(last_interacted_time=None) | Q(last_interacted_time__lt=at)
    Contact.objects.filter(earlier, pk__in=list(contacts)).update(last_interacted_time=at)
