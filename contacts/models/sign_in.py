"""Getting in: the app that makes a user's codes, and how often somebody tried.

No counter says who tried: its key is a keyed digest.
"""

import logging
import time
from binascii import unhexlify

from django.conf import settings
from django.db import models
from django.utils import timezone
from django_otp.models import Device
from django_otp.oath import TOTP

from contacts import vault

logger = logging.getLogger(__name__)


class AuthenticatorApp(Device):
    """The app that makes a user's codes (TOTP, RFC 6238: SHA-1, six digits, 30 seconds)."""

    PURPOSE = "second factor"
    TOLERANCE = 1  # steps that its clock may be off

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    secret = models.TextField()  # encrypted (contacts.vault); within, hexadecimal digits
    last_t = models.BigIntegerField(default=-1)  # the step of the last code; later ones count
    drift = models.SmallIntegerField(default=0)  # steps that its clock was off the last time

    def __str__(self) -> str:
        return f"App {self.pk}"

    def verify_token(self, token: str) -> bool:
        """Whether it is the code of now; each is accepted once. The caller holds the row."""
        try:
            key = unhexlify(vault.unseal(self.secret, purpose=self.PURPOSE))
        except vault.Unreadable:
            logger.error("app %s: neither SECRET_KEY nor a fallback reads its secret", self.pk)
            return False
        totp = TOTP(key, drift=self.drift)
        totp.time = time.time()
        if not token.isdecimal() or not totp.verify(int(token), self.TOLERANCE, self.last_t + 1):
            return False
        self.last_t, self.drift = totp.t(), totp.drift
        self.save(update_fields=["last_t", "drift"])
        return True


class SignInCounter(models.Model):
    """Wrong tries of one kind (password, code, reset) by one user, address, or pair of both."""

    kind = models.CharField(max_length=12)
    scope = models.CharField(max_length=8)  # "pair", "user", "address"
    key = models.CharField(max_length=64)
    tries = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(default=timezone.now, db_index=True)
    wait_until = models.DateTimeField(null=True, blank=True)
    #: Of a pair: the user has signed in from this address, and until when that counts.
    known_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "scope", "key"], name="one_counter_per_key")
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.scope} {self.pk}"
