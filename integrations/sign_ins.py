"""The tokens of a connection: read, renewed by one worker at a time, kept encrypted.

No lock is held while the vendor is asked. A guarded update gives one worker the right to renew for a
quarter of a minute; the others wait for what it brings. `version` counts renewals and connects, so
that a late answer never overwrites what came after it. A worker that dies has its right run out.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from contacts import vault
from integrations import oauth
from integrations.connectors.base import Misconfigured, ReconnectRequired, RetryableError
from integrations.models import Connection
from integrations.oauth import Grant, Provider

EARLY = timedelta(seconds=120)  # before an access token runs out it is renewed
RIGHT = timedelta(seconds=15)  # to renew; longer than oauth.DEADLINE
LOOKS_EVERY = 0.1  # seconds
WAITED = "The sign-in is being renewed."
UNREADABLE = "The stored sign-in cannot be read with the present SECRET_KEY."
HELD = "It waits for somebody to sign in again."
ANOTHER = "The sign-in is for another account now."


class ConnectionSignIn:
    """A SignIn of one connection (connectors.calling.SignIn)."""

    def __init__(
        self, pk: int, provider: Provider | None, *, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        """Without a provider its token was given by hand: it is good, or a person gives another."""
        self.pk = pk
        self.provider = provider
        self.sleep = sleep
        self.instance = ""

    def token(self) -> str:
        """An access token for the next minutes; renewed first where it runs out."""
        connection = self._read()
        access, _ = _tokens(connection)
        lasts = connection.expires_at is None or connection.expires_at > timezone.now() + EARLY
        return access if access and lasts else self._renew(connection)

    def renewed(self, refused: str) -> str:
        """Another one than `refused`: perhaps somebody has renewed it already."""
        connection = self._read()
        access, _ = _tokens(connection)
        return access if access and access != refused else self._renew(connection)

    def _read(self) -> Connection:
        """Raises ReconnectRequired where it waits for a person, or is no longer connected."""
        found = Connection.objects.filter(pk=self.pk, state=Connection.State.CONNECTED).first()
        if found is None:
            raise ReconnectRequired(HELD)
        self.instance = found.options.get("instance_url", "")
        return found

    def _renew(self, connection: Connection) -> str:
        ends = time.monotonic() + RIGHT.total_seconds()
        version = connection.version
        while not self._claim(version):
            if time.monotonic() > ends:
                raise RetryableError(WAITED, 5.0)
            self.sleep(LOOKS_EVERY)
            connection = self._read()
            if connection.version != version:
                return _tokens(connection)[0]
        return self._ask(connection, version)

    def _claim(self, version: int) -> bool:
        now = timezone.now()
        free = Q(renewing_until=None) | Q(renewing_until__lt=now)
        mine = self._rows(version).filter(free, state=Connection.State.CONNECTED)
        return bool(mine.update(renewing_until=now + RIGHT))

    def _ask(self, connection: Connection, version: int) -> str:
        _, refresh = _tokens(connection)
        try:
            grant = _refreshed(self.provider, refresh)
            if connection.user_id is None and grant.account not in {
                "",
                connection.external_account,
            }:
                raise ReconnectRequired(ANOTHER)
        except Exception:
            self._rows(version).update(renewing_until=None)
            if self._read().version != version:  # somebody has signed in again meanwhile
                return self.token()
            raise
        if not self._rows(version).update(**columns_of(grant), version=F("version") + 1):
            return self.token()
        self.instance = grant.instance or self.instance
        return grant.access

    def _rows(self, version: int) -> QuerySet[Connection]:
        return Connection.objects.filter(pk=self.pk, version=version)


def _refreshed(provider: Provider | None, refresh: str) -> Grant:
    if provider is None:
        raise ReconnectRequired(oauth.REFUSED)
    return oauth.refresh(provider, refresh)


def _tokens(connection: Connection) -> tuple[str, str]:
    try:
        return connection.tokens()
    except vault.Unreadable:
        raise Misconfigured(UNREADABLE) from None


def columns_of(grant: Grant) -> dict[str, object]:
    """A grant as a connection stores it: sealed. Without a new refresh token the old one stays."""
    sealed = Connection()
    sealed.set_tokens(access=grant.access, refresh=grant.refresh)
    kept: dict[str, object] = {"refresh_token": sealed.refresh_token} if grant.refresh else {}
    if grant.instance:
        kept["options"] = {"instance_url": grant.instance}
    return {
        "access_token": sealed.access_token,
        **kept,
        "expires_at": expiry(grant),
        "scopes": list(grant.scopes),
        "renewing_until": None,
    }


def expiry(grant: Grant) -> datetime | None:
    """None where a token lasts until it is refused."""
    if grant.expires_in is None:
        return None
    return timezone.now() + timedelta(seconds=grant.expires_in)
