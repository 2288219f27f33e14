"""A double of HubSpot: contacts, meetings and properties of one account.

What it does, and how that is known (connectors.md, section 6):

* an address is unique over `email` and `hs_additional_emails`; who has it already is told with 409 and
  "Existing ID" [reported]. Whether that befalls the record's own further address is not documented:
  `own_alias_is_taken`. Whether a changed address stays as a further one is not either: `keeps_old`
* GET by id and by address (`idProperty=email`) read the store; the search is an index that lags:
  `search_lag` [vendor]
* a merged id is answered by the survivor, which lists it in `hs_merged_object_ids` [reported]; it may
  be the primary one, or a new one: `merge_makes_new_id`; 250 addresses at most [vendor]
* an empty value clears a property [vendor]
* a property that is gone or read-only is refused with its code within the message [reported]
* batch calls take 100 records; 207 where some of them fail [vendor]
* three policies of 429: a second's for the search, ten seconds', a day's: `limit`, `daily` [vendor].
  The search carries no X-HubSpot-RateLimit headers [reported]
* access tokens last 30 minutes; a dead refresh token is BAD_REFRESH_TOKEN [reported]; a token given by
  hand (`by_hand`) lasts until it is revoked
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from integrations.sandbox import hubspot_shapes as shapes
from integrations.sandbox.double import Double, Reply, Request
from integrations.sandbox.hubspot_shapes import Values
from integrations.sandbox.sign_in import SignInDouble

AUTHORIZE, TOKEN = "/oauth/authorize", "/oauth/v3/token"
OBJECTS, ACCOUNT = "/crm/v3/objects", "/account-info/v3/details"
PROPERTIES = "/crm/v3/properties/contacts"
LASTS = 1800  # seconds, of an access token
WINDOW = 10.0
MOST_ADDRESSES = 250
SEARCHES = 5  # in a second


@dataclass
class HubSpotSignIn(SignInDouble):
    """The sign-in: every answer names the account and brings the refresh token along."""

    hub_id: int = 24810377
    by_hand: set[str] = field(default_factory=set)  # private tokens, which do not run out

    def _renew(self, form: dict[str, str]) -> Reply:
        if form.get("refresh_token", "") not in self.refresh:
            self.refreshes += 1
            body = {"status": "BAD_REFRESH_TOKEN", "message": "missing or invalid refresh token"}
            return Reply(400, body)
        return super()._renew(form)

    def _grant(self, account: str, scopes: str, *, fresh: bool) -> Reply:
        reply = super()._grant(account, scopes, fresh=True)
        told = {**reply.body, "expires_in": LASTS, "hub_id": self.hub_id, "user_id": 1}
        del told["scope"]
        self.access[told["access_token"]] = (account, self.now() + LASTS)
        return Reply(200, {**told, "scopes": scopes.split(), "token_use": "access_token"})

    def account_of(self, request: Request) -> str | None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return "by hand" if token in self.by_hand else super().account_of(request)


@dataclass
class HubSpotDouble(Double):
    """Contacts and meetings by id, each with its `properties`."""

    vendor = "hubspot"
    sign_in: HubSpotSignIn = field(
        default_factory=lambda: HubSpotSignIn("HubSpot", what="the contacts")
    )
    contacts: dict[str, Values] = field(default_factory=dict)
    meetings: dict[str, Values] = field(default_factory=dict)
    logged: list[tuple[str, str]] = field(default_factory=list)  # contact, meeting
    merged: dict[str, str] = field(default_factory=dict)  # a former id -> the survivor's
    properties: dict[str, dict[str, Any]] = field(default_factory=shapes.properties)
    required: set[str] = field(default_factory=set)  # by the account's own validation rules
    keeps_old: bool = False
    own_alias_is_taken: bool = False
    merge_makes_new_id: bool = False
    answers_for: str = ""  # a reading by id or address answers for this record instead
    search_lag: float = 0.0  # seconds
    limit: int = 0  # calls in ten seconds; 0 is no limit
    daily: int = 0
    zone: str = "UTC"
    number: int = 500
    now: Callable[[], float] = time.time
    index: list[tuple[float, str, Values]] = field(default_factory=list, repr=False)
    called: list[float] = field(default_factory=list, repr=False)
    searched: list[float] = field(default_factory=list, repr=False)

    def respond(self, request: Request) -> Reply:
        if request.path == AUTHORIZE:
            return self.sign_in.consent(request)
        if request.path == TOKEN and request.method == "POST":
            return self.sign_in.token(request)
        if self.sign_in.account_of(request) is None:
            return self.failure("401")
        return self._limited(request) or self._api(request)

    def failure(self, name: str) -> Reply:
        return shapes.failure(name, self.limit)

    def _limited(self, request: Request) -> Reply | None:
        now = self.now()
        if request.path.endswith("/contacts/search"):
            self.searched = [*(at for at in self.searched if at > now - 1), now]
            if self.limit and len(self.searched) > SEARCHES:
                return self.failure("429 secondly")
        self.called.append(now)
        if self.daily and len(self.called) > self.daily:
            return self.failure("429 daily")
        self.called = self.called if self.daily else [at for at in self.called if at > now - WINDOW]
        recent = sum(at > now - WINDOW for at in self.called)
        return self.failure("429 ten secondly") if self.limit and recent > self.limit else None

    def _api(self, request: Request) -> Reply:
        path, method = request.path, request.method
        if path == ACCOUNT:
            told = {
                "portalId": self.sign_in.hub_id,
                "timeZone": self.zone,
                "accountType": "STANDARD",
            }
            return Reply(200, told)
        if path == PROPERTIES:
            return Reply(200, {"results": list(self.properties.values())})
        logged = re.fullmatch(r"/crm/v4/objects/contacts/([^/]+)/associations/meetings", path)
        if logged:
            return self._associated(logged[1])
        found = re.fullmatch(OBJECTS + r"/(contacts|meetings)(?:/(.+))?", path)
        if not found:
            return self.failure("404")
        kind, rest = found[1], found[2] or ""
        actions: dict[tuple[str, str], Callable[[str, Any], Reply]] = {
            ("POST", ""): self._create,
            ("POST", "search"): self._search,
            ("POST", "merge"): self._merge,
            ("POST", "batch/read"): self._read_many,
            ("POST", "batch/update"): self._update_many,
            ("POST", "batch/upsert"): self._upsert_many,
        }
        if (method, rest) in actions:
            body = request.json()
            return (
                actions[method, rest](kind, body) if isinstance(body, dict) else self.failure("400")
            )
        return self._one(kind, rest, request)

    def rows(self, kind: str) -> dict[str, Values]:
        return self.contacts if kind == "contacts" else self.meetings

    def _one(self, kind: str, key: str, request: Request) -> Reply:
        pk = self._holder(key) if request.query.get("idProperty") == "email" else self.alias(key)
        row = self.rows(kind).get(self.answers_for or pk)
        if row is None:
            return self.failure("404")
        if request.method == "GET":
            return Reply(200, shapes.shown(row, request.query.get("properties", "").split(",")))
        if request.method == "PATCH":
            return self._patch(kind, row, (request.json() or {}).get("properties", {}))
        return self.failure("405")

    def alias(self, pk: str) -> str:
        """The id under which a record lives now."""
        while pk in self.merged:
            pk = self.merged[pk]
        return pk

    def _holder(self, address: str) -> str:
        wanted = address.lower()
        return next((pk for pk, row in self.contacts.items() if wanted in addresses(row)), "")

    def _patch(self, kind: str, row: Values, values: Values) -> Reply:
        if refused := self._refused(kind, values, row):
            return refused
        self._write(kind, row, values)
        return Reply(200, shapes.shown(row, values))

    def _create(self, kind: str, body: Values) -> Reply:
        values = body.get("properties") or {}
        lacking = sorted(self.required - {name for name, value in values.items() if value})
        if kind == "contacts" and lacking:
            return shapes.invalid([(name, "REQUIRED_FIELD") for name in lacking])
        if refused := self._refused(kind, values, {}):
            return refused
        row = self.add(kind, values)
        for each in body.get("associations") or []:
            self.logged.append((str(each["to"]["id"]), row["id"]))
        return Reply(201, shapes.shown(row, values))

    def add(self, kind: str = "contacts", values: Values | None = None, **more: str) -> Values:
        """A record that is there, as if somebody had made it in HubSpot."""
        self.number += 1
        row: Values = {"id": str(self.number), "createdAt": self._stamp(), "properties": {}}
        row["properties"]["hs_object_id"] = row["id"]
        self.rows(kind)[row["id"]] = row
        self._write(kind, row, {**(values or {}), **more})
        return row

    def _write(self, kind: str, row: Values, values: Values) -> None:
        stored = row["properties"]
        values = dict(values)
        if "email" in values and kind == "contacts":
            values["email"] = values["email"].strip().lower()
            self._move_address(stored, values["email"])
        stored.update(values)
        stored["lastmodifieddate"] = row["updatedAt"] = self._stamp()
        stored["createdate"] = row["createdAt"]
        for name in [name for name, value in stored.items() if value == ""]:
            del stored[name]
        if kind == "contacts":
            self.index.append((self.now() + self.search_lag, row["id"], dict(stored)))

    def _move_address(self, stored: Values, new: str) -> None:
        further = [a for a in stored.get("hs_additional_emails", "").split(";") if a and a != new]
        old = stored.get("email", "")
        if old and old != new and (self.keeps_old or new in addresses({"properties": stored})):
            further.append(old)
        stored["hs_additional_emails"] = ";".join(further)

    def _refused(self, kind: str, values: Values, row: Values) -> Reply | None:
        if kind != "contacts":
            return None
        faults = [
            fault for n, v in values.items() if (fault := shapes.fault(self.properties, n, v))
        ]
        if faults:
            return shapes.invalid(faults)
        address = str(values.get("email", "")).lower()
        holder = self._holder(address) if address else ""
        own = bool(row) and holder == row["id"]
        alias = own and self.own_alias_is_taken and address != row["properties"].get("email")
        if holder and (not own or alias):
            return shapes.taken(holder)
        return None

    def _search(self, kind: str, body: Values) -> Reply:
        seen: dict[str, Values] = {}
        for visible_at, pk, values in self.index:
            if visible_at <= self.now() and pk in self.contacts:
                seen[pk] = values
        found = [
            self.contacts[pk]
            for pk, values in seen.items()
            if any(shapes.matches(values, group["filters"]) for group in body["filterGroups"])
        ]
        rows = [shapes.shown(row, body.get("properties", ())) for row in found]
        return Reply(200, {"total": len(rows), "results": rows[: int(body.get("limit", 10))]})

    def _read_many(self, kind: str, body: Values) -> Reply:
        ids = [str(each["id"]) for each in body["inputs"]]
        if len(ids) > 100:
            return self.failure("400")
        by_email = body.get("idProperty") == "email"
        keys = {each: self._holder(each) if by_email else self.alias(each) for each in ids}
        found = {each: self.rows(kind).get(self.answers_for or key) for each, key in keys.items()}
        rows = [shapes.shown(row, body["properties"]) for row in found.values() if row]
        gone = [pk for pk, row in found.items() if not row]
        return shapes.batch(rows, [shapes.gone(gone)] if gone else [], self._stamp())

    def _update_many(self, kind: str, body: Values) -> Reply:
        if len(body["inputs"]) > 100:
            return self.failure("400")
        rows, errors = [], []
        for each in body["inputs"]:
            row = self.rows(kind).get(self.alias(str(each["id"])))
            reply = self._patch(kind, row, each["properties"]) if row else self.failure("404")
            if reply.status == 200:
                rows.append(reply.body)
            else:
                errors.append(shapes.of_item(reply.body, str(each["id"])))
        return shapes.batch(rows, errors, self._stamp())

    def _upsert_many(self, kind: str, body: Values) -> Reply:
        if len(body["inputs"]) > 100:
            return self.failure("400")
        rows, errors = [], []
        for each in body["inputs"]:
            pk = self._holder(str(each["id"]))
            row = self.contacts.get(pk)
            values = {each["idProperty"]: each["id"], **each["properties"]}
            reply = self._patch(kind, row, values) if row else self._create(kind, {"properties": values})  # fmt: skip
            if reply.status in {200, 201}:
                rows.append({**reply.body, "new": not row})
            else:
                errors.append(shapes.of_item(reply.body, str(each["id"])))
        return shapes.batch(rows, errors, self._stamp())

    def _merge(self, kind: str, body: Values) -> Reply:
        keep, fold = (self.alias(body[n]) for n in ("primaryObjectId", "objectIdToMerge"))
        if keep == fold or not {keep, fold} <= set(self.contacts):
            return self.failure("400")
        both = [*addresses(self.contacts[keep]), *addresses(self.contacts[fold])]
        if len(both) > MOST_ADDRESSES:
            return self.failure("400 identities")
        return Reply(200, shapes.shown(self.merge(keep, fold), ("email",)))

    def merge(self, keep: str, fold: str) -> Values:
        """Fold one contact into another, as people do it there."""
        row, gone = self.contacts[keep], self.contacts.pop(fold)
        further = [a for a in (*addresses(row)[1:], *addresses(gone)) if a]
        former = [fold]
        if self.merge_makes_new_id:
            del self.contacts[keep]
            self.number += 1
            former.append(keep)
            row["id"] = row["properties"]["hs_object_id"] = str(self.number)
            self.contacts[row["id"]] = row
        for pk in former:
            self.merged[pk] = row["id"]
        known = [a for a in row["properties"].get("hs_merged_object_ids", "").split(";") if a]
        own = {
            **{n: v for n, v in gone["properties"].items() if n not in row["properties"]},
            "hs_additional_emails": ";".join(dict.fromkeys(further)),
            "hs_merged_object_ids": ";".join([*known, *former]),
        }
        row["properties"].update(own)
        self._write("contacts", row, {})
        return row

    def delete(self, pk: str) -> None:
        """Somebody deletes the contact in HubSpot."""
        del self.contacts[pk]

    def _associated(self, pk: str) -> Reply:
        ids = [meeting for contact, meeting in self.logged if self.alias(contact) == self.alias(pk)]
        kind = {"category": "HUBSPOT_DEFINED", "typeId": 200}
        rows = [{"toObjectId": each, "associationTypes": [kind]} for each in ids]
        return Reply(200, {"results": rows})

    def _stamp(self) -> str:
        moment = datetime.fromtimestamp(self.now(), UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def addresses(row: Values) -> list[str]:
    """Every address of a contact, its own first."""
    stored = row["properties"]
    listed = [stored.get("email", ""), *stored.get("hs_additional_emails", "").split(";")]
    return [each for each in listed if each]
