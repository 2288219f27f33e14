"""A double of Salesforce: contacts, leads and events of one org.

What it does, and how that is known (connectors.md, section 7):

* SOQL in the part that `soql` understands; the rest is MALFORMED_QUERY
* a write is answered with 204 and nothing; the token answer names `instance_url` and no end [vendor]
* duplicate rules, on creates and updates too, by equal addresses: `rule` "block" or "warn"; the
  key of the answer is misspelt [reported]: `result_key`. Whether a rule looks again when what it
  compares was not changed is not documented: `rule_at_any_edit`
* a converted lead cannot be written [reported]; a merged record is deleted, with MasterRecordId
* a field that is hidden (`hidden`) does not exist for this sign-in; one that is locked (`locked`) can be
  read and not written
* the day's calls are told by every answer: `daily` [vendor]
* If-Unmodified-Since is kept, by the second
* in an org with Person Accounts (`with_people`) the contact of one is changed through its account only;
  both have the same time stamps [vendor]. How a write to the contact is refused is not documented
* refresh tokens may be used up by use (`sign_in.rotates`); a sixth approval revokes the oldest [reported]
* sessions end without notice: `sign_in.access.clear()`
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from integrations.sandbox import salesforce_shapes as shapes
from integrations.sandbox import soql
from integrations.sandbox.double import Double, Reply, Request
from integrations.sandbox.salesforce_shapes import Values
from integrations.sandbox.sign_in import SignInDouble, invalid_grant

AUTHORIZE, TOKEN = "/services/oauth2/authorize", "/services/oauth2/token"
DATA = "/services/data/v62.0"
PREFIXES = {"Contact": "003", "Lead": "00Q", "Event": "00U", "Account": "001"}
APPROVALS = 5
MANY = 200


@dataclass
class SalesforceSignIn(SignInDouble):
    """The sign-in: every answer names the org and where its API is; none says when a session ends."""

    org: str = "00D5e000000KithEAG"
    instance_url: str = "https://instance.example"

    def _renew(self, form: dict[str, str]) -> Reply:
        if form.get("refresh_token", "") not in self.refresh:
            self.refreshes += 1
            return invalid_grant("expired access/refresh token")
        return super()._renew(form)

    def _grant(self, account: str, scopes: str, *, fresh: bool) -> Reply:
        reply = super()._grant(account, scopes, fresh=fresh)
        told = {name: value for name, value in reply.body.items() if name != "expires_in"}
        for oldest in list(self.refresh)[:-APPROVALS]:
            del self.refresh[oldest]
        person = f"{self.instance_url}/id/{self.org}/0055e000001KithAAC"
        return Reply(200, {**told, "instance_url": self.instance_url, "id": person, "issued_at": "0", "signature": "c2FuZGJveA=="})  # fmt: skip


@dataclass
class SalesforceDouble(Double):
    """Rows by kind and id, each with its fields; deleted ones stay, marked."""

    vendor = "salesforce"
    sign_in: SalesforceSignIn = field(
        default_factory=lambda: SalesforceSignIn("Salesforce", what="the contacts and leads")
    )
    rows: dict[str, dict[str, Values]] = field(
        default_factory=lambda: {kind: {} for kind in PREFIXES}
    )
    fields: dict[str, dict[str, Values]] = field(
        default_factory=lambda: {kind: shapes.fields(kind) for kind in PREFIXES}
    )
    hidden: set[str] = field(default_factory=set)
    locked: set[str] = field(default_factory=set)
    rule: str = ""  # "block", "warn"
    rule_at_any_edit: bool = False
    result_key: str = "duplicateResut"
    key_field: str = ""  # a field for other systems' ids
    answers_for: str = ""  # a GET by id, or a query, answers for this record instead
    daily: int = 100_000
    calls: int = 0
    zone: str = "America/Los_Angeles"
    number: int = 0
    now: Callable[[], float] = time.time

    def respond(self, request: Request) -> Reply:
        if request.path == AUTHORIZE:
            return self.sign_in.consent(request)
        if request.path == TOKEN and request.method == "POST":
            return self.sign_in.token(request)
        if self.sign_in.account_of(request) is None:
            return self.failure("401")
        self.calls += 1
        reply = self.failure("403 limit") if self.calls > self.daily else self._api(request)
        usage = f"api-usage={min(self.calls, self.daily)}/{self.daily}"
        return Reply(reply.status, reply.body, {**reply.headers, "Sforce-Limit-Info": usage})

    def failure(self, name: str) -> Reply:
        return shapes.failure(name)

    def _api(self, request: Request) -> Reply:
        path, method = request.path.removeprefix(DATA), request.method
        if method == "GET" and path in {"/query", "/queryAll"}:
            return self._query(request.query.get("q", ""), deleted=path == "/queryAll")
        if path == "/composite/sobjects" and method in {"PATCH", "POST"}:
            return self._many(method, request.json())
        found = re.fullmatch(
            r"/sobjects/(Contact|Lead|Event|Account)(?:/([^/]+))?(?:/([^/]+))?", path
        )
        if not found:
            return self.failure("404")
        kind, first, second = found[1], found[2] or "", found[3] or ""
        if second:
            return self._by_key(kind, first, second, request)
        if first == "describe":
            known = self.fields[kind].values()
            told = [self._described(each) for each in known if each["name"] not in self.hidden]
            return Reply(200, {"name": kind, "fields": told})
        if first:
            return self._one(kind, first, request)
        return self._create(kind, request.json()) if method == "POST" else self.failure("405")

    def _described(self, row: Values) -> Values:
        return {**row, "updateable": row["updateable"] and row["name"] not in self.locked}

    def _query(self, text: str, *, deleted: bool) -> Reply:
        try:
            query = soql.parse(text)
        except soql.Malformed as fault:
            return shapes.failure("400 query", str(fault)[:40])
        if query.kind == "Organization":
            rows = [{"Id": self.sign_in.org, "TimeZoneSidKey": self.zone}]
            return self._found(query, rows)
        if query.kind not in self.rows:
            return shapes.failure("400 query", query.kind)
        for name in sorted(query.named):
            if name not in self.fields[query.kind] or name in self.hidden:
                return shapes.no_column(name, query.kind)
        rows = [row for row in self.rows[query.kind].values() if deleted or not row["IsDeleted"]]
        found = [row for row in rows if query.test(row)]
        if other := self.rows[query.kind].get(self.answers_for):
            found = [other]
        if query.order:
            found.sort(key=lambda row: str(row.get(query.order) or ""), reverse=query.descending)
        return self._found(query, found[: query.limit])

    def _found(self, query: soql.Query, rows: list[Values]) -> Reply:
        told = [self._shown(query.kind, row, query.fields) for row in rows]
        return Reply(200, {"totalSize": len(told), "done": True, "records": told})

    def _shown(self, kind: str, row: Values, names: Any) -> Values:
        url = f"{DATA}/sobjects/{kind}/{row['Id']}"
        return {"attributes": {"type": kind, "url": url}, **{n: row.get(n) for n in names}}

    def _one(self, kind: str, pk: str, request: Request) -> Reply:
        row = self._row(
            kind, self.answers_for if self.answers_for and request.method == "GET" else pk
        )
        if row is None:
            return self.failure("404")
        if row["IsDeleted"]:
            return self.failure("404 deleted")
        if request.method == "GET":
            names = [each for each in request.query.get("fields", "Id").split(",") if each]
            for name in names:
                if name not in self.fields[kind] or name in self.hidden:
                    return shapes.no_column(name, kind)
            return Reply(200, self._shown(kind, row, names))
        if request.method != "PATCH":
            return self.failure("405")
        return self._patch(kind, row, request.json(), request.headers)

    def _row(self, kind: str, pk: str) -> Values | None:
        return next((row for own, row in self.rows[kind].items() if own[:15] == pk[:15]), None)

    def _patch(self, kind: str, row: Values, values: Any, headers: Any) -> Reply:
        since = headers.get("if-unmodified-since", "")
        modified = datetime.fromisoformat(row["LastModifiedDate"])
        if since and modified.replace(microsecond=0) > parsedate_to_datetime(since):
            return self.failure("412")
        if row.get("IsConverted"):
            return self.failure("400 converted")
        if row.get("IsPersonAccount"):
            return shapes.refused(sorted(values))
        if refusal := self._refused(kind, values, row):
            return refusal
        self._write(row, values)
        if kind == "Account":
            self._mirror(row)
        return Reply(204)

    def _mirror(self, account: Values) -> None:
        """The account of a person has changed: so has its contact."""
        for row in self.rows["Contact"].values():
            if row.get("AccountId") == account["Id"]:
                row |= {here: account.get(there) for here, there in shapes.ON_ACCOUNT.items()}
                row["LastModifiedDate"] = account["LastModifiedDate"]

    def _create(self, kind: str, values: Any) -> Reply:
        if refusal := self._refused(kind, values, None):
            return refusal
        return Reply(201, shapes.done(self.add(kind, values)["Id"]))

    def _refused(self, kind: str, values: Any, row: Values | None) -> Reply | None:
        """What stands against a write, if anything."""
        if not isinstance(values, dict):
            return self.failure("400")
        known, right = self.fields[kind], "updateable" if row else "createable"
        for name in values:
            if name not in known or name in self.hidden:
                return shapes.no_column(name, kind)
        held = [n for n in values if n in self.locked or not known[n][right]]
        if held:
            return shapes.refused(held)
        lacking = [
            n for n, each in known.items()
            if not each["nillable"] and not each["defaultedOnCreate"] and each["createable"]
            and not values.get(n, (row or {}).get(n))
        ]  # fmt: skip
        if lacking:
            message = f"Required fields are missing: [{', '.join(lacking)}]"
            return Reply(400, shapes.error("REQUIRED_FIELD_MISSING", message, lacking))
        faults = (shapes.fault(known, name, value) for name, value in values.items())
        return next((each for each in faults if each), None) or self._ruled(kind, values, row)

    def _ruled(self, kind: str, values: Values, row: Values | None) -> Reply | None:
        if not self.rule or kind == "Event":
            return None
        email = "PersonEmail" if kind == "Account" else "Email"
        if row and email not in values and not self.rule_at_any_edit:
            return None
        address = str(values.get(email, (row or {}).get(email)) or "").lower()
        ids = [
            each["Id"] for each in self.rows[kind].values()
            if address and str(each.get(email) or "").lower() == address
            and each is not row and not each["IsDeleted"]
        ]  # fmt: skip
        warns = self.rule == "warn"
        return shapes.duplicates(kind, ids, allow=warns, key=self.result_key) if ids else None

    def add(self, kind: str, values: Values | None = None, **more: Any) -> Values:
        """A record that is there, as if somebody had made it in Salesforce."""
        self.number += 1
        pk = f"{PREFIXES[kind]}5e00000{self.number:05d}AAA"
        stamp = self._stamp()
        row: Values = {"Id": pk, "IsDeleted": False, "MasterRecordId": None, "CreatedDate": stamp}
        if kind == "Lead":
            row |= {"IsConverted": False, "ConvertedContactId": None}
        self.rows[kind][pk] = row
        self._write(row, {**(values or {}), **more})
        return row

    def with_people(self) -> None:
        """Have Person Accounts, as an org that has switched them on."""
        self.fields["Contact"] |= shapes.of_people()

    def add_person(self, **values: Any) -> Values:
        """A Person Account; its contact, as somebody would have made it in Salesforce."""
        named = {shapes.ON_ACCOUNT[name]: value for name, value in values.items()}
        account = self.add("Account", named)
        known = {"IsPersonAccount": True, "AccountId": account["Id"]}
        return self.add("Contact", {**values, **known})

    def _write(self, row: Values, values: Values) -> None:
        row.update({name: None if value == "" else value for name, value in values.items()})
        row["LastModifiedDate"] = self._stamp()

    def _many(self, method: str, body: Any) -> Reply:
        rows = body.get("records") if isinstance(body, dict) else None
        if not isinstance(rows, list) or len(rows) > MANY:
            return self.failure("400")
        return Reply(200, [self._item(method, dict(each)) for each in rows])

    def _item(self, method: str, values: Values) -> Values:
        kind = values.pop("attributes")["type"]
        if method == "POST":
            made = self._create(kind, values)
            return made.body if made.status == 201 else shapes.of_item(made, None)
        pk = str(values.pop("id"))
        row = self._row(kind, pk)
        if row is None or row["IsDeleted"]:
            return shapes.of_item(self.failure("404 deleted"), pk)
        written = self._patch(kind, row, values, {})
        return shapes.done(pk) if written.status == 204 else shapes.of_item(written, pk)

    def _by_key(self, kind: str, name: str, key: str, request: Request) -> Reply:
        """By the field for other systems' ids: found, or on PATCH made."""
        if name != self.key_field:
            return self.failure("404")
        found = [
            row for row in self.rows[kind].values()
            if row.get(name) == key and not row["IsDeleted"]
        ]  # fmt: skip
        if len(found) > 1:
            return Reply(300, [f"{DATA}/sobjects/{kind}/{row['Id']}" for row in found])
        if request.method == "GET":
            return Reply(200, self._shown(kind, found[0], ["Id"])) if found else self.failure("404")
        values = request.json()
        if found:
            refusal = self._patch(kind, found[0], values, {})
            pk = found[0]["Id"]
            return Reply(200, {**shapes.done(pk), "created": False}) if refusal.status == 204 else refusal  # fmt: skip
        made = self._create(kind, values)
        if made.status != 201:
            return made
        self.rows[kind][made.body["id"]][name] = key
        return Reply(201, {**made.body, "created": True})

    def merge(self, keep: str, fold: str) -> None:
        """Fold one record into another, as people do it there."""
        for rows in self.rows.values():
            if fold in rows:
                rows[fold] |= {"IsDeleted": True, "MasterRecordId": keep}

    def delete(self, pk: str) -> None:
        """Somebody deletes the record in Salesforce."""
        for rows in self.rows.values():
            if pk in rows:
                rows[pk]["IsDeleted"] = True

    def convert(self, lead: str) -> str:
        """Make a contact of a lead, as people do it there; the contact's id."""
        row = self.rows["Lead"][lead]
        names = ("FirstName", "LastName", "Email", "Phone", "MobilePhone", "Title")
        contact = self.add("Contact", {name: row.get(name) for name in names})
        row |= {"IsConverted": True, "ConvertedContactId": contact["Id"]}
        return str(contact["Id"])

    def _stamp(self) -> str:
        return datetime.fromtimestamp(int(self.now()), UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
