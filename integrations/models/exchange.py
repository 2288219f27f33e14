"""The account's own Exchange Server, where it has one."""

from typing import Self

from django.db import models
from django.utils import timezone


class ExchangeServer(models.Model):
    """Where it is and how people sign in there. One row; off until an administrator turns it on."""

    class SignIn(models.TextChoices):
        NTLM = "ntlm", "NTLM"
        BASIC = "basic", "Basic"

    url = models.CharField(max_length=300, blank=True, default="")  # of Exchange.asmx
    sign_in = models.CharField(max_length=5, choices=SignIn, default=SignIn.NTLM)
    active = models.BooleanField(default=False)
    changed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return "Exchange Server"

    @classmethod
    def load(cls) -> Self:
        """The row; as it is before anybody has set it where there is none."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)
