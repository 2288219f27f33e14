"""HubSpot and Salesforce under one set of words, for what has to be the same with each of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contacts.models import User
from integrations.connectors.crm import CrmConnector
from integrations.crm import vendors
from integrations.crm.vendors import Vendor
from integrations.models import Connection, CrmAccount
from integrations.oauth import Grant
from tests.integrations.crm.salesforce_world import served_by_salesforce
from tests.integrations.crm.world import served, sign_in

#: Our field -> theirs, of each; and how many requests lead to the making of a record.
FIELDS: Mapping[str, Mapping[str, str]] = {
    "hubspot": vendors.HUBSPOT.defaults,
    "salesforce": vendors.SALESFORCE.defaults,
}


@dataclass
class Far:
    """One of the two, connected by OAuth or to be."""

    kind: str
    world: Any  # Crm or Org
    searches: int  # before a record is made: for a contact, and for a lead

    @property
    def double(self) -> Any:
        return self.world.double

    @property
    def vendor(self) -> Vendor:
        return vendors.CRMS[self.kind]

    def connect(self, user: User) -> Connection:
        return self.world.sign_in(user) if self.kind == "hubspot" else self.world.connect(user)

    def grant(self) -> Grant:
        return sign_in(self.vendor, self.double)

    def connector(self) -> CrmConnector:
        account = CrmAccount.objects.select_related("connection").get()
        return vendors.connector_of(account.connection, account)

    def add(self, **values: str) -> str:
        """A record that is there already, by our names of its fields; its id."""
        return str(self.world.add(**{self.name(n): value for n, value in values.items()}))

    def name(self, field: str) -> str:
        return FIELDS[self.kind][field]

    def value(self, record: str, field: str) -> str:
        """What a person sees there; "" for nothing."""
        return str(self.world.values(record).get(self.name(field)) or "")

    def set(self, record: str, **values: str) -> None:
        """Somebody changes the record there."""
        named = {self.name(field): value for field, value in values.items()}
        if self.kind == "hubspot":
            self.double.contacts[record]["properties"] |= named
        else:
            self.world.values(record).update(named)

    @property
    def ids(self) -> list[str]:
        return self.world.ids if self.kind == "hubspot" else self.world.ids("Contact")

    def asked(self) -> list[str]:
        """The methods of the requests since the last look."""
        return [told.split()[0] for told in self.world.asked()]

    def move(self) -> None:
        """From now on every sign-in is for another account."""
        if self.kind == "hubspot":
            self.double.sign_in.hub_id = 7
        else:
            self.double.sign_in.org = "00D5e000000OtherEAG"

    def lock(self, field: str, *, remove: bool) -> None:
        """Somebody there locks the field, or removes it."""
        name = self.name(field)
        if self.kind == "salesforce":
            (self.double.hidden if remove else self.double.locked).add(name)
        elif remove:
            del self.double.properties[name]
        else:
            rules = self.double.properties[name].setdefault("modificationMetadata", {})
            rules["readOnlyValue"] = True


def served_by(kind: str, settings: Any) -> Iterator[Far]:
    """It is set up, and everything that leaves goes to its double."""
    if kind == "hubspot":
        for crm in served(settings):
            yield Far(kind, crm, 1)
    else:
        for org in served_by_salesforce(settings):
            yield Far(kind, org, 2)
