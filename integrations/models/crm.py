"""What Kith knows of a connected CRM: its fields and how they are filled, and what a person must decide."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from contacts.models import Contact
from integrations.models.connections import Connection
from integrations.models.deliveries import Delivery


class CrmAccount(models.Model):
    """The account behind a connection: its fields as they were read last, and the mapping."""

    connection = models.OneToOneField(Connection, models.CASCADE, related_name="crm")
    #: [{"field", "remote", "overwrite", "fallback"}], see integrations.crm.mapping.
    rules = models.JSONField(default=list, blank=True)
    version = models.PositiveIntegerField(default=1)  # of the mapping: of two who save, one is told
    #: The kind of new records, of a vendor that has several (Vendor.kinds); "" is the first.
    record_kind = models.CharField(max_length=40, blank=True, default="")
    log_meetings = models.BooleanField(default=True)
    remote_fields = models.JSONField(default=list, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)  # the fields; None: never yet
    next_at = models.DateTimeField(default=timezone.now)  # when they are read again
    trouble = models.CharField(max_length=500, blank=True, default="")  # why they could not be
    zone = models.CharField(max_length=64, default="UTC")  # whose midnight ends the vendor's day

    class Meta:
        indexes = [models.Index(fields=["next_at"], name="crm_accounts_due")]

    def __str__(self) -> str:
        return f"account of connection {self.connection_id}"


class CrmConflict(models.Model):
    """Records of a CRM between which a person has to choose, as they were when it was found.

    It goes with the contact, and when the choice has been carried out.
    """

    class Choice(models.TextChoices):
        NONE = "", "Not yet"
        LINK = "link", "Link to one of them"
        LEAVE = "leave", "Leave them as they are"
        MERGE = "merge", "Merge them there"

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="conflicts")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="crm_conflicts")
    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="conflicts")
    words = models.CharField(max_length=500)
    #: [{"id", "kind", "values", "emails", "url", "modified"}]; the linked one, if any, comes first.
    records = models.JSONField(default=list)
    linked = models.CharField(max_length=255, blank=True, default="")  # the record that is ours
    taken = models.JSONField(default=list, blank=True)  # records that are other contacts' here
    found_at = models.DateTimeField(default=timezone.now)
    choice = models.CharField(max_length=5, choices=Choice, blank=True, default=Choice.NONE)
    chosen = models.CharField(max_length=255, blank=True, default="")  # a record's id
    chosen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"conflict of delivery {self.delivery_id}"
