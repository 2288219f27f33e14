"""Which contact, or which earlier row, a row of the file is about.

The id that an export of ours gave it, then e-mail (current, then former), then mobile phone. One
query for a whole chunk, not one a row.
"""

from collections.abc import Iterable

from django.db.models import Q

from contacts.fields import as_text, current_value, field_named, known_fields
from contacts.models import Contact, Identifier, Import, ImportRow, PublicId, User

CLASH = "Email belongs to one contact and mobile phone to another. Merge those two first"
CLASH_WITH_ID = "Email or mobile phone belongs to another contact than the one with this id"
CLASH_IN_FILE = "Email is that of row {first} and mobile phone that of row {second}"
KEYS = {"email": "email_key", "mobile_phone": "phone_key"}


class NoMatch(Exception):
    """The row points at two contacts or two rows; the message says so."""


class Book:
    """All that a chunk of rows is compared with."""

    def __init__(self, batch: Import, rows: list[ImportRow]) -> None:
        self.batch = batch
        self._holders = _holders(rows)
        self._former = _former(rows)
        same_file = _made_by_same_file(batch, rows)
        self._named = _named(rows)
        found = {*self._holders.values(), *same_file.values(), *self._named.values()}
        self._contacts = _visible(batch.created_by, found)
        self._same_file = same_file
        self._by_key: dict[tuple[str, str], ImportRow] = {}
        self._by_contact: dict[int, ImportRow] = {}
        self._hidden: set[int] = set()
        self.loaded = self._load_earlier(rows)

    def contact_for(self, row: ImportRow) -> Contact | None:
        """The contact that holds the row's e-mail or phone. Raises NoMatch for two of them.

        Where one of them is hidden from who imports, the row is hidden, whatever else is true.
        """
        found = {
            name: self._holders[kind_key]
            for name, column in KEYS.items()
            if (kind_key := (name, getattr(row, column))) in self._holders
        }
        if any(pk not in self._contacts for pk in found.values()):
            self._hidden.add(row.number)
            return None
        if len(set(found.values())) > 1:
            raise NoMatch(CLASH)
        if (named := self._named.get(row.named)) is not None:
            if found and named not in found.values():
                raise NoMatch(CLASH_WITH_ID)
            found = {"contact_id": named}
        row.matched_on = next(iter(found), "")
        pk = next(iter(found.values()), None)
        if pk is None and not (row.email_key or row.phone_key):
            pk = self._same_file.get(row.number)
            row.matched_on = "same file" if pk else ""
        if pk is not None and pk not in self._contacts:
            self._hidden.add(row.number)
            return None
        return self._contacts[pk] if pk is not None else None

    def knows(self, row: ImportRow) -> bool:
        """Whether the row names a contact by its id."""
        return row.named in self._named

    def is_hidden(self, row: ImportRow) -> bool:
        """The holder exists but the person who imports may not see it."""
        return row.number in self._hidden

    def earlier_row(self, row: ImportRow, contact: Contact | None) -> ImportRow | None:
        """The earlier row of the file about the same person. Raises NoMatch for two of them."""
        found = [
            self._by_key[name, key]
            for name, column in KEYS.items()
            if (key := getattr(row, column)) and (name, key) in self._by_key
        ]
        if contact is not None and contact.pk in self._by_contact:
            found.append(self._by_contact[contact.pk])
        numbers = sorted({earlier.number for earlier in found})
        if len(numbers) > 1:
            raise NoMatch(CLASH_IN_FILE.format(first=numbers[0], second=numbers[1]))
        return found[0] if found else None

    def contact_of(self, row: ImportRow) -> Contact | None:
        return self._contacts.get(row.contact_id) if row.contact_id else None

    def match(self, row: ImportRow, contact: Contact, matched_on: str) -> None:
        row.contact = contact
        row.matched_on = matched_on

    def remember(self, row: ImportRow, under: ImportRow | None = None) -> None:
        """Later rows with these keys belong to this row (or to the one it was merged into)."""
        target = under or row
        for name, column in KEYS.items():
            if key := getattr(row, column):
                self._by_key.setdefault((name, key), target)
        if target.contact_id:
            self._by_contact.setdefault(target.contact_id, target)

    def texts(self, row: ImportRow) -> dict[str, str]:
        return {name: as_text(row.values[name]) for name in known_fields() if name in row.values}

    def text_of(self, contact: Contact, name: str) -> str:
        return as_text(current_value(contact, field_named(name)))

    def same_identifier(self, name: str, row: ImportRow, earlier: ImportRow) -> bool:
        return bool(getattr(row, KEYS[name]) == getattr(earlier, KEYS[name]))

    def same_as_current(self, row: ImportRow, contact: Contact, name: str) -> bool:
        """The same address in another spelling is no change."""
        key = (name, self._key(row, name))
        return self._holders.get(key) == contact.pk and key not in self._former

    def is_former(self, row: ImportRow, contact: Contact, name: str) -> bool:
        """A former identifier never becomes current by itself."""
        key = (name, self._key(row, name))
        return self._holders.get(key) == contact.pk and key in self._former

    def _key(self, row: ImportRow, name: str) -> str:
        return str(getattr(row, KEYS[name])) if name in KEYS else ""

    def _load_earlier(self, rows: list[ImportRow]) -> list[ImportRow]:
        """Rows of earlier chunks about the same people, as they stand in the stored plan."""
        emails = {row.email_key for row in rows if row.email_key}
        phones = {row.phone_key for row in rows if row.phone_key}
        stored = ImportRow.objects.filter(batch=self.batch).exclude(
            outcome__in=[ImportRow.Outcome.INVALID, ImportRow.Outcome.REFUSED]
        )
        # Three questions with an index each; one with OR would read the whole plan.
        conditions = (
            Q(email_key__in=emails),
            Q(phone_key__in=phones),
            Q(contact__in=list(self._contacts)),
        )
        hits = list({row.pk: row for c in conditions for row in stored.filter(c)}.values())
        heads = {row.number: row for row in hits if row.merged_into is None}
        missing = {r.merged_into for r in hits if r.merged_into and r.merged_into not in heads}
        heads |= {row.number: row for row in stored.filter(number__in=missing)}
        unknown = {r.contact_id for r in heads.values() if r.contact_id} - set(self._contacts)
        self._contacts |= _visible(self.batch.created_by, unknown)
        for row in sorted(hits, key=lambda row: row.number):
            self.remember(row, under=heads[row.merged_into] if row.merged_into else None)
        for row in heads.values():
            self.remember(row)
            self._holders |= _holders([row])
            self._former |= _former([row])
        return list(heads.values())


def _keys(rows: Iterable[ImportRow]) -> Q:
    emails = {row.email_key for row in rows if row.email_key}
    phones = {row.phone_key for row in rows if row.phone_key}
    return Q(kind="email", key__in=emails) | Q(kind="mobile_phone", key__in=phones)


def _holders(rows: list[ImportRow]) -> dict[tuple[str, str], int]:
    found = Identifier.objects.filter(_keys(rows)).values_list("kind", "key", "contact_id")
    return {(kind, key): contact_id for kind, key, contact_id in found}


def _named(rows: list[ImportRow]) -> dict[str, int]:
    """The contacts with the ids that rows name; a merged id stands for the survivor."""
    ids = {row.named: row.named for row in rows if row.named}
    moved = ids
    while moved:
        merged = PublicId.objects.filter(pk__in=ids.values(), merged_into__isnull=False)
        moved = dict(merged.values_list("value", "merged_into_id"))
        ids = {named: moved.get(current, current) for named, current in ids.items()}
    pks = dict(Contact.objects.filter(public_id__in=ids.values()).values_list("public_id", "pk"))
    return {named: pks[current] for named, current in ids.items() if current in pks}


def _former(rows: list[ImportRow]) -> set[tuple[str, str]]:
    found = Identifier.objects.filter(_keys(rows), current=False)
    return {(kind, key) for kind, key in found.values_list("kind", "key")}


def _visible(user: User | None, ids: set[int]) -> dict[int, Contact]:
    contacts = Contact.objects.filter(pk__in=ids) if ids else Contact.objects.none()
    return {c.pk: c for c in (contacts.visible_to(user) if user else contacts)}


def _made_by_same_file(batch: Import, rows: list[ImportRow]) -> dict[int, int]:
    """Contacts that the same rows of the same file made before, for rows without an identifier.

    A name alone is a new contact each time; the same file imported twice changes nothing.
    """
    numbers = [row.number for row in rows if not (row.email_key or row.phone_key)]
    if not numbers:
        return {}
    made = ImportRow.objects.filter(
        batch__sha256=batch.sha256,
        batch__state=Import.State.DONE,
        number__in=numbers,
        outcome=ImportRow.Outcome.NEW,
        contact__isnull=False,
    ).exclude(batch=batch)
    return dict(made.values_list("number", "contact_id"))
