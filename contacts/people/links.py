"""Links that let somebody in by mail: an invitation (7 days) and a password reset (1 hour).

A link is signed and names the state of the user it was made for, so it works once: setting the
password, signing in, a new e-mail or another invitation make it void. Nothing of it is stored.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from contacts.models import User

INVITATION_LASTS = timedelta(days=7)
RESET_LASTS = timedelta(hours=1)
_INVITATION, _RESET = "kith.invitation", "kith.reset"


def invitation_link(person: User) -> str:
    """The whole address to send or to copy."""
    return settings.PUBLIC_URL + reverse("invitation", args=[_token(person, _INVITATION)])


def reset_link(person: User) -> str:
    """The whole address; its hour begins now."""
    return settings.PUBLIC_URL + reverse("password_reset", args=[_token(person, _RESET)])


def invitation_ends(person: User) -> datetime | None:
    """Until when the invitation works; None when nobody is invited."""
    return person.invited_at + INVITATION_LASTS if person.invited_at else None


def find_invited(token: str, *, lock: bool = False) -> User | None:
    """Whom the invitation is for; None when it is over, used, or made up."""
    person = _find(token, _INVITATION, None, lock)
    ends = invitation_ends(person) if person else None
    return person if ends and ends > timezone.now() else None


def find_resetting(token: str, *, lock: bool = False) -> User | None:
    """Whose password the link sets; None when it is over, used, or made up."""
    person = _find(token, _RESET, RESET_LASTS, lock)
    return person if person and person.is_active else None


def _token(person: User, purpose: str) -> str:
    return signing.dumps([person.pk, _print(person, purpose)], salt=purpose)


def _print(person: User, purpose: str) -> str:
    moments = [at.timestamp() if at else 0 for at in (person.last_login, person.invited_at)]
    state = [person.pk, person.password, person.email, person.session_epoch, person.is_active]
    return salted_hmac(purpose, repr(state + moments), algorithm="sha256").hexdigest()[:32]


def _find(token: str, purpose: str, lasts: timedelta | None, lock: bool) -> User | None:
    try:
        pk, made_for = signing.loads(token, salt=purpose, max_age=lasts)
    except signing.BadSignature:
        return None
    people = User.objects.select_for_update() if lock else User.objects
    person = people.filter(pk=pk).first()
    if person is None or not constant_time_compare(made_for, _print(person, purpose)):
        return None
    return person
