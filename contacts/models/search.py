"""The entries of the search index (contacts.search_index), to be asked like any other rows."""

from typing import TYPE_CHECKING, ClassVar, Self

from django.conf import settings
from django.db import models

from contacts.access import visible_condition
from contacts.search import wanted
from contacts.search_index import Matches

if TYPE_CHECKING:
    from contacts.models.people import User


class SearchEntryQuerySet(models.QuerySet["SearchEntry"]):
    def visible_to(self, user: "User") -> Self:
        """The entries of the contacts that `user` may see."""
        condition = visible_condition(user)
        return self if condition is None else self.filter(condition)

    def search(self, text: str, *, region: str, by_reading: bool = False) -> Self:
        """The entries that match every word of `text` (see contacts.search)."""
        what = wanted(text, region=region)
        return self.filter(Matches(what, by_reading=by_reading)) if what else self


class SearchEntry(models.Model):
    """What one contact is found by. Kept by triggers on its table: only ever read here."""

    contact_id = models.BigIntegerField(primary_key=True, db_column="rowid")  # as FTS5 calls it
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, related_name="+", db_constraint=False
    )
    search_text = models.TextField()

    objects: ClassVar[SearchEntryQuerySet] = SearchEntryQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        managed = False
        db_table = "contacts_search"
        default_permissions = ()

    def __str__(self) -> str:
        return f"entry {self.pk}"
