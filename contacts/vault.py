"""Secrets that have to be read again, encrypted where they are stored.

For what a digest cannot do: the secret that makes an app's codes, and tokens of other systems. The
key is derived from SECRET_KEY, for each purpose another one. What an earlier key has written is read
as long as that key is among SECRET_KEY_FALLBACKS, and the relay writes it anew with the present one.
"""

from base64 import urlsafe_b64encode
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db.models import Model

_SALT = b"kith.vault"


class Unreadable(ValueError):
    """No key of this installation has written it, or not for this purpose."""


@dataclass(frozen=True)
class Column:
    """Where sealed texts are stored; a blank one is none."""

    model: type[Model]
    name: str
    purpose: str


@dataclass(frozen=True)
class Renewal:
    """What became of the sealed texts, in counts."""

    renewed: int = 0
    unreadable: int = 0  # no key reads them


_columns: list[Column] = []


def register(model: type[Model], name: str, *, purpose: str) -> None:
    """Have a column kept up when the key changes."""
    _columns.append(Column(model, name, purpose))


def seal(text: str, *, purpose: str) -> str:
    """The text as it may be stored, about 100 characters and a third of its length more."""
    return _fernet(settings.SECRET_KEY, purpose).encrypt(text.encode()).decode()


def unseal(sealed: str, *, purpose: str) -> str:
    """The text again. Raises Unreadable."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    try:
        return MultiFernet([_fernet(key, purpose) for key in keys]).decrypt(sealed).decode()
    except (InvalidToken, ValueError):  # ValueError: not even letters of such a text
        raise Unreadable from None


def renew() -> Renewal:
    """Seal with the present key whatever an earlier one has sealed. Safe at any time."""
    renewed = unreadable = 0
    for column in _columns:
        rows = column.model._default_manager.exclude(**{column.name: ""})
        for pk, sealed in rows.values_list("pk", column.name).iterator():
            if _is_of_now(sealed, column.purpose):
                continue
            try:
                fresh = seal(unseal(sealed, purpose=column.purpose), purpose=column.purpose)
            except Unreadable:
                unreadable += 1
                continue
            # Only what was read: it may have been replaced at this moment.
            same = column.model._default_manager.filter(pk=pk, **{column.name: sealed})
            renewed += same.update(**{column.name: fresh})
    return Renewal(renewed, unreadable)


def renew_during_rotation() -> None:
    """A step of the relay: there is something to do only while an earlier key is named."""
    if settings.SECRET_KEY_FALLBACKS:
        renew()


def _is_of_now(sealed: str, purpose: str) -> bool:
    try:
        _fernet(settings.SECRET_KEY, purpose).decrypt(sealed)
    except (InvalidToken, ValueError):
        return False
    return True


def _fernet(secret: str, purpose: str) -> Fernet:
    key = HKDF(algorithm=SHA256(), length=32, salt=_SALT, info=purpose.encode())
    return Fernet(urlsafe_b64encode(key.derive(secret.encode())))
