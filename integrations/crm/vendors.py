"""The CRMs there are. The only place in this package that knows their names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from integrations.connectors.calling import SignIn
from integrations.connectors.crm import CrmConnector
from integrations.connectors.hubspot import HubSpot
from integrations.connectors.salesforce import Salesforce
from integrations.connectors.salesforce_people import MARK
from integrations.models import Connection, CrmAccount
from integrations.oauth import Provider
from integrations.outbox.limits import Limit
from integrations.sign_ins import ConnectionSignIn

#: As many workers use up the usual limits; if all were taken, a CRM that hangs would hold them all.
AT_ONCE = 2


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
    connector: Callable[[Mapping[str, Any], SignIn, CrmAccount], CrmConnector]
    together: int  # records of a batch call
    cost: int  # calls that a record, or a batch, takes as a rule
    at_once: int = 0  # workers that may call it at the same time; 0: any number
    #: Kinds of records between which administrators choose -> their own mapping to begin with.
    kinds: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    fallbacks: Mapping[str, str] = field(default_factory=dict)  # their required field -> text
    marks: frozenset[str] = frozenset()  # their fields that tell how records are written
    instance: Callable[[Mapping[str, Any], str], str] = lambda told, url: ""
    lasts_until_refused: bool = False  # access tokens, see integrations.oauth

    @property
    def config(self) -> dict[str, Any]:
        return settings.CRMS[self.kind]

    @property
    def limit(self) -> Limit:
        """The vendor's limit as deliveries."""
        config = self.config
        return Limit(
            config["calls"] // self.cost, config["per_seconds"], self.at_once, self.together
        )

    def kind_or_first(self, kind: str) -> str:
        """The kind of new records; "" for a vendor that has only one."""
        return kind if kind in self.kinds else next(iter(self.kinds), "")

    def defaults_of(self, kind: str) -> Mapping[str, str]:
        return self.kinds.get(self.kind_or_first(kind), self.defaults)

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
            instance=lambda told: self.instance(told, config["token_url"]),
            lasts_until_refused=self.lasts_until_refused,
            **{name: config[name] for name in own},
        )

    @property
    def records(self) -> str:
        """ "contacts", or "contacts and leads"."""
        return " and ".join(f"{each.lower()}s" for each in self.kinds) or "contacts"

    @property
    def asked(self) -> list[str]:
        """The permissions of a token that is made by hand; to be an app is none of them."""
        return [scope for scope in self.scopes if scope != "oauth"]

    @property
    def setup(self) -> str:
        return f"Set {self.variables}, and start Kith again. README.md says where to get them."


def _hubspot(config: Mapping[str, Any], sign_in: SignIn, account: CrmAccount) -> CrmConnector:
    known = account.connection_id is not None
    return HubSpot(
        config["api"], sign_in, app=config["app"], objects=config["objects"], zone=account.zone,
        account=account.connection.external_account if known else "",
    )  # fmt: skip


def _salesforce(config: Mapping[str, Any], sign_in: SignIn, account: CrmAccount) -> CrmConnector:
    return Salesforce(
        config["api"], sign_in, path=config["path"], key_field=config["key_field"],
        makes=SALESFORCE.kind_or_first(account.record_kind),
        people=any(row["name"] == MARK for row in account.remote_fields),
    )  # fmt: skip


def _org(told: Mapping[str, Any]) -> str:
    """The org's id: the last but one part of `id`, an address that ends with the person's."""
    parts = str(told.get("id") or "").split("/")
    return parts[-2][:15] if len(parts) > 2 else ""


def _instance(told: Mapping[str, Any], token_url: str) -> str:
    """Where the org's API is; not at an address that is less safe than the one that names it."""
    url = urlsplit(str(told.get("instance_url") or ""))
    safe = url.scheme == "https" or url.scheme == urlsplit(token_url).scheme == "http"
    return f"{url.scheme}://{url.netloc}{url.path.rstrip('/')}" if safe and url.hostname else ""


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
    at_once=AT_ONCE,
)  # fmt: skip
_PERSON = {
    "email": "Email", "first_name": "FirstName", "last_name": "LastName",
    "mobile_phone": "MobilePhone", "phone": "Phone", "job_title": "Title",
    "salutation": "Salutation",
}  # fmt: skip
_MAILING = {
    "street_address": "MailingStreet", "city": "MailingCity", "state": "MailingState",
    "post_code": "MailingPostalCode", "country": "MailingCountry",
}  # fmt: skip
_LEAD = {
    "company": "Company", "street_address": "Street", "city": "City", "state": "State",
    "post_code": "PostalCode", "country": "Country",
}  # fmt: skip
SALESFORCE = Vendor(
    kind="salesforce",
    label="Salesforce",
    record="Salesforce record",
    tile="SF",
    matched_by="Salesforce ID, then email",
    variables="SALESFORCE_CLIENT_ID and SALESFORCE_CLIENT_SECRET",
    scopes=("api", "refresh_token"),
    required=("api", "refresh_token"),
    takes_token=False,
    merges=False,
    email="Email",
    mobile="MobilePhone",
    defaults={**_PERSON, **_MAILING},
    account=_org,
    connector=_salesforce,
    together=200,
    cost=4,
    at_once=AT_ONCE,  # of the five long calls that the smallest edition allows
    kinds={"Contact": {**_PERSON, **_MAILING}, "Lead": {**_PERSON, **_LEAD}},
    # What Salesforce's own forms write where there is nothing.
    fallbacks={"LastName": "[not provided]", "Company": "[not provided]"},
    marks=frozenset({MARK}),
    instance=_instance,
    lasts_until_refused=True,
)
CRMS: dict[str, Vendor] = {vendor.kind: vendor for vendor in (HUBSPOT, SALESFORCE)}


def vendor_of(connection: Connection) -> Vendor:
    return CRMS[connection.vendor]


def connector_of(connection: Connection, account: CrmAccount | None = None) -> CrmConnector:
    """What speaks to this account."""
    vendor = vendor_of(connection)
    sign_in = ConnectionSignIn(connection.pk, vendor.provider if connection.refresh_token else None)
    known = account or CrmAccount(connection=connection)
    return vendor.connector(vendor.config, sign_in, known)
