"""The organisation's CRM connected, connected again, and disconnected. Administrators only."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from contacts import history, vault
from contacts.models import User
from contacts.signals import Actor
from integrations import connections
from integrations.connectors.base import ReconnectRequired
from integrations.crm import accounts
from integrations.crm.vendors import Vendor
from integrations.models import Connection, CrmAccount
from integrations.oauth import Grant
from integrations.outbox import limits
from integrations.sign_ins import columns_of

State = Connection.State


class NotAllowed(Exception):
    """The person has left out what Kith cannot do without; nothing was stored."""

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__("scopes are missing")
        self.missing = missing


class AnotherAccount(Exception):
    """It is for another account than the one that is connected."""


class GivenToken:
    """A SignIn that has one token: to ask whose it is, before anything is stored."""

    def __init__(self, token: str, instance: str = "") -> None:
        self._token, self.instance = token, instance

    def token(self) -> str:
        return self._token

    def renewed(self, refused: str) -> str:
        raise ReconnectRequired("It was refused.")


def own(vendor: Vendor) -> Connection | None:
    """The account of this vendor that is connected, or waits for somebody."""
    rows = Connection.objects.filter(vendor=vendor.kind, user=None)
    return rows.exclude(state=State.DISCONNECTED).first()


def details_of(vendor: Vendor, token: str, instance: str = "") -> tuple[str, str]:
    """Whose a token is: the account's id and time zone, told by the vendor. Raises its errors."""
    connector = vendor.connector(vendor.config, GivenToken(token, instance), CrmAccount())
    return connector.account_details()


def connect(*, vendor: Vendor, grant: Grant, zone: str, user: User) -> Connection:
    """Store what was allowed. Raises NotAllowed, AnotherAccount."""
    provider = vendor.provider
    if provider is not None and (missing := grant.missing(provider)):
        raise NotAllowed(missing)
    return _store(vendor, grant.account, zone, columns_of(grant), user)


def paste(*, vendor: Vendor, token: str, account: str, zone: str, user: User) -> Connection:
    """Store a token that somebody has made at the vendor; it does not run out. Raises AnotherAccount."""
    sealed: dict[str, object] = {
        "access_token": vault.seal(token, purpose=Connection.PURPOSE), "refresh_token": "",
        "expires_at": None, "scopes": [], "renewing_until": None,
    }  # fmt: skip
    return _store(vendor, account, zone, sealed, user)


@transaction.atomic
def _store(
    vendor: Vendor, account: str, zone: str, columns: dict[str, object], user: User
) -> Connection:
    """One account of a vendor at a time; one that was connected before has its links again."""
    rows = Connection.objects.select_for_update().filter(vendor=vendor.kind, user=None)
    current = rows.exclude(state=State.DISCONNECTED).first()
    if current is not None and current.external_account != account:
        raise AnotherAccount
    found = current or rows.filter(external_account=account).first()
    if found is None:
        found = Connection(vendor=vendor.kind, external_account=account, label=account)
        found.save()
    Connection.objects.filter(pk=found.pk).update(**columns, version=F("version") + 1)
    known = accounts.of(found)
    CrmAccount.objects.filter(pk=known.pk).update(zone=zone, next_at=timezone.now(), trouble="")
    limits.apply_to(found)
    connections.reconnected(found)
    history.audit(Actor(user), "crm.connected", found.vendor)
    found.refresh_from_db()
    accounts.read_again(found)
    return found


@transaction.atomic
def disconnect(connection: Connection, *, user: User) -> None:
    """Forget the tokens. Records stay there as they are, and which is whose is remembered."""
    Connection.objects.filter(pk=connection.pk).update(
        state=State.DISCONNECTED, access_token="", refresh_token="", expires_at=None, words="",
        held_since=None, version=F("version") + 1, renewing_until=None,
    )  # fmt: skip
    connections.release(connection)
    history.audit(Actor(user), "crm.disconnected", connection.vendor)
