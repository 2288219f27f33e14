"""The calendars there are: the three whose events are kept up, and every other one.

The only place that knows their names. What is not in UPDATED has no connector, so that nothing can
contact it: with most other calendars each change would mail every guest.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse

from integrations.connectors.base import Misconfigured
from integrations.connectors.calendars import CalendarConnector
from integrations.connectors.calling import SignIn
from integrations.connectors.exchange_sign_in import is_installed
from integrations.connectors.google_calendar import GoogleCalendar
from integrations.connectors.microsoft_graph import MicrosoftGraph
from integrations.exchange import server as exchange
from integrations.models import Connection, ExchangeServer
from integrations.oauth import Provider
from integrations.outbox.limits import Limit
from integrations.sign_ins import ConnectionSignIn

REQUESTS_EACH = 6  # reading and writing time and guest, read back, and its share of busy times
WINDOW = 10  # seconds
GOOGLE_SCOPE = "https://www.googleapis.com/auth/calendar.events.owned"


@dataclass(frozen=True)
class Vendor:
    """One vendor whose calendars are kept up."""

    kind: str  # of its connections
    label: str
    event: str  # one of its events, in the words of the Edit pane
    tile: str  # its monogram, and the class of its colours
    tile_class: str
    calendar_type: str  # as api.md names it
    variables: str  # what to set
    scopes: tuple[str, ...]
    required: tuple[str, ...]
    connector: Callable[[Mapping[str, Any], SignIn], CalendarConnector]
    extra: Mapping[str, str]
    requests: tuple[int, int]  # at most so many of one account, within so many seconds
    at_once: int = 0  # requests; 0 where the vendor names no number

    @property
    def limit(self) -> Limit:
        """The vendor's limit as deliveries. One place of `at_once` is left for reading busy times."""
        number, seconds = self.requests
        deliveries = number * WINDOW // seconds // REQUESTS_EACH
        return Limit(deliveries, WINDOW, max(0, self.at_once - 1))

    @property
    def config(self) -> dict[str, Any] | None:
        return settings.CALENDARS[self.kind]

    @property
    def provider(self) -> Provider | None:
        """How people sign in there; None where the operator has set no client."""
        if self.config is None:
            return None
        own = ("client_id", "client_secret", "authorize_url", "token_url")
        return Provider(
            label=self.label,
            scopes=self.scopes,
            required=self.required,
            extra=self.extra,
            **{name: self.config[name] for name in own},
        )

    @property
    def setup(self) -> str:
        return f"Set {self.variables}, and start Kith again. README.md says where to get them."

    @property
    def setup_page(self) -> str:
        """Where an administrator sets it up; "" where only the operator can."""
        return ""

    @property
    def connect_page(self) -> str:
        """Where a colleague signs in."""
        return reverse("calendar_connect", args=[self.kind])

    def connector_of(self, connection: Connection) -> CalendarConnector:
        """What speaks to this calendar. Raises Misconfigured where it is no longer set up."""
        if self.config is None or self.provider is None:
            raise Misconfigured(f"{self.label} is not set up. {self.setup}")
        return self.connector(self.config, ConnectionSignIn(connection.pk, self.provider))


class OwnServer(Vendor):
    """A server of the account's own: set up on a page, signed in to with a password."""

    @property
    def config(self) -> dict[str, Any] | None:
        server = ExchangeServer.load()
        ready = server.active and is_installed()
        return {"url": server.url, "sign_in": server.sign_in} if ready else None

    @property
    def provider(self) -> Provider | None:
        return None  # no OAuth

    @property
    def setup(self) -> str:
        return "For an Exchange Server of your own. Off until you turn it on."

    @property
    def setup_page(self) -> str:
        return reverse("exchange_server")

    @property
    def connect_page(self) -> str:
        return reverse("exchange_sign_in")

    def connector_of(self, connection: Connection) -> CalendarConnector:
        place = exchange.mailbox_of(connection)
        from integrations.connectors.exchange_ews import ExchangeServer as Connector  # the extra

        return Connector(place)


def _google(config: Mapping[str, Any], sign_in: SignIn) -> CalendarConnector:
    return GoogleCalendar(config["api"], sign_in, send_updates=config["send_updates"])


def _microsoft(config: Mapping[str, Any], sign_in: SignIn) -> CalendarConnector:
    return MicrosoftGraph(config["api"], sign_in)


def _no_oauth(config: Mapping[str, Any], sign_in: SignIn) -> CalendarConnector:
    raise AssertionError("an own server has a way in of its own")


GOOGLE = Vendor(
    kind="google_calendar",
    label="Google Calendar",
    event="Google Calendar event",
    tile="GC",
    tile_class="tile-g",
    calendar_type="google",
    variables="GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET",
    scopes=("openid", "email", GOOGLE_SCOPE),
    required=(GOOGLE_SCOPE,),
    connector=_google,
    # `consent` each time: without it Google gives no refresh token to somebody who agreed before.
    extra={"access_type": "offline", "prompt": "consent", "include_granted_scopes": "true"},
    requests=(600, 60),  # developers.google.com, Calendar API, quota: per minute, project and user
)
MICROSOFT = Vendor(
    kind="microsoft_graph",
    label="Microsoft Exchange",
    event="Exchange event",
    tile="EX",
    tile_class="tile-e",
    calendar_type="office_365",
    variables="MICROSOFT_CLIENT_ID and MICROSOFT_CLIENT_SECRET",
    # Without offline_access a connection dies after an hour. It is not listed among those granted.
    scopes=("openid", "email", "offline_access", "User.Read", "Calendars.ReadWrite"),
    required=("Calendars.ReadWrite",),
    connector=_microsoft,
    extra={"response_mode": "query"},
    requests=(10_000, 600),  # learn.microsoft.com, Graph throttling limits: per app and mailbox
    at_once=4,
)
EXCHANGE = OwnServer(
    kind=exchange.KIND,
    label="Exchange Server",
    event="Exchange Server event",
    tile="ES",
    tile_class="tile-e",
    calendar_type="exchange",
    variables="",
    scopes=(),
    required=(),
    connector=_no_oauth,
    extra={},
    requests=(600, 60),  # its own throttling policy is not known from here; a slow pace suits most
    at_once=3,
)
UPDATED: dict[str, Vendor] = {vendor.kind: vendor for vendor in (GOOGLE, MICROSOFT, EXCHANGE)}

#: The kind of a connection that only says which other calendar somebody keeps. It has no tokens.
OTHER = "other_calendar"
OTHER_TYPES = {"icloud": "iCloud", "other": "Other calendar"}


def of_type(calendar_type: str) -> Vendor | None:
    """The vendor of a meeting's event; None where it is not kept up."""
    return next((v for v in UPDATED.values() if v.calendar_type == calendar_type), None)


def connector_of(connection: Connection) -> CalendarConnector:
    """What speaks to this calendar. Raises Misconfigured where its vendor is no longer set up."""
    return UPDATED[connection.vendor].connector_of(connection)
