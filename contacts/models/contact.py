"""The contact, its public id and its identifiers."""

import re
import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.utils.timezone import now

from contacts.access import visible_condition
from contacts.fencing import FENCED_UP_TO
from contacts.models.never import NEVER, NONE_AHEAD
from contacts.models.source import Source
from contacts.search import LAST, SORT_KEY_LENGTH, reading, wanted

if TYPE_CHECKING:
    from contacts.models.people import User

BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SHORT_TEXT = 255


_PUBLIC_ID = re.compile(r"CTC-[0-9A-Z]{12}")


def is_public_id(text: str) -> bool:
    """Whether it has the form of a contact's id; whether there is such a contact is another thing."""
    return _PUBLIC_ID.fullmatch(text) is not None


def new_public_id() -> str:
    """A fresh contact id, `CTC-` and 12 base-36 digits (62 bits): not guessable, not countable."""
    return "CTC-" + "".join(secrets.choice(BASE36) for _ in range(12))


class PublicId(models.Model):
    """Every contact id ever given out, and what became of it. The only source of redirects."""

    class State(models.TextChoices):
        LIVE = "live"
        MERGED = "merged", "merged into another contact"
        DELETED = "deleted"

    value = models.CharField(max_length=20, primary_key=True)
    state = models.CharField(max_length=7, choices=State, default=State.LIVE)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True)
    changed_at = models.DateTimeField(default=now)
    #: Where the record stood in the order of the API's list (`PLACE`, row) before it went: a
    #: client that has its id as a cursor goes on from there.
    listed_at = models.DateTimeField(null=True, blank=True)
    listed_row = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="merged_id_has_a_survivor",
                condition=models.Q(state="merged", merged_into__isnull=False)
                | (~models.Q(state="merged") & models.Q(merged_into__isnull=True)),
            )
        ]

    def __str__(self) -> str:
        return self.value

    def survivor(self) -> "PublicId":
        """Follow merges to the id that stands for this one today (live or deleted)."""
        current = self
        while current.merged_into is not None:
            current = current.merged_into
        return current


class ContactQuerySet(models.QuerySet["Contact"]):
    #: For whom it was narrowed by `visible_to`: the "me" of a filter.
    viewer: "User | None" = None
    #: Whether visible_to() has left contacts out.
    restricted = False

    def _clone(self) -> Self:
        clone: Self = super()._clone()  # type: ignore[misc]
        clone.viewer, clone.restricted = self.viewer, self.restricted
        return clone

    def visible_to(self, user: "User") -> Self:
        """The contacts that `user` may see: the start of every page, count, export and check."""
        condition = visible_condition(user)
        visible = self.all() if condition is None else self.filter(condition)
        visible.viewer, visible.restricted = user, condition is not None
        return visible

    def search(self, text: str, *, region: str, by_reading: bool | None = None) -> Self:
        """Contacts that match every word of `text` (see contacts.search).

        By the index over all contacts; or `by_reading` those of this queryset one by one, which
        suits a few of them, or an order in which enough are soon found. If that is not said, within
        the fence they are read (see contacts.fencing).
        """
        from contacts.models.search import SearchEntry

        what = wanted(text, region=region)
        if not what:
            return self
        if by_reading is None:
            by_reading = self.restricted and self._fenced()
        if by_reading:
            return self.filter(reading(what))
        entries = SearchEntry.objects.search(text, region=region)
        return self.filter(pk__in=entries.values("pk"))

    def _fenced(self) -> bool:
        return self.order_by()[: FENCED_UP_TO + 1].count() <= FENCED_UP_TO


#: The place of a contact in the order of the API's list. It never changes.
PLACE = Coalesce("listed_at", "creation_time")


class Contact(models.Model):
    """A person. Blank text is "", never NULL; the identifiers' truth is the Identifier table."""

    class Status(models.TextChoices):
        QUALIFIED = "Qualified"
        MARKETING = "Marketing qualified"
        SALES = "Sales qualified"
        DISQUALIFIED = "Disqualified"

    public = models.OneToOneField(PublicId, models.PROTECT, related_name="contact")
    first_name = models.CharField(max_length=SHORT_TEXT, blank=True, default="")
    last_name = models.CharField(max_length=SHORT_TEXT, blank=True, default="")
    email = models.CharField(max_length=254, blank=True, default="")
    mobile_phone = models.CharField(max_length=20, blank=True, default="")
    phone = models.CharField(max_length=40, blank=True, default="")
    company = models.CharField(max_length=SHORT_TEXT, blank=True, default="")
    company_size = models.CharField(max_length=SHORT_TEXT, blank=True, default="")
    employees = models.PositiveIntegerField(null=True, blank=True)
    job_title = models.CharField(max_length=SHORT_TEXT, blank=True, default="")
    salutation = models.CharField(max_length=SHORT_TEXT, blank=True, default="")
    street_address = models.CharField(max_length=1000, blank=True, default="")
    city = models.CharField(max_length=SHORT_TEXT, blank=True, default="")
    state = models.CharField(max_length=SHORT_TEXT, blank=True, default="")
    post_code = models.CharField(max_length=SHORT_TEXT, blank=True, default="")
    country = models.CharField(max_length=SHORT_TEXT, blank=True, default="")
    timezone = models.CharField(max_length=64, blank=True, default="")
    status = models.CharField(max_length=20, choices=Status, blank=True, default="")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="contacts",
        db_index=False,  # two of the indexes below begin with it
    )
    has_consent = models.BooleanField(default=False)
    terms_of_service = models.BooleanField(default=False)
    bot = models.CharField(max_length=40, blank=True, default="")
    form = models.CharField(max_length=40, blank=True, default="")
    source = models.CharField(max_length=8, choices=Source, default=Source.PERSON)  # of the record
    #: Custom properties: field name -> canonical text, blank ones left out.
    custom = models.JSONField(default=dict, blank=True)
    creation_time = models.DateTimeField(default=now)
    #: Where it stands in the API's list, where that is not creation_time (`PLACE`): a merge may set
    #: that back, and whoever is reading the list would meet the record twice.
    listed_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_updated_time = models.DateTimeField(default=now)
    last_interacted_time = models.DateTimeField(null=True, blank=True)
    #: Meetings ahead, kept by whoever keeps meetings, so that the list never joins to them.
    upcoming_meetings = models.PositiveIntegerField(default=0, editable=False)
    next_meeting_time = models.DateTimeField(null=True, blank=True, editable=False)

    #: Counts the saves; a form carries it, so a second save knows what it was based on.
    version = models.PositiveIntegerField(default=1)
    # Derived by contacts.search.derive() at every write, never edited.
    search_text = models.TextField(blank=True, default="", editable=False)
    sort_name = models.CharField(max_length=SORT_KEY_LENGTH, default=LAST, editable=False)
    sort_email = models.CharField(max_length=SORT_KEY_LENGTH, default=LAST, editable=False)
    sort_company = models.CharField(max_length=SORT_KEY_LENGTH, default=LAST, editable=False)
    sort_status = models.CharField(max_length=20, default=LAST, editable=False)

    objects = ContactQuerySet.as_manager()

    class Meta:
        # Each serves one sort of the list: keyset paging compares (key, id) as a row.
        indexes = [
            models.Index(fields=["sort_name", "id"], name="contact_by_name"),
            models.Index(fields=["sort_email", "id"], name="contact_by_email"),
            models.Index(fields=["sort_company", "id"], name="contact_by_company"),
            models.Index(fields=["sort_status", "id"], name="contact_by_status"),
            models.Index(fields=["creation_time", "id"], name="contact_by_captured"),
            models.Index(PLACE, "id", name="contact_by_place"),  # the API's list
            models.Index(
                Coalesce("last_interacted_time", models.Value(NEVER)),
                "id",
                name="contact_by_activity",
            ),
            models.Index(
                Coalesce("next_meeting_time", models.Value(NONE_AHEAD)),
                "id",
                name="contact_by_next_meeting",
            ),
            models.Index(fields=["owner", "sort_name", "id"], name="contact_by_owner"),
            # The first page of whoever sees their own: else PostgreSQL reads fifty people's to find one's.
            models.Index(
                "owner",
                Coalesce("last_interacted_time", models.Value(NEVER)),
                "id",
                name="contact_by_owner_activity",
            ),
            # The order of the search for possible duplicates.
            models.Index(fields=["last_updated_time", "id"], name="contact_by_saved"),
        ]
        constraints = [
            models.CheckConstraint(
                name="status_is_known",
                condition=models.Q(
                    status__in=[
                        "",
                        "Qualified",
                        "Marketing qualified",
                        "Sales qualified",
                        "Disqualified",
                    ]
                ),
            )
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def place(self) -> datetime:
        """`PLACE`, of this record."""
        return self.listed_at or self.creation_time

    def listed_if_created(self, at: datetime) -> datetime | None:
        """The `listed_at` that leaves it in its place when `creation_time` becomes `at`."""
        return None if self.place == at else self.place

    @property
    def display_name(self) -> str:
        """First and last name, else the company, else an identifier: never empty on screen."""
        name = f"{self.first_name} {self.last_name}".strip()
        return name or self.email or self.mobile_phone or self.company or "No name"

    @property
    def initials(self) -> str:
        """Up to two letters for the avatar; marks of direction and the like are passed over."""
        names = [self.first_name, self.last_name]
        letters = [next((c for c in name if c.isalnum()), "") for name in names]
        first = next((c for c in self.display_name if c.isalnum()), "?")
        return ("".join(letters) or first).upper()


class Identifier(models.Model):
    """An e-mail or mobile phone that means one contact, now or formerly.

    The database, not a check before the write, guarantees one contact per identifier: `key` is
    computed once, in Python (contacts.identity), and unique per kind, former ones included.
    """

    class Kind(models.TextChoices):
        EMAIL = "email", "Email"
        MOBILE_PHONE = "mobile_phone", "Mobile phone"

    kind = models.CharField(max_length=12, choices=Kind)
    key = models.CharField(max_length=320)
    value = models.CharField(max_length=254)  # as typed, for showing
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="identifiers")
    current = models.BooleanField(default=True)
    since = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], name="one_contact_per_identifier"),
            models.UniqueConstraint(
                fields=["contact", "kind"],
                condition=models.Q(current=True),
                name="one_current_identifier_per_kind",
            ),
        ]
        ordering = ["-current", "-since"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"
