"""Passwords: what is accepted, changing one's own, and setting one by a link."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F

from contacts import history
from contacts.models import OutgoingMail, Source, User
from contacts.people import links, outbox
from contacts.retrying import retrying
from contacts.signals import Actor

LONGEST = 1000


class WrongPassword(Exception):
    """The present password was not right."""


class ResetOver(Exception):
    """The link has expired, was used, or never was one."""


def check_password_rules(password: str, person: User) -> None:
    """Raises ValidationError with every reason why the password is refused."""
    if len(password) > LONGEST:
        raise ValidationError(f"This password is too long. It may have {LONGEST} characters.")
    validate_password(password, person)


@retrying
@transaction.atomic
def change_password(*, user: User, present: str, new: str) -> User:
    """Change one's own password; every other session ends.

    The caller keeps the present session (update_session_auth_hash). Raises WrongPassword, and
    ValidationError when the new one is refused.
    """
    person = User.objects.select_for_update().get(pk=user.pk)
    if not person.check_password(present):
        raise WrongPassword
    _set(person, new, "person.password_changed")
    return person


@retrying
@transaction.atomic
def reset_password(*, token: str, new: str) -> User:
    """Set a password by the link that was mailed; every session ends.

    Raises ResetOver, and ValidationError when the password is refused.
    """
    person = links.find_resetting(token, lock=True)
    if person is None:
        raise ResetOver
    _set(person, new, "person.password_reset")
    return person


def request_reset(email: str) -> None:
    """Mail a link to whoever has this e-mail, if anybody has. The same work either way."""
    active = User.objects.filter(email__iexact=email, is_active=True)
    with transaction.atomic():
        outbox.queue(OutgoingMail.Kind.PASSWORD_RESET, active.order_by("pk").first())


@retrying
@transaction.atomic
def end_sessions(*, user: User) -> User:
    """End every session of the user; the caller may keep its own (update_session_auth_hash)."""
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)
    history.audit(Actor(user, Source.PERSON), "person.sessions_ended", str(user.pk))
    return User.objects.get(pk=user.pk)


def _set(person: User, password: str, action: str) -> None:
    check_password_rules(password, person)
    person.set_password(password)
    person.session_epoch += 1
    person.save(update_fields=["password", "session_epoch"])
    history.audit(Actor(person, Source.PERSON), action, str(person.pk))
    outbox.queue(OutgoingMail.Kind.PASSWORD_CHANGED, person)
