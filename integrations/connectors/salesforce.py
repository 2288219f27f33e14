"""Contacts and leads of a Salesforce org (REST API), asked for by SOQL, which reads the store.

New records are of the kind that the org's administrators have chosen; records of the other kind that
are there already are found and kept up too, as far as they have the mapped fields. A lead that was
converted is its contact; a record that was merged is its master; a contact that is a Person Account is
written through its account. Deduplication is the org's own: what
its rules refuse is a question for a person, and is never forced.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from integrations import http
from integrations.connectors import salesforce_words as words
from integrations.connectors.base import (
    AnswerLostError,
    ConnectorError,
    PermanentError,
    PermissionMissing,
    RetryableError,
    TargetGone,
)
from integrations.connectors.calling import Caller, SignIn
from integrations.connectors.crm import (
    DuplicatesFound,
    FieldsRefused,
    LoggedMeeting,
    Record,
    RemoteField,
)
from integrations.connectors.salesforce_errors import LeadConverted, error_of, used_share
from integrations.connectors.salesforce_people import MARK, PersonAccounts
from integrations.connectors.salesforce_words import CONTACT, LEAD, kind_of, quoted

PATH = "/services/data/v62.0"
#: The org's rules hold, also those that only warn: a person decides (connectors.md, 7.2).
RULES = {
    "Sforce-Duplicate-Rule-Header": "allowSave=false; includeRecordDetails=false; runAsCurrentUser=true"
}
LONGEST_FIELDS = 8 * 1024 * 1024  # bytes: hundreds of fields, some with hundreds of choices
FOLLOWED = 5  # merges of merges
FOUND = 20  # of one address or number
LOGGED = 200  # events that are looked through
HIDDEN = "Salesforce hides a field without which no record can be told from another: {}."
NO_MERGE = "Records of Salesforce are merged there."
T = TypeVar("T")


class Salesforce(Caller):
    """A CrmConnector. `makes` is the kind of new records, `key_field` the org's field for our ids;
    `people`: the org has Person Accounts."""

    vendor = "Salesforce"

    def __init__(
        self, api: str, sign_in: SignIn, *, path: str = PATH, makes: str = CONTACT,
        key_field: str = "", people: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(api, sign_in)
        self.path, self.makes, self.key_field = path, makes, key_field
        self.people = PersonAccounts(self._query, self.call, path, used=people)
        self.used = 0.0

    def error_of(self, answer: http.Answer) -> ConnectorError:
        return error_of(answer)

    def _once(self, method: str, url: str, token: str, **parts: Any) -> http.Answer:
        answer = super()._once(method, url, token, **parts)
        self.used = used_share(answer.headers.get("sforce-limit-info", "")) or self.used
        return answer

    def account_details(self) -> tuple[str, str]:
        """The id of the org that the token is for, and its time zone."""
        rows = self._query("SELECT Id, TimeZoneSidKey FROM Organization LIMIT 1")
        if len(rows) != 1 or not isinstance(rows[0].get("Id"), str):
            raise self.unreadable("GET")
        return rows[0]["Id"][:15], str(rows[0].get("TimeZoneSidKey") or "UTC")

    def remote_fields(self) -> list[RemoteField]:
        """With the mark of Person Accounts, which only contacts have, also where leads are made."""
        rows = self._described(self.makes)
        if self.makes != CONTACT:
            rows += [row for row in self._contacts_described() if row["name"] == MARK]
        self.people.used = any(row["name"] == MARK for row in rows)
        return [words.remote_field(row) for row in rows]

    def _described(self, kind: str) -> list[dict[str, Any]]:
        path = f"{self.path}/sobjects/{kind}/describe"
        told = self.call("GET", path, longest=LONGEST_FIELDS).json()
        rows = told.get("fields") if isinstance(told, dict) else None
        if not isinstance(rows, list):
            raise self.unreadable("GET")
        return [row for row in rows if isinstance(row, dict) and row.get("name")]

    def _contacts_described(self) -> list[dict[str, Any]]:
        """Who may see leads only never meets a contact."""
        try:
            return self._described(CONTACT)
        except (PermissionMissing, TargetGone):
            return []

    def read(self, record_id: str, fields: Sequence[str]) -> Record:
        """What was merged is answered by its master, what was converted by its contact."""
        for _ in range(FOLLOWED):
            try:
                row = self._row(record_id, fields)
            except TargetGone:
                record_id = self._master(record_id)
                continue
            if not row.get("IsConverted"):
                return self._of(row)
            record_id = str(row.get("ConvertedContactId") or "")
            if not record_id:
                break
        raise TargetGone("The record no longer exists.")

    def by_key(self, key: str, fields: Sequence[str]) -> list[Record]:
        """Those that carry this id of ours, where the org has a field for it."""
        if not self.key_field:
            return []
        try:
            told = self.call("GET", self._key_path(key)).json()
        except TargetGone:
            return []
        except DuplicatesFound as several:
            return [self.read(each, fields) for each in several.others]
        if not isinstance(told, dict) or not told.get("Id"):
            raise self.unreadable("GET")
        return [self.read(str(told["Id"]), fields)]

    def by_email(self, address: str, fields: Sequence[str]) -> list[Record]:
        where = f"Email = {quoted(address)}"
        found = self._either(where, fields)
        if any(address.lower() not in row.emails for row in found):
            raise self.unreadable("GET")  # it has answered for somebody else
        return found

    def by_phone(self, number: str, fields: Sequence[str]) -> list[Record]:
        spelled = words.spellings(number)
        either = (words.any_of(name, spelled) for name in ("MobilePhone", "Phone"))
        return self._either(" OR ".join(either), fields)

    def made_since(
        self, values: Mapping[str, str], moment: datetime, fields: Sequence[str]
    ) -> list[Record]:
        names = [n for n in ("FirstName", "LastName", "Company") if n in values]
        if not names:
            return []
        where = (
            f"{words.equal({n: values[n] for n in names})} AND CreatedDate >= {words.stamp(moment)}"
        )
        return self._records(self.makes, where, fields)

    def create(self, values: Mapping[str, str], fields: Sequence[str], key: str = "") -> Record:
        """By the org's field for our ids, where there is one: then the same again makes none twice."""
        if self.key_field and key:
            answer = self.call("PATCH", self._key_path(key), headers=RULES, json=dict(values))
        else:
            path = f"{self.path}/sobjects/{self.makes}"
            answer = self.call("POST", path, headers=RULES, json=dict(values))
        told = answer.json()
        if not isinstance(told, dict) or not isinstance(told.get("id"), str):
            raise self.unreadable("POST")
        return self._read_back(told["id"], fields)

    def update(self, record: Record, values: Mapping[str, str], fields: Sequence[str]) -> Record:
        kind = kind_of(record.id, self.makes)
        body = self._named(values, kind)
        if body:
            headers = {**RULES, **words.unmodified_since(record.modified)}
            try:
                self._write(record.id, body, headers)
            except LeadConverted:
                contact = self.read(record.id, fields)
                if contact.id == record.id:
                    raise
                return self.update(contact, values, fields)
            except FieldsRefused as refused:
                raise FieldsRefused(str(refused), self._ours(refused.names, kind)) from None
        return self._read_back(record.id, fields)

    def _write(self, record_id: str, body: Mapping[str, str], headers: Mapping[str, str]) -> None:
        if account := self.people.accounts_of([record_id]).get(record_id):
            self.people.write(account, body, headers)
        else:
            self.call("PATCH", self._path(record_id), headers=headers, json=dict(body))

    def read_many(self, record_ids: Sequence[str], fields: Sequence[str]) -> dict[str, Record]:
        found: dict[str, Record] = {}
        for kind in (CONTACT, LEAD):
            own = [each for each in record_ids if kind_of(each, self.makes) == kind]
            for part in words.parts_of(own):
                where = words.any_of("Id", part) + _unconverted(kind)
                rows = self._records(kind, where, fields, limit=len(part))
                found |= {row.id: row for row in rows}
        return {each: found[each] for each in record_ids if each in found}

    def update_many(
        self, values: Mapping[str, Mapping[str, str]], fields: Sequence[str]
    ) -> dict[str, Record]:
        people = self.people.accounts_of(list(values))  # left out here, and written singly
        bodies = {
            pk: self._named(each, kind_of(pk, self.makes))
            for pk, each in values.items() if pk not in people
        }  # fmt: skip
        rows = [
            {"attributes": {"type": kind_of(pk, self.makes)}, "id": pk, **body}
            for pk, body in bodies.items()
            if body
        ]
        written = self._collection("PATCH", rows)
        ids = [*written, *(pk for pk, body in bodies.items() if not body)]
        return self._many_back([pk for pk in ids if pk in values], fields)

    def find_many(self, addresses: Sequence[str], fields: Sequence[str]) -> dict[str, Record]:
        """The last modified one where several have the address."""
        found: dict[str, Record] = {}
        for kind in (self.makes, words.OTHER[self.makes]):
            missing = [each for each in addresses if each.lower() not in found]
            for part in words.parts_of(missing):
                where = words.any_of("Email", part) + _unconverted(kind)
                for row in self._records(kind, where, fields, limit=2000):
                    for email in row.emails:
                        found.setdefault(email, row)
        asked = {each.lower() for each in addresses}
        return {email: row for email, row in found.items() if email in asked}

    def make_many(
        self, values: Mapping[str, Mapping[str, str]], fields: Sequence[str]
    ) -> dict[str, Record]:
        """Of addresses that were looked for just now: what an earlier try has made was found."""
        rows = [{"attributes": {"type": self.makes}, **each} for each in values.values()]
        made = self._many_back(self._collection("POST", rows), fields)
        asked = {each.lower() for each in values}
        return {each: row for row in made.values() for each in row.emails if each in asked}

    def merge(self, keep: Record, fold: Record, fields: Sequence[str]) -> Record:
        """Its REST API merges nothing, so no page offers it."""
        raise PermanentError(NO_MERGE)

    def log_meeting(self, record: str, meeting: LoggedMeeting, *, look_first: bool) -> str:
        if look_first and (found := self._logged(record, meeting.key)):
            return found
        body = {**words.event_values(meeting), "WhoId": record}
        told = self.call("POST", f"{self.path}/sobjects/Event", json=body).json()
        if not isinstance(told, dict) or not isinstance(told.get("id"), str):
            raise self.unreadable("POST")
        return str(told["id"])

    def change_meeting(self, meeting_id: str, meeting: LoggedMeeting) -> bool:
        wanted = words.event_values(meeting)
        path = f"{self.path}/sobjects/Event/{quote(meeting_id, safe='')}"
        stored = self.call("GET", path, query={"fields": ",".join(("Id", *words.EVENT))}).json()
        if not isinstance(stored, dict) or not words.same_id(str(stored.get("Id")), meeting_id):
            raise self.unreadable("GET")
        changed = {
            name: value for name, value in wanted.items()
            if not words.same_value(words.text_of(stored.get(name)), value)
        }  # fmt: skip
        if changed:
            self.call("PATCH", path, json=changed)
        return bool(changed)

    def _logged(self, record: str, key: str) -> str:
        """The event that an earlier try has logged: our address of the meeting ends its text."""
        rows = self._query(
            f"SELECT Id, Description FROM Event WHERE WhoId = {quoted(record)} "
            f"ORDER BY CreatedDate DESC LIMIT {LOGGED}"
        )
        found = (row for row in rows if words.text_of(row.get("Description")).endswith(key))
        return str(next(found, {}).get("Id") or "")

    def _path(self, record_id: str) -> str:
        kind = kind_of(record_id, self.makes)
        return f"{self.path}/sobjects/{kind}/{quote(record_id, safe='')}"

    def _key_path(self, key: str) -> str:
        return f"{self.path}/sobjects/{self.makes}/{self.key_field}/{quote(key, safe='')}"

    def _row(self, record_id: str, fields: Sequence[str]) -> dict[str, Any]:
        kind = kind_of(record_id, self.makes)

        def ask(names: Sequence[str]) -> dict[str, Any]:
            query = {"fields": ",".join(words.columns(kind, self.makes, names))}
            told = self.call("GET", self._path(record_id), query=query).json()
            if not isinstance(told, dict) or not words.same_id(str(told.get("Id")), record_id):
                raise self.unreadable("GET")
            return told

        return self._of_what_there_is(kind, fields, ask)

    def _master(self, record_id: str) -> str:
        """The record into which a deleted one was merged. Raises TargetGone."""
        rows = self._query(
            f"SELECT Id, IsDeleted, MasterRecordId FROM {kind_of(record_id, self.makes)} "
            f"WHERE Id = {quoted(record_id)}", deleted=True,
        )  # fmt: skip
        master = str(rows[0].get("MasterRecordId") or "") if rows else ""
        if not master:
            raise TargetGone("The record no longer exists.")
        return master

    def _either(self, where: str, fields: Sequence[str]) -> list[Record]:
        """Of the kind that is made here, else of the other one; the last modified first."""
        for kind in (self.makes, words.OTHER[self.makes]):
            narrowed = f"({where}){_unconverted(kind)}" if kind == LEAD else where
            if rows := self._records(kind, narrowed, fields):
                return rows
        return []

    def _records(
        self, kind: str, where: str, fields: Sequence[str], limit: int = FOUND
    ) -> list[Record]:
        def ask(names: Sequence[str]) -> list[Record]:
            listed = ", ".join(words.columns(kind, self.makes, names))
            rows = self._query(
                f"SELECT {listed} FROM {kind} WHERE {where} "
                f"ORDER BY LastModifiedDate DESC LIMIT {limit}"
            )
            return [self._of(row) for row in rows]

        return self._of_what_there_is(kind, fields, ask)

    def _of_what_there_is(
        self, kind: str, fields: Sequence[str], ask: Callable[[Sequence[str]], T]
    ) -> T:
        """A field that was removed or hidden since it was mapped cannot even be read: the rest is."""
        try:
            return ask(fields)
        except FieldsRefused as refused:
            names = set(self._ours(refused.names, kind))
            rest = [each for each in fields if each not in names]
            if len(rest) == len(fields):
                raise PermissionMissing(HIDDEN.format(", ".join(sorted(names)))) from None
        return self._of_what_there_is(kind, rest, ask)

    def _query(self, soql: str, *, deleted: bool = False) -> list[dict[str, Any]]:
        path = f"{self.path}/{'queryAll' if deleted else 'query'}"
        told = self.call("GET", path, query={"q": soql}).json()
        rows = told.get("records") if isinstance(told, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self.unreadable("GET")
        return rows

    def _collection(self, method: str, rows: list[dict[str, Any]]) -> list[str]:
        """The ids of those that were written; the others tell why when they are sent alone."""
        if not rows:
            return []
        body = {"allOrNone": False, "records": rows}
        told = self.call(method, f"{self.path}/composite/sobjects", headers=RULES, json=body).json()
        if not isinstance(told, list) or len(told) != len(rows):
            raise self.unreadable(method)
        return [
            str(each["id"]) for each in told
            if isinstance(each, dict) and each.get("success") and each.get("id")
        ]  # fmt: skip

    def _many_back(self, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Record]:
        try:
            return self.read_many(ids, fields) if ids else {}
        except RetryableError as error:
            raise AnswerLostError(str(error), error.retry_after) from None

    def _read_back(self, record_id: str, fields: Sequence[str]) -> Record:
        """A reading that fails says nothing of the write, which is done."""
        try:
            return self.read(record_id, fields)
        except (RetryableError, TargetGone) as error:
            raise AnswerLostError(str(error), getattr(error, "retry_after", 0.0)) from None

    def _named(self, values: Mapping[str, str], kind: str) -> dict[str, str]:
        """Under the names that this kind of record has; what it has no place for is left out."""
        names = words.names_on(kind, self.makes)
        if names is None:
            return dict(values)
        return {names[name]: value for name, value in values.items() if name in names}

    def _ours(self, names: Sequence[str], kind: str) -> list[str]:
        """The mapping's names of a record's."""
        theirs = words.names_on(kind, self.makes) or {}
        back = {there: here for here, there in theirs.items()}
        return [back.get(name, name) for name in names]

    def _of(self, row: Mapping[str, Any]) -> Record:
        pk = str(row.get("Id") or "")
        if not pk:
            raise self.unreadable("GET")
        kind = kind_of(pk, self.makes)
        texts = {name: words.text_of(value) for name, value in row.items()}
        values = {name: text for name, text in texts.items() if text}
        if kind != self.makes:
            values = {self._ours([name], kind)[0]: text for name, text in values.items()}
        email = texts.get("Email", "").lower()
        return Record(
            id=pk,
            kind=kind.lower(),
            values=values,
            emails=(email,) if email else (),
            modified=texts.get("LastModifiedDate", ""),
            url=f"{self.base}/{pk}",
        )


def _unconverted(kind: str) -> str:
    """Of leads only those that are still leads."""
    return " AND IsConverted = false" if kind == LEAD else ""
