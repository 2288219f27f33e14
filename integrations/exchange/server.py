"""Turning the Exchange Server on and off, and signing in to a mailbox on it: transactions, audited."""

from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from contacts import history, vault
from contacts.identity import InvalidValue, parse_email
from contacts.models import User
from contacts.signals import Actor
from integrations import addresses, connections
from integrations.connectors.base import Misconfigured
from integrations.connectors.exchange_sign_in import Mailbox, is_installed
from integrations.models import BusyView, Connection, ExchangeServer

KIND = "exchange_ews"
LONGEST, PASSWORD = 300, 256
NOT_INSTALLED = "The extra exchange is not installed."
OFF = "Exchange Server is turned off on this Kith."
INSTALL = "pip install --require-hashes -r requirements-exchange.txt"
NOT_IN = (
    "{}. A server in a network of your own needs that network in EXCHANGE_NETWORKS, which whoever runs "
    "Kith sets."
)


class Bad(ValueError):
    """What was typed cannot be; `errors` by field."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("bad")
        self.errors = errors


@transaction.atomic
def change(*, url: str, sign_in: str, active: bool, actor: Actor) -> ExchangeServer:
    """Say where the server is, and turn it on or off. Raises Bad.

    Off, nothing is sent there; what waits is tried again for days and goes on when it is on. At
    another address nobody's password is sent: everybody signs in again.
    """
    url, errors = url.strip(), {}
    if active and not is_installed():
        errors["active"] = NOT_INSTALLED
    if active or url:
        errors |= _faults_of(url)
    if sign_in not in ExchangeServer.SignIn.values:
        errors["sign_in"] = "Sign-in: choose NTLM or Basic"
    if errors:
        raise Bad(errors)
    before = ExchangeServer.load()
    row = ExchangeServer(pk=1, url=url, sign_in=sign_in, active=active, changed_at=timezone.now())
    row.save()
    if before.url and before.url != url:
        _sign_everybody_out()
    history.audit(actor, "exchange.on" if active else "exchange.off")
    return row


def _faults_of(url: str) -> dict[str, str]:
    if len(url) > LONGEST:
        return {"url": f"Address: at most {LONGEST} characters"}
    try:
        addresses.check_server(url)
    except addresses.Refused as fault:
        said = str(fault)
        private = said == addresses.NOT_PUBLIC
        return {"url": f"Address: {NOT_IN.format(said) if private else said}"}
    if not urlsplit(url).path.lower().endswith(".asmx"):
        return {"url": "Address: it ends with /EWS/Exchange.asmx"}
    return {}


def _sign_everybody_out() -> None:
    """A password given for one server is not told to another."""
    for row in Connection.objects.filter(vendor=KIND, state=Connection.State.CONNECTED):
        connections.needs_reconnect(row.gate, "The Exchange Server has another address.")
    Connection.objects.filter(vendor=KIND).update(access_token="", version=F("version") + 1)


@transaction.atomic
def sign_in(*, user: User, address: str, user_name: str, password: str) -> Connection:
    """Connect, or connect again, a mailbox. Whether the server agrees is seen when it is first read,
    by a worker. Raises Bad."""
    errors = {}
    user_name = user_name.strip()
    try:
        address = parse_email(address).value
    except InvalidValue as fault:
        errors["address"] = f"Mailbox: {fault}"
    if not user_name or len(user_name) > 200 or not user_name.isprintable():
        errors["user_name"] = "User name: enter one, of at most 200 characters"
    if not password or len(password) > PASSWORD or "\x00" in password:
        errors["password"] = f"Password: enter one, of at most {PASSWORD} characters"
    own = Connection.objects.select_for_update().filter(user=user, vendor=KIND).first()
    other = own is not None and own.external_account not in {"", address}
    if other and own is not None and own.state != Connection.State.DISCONNECTED:
        errors["address"] = "Mailbox: another one is connected. Disconnect it first"
    if errors:
        raise Bad(errors)
    row = own or Connection(user=user, vendor=KIND)
    row.external_account, row.label = address, address
    row.options = {**row.options, "user_name": user_name}
    row.access_token = vault.seal(password, purpose=Connection.PURPOSE)
    row.version += 1
    row.save()
    connections.reconnected(row)
    BusyView.objects.update_or_create(connection=row, defaults={"next_at": timezone.now()})
    history.audit(Actor(user), "calendar.connected", KIND)
    return row


def mailbox_of(connection: Connection) -> Mailbox:
    """Where and as whom. Raises Misconfigured while the server is off."""
    server = ExchangeServer.load()
    if not server.active:
        raise Misconfigured(OFF)
    if not is_installed():
        raise Misconfigured(NOT_INSTALLED)
    try:
        password, _ = connection.tokens()
    except vault.Unreadable:
        raise Misconfigured("Its password cannot be read with the present SECRET_KEY.") from None
    name = str(connection.options.get("user_name", ""))
    return Mailbox(server.url, server.sign_in, connection.external_account, name, password)
