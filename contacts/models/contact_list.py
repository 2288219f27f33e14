"""Contact lists: saved searches that are evaluated when they are opened."""

import secrets
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Case, IntegerField, Q, Value, When
from django.utils import timezone

from contacts.models.contact import BASE36

if TYPE_CHECKING:
    from contacts.models.people import User

NAME_LENGTH = 60


def new_list_id() -> str:
    """A fresh list id, `LST-` and 12 base-36 digits: not guessable."""
    return "LST-" + "".join(secrets.choice(BASE36) for _ in range(12))


class ContactListQuerySet(models.QuerySet["ContactList"]):
    def open_to(self, user: "User") -> Self:
        """The lists that `user` may open: their own, and those that others share."""
        return self.filter(Q(owner=user) | Q(shared=True))

    def in_order_for(self, user: "User") -> Self:
        """Their own first, as they ordered them; then those of others by name."""
        own = Case(When(owner=user, then=Value(0)), default=Value(1), output_field=IntegerField())
        place = Case(When(owner=user, then="position"), default=Value(0))
        return self.order_by(own, place, "name_key", "pk")


class ContactList(models.Model):
    """A search with filters and a sort, under a name.

    It holds a query, never contacts: whoever opens a shared one sees what they may see.
    """

    public_id = models.CharField(max_length=16, unique=True, default=new_list_id, editable=False)
    name = models.CharField(max_length=NAME_LENGTH)
    name_key = models.CharField(max_length=3 * NAME_LENGTH, editable=False)  # case-folded, unique
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="lists")
    shared = models.BooleanField(default=False)
    #: As `ListState.params` spells it, without paging: "q=ann&status=Qualified".
    query = models.TextField(blank=True, default="")
    columns = models.JSONField(null=True, blank=True)  # names in their order; null: the viewer's
    position = models.PositiveIntegerField(default=0)  # among the lists of its owner
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = ContactListQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "name_key"], name="one_list_per_name")
        ]
        indexes = [models.Index(fields=["shared", "name_key"], name="shared_lists_by_name")]
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def owner_left(self) -> bool:
        return not self.owner.is_active
