"""Asking for a mail: the row is written with its cause, a worker is told after the commit.

A message to a worker is only a hint. When it is lost, the relay asks again (letters.due), and when
there is nobody to ask, it sends.
"""

import logging

from django.db import transaction

from contacts.models import OutgoingMail, User
from contacts.tasks import send_mail

logger = logging.getLogger(__name__)


def queue(kind: OutgoingMail.Kind, user: User | None, *, about: str = "") -> None:
    """Put a mail into the outbox; for nobody (None) it costs the same and goes nowhere.

    `about` is the name of what it is about, for kinds that say it.
    """
    mail = OutgoingMail.objects.create(kind=kind, user=user, about=about[:100])
    transaction.on_commit(lambda: hint(mail.pk))


def hint(mail_id: int) -> bool:
    """Tell a worker that a mail waits; whether the broker took it. Never raises: the relay repeats a
    lost hint, and sends the mail itself while the broker is away."""
    try:
        send_mail.delay(mail_id)
    except Exception:  # whatever the broker's client raises when the broker is away
        logger.warning("mail %s waits for the relay: the broker did not answer", mail_id)
        return False
    return True
