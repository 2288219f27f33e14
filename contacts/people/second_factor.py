"""The second factor: a code of an app (TOTP, by django-otp), and ten recovery codes.

Recovery codes are stored as digests. The app's secret makes the codes, so it is stored encrypted.
"""

import hashlib
import re
import secrets
from base64 import b32encode
from binascii import unhexlify
from dataclasses import dataclass

from django.core import signing
from django.db import transaction
from django.utils import timezone
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp.util import random_hex

from contacts import history, vault
from contacts.models import AuthenticatorApp, OutgoingMail, Source, User
from contacts.people import outbox
from contacts.people.rules import OwnAccess, lock_person
from contacts.retrying import retrying
from contacts.signals import Actor

CODES = 10
#: Without 0, 1, i, l, o and u: a code is read from paper.
ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"
CODE_LENGTH = 12  # 59 bits
SETUP_LASTS = 60 * 60  # seconds
_SALT = "kith.second-factor"


class AlreadyOn(Exception):
    """The user has a second factor."""


class WrongCode(Exception):
    """The code is not the app's, or was used already."""


class SetupOver(Exception):
    """The set-up page is too old, or somebody else's."""


@dataclass(frozen=True)
class Setup:
    """A new secret, shown and not stored before a code of it has come back."""

    sealed: str  # the secret, signed for this user; comes back with the form
    uri: str  # what the QR code says
    typed: str  # the secret to type, in groups of four


def new_setup(user: User) -> Setup:
    return _setup(user, random_hex(20))


def same_setup(user: User, sealed: str) -> Setup:
    """The set-up that a form has brought back. Raises SetupOver."""
    return _setup(user, _unseal(user, sealed))


@retrying
@transaction.atomic
def set_up(*, user: User, sealed: str, code: str) -> tuple[Device, list[str]]:
    """Turn the second factor on; the user's device and the recovery codes, told this once.

    Every other session ends. Raises AlreadyOn, SetupOver, WrongCode.
    """
    person = User.objects.select_for_update().get(pk=user.pk)
    if person.second_factor_since:
        raise AlreadyOn
    secret = vault.seal(_unseal(user, sealed), purpose=AuthenticatorApp.PURPOSE)
    device = AuthenticatorApp.objects.create(user=person, name="App", secret=secret)
    if not device.verify_token(_digits(code)):
        raise WrongCode
    person.second_factor_since = timezone.now()
    person.session_epoch += 1
    person.save(update_fields=["second_factor_since", "session_epoch"])
    codes = _make_codes(person)
    history.audit(Actor(person, Source.PERSON), "person.second_factor_on", str(person.pk))
    return device, codes


@retrying
@transaction.atomic
def accept_code(*, user: User, code: str) -> Device:
    """The device whose code this is; each code is accepted once. Raises WrongCode."""
    model, text = (
        (AuthenticatorApp, _digits(code)) if _digits(code) else (StaticDevice, _digest(user, code))
    )
    device = model.objects.select_for_update().filter(user=user, confirmed=True).first()
    if device is None or not device.verify_token(text):
        raise WrongCode
    if model is StaticDevice:
        history.audit(Actor(user, Source.PERSON), "person.recovery_code_used", str(user.pk))
    return device


@retrying
@transaction.atomic
def new_codes(*, user: User) -> list[str]:
    """Ten new recovery codes, told this once; the earlier ones are void."""
    person = User.objects.select_for_update().get(pk=user.pk)
    history.audit(Actor(person, Source.PERSON), "person.recovery_codes_made", str(person.pk))
    return _make_codes(person)


def codes_left(user: User) -> int:
    return StaticToken.objects.filter(device__user=user).count()


@retrying
@transaction.atomic
def turn_off(*, user: User) -> User:
    """Remove one's own second factor; every other session ends."""
    person = User.objects.select_for_update().get(pk=user.pk)
    _remove(person, Actor(person, Source.PERSON), "person.second_factor_off")
    return person


@retrying
@transaction.atomic
def reset(*, actor: Actor, person_id: int) -> None:
    """Remove a person's second factor, for who has lost it; every session of theirs ends.

    Raises PersonGone, NotAllowed, and OwnAccess: one's own takes the password (turn_off).
    """
    person = lock_person(person_id, actor)
    if actor.user is not None and actor.user.pk == person.pk:
        raise OwnAccess
    if person.second_factor_since:
        _remove(person, actor, "person.second_factor_reset")


def _remove(person: User, actor: Actor, action: str) -> None:
    for model in (AuthenticatorApp, StaticDevice):
        model.objects.filter(user=person).delete()
    person.second_factor_since = None
    person.session_epoch += 1
    person.save(update_fields=["second_factor_since", "session_epoch"])
    history.audit(actor, action, str(person.pk))
    outbox.queue(OutgoingMail.Kind.SECOND_FACTOR_OFF, person)


def _setup(user: User, key: str) -> Setup:
    typed = b32encode(unhexlify(key)).decode()
    return Setup(
        sealed=signing.dumps([user.pk, key], salt=_SALT),
        uri=TOTPDevice(user=user, key=key).config_url,
        typed=" ".join(re.findall(".{1,4}", typed)),
    )


def _unseal(user: User, sealed: str) -> str:
    try:
        pk, key = signing.loads(sealed, salt=_SALT, max_age=SETUP_LASTS)
    except signing.BadSignature:
        raise SetupOver from None
    if pk != user.pk:
        raise SetupOver
    return str(key)


def _make_codes(person: User) -> list[str]:
    StaticDevice.objects.filter(user=person).delete()
    device = StaticDevice.objects.create(user=person, name="Recovery codes")
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH)) for _ in range(CODES)]
    StaticToken.objects.bulk_create(
        [StaticToken(device=device, token=_digest(person, code)) for code in codes]
    )
    return ["-".join(re.findall(".{4}", code)) for code in codes]


def _digits(code: str) -> str:
    """A code of the app as typed, blanks left out; empty when it is not one."""
    text = re.sub(r"[\s-]", "", code)
    return text if re.fullmatch(r"[0-9]{6}", text) else ""


def _digest(user: User, code: str) -> str:
    """What is stored of a recovery code: 80 bits, in the 16 characters that the library keeps."""
    text = re.sub(r"[\s-]", "", code).lower()
    return b32encode(hashlib.sha256(f"{user.pk}:{text}".encode()).digest())[:16].decode()
