"""Who wants to be told of events, and where."""

from django.db import models
from django.utils import timezone

from contacts import vault
from integrations.models.ids import new_webhook_id


class WebhookSubscription(models.Model):
    """An address of somebody else's that gets the events it asked for, signed.

    Paused by a person or disabled because it failed for days, it gets no new ones; those that wait
    already wait on.
    """

    PURPOSE = "webhook"

    public_id = models.CharField(max_length=20, unique=True, default=new_webhook_id)
    name = models.CharField(max_length=100, unique=True)
    url = models.CharField(max_length=2000)
    events = models.JSONField(default=list)  # types and families
    secret = models.TextField()  # encrypted; within, 32 hexadecimal digits
    #: After a rotation the earlier secret signs as well, until then.
    earlier_secret = models.TextField(blank=True, default="")
    earlier_until = models.DateTimeField(null=True, blank=True)
    active = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=300, blank=True, default="")  # not by a person
    creation_time = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def gate(self) -> str:
        return f"webhook {self.pk}"

    @property
    def target(self) -> str:
        return f"webhook {self.pk}"

    def secrets(self) -> list[str]:
        """Those that sign now, the present one first. Raises vault.Unreadable."""
        sealed = [self.secret]
        if self.earlier_secret and self.earlier_until and self.earlier_until > timezone.now():
            sealed.append(self.earlier_secret)
        return [vault.unseal(text, purpose=self.PURPOSE) for text in sealed]

    def wants(self, event_type: str) -> bool:
        """Whether it subscribed to this type, or to its family ("contact")."""
        return event_type in self.events or event_type.partition(".")[0] in self.events
