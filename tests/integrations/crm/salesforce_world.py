"""Salesforce connected to its double, for tests of what follows a change of a contact."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from contacts.models import User
from integrations.crm import accounts, connecting, vendors
from integrations.models import Connection, CrmAccount
from integrations.sandbox.salesforce import DATA, SalesforceDouble
from tests.integrations.crm.world import CONFIG, sign_in
from tests.integrations.vendors import CheckedSalesforce, network


@dataclass
class Org:
    """The double, and what its people see."""

    double: SalesforceDouble
    transport: CheckedSalesforce

    def connect(self, user: User, kind: str = "Contact") -> Connection:
        """By OAuth, as the pages do it; the fields are read, as a worker does it."""
        vendor = vendors.SALESFORCE
        grant = sign_in(vendor, self.double)
        _, zone = connecting.details_of(vendor, grant.access, grant.instance)
        made = connecting.connect(vendor=vendor, grant=grant, zone=zone, user=user)
        CrmAccount.objects.filter(connection=made).update(record_kind=kind)
        accounts.read(made.pk)
        self.double.requests.clear()
        return made

    def add(self, kind: str = "Contact", **values: Any) -> str:
        """A record that is there already; its id."""
        return str(self.double.add(kind, {"LastName": "Someone", **values})["Id"])

    def values(self, record: str) -> dict[str, Any]:
        """What a person sees of a record there."""
        return next(rows[record] for rows in self.double.rows.values() if record in rows)

    def ids(self, kind: str = "Contact") -> list[str]:
        return [pk for pk, row in self.double.rows[kind].items() if not row["IsDeleted"]]

    def asked(self) -> list[str]:
        """Every request since the last look, "PATCH /sobjects/Contact/0035…"."""
        told = [f"{r.method} {r.path.removeprefix(DATA)}" for r in self.double.requests]
        self.double.requests.clear()
        return told


def served_by_salesforce(settings: Any) -> Iterator[Org]:
    """Salesforce is set up, and everything that leaves goes to its double."""
    settings.CRMS = CONFIG
    double = SalesforceDouble()
    transport = CheckedSalesforce(double)
    with network(transport):
        yield Org(double, transport)
