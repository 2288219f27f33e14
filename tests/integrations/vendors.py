"""The calendars' doubles in the place of the network, held to the vendors' own descriptions.

Every request and every answer that passes is checked against ../shared/contracts. What a contract
leaves out is checked by the shape written here: Google's events.delete, HubSpot's account, Salesforce's
events, creates of many and deleted rows (their cuts have none). HubSpot's meetings are objects like its
contacts.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import jsonschema

from integrations import http
from integrations.sandbox.double import Double
from tests.integrations.contract import _plain
from tests.shared import shared_json

GOOGLE = "contracts/google-calendar.openapi.json"
GRAPH = "contracts/msgraph-calendar.openapi.json"
HUBSPOT = "contracts/hubspot.openapi.json"
SALESFORCE = "contracts/salesforce-sobjects.openapi.json"
SALESFORCE_MORE = "contracts/salesforce-supplement.openapi.json"
TOKENS = "contracts/oauth-tokens.openapi.json"
DELETE = {"parameters": [{"name": "sendUpdates", "in": "query"}], "responses": {"204": {}}}
ACCOUNT = {
    "responses": {
        "200": {
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["portalId", "timeZone"],
                        "properties": {
                            "portalId": {"type": "integer"},
                            "timeZone": {"type": "string"},
                        },
                    }
                }
            }
        }
    }
}
BODIES = {"application/json", "application/x-www-form-urlencoded"}


class CheckedDouble(httpx.BaseTransport):
    """A double behind the checks. `away`: nobody is there; `loses`: that many answers are lost."""

    def __init__(self, double: Double, contract: str, prefix: str) -> None:
        self.double = double
        self.away = False
        self.inner = httpx.WSGITransport(double)
        self.contracts = [(prefix, shared_json(contract)), ("", shared_json(TOKENS))]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            raise httpx.ConnectError("refused")
        contract, operation = self._operation(request)
        faults = bool(self.double.faults)
        _check_request(contract, operation, request)
        answer = self.inner.handle_request(request)
        answer.read()
        if int(answer.headers["Content-Length"]) > len(answer.content):
            raise httpx.RemoteProtocolError("incomplete")
        if not (faults and answer.is_success):  # a malformed answer is so on purpose
            _check_answer(contract, operation, answer)
        return answer

    def _operation(self, request: httpx.Request) -> tuple[Any, dict[str, Any]]:
        path = request.url.raw_path.partition(b"?")[0].decode()
        path = path.replace("/objects/meetings", "/objects/contacts")
        if path == "/account-info/v3/details":
            return {}, ACCOUNT
        for prefix, contract in self.contracts:
            for template, operations in contract["paths"].items():
                pattern = re.sub(r"\{[^}]+\}", "[^/]+", template.replace("$", r"\$"))
                method = request.method.lower()
                if method not in operations and method != "delete":
                    continue
                if re.fullmatch(re.escape(prefix) + pattern, path):
                    if method == "delete" and method not in operations:
                        return contract, DELETE
                    return contract, operations[method]
        raise AssertionError(f"{request.method} {path} is in no contract")


def _check_request(contract: Any, operation: dict[str, Any], request: httpx.Request) -> None:
    known = {each["name"]: each for each in operation.get("parameters", ())}
    named = {name for name, each in known.items() if each["in"] == "query"}
    general = {"fields", "$skip"}  # Google's for every method; Graph's, in the links it gives
    assert set(request.url.params) <= named | general
    for name in named & set(request.url.params):
        allowed = known[name].get("schema", {}).get("enum")
        assert allowed is None or request.url.params[name] in allowed
    body = operation.get("requestBody")
    if body is None:
        assert not request.content
        return
    (kind, described), *_ = body["content"].items()
    assert request.headers["Content-Type"] == kind and kind in BODIES
    if kind == "application/json":
        _check(contract, described["schema"], httpx.Response(200, content=request.content).json())
    else:
        form = dict(httpx.QueryParams(request.content.decode()))
        assert set(form) <= set(described["schema"]["properties"])
        _check(contract, described["schema"], form)


def _check_answer(contract: Any, operation: dict[str, Any], answer: httpx.Response) -> None:
    responses = operation["responses"]
    documented = responses.get(str(answer.status_code), responses.get("default"))
    if operation is ACCOUNT and answer.status_code != 200:
        return
    if operation is DELETE and answer.status_code != 204:
        return
    assert documented is not None, f"{answer.status_code} is not documented"
    content = documented.get("content", {}).get("application/json")
    if content:
        _check(contract, content["schema"], answer.json())


def _check(contract: Any, schema: dict[str, Any], value: object) -> None:
    whole = {**_plain(schema), "components": _plain(contract.get("components", {}))}
    jsonschema.validate(value, whole, jsonschema.Draft4Validator)


class CheckedSalesforce(CheckedDouble):
    """Salesforce's description is in two parts; events and accounts are objects like contacts."""

    PATH = "/services/data/v62.0"

    def __init__(self, double: Double) -> None:
        super().__init__(double, SALESFORCE, self.PATH)
        for kind in ("ContactSObject", "LeadSObject"):  # a blank is null, which the cut leaves out
            for each in self.contracts[0][1]["components"]["schemas"][kind]["properties"].values():
                each["nullable"] = True
        for operations in self.contracts[0][1]["paths"].values():
            for method in operations.keys() & {"get", "post", "patch"}:  # reported, in no cut
                known = operations[method]["responses"]
                known |= {"406": known["403"], "412": known["403"], **known}
        self.contracts.insert(1, (self.PATH, shared_json(SALESFORCE_MORE)))

    def _operation(self, request: httpx.Request) -> tuple[Any, dict[str, Any]]:
        path = request.url.raw_path.partition(b"?")[0].decode().removeprefix(self.PATH)
        more = self.contracts[1][1]
        if path == "/queryAll":
            return more, more["paths"]["/query"]["get"]
        if path == "/composite/sobjects" and request.method == "POST":
            return more, _creates(more["paths"]["/composite/sobjects"]["patch"])
        sobjects = self.contracts[0][1]
        if re.fullmatch(r"/sobjects/(Event|Account)(/[^/]+)?", path):
            template = "/sobjects/Contact" + ("/{id}" if path.count("/") > 2 else "")
            return sobjects, _loosely(sobjects["paths"][template][request.method.lower()])
        return super()._operation(request)


def _creates(update: dict[str, Any]) -> dict[str, Any]:
    """A record that is to be made has no id yet."""
    body = json.loads(json.dumps(update))
    schema = body["requestBody"]["content"]["application/json"]["schema"]
    schema["properties"]["records"]["items"]["required"] = ["attributes"]
    schema["properties"]["records"]["items"]["not"] = {"required": ["id"]}
    return body


def _loosely(contact: dict[str, Any]) -> dict[str, Any]:
    """The same calls for an object whose fields no contract lists: texts and nothing."""
    known: dict[str, Any] = json.loads(
        json.dumps(contact).replace("#/components/schemas/ContactSObject", "#/components/event")
    )
    texts = {"type": "object", "additionalProperties": {"type": ["string", "object", "null"]}}
    return json.loads(
        json.dumps(known).replace('{"$ref": "#/components/event"}', json.dumps(texts))
    )


@contextmanager
def network(transport: httpx.BaseTransport) -> Iterator[None]:
    """Every call goes to this transport."""
    http.transport = transport
    try:
        yield
    finally:
        http.transport = None


class FixedSignIn:
    """A SignIn whose tokens come from a double; `renewals` counts."""

    def __init__(self, double: Any, account: str = "host@example.com") -> None:
        self.sign_in = double.sign_in
        self.account = account
        self.renewals = 0
        self.now = self._new()
        self.instance = ""

    def _new(self) -> str:
        reply = self.sign_in._grant(self.account, "openid", fresh=False)
        return str(reply.body["access_token"])

    def token(self) -> str:
        return self.now

    def renewed(self, refused: str) -> str:
        self.renewals += 1
        self.now = self._new()
        return self.now
