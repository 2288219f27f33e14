"""Contacts and meetings of a HubSpot account (CRM API v3; the path is a setting, since it is dated).

By id and by address HubSpot reads its store, so that is how records are found; its search is an index
that lags by seconds to a minute. An empty value clears a property: none is sent, but to let go of an
address that another record is to have. There is no version to write under: what is there is read
first. Merging cannot be undone there.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from integrations import http
from integrations.connectors import crm
from integrations.connectors.base import AnswerLostError, ConnectorError, RetryableError, TargetGone
from integrations.connectors.calling import Caller, SignIn
from integrations.connectors.crm import LoggedMeeting, Record, RemoteField
from integrations.connectors.hubspot_errors import error_of

OBJECTS = "/crm/v3/objects"
PROPERTIES = "/crm/v3/properties/contacts"
ASSOCIATIONS = "/crm/v4/objects/contacts"
ACCOUNT = "/account-info/v3/details"
ALWAYS = ("email", "hs_additional_emails", "hs_merged_object_ids", "lastmodifieddate")
TO_CONTACT = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 200}
AT_ONCE = 100  # records of a batch call
FOUND = 100  # of a search
LONGEST_FIELDS = (
    8 * 1024 * 1024
)  # bytes: an account has hundreds of properties, some with hundreds of options
OPTIONS = 500
#: What HubSpot calls the state of a meeting.
OUTCOMES = {
    "requested": "SCHEDULED",
    "scheduled": "SCHEDULED",
    "rescheduled": "RESCHEDULED",
    "completed": "COMPLETED",
    "canceled": "CANCELED",
    "no_show": "NO_SHOW",
}
MARK = "hs_meeting_external_url"  # where the meeting stands in Kith


class HubSpot(Caller):
    """A CrmConnector. `account` is the hub id, `app` where people open records."""

    vendor = "HubSpot"
    used = 0.0  # its answers do not say

    def __init__(
        self, api: str, sign_in: SignIn, *, account: str = "", zone: str = "UTC",
        app: str = "https://app.hubspot.com", objects: str = OBJECTS,
    ) -> None:  # fmt: skip
        super().__init__(api, sign_in)
        self.account, self.zone, self.app, self.objects = account, zone, app, objects

    def error_of(self, answer: http.Answer) -> ConnectorError:
        return error_of(answer, datetime.now(UTC), self.zone)

    def account_details(self) -> tuple[str, str]:
        """The hub id of the account that the token is for, and its time zone."""
        told = self.call("GET", ACCOUNT).json()
        if not isinstance(told, dict) or not isinstance(told.get("portalId"), int):
            raise self.unreadable("GET")
        return str(told["portalId"]), str(told.get("timeZone") or "UTC")

    def remote_fields(self) -> list[RemoteField]:
        told = self.call(
            "GET", PROPERTIES, query={"archived": "false"}, longest=LONGEST_FIELDS
        ).json()
        rows = told.get("results") if isinstance(told, dict) else None
        if not isinstance(rows, list):
            raise self.unreadable("GET")
        return [remote_field(row) for row in rows if isinstance(row, dict) and row.get("name")]

    def read(self, record_id: str, fields: Sequence[str]) -> Record:
        """An id that was merged away is answered by the survivor, which names it."""
        found = self._get(record_id, {}, fields)
        merged = str(found.values.get("hs_merged_object_ids", "")).split(";")
        if found.id != record_id and record_id not in merged:
            raise self.unreadable("GET")
        return found

    def by_key(self, key: str, fields: Sequence[str]) -> list[Record]:
        return []

    def by_email(self, address: str, fields: Sequence[str]) -> list[Record]:
        try:
            found = self._get(address, {"idProperty": "email"}, fields)
        except TargetGone:
            return []
        if address.lower() not in found.emails:  # it has answered for somebody else
            raise self.unreadable("GET")
        return [found]

    def by_phone(self, number: str, fields: Sequence[str]) -> list[Record]:
        groups = [{name: number} for name in ("mobilephone", "phone")]
        return self._search(groups, "EQ", fields)

    def made_since(
        self, values: Mapping[str, str], moment: datetime, fields: Sequence[str]
    ) -> list[Record]:
        named = {n: values[n] for n in ("firstname", "lastname", "company") if n in values}
        if not named:
            return []
        stamp = str(int(moment.timestamp() * 1000))
        return self._search([named], "EQ", fields, [_filter("createdate", "GTE", stamp)])

    def create(self, values: Mapping[str, str], fields: Sequence[str], key: str = "") -> Record:
        body = {"properties": dict(values)}
        made = self._record("POST", self.call("POST", f"{self.objects}/contacts", json=body))
        return self._read_back(made.id, fields)

    def update(self, record: Record, values: Mapping[str, str], fields: Sequence[str]) -> Record:
        path = f"{self.objects}/contacts/{quote(record.id, safe='')}"
        answer = self.call("PATCH", path, json={"properties": dict(values)})
        if self._record("PATCH", answer).id != record.id:
            raise self.unreadable("PATCH")
        return self._read_back(record.id, fields)

    def read_many(self, record_ids: Sequence[str], fields: Sequence[str]) -> dict[str, Record]:
        asked = set(record_ids)
        return {row.id: row for row in self._batch(record_ids, fields) if row.id in asked}

    def find_many(self, addresses: Sequence[str], fields: Sequence[str]) -> dict[str, Record]:
        """HubSpot does not say which of the addresses has led to a record; the record does."""
        asked = {each.lower() for each in addresses}
        rows = self._batch(addresses, fields, idProperty="email")
        return {each: row for row in rows for each in row.emails if each in asked}

    def make_many(
        self, values: Mapping[str, Mapping[str, str]], fields: Sequence[str]
    ) -> dict[str, Record]:
        """By HubSpot's upsert: of addresses that no record has, so it only creates."""
        inputs = [
            {"id": address, "idProperty": "email", "properties": dict(each)}
            for address, each in values.items()
        ]
        answer = self.call("POST", f"{self.objects}/contacts/batch/upsert", json={"inputs": inputs})
        made = self._many_back([row.id for row in self._results("POST", answer)], fields)
        asked = {each.lower() for each in values}
        return {each: row for row in made.values() for each in row.emails if each in asked}

    def _batch(self, ids: Sequence[str], fields: Sequence[str], **more: str) -> list[Record]:
        body = {
            "inputs": [{"id": each} for each in ids],
            "properties": [*dict.fromkeys((*ALWAYS, *fields))],
            "propertiesWithHistory": [],
            **more,
        }
        answer = self.call("POST", f"{self.objects}/contacts/batch/read", json=body)
        return self._results("GET", answer)

    def _many_back(self, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Record]:
        """As `_read_back`."""
        try:
            return self.read_many(ids, fields) if ids else {}
        except RetryableError as error:
            raise AnswerLostError(str(error), error.retry_after) from None

    def update_many(
        self, values: Mapping[str, Mapping[str, str]], fields: Sequence[str]
    ) -> dict[str, Record]:
        inputs = [{"id": pk, "properties": dict(each)} for pk, each in values.items()]
        answer = self.call("POST", f"{self.objects}/contacts/batch/update", json={"inputs": inputs})
        written = [row.id for row in self._results("POST", answer) if row.id in values]
        return self._many_back(written, fields)

    def merge(self, keep: Record, fold: Record, fields: Sequence[str]) -> Record:
        body = {"primaryObjectId": keep.id, "objectIdToMerge": fold.id}
        made = self._record("POST", self.call("POST", f"{self.objects}/contacts/merge", json=body))
        return self._read_back(made.id, fields)

    def log_meeting(self, record: str, meeting: LoggedMeeting, *, look_first: bool) -> str:
        if look_first and (found := self._logged(record, meeting.key)):
            return found
        body = {
            "properties": meeting_values(meeting),
            "associations": [{"to": {"id": record}, "types": [TO_CONTACT]}],
        }
        answer = self.call("POST", f"{self.objects}/meetings", json=body)
        return self._record("POST", answer).id

    def change_meeting(self, meeting_id: str, meeting: LoggedMeeting) -> bool:
        wanted = meeting_values(meeting)
        path = f"{self.objects}/meetings/{quote(meeting_id, safe='')}"
        query = {"properties": ",".join(wanted)}
        stored = self._record("GET", self.call("GET", path, query=query))
        changed = {n: v for n, v in wanted.items() if not same(stored.values.get(n, ""), v)}
        if changed:
            self._record("PATCH", self.call("PATCH", path, json={"properties": changed}))
        return bool(changed)

    def _logged(self, record: str, key: str) -> str:
        """The meeting that an earlier try has logged, by its mark; "" for none."""
        path = f"{ASSOCIATIONS}/{quote(record, safe='')}/associations/meetings"
        told = self.call("GET", path, query={"limit": str(AT_ONCE)}).json()
        rows = told.get("results", []) if isinstance(told, dict) else []
        ids = [str(row["toObjectId"]) for row in rows if isinstance(row, dict)]
        if not ids:
            return ""
        body = {"inputs": [{"id": each} for each in ids], "properties": [MARK], "propertiesWithHistory": []}  # fmt: skip
        answer = self.call("POST", f"{self.objects}/meetings/batch/read", json=body)
        found = (row.id for row in self._results("GET", answer) if row.values.get(MARK) == key)
        return next(found, "")

    def _get(self, key: str, query: Mapping[str, str], fields: Sequence[str]) -> Record:
        path = f"{self.objects}/contacts/{quote(key, safe='')}"
        properties = ",".join(dict.fromkeys((*ALWAYS, *fields)))
        return self._record(
            "GET", self.call("GET", path, query={**query, "properties": properties})
        )

    def _read_back(self, record_id: str, fields: Sequence[str]) -> Record:
        """A reading that fails says nothing of the write, which is done."""
        try:
            return self.read(record_id, fields)
        except (RetryableError, TargetGone) as error:
            raise AnswerLostError(str(error), getattr(error, "retry_after", 0.0)) from None

    def _search(
        self, groups: list[dict[str, str]], operator: str, fields: Sequence[str],
        also: Sequence[dict[str, str]] = (),
    ) -> list[Record]:  # fmt: skip
        filters = [[_filter(n, operator, v) for n, v in each.items()] for each in groups]
        body = {
            "filterGroups": [{"filters": [*each, *also]} for each in filters],
            "properties": [*dict.fromkeys((*ALWAYS, *fields))],
            "limit": FOUND,
        }
        answer = self.call("POST", f"{self.objects}/contacts/search", json=body)
        rows = self._results("GET", answer)
        return sorted(rows, key=lambda row: row.modified, reverse=True)

    def _results(self, method: str, answer: http.Answer) -> list[Record]:
        told = answer.json()
        rows = told.get("results") if isinstance(told, dict) else None
        if not isinstance(rows, list):
            raise self.unreadable(method)
        return [self._of(method, row) for row in rows]

    def _record(self, method: str, answer: http.Answer) -> Record:
        return self._of(method, answer.json())

    def _of(self, method: str, told: object) -> Record:
        values = told.get("properties") if isinstance(told, dict) else None
        if not isinstance(told, dict) or not isinstance(values, dict) or not told.get("id"):
            raise self.unreadable(method)
        pk = str(told["id"])
        texts = {name: str(value) for name, value in values.items() if value not in (None, "")}
        return Record(
            id=pk,
            values=texts,
            emails=_emails(texts),
            modified=texts.get("lastmodifieddate", ""),
            url=f"{self.app}/contacts/{self.account}/record/0-1/{pk}" if self.account else "",
        )


def _filter(name: str, operator: str, value: str) -> dict[str, str]:
    return {"propertyName": name, "operator": operator, "value": value}


def _emails(values: Mapping[str, str]) -> tuple[str, ...]:
    listed = [values.get("email", ""), *values.get("hs_additional_emails", "").split(";")]
    return tuple(dict.fromkeys(each.strip().lower() for each in listed if each.strip()))


def remote_field(row: Mapping[str, Any]) -> RemoteField:
    """A property as HubSpot describes it. Pure."""
    rules = row.get("modificationMetadata")
    rules = rules if isinstance(rules, dict) else {}
    options = [each for each in row.get("options") or [] if isinstance(each, dict)]
    return RemoteField(
        name=str(row["name"]),
        label=str(row.get("label") or row["name"])[:200],
        kind=_kind(row),
        options=tuple(
            (str(o.get("value", "")), str(o.get("label", ""))) for o in options[:OPTIONS]
        ),
        locked=bool(rules.get("readOnlyValue") or row.get("calculated") or row.get("archived")),
        custom=not row.get("hubspotDefined"),
    )


def _kind(row: Mapping[str, Any]) -> str:
    if row["name"] == "email":
        return crm.EMAIL
    kind, shown = str(row.get("type")), str(row.get("fieldType"))
    if kind == "phone_number" or shown == "phonenumber":
        return crm.PHONE
    if kind == "bool" or shown == "booleancheckbox":
        return crm.YES_NO
    if kind == "enumeration":
        return crm.CHOICES if shown == "checkbox" else crm.CHOICE
    known = {"string": crm.TEXT, "number": crm.NUMBER, "date": crm.DATE}
    return known.get(kind, crm.OTHER)


def meeting_values(meeting: LoggedMeeting) -> dict[str, str]:
    """The properties of a meeting. Pure."""
    values = {
        "hs_timestamp": stamp(meeting.starts_at),
        "hs_meeting_title": meeting.title,
        "hs_meeting_body": meeting.text,
        "hs_meeting_start_time": stamp(meeting.starts_at),
        "hs_meeting_end_time": stamp(meeting.ends_at),
        "hs_meeting_location": meeting.location,
        "hs_meeting_outcome": OUTCOMES.get(meeting.state, "SCHEDULED"),
        MARK: meeting.key,
    }
    return {name: value for name, value in values.items() if value}


def stamp(moment: datetime) -> str:
    """ISO 8601 in UTC, as HubSpot writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def same(stored: str, wanted: str) -> bool:
    """Whether HubSpot shows what was written: it may spell a moment in another way."""
    if stored == wanted:
        return True
    try:
        return datetime.fromisoformat(stored) == datetime.fromisoformat(wanted)
    except (ValueError, TypeError):
        return False
