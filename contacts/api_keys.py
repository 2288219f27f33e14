"""Making, finding and revoking the keys of the HTTP API.

A key acts with the rights of an administrator: it sees every contact. It belongs to the account,
not to whoever made it, so it goes on working when they leave; it ends by being revoked.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from contacts import history
from contacts.access import Role
from contacts.identity import InvalidValue
from contacts.models import Account, ApiKey, Contact, Source, User
from contacts.models.contact import ContactQuerySet
from contacts.retrying import retrying
from contacts.signals import Actor

MOST = 25  # active keys
NAME_LENGTH = 60
PREFIX = "kith_"
USED_EVERY = timedelta(minutes=1)  # how exact "last used" is
TOO_MANY = f"There are {MOST} active keys, which is as many as there can be. Revoke one first"

#: The key and the account's first owner in one statement: it is asked with every request, and Django
#: would take longer to put it together than the database to answer it.
_HOLDER = """
    SELECT k.*, u.id AS owner_id, u.email AS owner_email
    FROM contacts_apikey k
    LEFT JOIN contacts_user u ON u.id = (
        SELECT MIN(o.id) FROM contacts_user o
        WHERE o.is_active AND (o.is_superuser OR EXISTS (
            SELECT 1 FROM contacts_user_groups m JOIN auth_group g ON g.id = m.group_id
            WHERE m.user_id = o.id AND g.name = %s)))
    WHERE k.digest = %s AND k.revoked_at IS NULL
"""


@dataclass(frozen=True)
class Holder:
    """Whoever sent a key: what it may see, and as whom it changes things."""

    key: ApiKey
    owner_id: int  # the Account Owner, who owns what the API makes unless it says otherwise
    email: str

    @property
    def user(self) -> User:
        """Whom its reading is for. Not the row: only what visibility asks."""
        return User(pk=self.owner_id, email=self.email, is_active=True, is_superuser=True)

    @property
    def contacts(self) -> ContactQuerySet:
        """What every endpoint starts from."""
        return Contact.objects.visible_to(self.user)

    @property
    def actor(self) -> Actor:
        return Actor(None, Source.API_KEY, api_key=self.key)


def create_key(*, name: str, actor: Actor) -> tuple[ApiKey, str]:
    """The new key's row and the key itself, which nobody can read again.

    Raises InvalidValue for the name, and for a key too many.
    """
    given = " ".join(name.split())
    if not given or not given.isprintable():
        raise InvalidValue("Enter a name")
    if len(given) > NAME_LENGTH:
        raise InvalidValue(f"Too long: {len(given):,} characters, at most {NAME_LENGTH}")
    key = PREFIX + secrets.token_urlsafe(32)
    return _save(given, key, actor), key


@retrying
@transaction.atomic
def _save(name: str, key: str, actor: Actor) -> ApiKey:
    account = Account.load()  # so that two at the same moment are counted one after the other
    Account.objects.select_for_update().get(pk=account.pk)
    if active_keys().count() >= MOST:
        raise InvalidValue(TOO_MANY)
    if active_keys().filter(name__iexact=name).exists():
        raise InvalidValue("An active key has this name already")
    row = ApiKey.objects.create(
        name=name, digest=_digest(key), ending=key[-4:], created_by=actor.user
    )
    history.audit(actor, "api_key.created", row.public_id)
    return row


@transaction.atomic
def revoke_key(*, key: ApiKey, actor: Actor) -> bool:
    """End it: the next request with it is refused. False when it was revoked already."""
    revoked = active_keys().filter(pk=key.pk).update(revoked_at=timezone.now())
    if revoked:
        history.audit(actor, "api_key.revoked", key.public_id)
    return bool(revoked)


def active_keys() -> QuerySet[ApiKey]:
    return ApiKey.objects.filter(revoked_at=None)


def holder_of(key: str) -> Holder | None:
    """Who this key is of; None for anything that is not an active key. One query."""
    if not key or len(key) > 200:
        return None
    for row in ApiKey.objects.raw(_HOLDER, [Role.OWNER.value, _digest(key)]):
        owner_id, email = vars(row)["owner_id"], vars(row)["owner_email"]
        if owner_id is None:
            return None  # an account without an owner has nobody to act for
        _note_use(row)
        return Holder(row, owner_id, email)
    return None


def _note_use(row: ApiKey) -> None:
    now = timezone.now()
    if row.last_used_at is None or now - row.last_used_at >= USED_EVERY:
        before = Q(last_used_at=None) | Q(last_used_at__lt=now - USED_EVERY)
        ApiKey.objects.filter(before, pk=row.pk).update(last_used_at=now)


def _digest(key: str) -> str:
    """256 random bits need no slow hash: there is nothing to guess."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
