"""Bringing the record of one contact up to date, as the contact stands now.

Every step is safe to repeat. What an earlier try may have done is looked for before anything is made;
what was written is read back. A person's choice between records is carried out first.
"""

from collections.abc import Mapping
from datetime import timedelta

from django.utils import timezone

from contacts.fields import IDENTIFIER_FIELDS
from contacts.models import Contact
from integrations.connectors.base import (
    AnswerLostError,
    ConflictError,
    Done,
    NotYet,
    PermanentError,
    RetryableError,
    SkippedByPolicy,
    TargetGone,
)
from integrations.connectors.crm import (
    AddressTaken,
    CrmConnector,
    DuplicatesFound,
    FieldsRefused,
    Record,
    ValuesMissing,
)
from integrations.crm import (
    accounts,
    conflicts,
    deciding,
    exchanging,
    mapping,
    matching,
    records,
    vendors,
)
from integrations.crm.deciding import Asked
from integrations.crm.matching import Match, Several
from integrations.models import Connection, CrmAccount, CrmConflict, Delivery

LAG = timedelta(minutes=2)  # for which a vendor's index may not show what was made
SKEW = timedelta(seconds=30)  # between our clock and theirs
LOOK_AGAIN = 60.0  # seconds
NOT_CONFIRMED = "{} accepted the change, and does not show it."
WAITS = "What may have been made is not shown by the search yet."
BOTH = "{} has more than one record for this contact: {}. Choose what becomes of them."
TAKEN = "Another record of {} has the address of this contact. Choose what becomes of them."
ELSEWHERE = "The record in {} belongs to another contact here. Choose what becomes of it."
CHOOSE = "Choose what becomes of them."
RULED = "Its rules refuse the rest, since they take another record for the same."
LEFT = "A person has left this contact without a record there."
LACKS = "{} needs a value for {}, and the contact has none. Give the mapping a fallback."
UNSENT = "Not sent, since {} has removed, locked or changed it: {}."
VANISHED = "The record that was chosen is no longer there. It is looked for anew."


class ContactSync:
    """One contact at one connection."""

    def __init__(
        self, connection: Connection, contact: Contact, connector: CrmConnector,
        account: CrmAccount | None = None,
    ) -> None:  # fmt: skip
        self.connection, self.contact, self.connector = connection, contact, connector
        self.vendor = vendors.vendor_of(connection)
        self.account = account or accounts.of(connection)
        if self.account.read_at is None:
            accounts.refresh(self.account, connector)
        self.person = matching.person_of(contact)
        self.words: list[str] = []
        self.unsent: dict[str, str] = {}  # their field -> its label
        self._know()

    def _know(self) -> None:
        self.remotes = accounts.remotes_of(self.account)
        self.mapped = mapping.stored_rules(self.account.rules)
        self.rules = mapping.usable(self.mapped, self.remotes)
        self.fields = [rule.remote for rule in self.rules]

    def run(self, delivery: Delivery, asked: Asked) -> Done:
        """Raises what `deliver` may raise."""
        choice = conflicts.chosen(self.connection, self.contact)
        if choice is not None and choice.choice == CrmConflict.Choice.LEAVE:
            records.leave(self.connection, self.contact, choice.linked)
            conflicts.clear(self.connection, self.contact)
            raise SkippedByPolicy(conflicts.LEFT)
        if choice is not None:
            return self._chosen(delivery, choice)
        if records.is_left(self.connection, self.contact):
            raise SkippedByPolicy(LEFT)
        match = self._match(delivery)
        done = self._write(delivery, match, asked)
        conflicts.clear(self.connection, self.contact)
        return done

    def _match(self, delivery: Delivery) -> Match:
        links = records.links(self.connection, self.contact)
        try:
            match = matching.find(self.connector, self.person, links, self.fields, self._free)
        except Several as several:
            listed = " and ".join(record.id for record in several.records)
            raise self._conflict(
                delivery, several.records, BOTH.format(self.vendor.label, listed), several.linked
            ) from None
        if match.record is None:
            return match
        self._own(delivery, match.record, follows=not match.linked)
        if match.among > 1:
            self.words.append(
                f"Updated {match.record.id}, of {match.among} that could be this contact's."
            )
        return match

    def _free(self, found: list[Record]) -> list[Record]:
        """Those that are no other contact's here."""
        ids = [record.id for record in found]
        held = records.holders(self.connection, ids, besides=self.contact)
        return [record for record in found if record.id not in held]

    def _conflict(
        self, delivery: Delivery, found: list[Record], words: str, linked: str = ""
    ) -> ConflictError:
        return conflicts.raise_for(
            self.connection, self.contact, delivery, found, words, linked=linked
        )

    def _write(self, delivery: Delivery, match: Match, asked: Asked) -> Done:
        if match.record is None:
            return self._create(delivery, asked)
        values = self.values(match.record, asked, newly_linked=not match.linked)
        return self.written(delivery, match.record, values)

    def values(
        self, record: Record | None, asked: Asked, *, newly_linked: bool = False
    ) -> dict[str, str]:
        self._note_unsent(asked, everything=record is None or asked.everything)
        return deciding.values_for(
            self.contact,
            record,
            rules=self.rules,
            remotes=self.remotes,
            asked=asked,
            former=self.person.keys,
            newly_linked=newly_linked,
        )

    def _note_unsent(self, asked: Asked, *, everything: bool) -> None:
        """What was to be sent to a field that is no longer there to be written."""
        for rule in mapping.held_back(self.mapped, self.remotes):
            if (everything or rule.field in asked.fields) and mapping.has_value(self.contact, rule):
                self.unsent[rule.remote] = mapping.label_of(rule, self.remotes)

    def written(self, delivery: Delivery, record: Record, values: Mapping[str, str]) -> Done:
        """Write to the record, if there is anything to write; linked and confirmed afterwards."""
        if not values:
            return self.kept(record, changed=False)
        try:
            stored = self._update(record, values)
        except AddressTaken as taken:
            stored = self._resolved(delivery, record, values, taken)
        self.confirm(stored, values)
        return self.kept(stored)

    def _update(self, record: Record, values: Mapping[str, str]) -> Record:
        """What they refuse because it is gone or locked is left out, and said."""
        try:
            return self.connector.update(record, values, self.fields)
        except FieldsRefused as refused:
            rest = self._without(refused, values)
            return self.connector.update(record, rest, self.fields) if rest else record
        except ValuesMissing as missing:
            raise self._lacking(missing) from None

    def _without(self, refused: FieldsRefused, values: Mapping[str, str]) -> dict[str, str]:
        names = [name for name in refused.names if name in values]
        if not names:
            raise refused
        self.unsent |= {name: self.remotes[name].label for name in names}
        accounts.refresh(self.account, self.connector)
        self._know()
        return {name: value for name, value in values.items() if name not in names}

    def _resolved(
        self, delivery: Delivery, record: Record, values: Mapping[str, str], taken: AddressTaken
    ) -> Record:
        """The address is this record's own already, or a person has to choose. Raises NotYet where the
        others' own updates will leave the address to this record."""
        now = self.connector.read(record.id, self.fields)
        address = values.get(self.vendor.email, "")
        if isinstance(taken, DuplicatesFound) or address.lower() not in now.emails:
            others = self._others(record, taken, address)
            words = self._why(taken)
            if self._in_a_circle(others):
                words = exchanging.EXCHANGED.format(self.vendor.label, self.vendor.record)
            elif exchanging.comes_free(self.connection, self.contact, others, [address]):
                raise exchanging.wait(self.vendor)
            raise self._conflict(delivery, [now, *others], words, record.id)
        rest = {name: value for name, value in values.items() if name != self.vendor.email}
        self.words.append(f"{self.vendor.label} keeps the address as a further one.")
        return self._update(now, rest) if rest else now

    def _in_a_circle(self, others: list[Record]) -> bool:
        return exchanging.in_a_circle(
            self.connection, self.connector, self.contact, others, self.fields
        )

    def _why(self, taken: AddressTaken) -> str:
        if isinstance(taken, DuplicatesFound):
            return f"{taken} {CHOOSE}"
        return TAKEN.format(self.vendor.label)

    def _others(self, record: Record, taken: AddressTaken, address: str) -> list[Record]:
        if isinstance(taken, DuplicatesFound) and taken.others:
            there = (self._still(each) for each in taken.others if each != record.id)
            return [each for each in there if each is not None]
        if taken.other and taken.other != record.id:
            return [self.connector.read(taken.other, self.fields)]
        found = self.connector.by_email(address, self.fields) if address else []
        return [each for each in found if each.id != record.id]

    def _create(self, delivery: Delivery, asked: Asked) -> Done:
        values = self.values(None, asked)
        self.check_required(values)
        if trace := self._trace(values):
            return self._write(delivery, Match(trace), asked)
        records.begin(self.connection, self.contact)
        try:
            made = self._made(values)
        except AddressTaken as taken:
            found = self._others(Record(""), taken, values.get(self.vendor.email, ""))
            if found and isinstance(taken, DuplicatesFound):
                records.forget(self.connection, self.contact)
                raise self._conflict(delivery, found, self._why(taken)) from None
            if len(found) != 1:
                raise
            return self._write(delivery, Match(self._own(delivery, found[0])), asked)
        except AnswerLostError:
            raise
        except (PermanentError, RetryableError):  # nothing was made
            records.forget(self.connection, self.contact)
            raise
        records.keep(self.connection, self.contact, made)
        self.confirm(made, {n: v for n, v in values.items() if n in self.fields})
        return self.kept(made)

    def _own(self, delivery: Delivery, record: Record, *, follows: bool = True) -> Record:
        """A record that is no other contact's here. One that is may have the address only until its
        own contact's has been sent (`follows`): raises NotYet."""
        if records.holders(self.connection, [record.id], besides=self.contact):
            known = (self.person.email, *self.person.former)
            if follows and exchanging.comes_free(self.connection, self.contact, [record], known):
                raise exchanging.wait(self.vendor)
            raise self._conflict(delivery, [record], ELSEWHERE.format(self.vendor.label))
        return record

    def _made(self, values: Mapping[str, str]) -> Record:
        try:
            return self.connector.create(values, self.fields, self.contact.public_id)
        except FieldsRefused as refused:
            rest = self._without(refused, values)
            return self.connector.create(rest, self.fields, self.contact.public_id)
        except ValuesMissing as missing:
            raise self._lacking(missing) from None

    def _trace(self, values: Mapping[str, str]) -> Record | None:
        """What an earlier try may have made. By an address it was found already, since the store is
        asked; what has none only an index shows. Raises NotYet until that is sure to."""
        begun = records.making(self.connection, self.contact)
        if begun is None or self.person.email:
            return None
        if not self.person.phones:
            rows = self.connector.made_since(values, begun.seen_at - SKEW, self.fields)
            if free := self._free(rows):
                return free[0]
        if timezone.now() < begun.seen_at + LAG:
            raise NotYet(WAITS, LOOK_AGAIN)
        return None

    def _lacking(self, missing: ValuesMissing) -> PermanentError:
        """A rule of the account's, of which its list of fields says nothing."""
        labels = (
            self.remotes[name].label if name in self.remotes else name for name in missing.names
        )
        return PermanentError(LACKS.format(self.vendor.label, ", ".join(labels)))

    def check_required(self, values: Mapping[str, str]) -> None:
        lacking = [
            remote.label
            for remote in self.remotes.values()
            if remote.required and not remote.locked and not values.get(remote.name)
        ]
        if lacking:
            raise PermanentError(LACKS.format(self.vendor.label, ", ".join(lacking)))

    def confirm(self, stored: Record, values: Mapping[str, str]) -> None:
        """What identifies must be shown as it was written; of the rest it is said where it is not."""
        shown = set(self.fields) - set(self.unsent)
        known = {n: v for n, v in values.items() if n in self.remotes and n in shown}
        missing = deciding.unconfirmed(stored, known, self.remotes)
        reachable = values.get(self.vendor.email, "").lower() in stored.emails
        missing = [n for n in missing if not (n == self.vendor.email and reachable)]
        if {self.vendor.email, self.vendor.mobile} & set(missing):
            raise RetryableError(NOT_CONFIRMED.format(self.vendor.label))
        labels = [self.remotes[name].label for name in missing]
        if labels:
            self.words.append(f"{self.vendor.label} shows another value: {', '.join(labels)}.")

    def kept(self, record: Record, *, changed: bool = True) -> Done:
        """Linked. Raises PermanentError where what identifies has not been sent: that is no success."""
        records.keep(self.connection, self.contact, record)
        words = list(self.words)
        if self.unsent:
            words.append(UNSENT.format(self.vendor.label, ", ".join(self.unsent.values())))
        identifying = {rule.remote for rule in self.mapped if rule.field in IDENTIFIER_FIELDS}
        if identifying & set(self.unsent):
            raise PermanentError(" ".join(words))
        return Done(record.id, record.modified, changed, " ".join(words))

    def _chosen(self, delivery: Delivery, choice: CrmConflict) -> Done:
        """Link to the record that a person has chosen, merged before where they said so."""
        found = {each["id"]: self._still(each["id"]) for each in choice.records}
        record = found[choice.chosen]
        if record is None:
            conflicts.clear(self.connection, self.contact)
            raise RetryableError(VANISHED)
        if choice.choice == CrmConflict.Choice.MERGE:
            others = (row for row in found.values() if row is not None and row.id != record.id)
            other = next(others, None)
            if other is not None:  # else an earlier try has merged them
                record = self._merged(record, other)
        records.keep(self.connection, self.contact, record)
        values = self.values(record, Asked(frozenset(), everything=True), newly_linked=True)
        try:
            done = self.written(delivery, record, values)
        except ConflictError:
            # The other record keeps the address: that is what was chosen.
            rest = {name: v for name, v in values.items() if name != self.vendor.email}
            self.words.append(f"Without the address, which another {self.vendor.record} has.")
            done = self._the_rest(delivery, record, rest)
        conflicts.clear(self.connection, self.contact)
        return done

    def _the_rest(self, delivery: Delivery, record: Record, values: Mapping[str, str]) -> Done:
        """The link is what a person has chosen, whatever a rule of the account says of the values."""
        try:
            return self.written(delivery, record, values)
        except ConflictError:
            self.words.append(RULED)
            return self.kept(record, changed=False)

    def _still(self, record_id: str) -> Record | None:
        try:
            return self.connector.read(record_id, self.fields)
        except TargetGone:
            return None

    def _merged(self, keep: Record, fold: Record) -> Record:
        try:
            return self.connector.merge(keep, fold, self.fields)
        except PermanentError:
            conflicts.clear(self.connection, self.contact)
            raise
