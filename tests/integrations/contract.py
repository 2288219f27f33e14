"""A double's transport that holds both sides to the vendor's own description (../shared/contracts).

Every request and every answer that passes is checked; an error's body is compared in shape with the
example of its code. Where ../shared is absent the test is skipped, in CI it fails.
"""

from typing import Any
from urllib.parse import parse_qs

import httpx
import jsonschema

from integrations.sandbox.twilio import TwilioDouble
from tests.shared import SHARED, shared_json

CONTRACT = "contracts/twilio-messages.openapi.json"
PATH = "/2010-04-01/Accounts/{AccountSid}/Messages.json"


class CheckedTwilio(httpx.BaseTransport):
    """The double behind the checks. `loses` is how many answers are lost on their way."""

    def __init__(self, double: TwilioDouble) -> None:
        self.double = double
        self.loses = 0
        self.away = False
        self.contract = shared_json(CONTRACT)
        self.inner = httpx.WSGITransport(double)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            raise httpx.ConnectError("refused")
        operation = self.contract["paths"][PATH][request.method.lower()]
        self._check_request(operation, request)
        answer = self.inner.handle_request(request)
        answer.read()
        self._check_answer(operation, answer)
        if self.loses:
            self.loses -= 1
            raise httpx.ReadTimeout("no answer")
        return answer

    def _check_request(self, operation: dict[str, Any], request: httpx.Request) -> None:
        known = {each["name"] for each in operation.get("parameters", ())}
        assert set(request.url.params) <= known
        if "requestBody" not in operation:
            return
        (kind, body), *_ = operation["requestBody"]["content"].items()
        assert request.headers["Content-Type"] == kind
        form = {name: values[0] for name, values in parse_qs(request.read().decode()).items()}
        schema = body["schema"]
        assert set(form) <= set(schema["properties"])
        self._check(schema, form)

    def _check_answer(self, operation: dict[str, Any], answer: httpx.Response) -> None:
        body = answer.json()
        documented = operation["responses"].get(str(answer.status_code))
        if documented:
            self._check(documented["content"]["application/json"]["schema"], body)
            return
        example = f"contracts/examples/twilio_error_{body['code']}.json"
        if (SHARED / example).exists():
            shown = shared_json(example)
            assert set(shown["body"]) == set(body) and shown["status"] == answer.status_code
            assert {n: type(v) for n, v in shown["body"].items()} == {
                n: type(v) for n, v in body.items()
            }

    def _check(self, schema: dict[str, Any], value: object) -> None:
        whole = {**_plain(schema), "components": _plain(self.contract["components"])}
        jsonschema.validate(value, whole, jsonschema.Draft4Validator)


def _plain(schema: Any) -> Any:
    """OpenAPI 3.0's `nullable` in JSON Schema's own words."""
    if isinstance(schema, list):
        return [_plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _plain(each) for name, each in schema.items()}
    if not plain.pop("nullable", False):
        return plain
    if "type" in plain:
        plain["type"] = [plain["type"], "null"]
        return plain
    return {"anyOf": [plain, {"type": "null"}]}
