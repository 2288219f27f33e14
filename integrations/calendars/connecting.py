"""A colleague's calendar connected, connected again, and disconnected."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from contacts import history
from contacts.models import User
from contacts.signals import Actor
from integrations import connections
from integrations.calendars import vendors
from integrations.calendars.vendors import Vendor
from integrations.models import BusyTime, BusyView, Connection, ExternalRecord
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
    """Somebody who is to sign in again has signed in to another account."""


@transaction.atomic
def connect(*, user: User, vendor: Vendor, grant: Grant) -> Connection:
    """Store what the vendor has granted; what waited for it goes on.

    One account of a vendor at a time: the events of meetings are in it. Raises NotAllowed,
    AnotherAccount.
    """
    if vendor.provider is not None and (missing := grant.missing(vendor.provider)):
        raise NotAllowed(missing)
    found = Connection.objects.select_for_update().filter(user=user, vendor=vendor.kind).first()
    if found is None:
        found = Connection(user=user, vendor=vendor.kind, external_account=grant.account)
        found.label = grant.account or str(user)
        found.save()
    elif found.state != State.DISCONNECTED and found.external_account != grant.account:
        raise AnotherAccount
    Connection.objects.filter(pk=found.pk).update(
        **columns_of(grant),
        version=F("version") + 1,
        external_account=grant.account,
        label=grant.account or str(user),
    )
    connections.reconnected(found)
    limits.apply_to(found)
    BusyView.objects.update_or_create(connection=found, defaults={"next_at": timezone.now()})
    history.audit(Actor(user), "calendar.connected", found.vendor)
    found.refresh_from_db()
    return found


@transaction.atomic
def disconnect(connection: Connection, *, user: User) -> None:
    """Forget the tokens and what was read. Events that were made stay in the calendar as they are."""
    Connection.objects.filter(pk=connection.pk).update(
        state=State.DISCONNECTED, access_token="", refresh_token="", expires_at=None, words="",
        held_since=None, version=F("version") + 1, renewing_until=None,
    )  # fmt: skip
    BusyTime.objects.filter(connection=connection).delete()
    BusyView.objects.filter(connection=connection).delete()
    ExternalRecord.objects.filter(connection=connection).update(guests=[])
    connections.release(connection)
    history.audit(Actor(user), "calendar.disconnected", connection.vendor)


@transaction.atomic
def keep_elsewhere(*, user: User, calendar_type: str, name: str) -> Connection:
    """Note that somebody keeps another calendar, which is never contacted."""
    connection, _ = Connection.objects.update_or_create(
        user=user,
        vendor=vendors.OTHER,
        defaults={"external_account": calendar_type, "label": name, "state": State.CONNECTED},
    )
    return connection


@transaction.atomic
def forget_elsewhere(*, user: User) -> None:
    Connection.objects.filter(user=user, vendor=vendors.OTHER).delete()
