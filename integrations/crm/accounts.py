"""What is known of a connected account: its fields, read once a day by a worker, and the mapping."""

import logging
from dataclasses import asdict
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from contacts import history
from contacts.background import hint_after_commit
from contacts.models import User
from contacts.signals import Actor
from integrations import connections
from integrations.connectors.base import ConnectorError, ReconnectRequired
from integrations.connectors.crm import CrmConnector, RemoteField
from integrations.crm import mapping, vendors
from integrations.crm.mapping import Rule
from integrations.models import Connection, CrmAccount

logger = logging.getLogger(__name__)
STEP = 60.0  # seconds between looks for accounts to be read
EVERY = timedelta(days=1)
AFTER_TROUBLE = timedelta(minutes=10)
READING = timedelta(minutes=1)
AT_ONCE = 10
State = Connection.State


class MappingChanged(Exception):
    """Somebody else has saved the mapping since the page was opened."""


def of(connection: Connection) -> CrmAccount:
    return CrmAccount.objects.get_or_create(connection=connection)[0]


def remotes_of(account: CrmAccount) -> dict[str, RemoteField]:
    return mapping.stored_fields(account.remote_fields)


def store_fields(account: CrmAccount, found: list[RemoteField]) -> None:
    """Keep what can be mapped, and what is; an account that is read for the first time gets the usual mapping."""
    now = timezone.now()
    first = account.read_at is None
    vendor = vendors.vendor_of(account.connection)
    needed = vendor.marks | {row["remote"] for row in account.rules}
    kept = [each for each in found if not each.locked or each.name in needed]
    account.remote_fields = [asdict(each) for each in kept]
    account.read_at, account.next_at, account.trouble = now, now + EVERY, ""
    columns = ["remote_fields", "read_at", "next_at", "trouble"]
    if first and not account.rules:
        rules = mapping.default_rules(
            vendor.defaults_of(account.record_kind), remotes_of(account), vendor.fallbacks
        )
        account.rules = mapping.as_rows(rules)
        columns.append("rules")
    account.save(update_fields=columns)


def refresh(account: CrmAccount, connector: CrmConnector) -> None:
    """Read the fields now. Raises the connector's errors."""
    store_fields(account, connector.remote_fields())


def read_due() -> None:
    """A step of the relay: have workers read the accounts that are due; without a broker, one here."""
    from integrations.tasks import read_crm_fields

    ids = due()
    try:
        for pk in ids:
            read_crm_fields.apply_async((pk,), expires=STEP)
    except Exception:  # whatever the broker's client raises when the broker is away
        for pk in ids[:1]:
            read(pk)


def due() -> list[int]:
    """Connections whose fields are to be read now."""
    rows = CrmAccount.objects.filter(next_at__lte=timezone.now(), connection__state=State.CONNECTED)
    return list(rows.order_by("next_at").values_list("connection", flat=True)[:AT_ONCE])


def read(connection_id: int) -> bool:
    """Read the fields of one account, unless somebody else does; whether they were read."""
    now = timezone.now()
    mine = CrmAccount.objects.filter(connection=connection_id, next_at__lte=now)
    if not mine.update(next_at=now + READING):
        return False
    account = CrmAccount.objects.select_related("connection").get(connection=connection_id)
    if account.connection.state != State.CONNECTED:
        return False
    try:
        refresh(account, vendors.connector_of(account.connection, account))
    except ReconnectRequired as error:
        connections.needs_reconnect(account.connection.gate, str(error))
        return False
    except ConnectorError as error:
        logger.warning("fields of %s could not be read", account.connection.gate)
        rows = CrmAccount.objects.filter(pk=account.pk)
        rows.update(next_at=now + AFTER_TROUBLE, trouble=str(error)[:500])
        return False
    return True


def read_again(connection: Connection) -> None:
    """Have the fields read as soon as a worker can."""
    from integrations.tasks import read_crm_fields

    CrmAccount.objects.filter(connection=connection).update(next_at=timezone.now(), trouble="")
    with transaction.atomic():
        hint_after_commit(read_crm_fields, connection.pk)


@transaction.atomic
def save_mapping(
    account: CrmAccount, *, rules: list[Rule], log_meetings: bool, version: int, user: User
) -> None:
    """Replace the mapping. Raises MappingChanged."""
    saved = CrmAccount.objects.filter(pk=account.pk, version=version).update(
        rules=mapping.as_rows(rules), log_meetings=log_meetings, version=version + 1
    )
    if not saved:
        raise MappingChanged
    history.audit(Actor(user), "crm.mapped", account.connection.vendor)


@transaction.atomic
def choose_kind(account: CrmAccount, *, kind: str, version: int, user: User) -> None:
    """Have new records be of this kind from now on. It has fields of its own, so they are read anew
    and the mapping begins with the usual one. Raises MappingChanged."""
    connection = account.connection
    saved = CrmAccount.objects.filter(pk=account.pk, version=version).update(
        record_kind=kind, rules=[], remote_fields=[], read_at=None, version=version + 1
    )
    if not saved:
        raise MappingChanged
    history.audit(Actor(user), "crm.kind", connection.vendor)
    read_again(connection)
