"""Sending what is in the outbox: taken, written now, sent with no transaction open, settled.

At least once: a worker that dies between sending and settling sends again.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.mail import EmailMessage
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import timezone

from contacts.models import Account, OutgoingMail, User
from contacts.people import links

logger = logging.getLogger(__name__)
Kind, State = OutgoingMail.Kind, OutgoingMail.State
ATTEMPTS = 10  # within about five hours
FIRST_RETRY, LONGEST_RETRY = timedelta(seconds=30), timedelta(hours=1)
KEEP_FOR = timedelta(days=30)
SUBJECTS = {
    Kind.INVITATION: "Your invitation to {account}",
    Kind.PASSWORD_RESET: "Set a new password for {account}",
    Kind.PASSWORD_CHANGED: "Your password for {account} was changed",
    Kind.SECOND_FACTOR_OFF: "Your second factor for {account} was turned off",
    Kind.RECONNECT: "{about} waits for somebody to sign in: {account}",
    Kind.WEBHOOK_OFF: "The webhook {about} was switched off: {account}",
    Kind.WEBHOOK_GONE: "The webhook {about} was deleted: {account}",
}
#: Later apps add theirs from `AppConfig.ready`.
LINKS: dict[str, Callable[[User], str]] = {
    Kind.INVITATION: links.invitation_link,
    Kind.PASSWORD_RESET: links.reset_link,
}
#: What mails about something say, their subject among it; None where it is no longer so.
DETAILS: dict[str, Callable[[OutgoingMail], dict[str, Any] | None]] = {}


def due() -> list[int]:
    """Mails that wait for a worker: what the relay asks for again."""
    waiting = OutgoingMail.objects.filter(state=State.WAITING, next_at__lte=timezone.now())
    return list(waiting.order_by("next_at").values_list("pk", flat=True)[:100])


def deliver(mail_id: int) -> None:
    """Send one mail, if it waits and nobody else sends it. Safe to call any number of times."""
    mail = _claim(mail_id)
    if mail is None:
        return
    if mail.user is None:
        mail.delete()
    elif not _still_wanted(mail, mail.user):
        _settle(mail, state=State.DROPPED)
    elif mail.attempts > ATTEMPTS:
        logger.error("mail %s given up after %s attempts", mail.pk, ATTEMPTS)
        _settle(mail, state=State.FAILED)
    else:
        _send(mail, mail.user)


def prune() -> None:
    """Forget what was sent or given up long ago."""
    done = OutgoingMail.objects.exclude(state=State.WAITING)
    done.filter(created_at__lt=timezone.now() - KEEP_FOR).delete()


def _claim(mail_id: int) -> OutgoingMail | None:
    """Take the mail; should this worker die, it is due again at `next_at`."""
    now = timezone.now()
    mail = OutgoingMail.objects.select_related("user").filter(pk=mail_id).first()
    if mail is None:
        return None
    mail.attempts += 1
    mail.next_at = now + min(FIRST_RETRY * 2 ** min(mail.attempts - 1, 10), LONGEST_RETRY)
    taken = OutgoingMail.objects.filter(
        pk=mail_id, state=State.WAITING, next_at__lte=now, attempts=mail.attempts - 1
    ).update(attempts=F("attempts") + 1, next_at=mail.next_at)
    return mail if taken else None


def _still_wanted(mail: OutgoingMail, user: User) -> bool:
    if mail.kind == Kind.INVITATION:
        return user.state == User.State.INVITED
    if mail.kind == Kind.PASSWORD_RESET:
        fresh = mail.created_at > timezone.now() - links.RESET_LASTS
        return fresh and user.is_active
    if mail.kind in DETAILS:
        return user.is_active and DETAILS[mail.kind](mail) is not None
    return True


def _send(mail: OutgoingMail, user: User) -> None:
    try:
        compose(mail, user).send()
    except Exception as error:  # of the mail server, the network, or the disk
        # Its text would name the address.
        logger.warning(
            "mail %s not sent, attempt %s: %s", mail.pk, mail.attempts, type(error).__name__
        )
    else:
        _settle(mail, state=State.SENT, sent_at=timezone.now())


def compose(mail: OutgoingMail, user: User) -> EmailMessage:
    """The mail as it would be sent now."""
    kind, account = Kind(mail.kind), Account.load()
    name = " ".join(account.name.split())  # a header is one line
    link = LINKS[kind](user) if kind in LINKS else ""
    about = " ".join(mail.about.split()) or "A connection"
    context = {"person": user, "account": name, "link": link, "about": about, "at": timezone.now()}
    context |= (DETAILS[kind](mail) or {}) if kind in DETAILS else {}
    body = render_to_string(f"mail/{kind.value}.txt", context)
    subject = str(
        context.get("subject") or SUBJECTS.get(kind, name).format(account=name, about=about)
    )
    return EmailMessage(subject, body, to=[user.email])


def _settle(mail: OutgoingMail, **columns: object) -> None:
    mine = OutgoingMail.objects.filter(pk=mail.pk, state=State.WAITING, attempts=mail.attempts)
    mine.update(**columns)
