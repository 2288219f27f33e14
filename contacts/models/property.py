"""Custom properties: what an administrator adds to the fields of a contact."""

from django.db import models
from django.utils import timezone

from contacts.models.contact import Contact
from contacts.search import SORT_KEY_LENGTH


class Property(models.Model):
    """A custom property. Archived, it disappears everywhere but its values stay.

    The values stand in `Contact.custom`, under the property's field name, as canonical text
    (contacts.cleaning); a kind is never changed, so what is stored can always be read.
    """

    class Kind(models.TextChoices):
        TEXT = "text", "Text"
        LONG_TEXT = "long_text", "Long text"
        NUMBER = "number", "Number"
        YES_NO = "yes_no", "Yes/no"
        DATE = "date", "Date"
        SELECT = "select", "Single select"
        MULTI_SELECT = "multi_select", "Multi select"

    name = models.CharField(  # the unique identifier: in the API, in imports, never changed
        max_length=50, unique=True
    )
    label = models.CharField(max_length=120)
    kind = models.CharField(max_length=12, choices=Kind)
    options = models.JSONField(default=list, blank=True)  # of the selects, in their order
    position = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position", "pk"]
        verbose_name_plural = "properties"

    def __str__(self) -> str:
        return self.label


class PropertyKey(models.Model):
    """How a contact sorts and is filtered by one property: derived at every write, like the
    sort columns of Contact (contacts.property_keys).

    One row that `sorts` a value; of a multi select, one more row for each chosen option.
    """

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="property_keys")
    property = models.ForeignKey(Property, models.CASCADE, related_name="+")
    sorts = models.BooleanField(default=True)
    key = models.CharField(max_length=SORT_KEY_LENGTH)

    class Meta:
        indexes = [
            models.Index(fields=["property", "sorts", "key", "contact"], name="contact_by_property")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "property"],
                condition=models.Q(sorts=True),
                name="one_sort_key_per_property",
            )
        ]

    def __str__(self) -> str:
        return f"key of property {self.property_id}"
