"""Which Zaps want to be told of what."""

from typing import Self

from django.db import models
from django.utils import timezone

from contacts.models import ApiKey
from integrations.models.ids import new_hook_id


class ZapierHookQuerySet(models.QuerySet["ZapierHook"]):
    def live(self) -> Self:
        """Those that are told of new events. A revoked key ends what was subscribed with it."""
        return self.filter(ended_at=None, off_reason="", api_key__revoked_at=None)


class ZapierHook(models.Model):
    """One trigger of one Zap that is turned on; Zapier subscribes it and unsubscribes it.

    Only the path of its address is stored: where it leads to is the operator's setting.
    """

    public_id = models.CharField(max_length=20, unique=True, default=new_hook_id)
    api_key = models.ForeignKey(ApiKey, models.PROTECT, related_name="+")
    event = models.CharField(max_length=40)  # integrations.zapier.triggers.TRIGGERS
    path = models.CharField(max_length=500)  # with its query, as Zapier gave it
    off_reason = models.CharField(max_length=300, blank=True, default="")  # failed for days
    #: Somebody has disconnected it here: Zapier is still to be told, then the row goes.
    ended_at = models.DateTimeField(null=True, blank=True)
    creation_time = models.DateTimeField(default=timezone.now)

    objects = ZapierHookQuerySet.as_manager()

    class Meta:
        ordering = ["-creation_time", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["api_key", "event", "path"], name="each_zap_is_subscribed_once"
            )
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def target(self) -> str:
        return f"zapier {self.pk}"

    @property
    def gate(self) -> str:
        """One for each hook: a Zap that does not answer holds up no other."""
        return f"zapier {self.pk}"
