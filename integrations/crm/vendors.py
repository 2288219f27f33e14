"""The CRMs there are. The only place in this package that knows their names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from integrations.connectors.calling import SignIn
from integrations.connectors.crm import CrmConnector
from integrations.connectors.hubspot import HubSpot
from integrations.models import Connection, CrmAccount
from integrations.oauth import Provider
from integrations.outbox.limits import Limit
from integrations.sign_ins import ConnectionSignIn


@dataclass(frozen=True)
class Vendor:
    """One vendor of CRMs."""

    kind: str  # of its connections
    label: str
    record: str  # one of its records, in the words of the Edit pane
    tile: str  # its monogram
    matched_by: str
    variables: str  # what to set for signing in
    scopes: tuple[str, ...]
    required: tuple[str, ...]
    takes_token: bool  # one that was made there by hand can be pasted
    merges: bool  # two of its records can be merged from here
    email: str  # its own names of what identifies
    mobile: str
    defaults: Mapping[str, str]  # our field -> theirs
    account: Callable[[Mapping[str, Any]], str]  # whose a token answer is
    connector: Callable[[Mapping[str, Any], SignIn, str, str], CrmConnector]
    together: int  # records of a batch call
    cost: int  # calls that a record, or a batch, takes as a rule

    @property
    def config(self) -> dict[str, Any]:
        return settings.CRMS[self.kind]

    @property
    def limit(self) -> Limit:
        """The vendor's limit as deliveries."""
        config = self.config
        return Limit(config["calls"] // self.cost, config["per_seconds"], together=self.together)

    @property
    def provider(self) -> Provider | None:
        """How people sign in there; None where the operator has set no client."""
        config = self.config
        if not config["client_id"]:
            return None
        own = ("client_id", "client_secret", "authorize_url", "token_url")
        return Provider(
            label=self.label,
            scopes=self.scopes,
            required=self.required,
            account=self.account,
            **{name: config[name] for name in own},
        )

    @property
    def setup(self) -> str:
        return f"Set {self.variables}, and start Kith again. README.md says where to get them."


def _hubspot(config: Mapping[str, Any], sign_in: SignIn, account: str, zone: str) -> CrmConnector:
    return HubSpot(
        config["api"], sign_in, account=account, zone=zone, app=config["app"],
        objects=config["objects"],
    )  # fmt: skip


HUBSPOT = Vendor(
    kind="hubspot",
    label="HubSpot",
    record="HubSpot contact",
    tile="HS",
    matched_by="HubSpot ID, then email",
    variables="HUBSPOT_CLIENT_ID and HUBSPOT_CLIENT_SECRET",
    scopes=(
        "oauth", "crm.objects.contacts.read", "crm.objects.contacts.write",
        "crm.schemas.contacts.read",
    ),
    required=("crm.objects.contacts.read", "crm.objects.contacts.write"),
    takes_token=True,
    merges=True,
    email="email",
    mobile="mobilephone",
    defaults={
        "email": "email", "first_name": "firstname", "last_name": "lastname",
        "mobile_phone": "mobilephone", "phone": "phone", "company": "company",
        "job_title": "jobtitle", "salutation": "salutation", "street_address": "address",
        "city": "city", "state": "state", "post_code": "zip", "country": "country",
    },
    account=lambda told: str(told.get("hub_id") or ""),
    connector=_hubspot,
    together=100,
    cost=4,
)  # fmt: skip
CRMS: dict[str, Vendor] = {vendor.kind: vendor for vendor in (HUBSPOT,)}


def vendor_of(connection: Connection) -> Vendor:
    return CRMS[connection.vendor]


def connector_of(connection: Connection, account: CrmAccount | None = None) -> CrmConnector:
    """What speaks to this account."""
    vendor = vendor_of(connection)
    sign_in = ConnectionSignIn(connection.pk, vendor.provider if connection.refresh_token else None)
    zone = account.zone if account is not None else "UTC"
    return vendor.connector(vendor.config, sign_in, connection.external_account, zone)
