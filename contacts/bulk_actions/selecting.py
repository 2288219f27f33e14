"""Which contacts a bulk action or an export is about: chosen rows, or all that match a list."""

import re
from dataclasses import dataclass

from django.db import connection
from django.db.models import BigIntegerField, CharField, Count, Q, QuerySet, Value
from django.http import QueryDict

from contacts.listing import ListState
from contacts.models import BulkAction, BulkRow, Contact, User
from contacts.models.contact import is_public_id

MAX_SELECTED = 10_000
NOTHING = "Nothing is selected. Select contacts in the list first."
NO_MATCH = "No contact matches the search and filters."
BROKEN = "The search or a filter could not be read, so it is not known what “all that match” means."
_BETWEEN = re.compile(r"[\s,]+")


class BadSelection(Exception):
    """The selection cannot be acted on; the message tells a person why."""


class TooManySelected(BadSelection):
    """More rows were chosen one by one than one form carries."""

    def __init__(self, selected: int) -> None:
        super().__init__(
            f"At most {MAX_SELECTED:,} contacts can be selected one by one; these are {selected:,}."
        )


@dataclass(frozen=True)
class Reach:
    """How many contacts a selection comes to, now and for one person."""

    total: int  # that this person may see
    already: int  # of those, how many are as they would be made
    missing: int  # chosen, but not to be seen by this person, or not existing: no matter which

    @property
    def to_change(self) -> int:
        return self.total - self.already


@dataclass(frozen=True)
class Selection:
    """Chosen ids, or everything that a list shows (search and filters; not its page)."""

    state: ListState
    ids: tuple[str, ...] = ()
    unreadable: int = 0  # what was sent as an id and is none
    everything: bool = False

    @classmethod
    def read(cls, data: QueryDict, state: ListState) -> "Selection":
        """From a form: `all=1`, or `ids`, repeated or joined by commas. Raises BadSelection."""
        if data.get("all"):
            if state.notices:
                raise BadSelection(" ".join((BROKEN, *state.notices)))
            return cls(state, everything=True)
        given = {text for each in data.getlist("ids") for text in _BETWEEN.split(each) if text}
        if not given:
            raise BadSelection(NOTHING)
        if len(given) > MAX_SELECTED:
            raise TooManySelected(len(given))
        ids = tuple(sorted(text for text in given if is_public_id(text)))
        return cls(state, ids=ids, unreadable=len(given) - len(ids))

    def contacts(self, user: User) -> QuerySet[Contact]:
        """Those of the selection that `user` may see."""
        visible = Contact.objects.visible_to(user)
        if self.everything:
            return self.state.apply(visible)
        return visible.filter(public_id__in=self.ids)

    def reach(self, user: User, already: Q | None = None) -> Reach:
        """Counted exactly, in one query; `already` is the condition of what needs no change."""
        counts = {"total": Count("pk")}
        if already is not None:
            counts["already"] = Count("pk", filter=already)
        found = self.contacts(user).aggregate(**counts)
        total = found["total"]
        given = total if self.everything else len(self.ids) + self.unreadable
        return Reach(total, found.get("already", 0), given - total)

    def freeze(self, action: BulkAction) -> int:
        """Store the ids as the rows of the action; how many, unreadable ones not counted."""
        if self.everything:
            return insert_rows(action, self.contacts(action.started_by))
        BulkRow.objects.bulk_create(
            (BulkRow(action=action, public_id=public_id) for public_id in self.ids),
            batch_size=2000,
        )
        return len(self.ids)


def insert_rows(action: BulkAction, ids: QuerySet[Contact] | QuerySet[BulkRow]) -> int:
    """INSERT … SELECT of the public ids of `ids`: a million of them never pass through here."""
    source = (
        ids.order_by("pk")
        .annotate(
            frozen_for=Value(action.pk, output_field=BigIntegerField()),
            outcome_now=Value(BulkRow.Outcome.WAITING.value, output_field=CharField()),
        )
        .values_list("frozen_for", "public_id", "outcome_now")
    )
    sql, params = source.query.get_compiler(connection=connection).as_sql()
    quote = connection.ops.quote_name
    table = quote(BulkRow._meta.db_table)
    columns = ", ".join(quote(name) for name in ("action_id", "public_id", "outcome"))
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({columns}) {sql}", params)
        return int(cursor.rowcount)
