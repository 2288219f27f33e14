"""A hundred contacts of an import at once, where the vendor has calls for many.

What is linked is read, what differs is written, what was written is read back. New contacts with an
address are looked for, and made, by it. Whatever needs more than that (a merged record, two records,
no address) is left to be sent alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contacts.models import Contact, Identifier
from integrations.connectors.base import ConnectorError, Done, PermanentError
from integrations.connectors.crm import CrmConnector, Record
from integrations.crm import accounts, records, rows
from integrations.crm.deciding import Asked
from integrations.crm.syncing import ContactSync
from integrations.models import Connection, CrmConflict, Delivery

Outcome = Done | Exception
Values = dict[str, str]


@dataclass
class _Wanted:
    """What is to be written: to records, by id; to new ones, by address; and for which delivery."""

    updates: dict[str, Values] = field(default_factory=dict)
    creates: dict[str, Values] = field(default_factory=dict)
    whose: dict[str, int] = field(default_factory=dict)


class Bundle:
    """Deliveries of one account, of different contacts."""

    def __init__(
        self, connection: Connection, connector: CrmConnector, deliveries: Sequence[Delivery]
    ) -> None:
        self.connection, self.connector, self.deliveries = connection, connector, deliveries
        self.outcomes: dict[int, Outcome] = {}
        account = accounts.of(connection)
        if account.read_at is None:
            accounts.refresh(account, connector)
        contacts = Contact.objects.in_bulk([d.contact_id or 0 for d in deliveries])
        self.syncs = {
            d.pk: ContactSync(connection, contacts[d.contact_id], connector, account)
            for d in deliveries
            if d.contact_id in contacts
        }
        self.asked = {d.pk: Asked(frozenset(rows.asked_in(d)["fields"])) for d in deliveries}

    def run(self) -> list[Outcome | None]:
        """What became of each; None for one that has to be sent alone."""
        try:
            self._send()
        except PermanentError:
            pass  # one record has spoiled the call for all: sent alone, it tells of itself
        except ConnectorError as error:
            for delivery in self.deliveries:
                self.outcomes.setdefault(delivery.pk, error)
        return [self.outcomes.get(delivery.pk) for delivery in self.deliveries]

    def _send(self) -> None:
        if not self.syncs:
            return
        self.fields = next(iter(self.syncs.values())).fields
        linked, fresh = self._sorted()
        wanted = _Wanted()
        self._plan_linked(linked, wanted)
        self._plan_fresh(fresh, wanted)
        if wanted.updates:
            stored = self.connector.update_many(wanted.updates, self.fields)
            self._written(stored, wanted.updates, wanted.whose)
        if wanted.creates:
            stored = self.connector.make_many(wanted.creates, self.fields)
            self._written(stored, wanted.creates, wanted.whose)

    def _sorted(self) -> tuple[dict[str, int], dict[str, int]]:
        """Deliveries by the one record they are linked to, and new ones by their address."""
        whose = {sync.contact.pk: pk for pk, sync in self.syncs.items()}
        disputed = CrmConflict.objects.filter(connection=self.connection, contact__in=whose)
        known: dict[int, list[str]] = {
            pk: [""] for pk in disputed.values_list("contact", flat=True)
        }
        links = records.rows_of(self.connection).filter(contact__in=whose)
        for contact_id, record in links.values_list("contact", "external_id"):
            known.setdefault(contact_id or 0, []).append(record)
        former = Identifier.objects.filter(contact__in=whose, current=False)
        with_past = set(former.values_list("contact", flat=True))
        linked = {
            listed[0]: whose[contact]
            for contact, listed in known.items()
            if len(listed) == 1 and listed[0]
        }
        fresh = {
            self.syncs[pk].person.email.lower(): pk
            for contact, pk in whose.items()
            if contact not in known and contact not in with_past and self.syncs[pk].person.email
        }
        return linked, fresh

    def _plan_linked(self, linked: Mapping[str, int], wanted: _Wanted) -> None:
        there = self.connector.read_many(list(linked), self.fields) if linked else {}
        for record_id, pk in linked.items():
            if record_id in there:
                self._plan(pk, there[record_id], wanted, newly_linked=False)

    def _plan_fresh(self, fresh: Mapping[str, int], wanted: _Wanted) -> None:
        """A record that is another contact's here is a question, so that one is sent alone."""
        if not fresh:
            return
        there = self.connector.find_many(list(fresh), self.fields)
        taken = set(
            records.rows_of(self.connection)
            .filter(external_id__in=[row.id for row in there.values()])
            .exclude(contact=None)
            .values_list("external_id", flat=True)
        )
        for address, pk in fresh.items():
            record = there.get(address)
            if record is not None and record.id not in taken and record.id not in wanted.whose:
                self._plan(pk, record, wanted, newly_linked=True)
            elif record is None:
                self._plan_new(pk, address, wanted)

    def _plan(self, pk: int, record: Record, wanted: _Wanted, *, newly_linked: bool) -> None:
        sync = self.syncs[pk]
        values = sync.values(record, self.asked[pk], newly_linked=newly_linked)
        wanted.whose[record.id] = pk
        if values:
            wanted.updates[record.id] = values
        else:
            self._keep(pk, record, changed=False)

    def _plan_new(self, pk: int, address: str, wanted: _Wanted) -> None:
        sync = self.syncs[pk]
        values = sync.values(None, self.asked[pk])
        try:
            sync.check_required(values)
        except PermanentError as error:
            self.outcomes[pk] = error
            return
        if sync.vendor.email in values:
            wanted.creates[address], wanted.whose[address] = values, pk

    def _written(
        self, stored: Mapping[str, Record], values: Mapping[str, Values], whose: Mapping[str, int]
    ) -> None:
        for key, record in stored.items():
            self._keep(whose[key], record, values[key])

    def _keep(
        self,
        pk: int,
        record: Record,
        values: Mapping[str, str] | None = None,
        *,
        changed: bool = True,
    ) -> None:
        sync = self.syncs[pk]
        try:
            sync.confirm(record, values or {})
            self.outcomes[pk] = sync.kept(record, changed=changed)
        except ConnectorError as error:
            self.outcomes[pk] = error
