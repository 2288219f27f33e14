"""Contact lists: saving a search under a name, and what becomes of it.

A list belongs to its owner, who alone changes it. Shared, everybody may open it; a shared list of
a colleague who has left can be taken over or deleted by an administrator.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from contacts import history
from contacts.access import may_administer
from contacts.cleaning import clean_text
from contacts.fields import Field
from contacts.identity import InvalidValue
from contacts.models import ContactList, User
from contacts.models.contact_list import NAME_LENGTH
from contacts.retrying import retrying
from contacts.signals import Actor

IN_NAVIGATION = 8
MAX_LISTS = 100
MAX_QUERY = 20_000  # characters of what it saves


class ListGone(Exception):
    """The list was deleted since it was read, or is no longer this person's."""


def may_edit(user: User, row: ContactList) -> bool:
    return row.owner_id == user.pk


def may_inherit(user: User, row: ContactList) -> bool:
    """Whether `user` may take over or delete a list that a colleague left behind."""
    return may_administer(user) and row.shared and row.owner_left and not may_edit(user, row)


def left_behind(user: User) -> tuple[int, int]:
    """How many shared and private lists somebody has, for whoever hands their work over.

    Of private ones nothing but this number is told to anybody.
    """
    flags = list(ContactList.objects.filter(owner=user).values_list("shared", flat=True))
    return flags.count(True), flags.count(False)


@dataclass(frozen=True)
class FirstLists:
    """The lists of the navigation, and whether there are more."""

    rows: Sequence[ContactList]
    more: bool

    @property
    def ids(self) -> set[str]:
        return {row.public_id for row in self.rows}


#: `open_to` and `in_order_for`, ready made: it is asked for with every page, and Django would take
#: longer to put it together than the database to answer it.
_FIRST = """
    SELECT * FROM contacts_contactlist WHERE owner_id = %s OR shared
    ORDER BY CASE WHEN owner_id = %s THEN 0 ELSE 1 END,
        CASE WHEN owner_id = %s THEN position ELSE 0 END, name_key, id
    LIMIT %s
"""


def first_lists(user: User) -> FirstLists:
    """What stands in the navigation and above All Contacts. One query."""
    given = [user.pk, user.pk, user.pk, IN_NAVIGATION + 1]
    found = list(ContactList.objects.raw(_FIRST, given))
    return FirstLists(found[:IN_NAVIGATION], len(found) > IN_NAVIGATION)


@retrying
@transaction.atomic
def create_list(
    *,
    actor: Actor,
    name: str,
    query: str,
    shared: bool = False,
    columns: Sequence[str] | None = None,
) -> ContactList:
    """Save a search. Raises InvalidValue for the name, and for a list too many or too long."""
    owner = _lock_owner(actor)
    if len(query) > MAX_QUERY:
        raise InvalidValue(
            f"The filters are too long to be saved: at most {MAX_QUERY:,} characters"
        )
    own = ContactList.objects.filter(owner=owner)
    if own.count() >= MAX_LISTS:
        raise InvalidValue(f"You have {MAX_LISTS} lists, which is as many as there can be. Delete one first")  # fmt: skip
    last = own.aggregate(last=Max("position"))["last"]
    row = ContactList(
        owner=owner,
        query=query,
        shared=shared,
        columns=list(columns) if columns is not None else None,
        position=0 if last is None else last + 1,
    )
    _set_name(row, name)
    _save(row)
    history.audit(actor, "list.created", row.public_id, shared=shared)
    return row


@retrying
@transaction.atomic
def rename_list(*, actor: Actor, list_id: int, name: str, shared: bool) -> ContactList:
    """Change the name, and who may open it. Raises InvalidValue for the name, ListGone."""
    row = _lock_own(actor, list_id)
    _set_name(row, name)
    told = row.shared != shared
    row.shared = shared
    _save(row)
    if told:
        history.audit(actor, "list.shared" if shared else "list.made_private", row.public_id)
    return row


@retrying
@transaction.atomic
def save_query(*, actor: Actor, list_id: int, query: str) -> ContactList:
    """Make it save another search. Raises InvalidValue when that is too long, ListGone."""
    if len(query) > MAX_QUERY:
        raise InvalidValue(
            f"The filters are too long to be saved: at most {MAX_QUERY:,} characters"
        )
    row = _lock_own(actor, list_id)
    row.query = query
    _save(row)
    history.audit(actor, "list.updated", row.public_id)
    return row


@retrying
@transaction.atomic
def save_columns(*, actor: Actor, list_id: int, columns: Sequence[str] | None) -> ContactList:
    """Give it columns of its own, or none. Raises ListGone."""
    row = _lock_own(actor, list_id)
    row.columns = list(columns) if columns is not None else None
    _save(row)
    return row


@retrying
@transaction.atomic
def move_list(*, actor: Actor, list_id: int, up: bool) -> None:
    """Put it one place up or down among the owner's lists. Raises ListGone."""
    own = list(ContactList.objects.select_for_update().filter(owner=actor.user).order_by("pk"))
    own.sort(key=lambda row: (row.position, row.pk))
    at = next((place for place, row in enumerate(own) if row.pk == list_id), None)
    if at is None:
        raise ListGone
    to = at - 1 if up else at + 1
    if 0 <= to < len(own):
        own[at], own[to] = own[to], own[at]
    for place, row in enumerate(own):
        row.position = place
    ContactList.objects.bulk_update(own, ["position"])


@retrying
@transaction.atomic
def delete_list(*, actor: Actor, list_id: int) -> str:
    """Delete it; no contact is touched. Returns its name. Raises ListGone."""
    row = _lock(list_id)
    user = _user(actor)
    if not may_edit(user, row) and not may_inherit(user, row):
        raise ListGone
    row.delete()
    history.audit(actor, "list.deleted", row.public_id)
    return row.name


@retrying
@transaction.atomic
def take_over(*, actor: Actor, list_id: int) -> ContactList:
    """Make an administrator the owner of a list that a colleague left behind.

    Where they have a list of that name, a number is put behind it. Raises ListGone, InvalidValue.
    """
    heir = _lock_owner(actor)
    row = _lock(list_id)
    if not may_inherit(heir, row):
        raise ListGone
    own = ContactList.objects.filter(owner=heir)
    if own.count() >= MAX_LISTS:
        raise InvalidValue(f"You have {MAX_LISTS} lists, which is as many as there can be. Delete one first")  # fmt: skip
    taken = set(own.values_list("name_key", flat=True))
    name, number = row.name, 1
    while name_key(name) in taken:
        number += 1
        name = f"{row.name[: NAME_LENGTH - 4]} {number}"
    was = row.owner_id
    row.owner, row.position = heir, (own.aggregate(last=Max("position"))["last"] or 0) + 1
    _set_name(row, name)
    _save(row)
    history.audit(actor, "list.taken_over", row.public_id, owner=was)
    return row


def name_key(name: str) -> str:
    """What must be unique among one person's lists."""
    return unicodedata.normalize("NFC", name).casefold()


_NAME = Field("list", "Name", property_id=0)


def _set_name(row: ContactList, typed: str) -> None:
    line = " ".join(typed.split())
    if len(line) > NAME_LENGTH:
        raise InvalidValue(f"Too long: {len(line):,} characters, at most {NAME_LENGTH}")
    name = " ".join(clean_text(line, _NAME).split())
    if not name:
        raise InvalidValue("Enter a name")
    row.name, row.name_key = name, name_key(name)


def _save(row: ContactList) -> None:
    """Raises InvalidValue when the owner has another list of this name: the index says so."""
    row.updated_at = timezone.now()
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        twin = ContactList.objects.filter(owner=row.owner, name_key=row.name_key)
        if not twin.exclude(pk=row.pk).exists():
            raise
        raise InvalidValue(f"You have a list named “{row.name}” already") from None


def _user(actor: Actor) -> User:
    if actor.user is None:
        raise ListGone
    return actor.user


def _lock_owner(actor: Actor) -> User:
    """So that two saves at the same moment are counted one after the other."""
    return User.objects.select_for_update().get(pk=_user(actor).pk)


def _lock(list_id: int) -> ContactList:
    rows = ContactList.objects.select_for_update(of=("self",)).select_related("owner")
    row = rows.filter(pk=list_id).first()
    if row is None:
        raise ListGone
    return row


def _lock_own(actor: Actor, list_id: int) -> ContactList:
    row = _lock(list_id)
    if not may_edit(_user(actor), row):
        raise ListGone
    return row
